package sandboxbench

import (
	"context"
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
)

const (
	entry = "sum"
	input = `{"name":"bench","values":[1,2,3,4]}`
)

// ours is the sandbox with both modules, and beside it one that keeps a single
// instance of each, to make them anew.
type ours struct {
	dir             string
	wasm            []byte
	box             *sandbox.Sandbox
	goJob, cJob     sandbox.Job
	goAlone, cAlone *sandbox.Module
	alone           *sandbox.Sandbox
	// yielding has guests that give turns.
	yielding *sandbox.Sandbox
	goYields sandbox.Job
}

func openOurs(ctx context.Context, dir string, mods *modules) (*ours, error) {
	o := &ours{dir: dir, wasm: mods.goUnit}
	for _, in := range []struct {
		box     **sandbox.Sandbox
		cfg     sandbox.Config
		goes, c **sandbox.Module
	}{
		{&o.box, sandbox.Config{CacheDir: dir, Uninterrupted: true}, &o.goJob.Module, &o.cJob.Module},
		{&o.alone, sandbox.Config{CacheDir: dir, PoolSize: 1, Uninterrupted: true}, &o.goAlone, &o.cAlone},
	} {
		box, err := sandbox.New(ctx, in.cfg)
		if err != nil {
			return nil, err
		}
		*in.box = box
		if *in.goes, err = box.Admit(ctx, mods.goUnit); err != nil {
			return nil, err
		}
		if *in.c, err = box.Admit(ctx, mods.cUnit); err != nil {
			return nil, err
		}
	}
	var err error
	if o.yielding, err = sandbox.New(ctx, sandbox.Config{}); err != nil {
		return nil, err
	}
	if o.goYields.Module, err = o.yielding.Admit(ctx, mods.goUnit); err != nil {
		return nil, err
	}
	for _, j := range []*sandbox.Job{&o.goJob, &o.cJob, &o.goYields} {
		j.Entry, j.Input, j.Unit = entry, []byte(input), dagcbor.RawCID([]byte(input))
	}
	return o, nil
}

func (o *ours) close() {
	_ = o.box.Close(context.Background()) // what it held goes with the process
	_ = o.alone.Close(context.Background())
	_ = o.yielding.Close(context.Background())
}

func (o *ours) goUnit(ctx context.Context) error { return runUnit(ctx, o.box, o.goJob) }
func (o *ours) goYielding(ctx context.Context) error {
	return runUnit(ctx, o.yielding, o.goYields)
}
func (o *ours) cUnit(ctx context.Context) error { return runUnit(ctx, o.box, o.cJob) }

func runUnit(ctx context.Context, box *sandbox.Sandbox, j sandbox.Job) error {
	out, err := box.Run(ctx, j)
	if err == nil && out.Code != "" {
		err = contracts.Errorf(contracts.CodeInternal, "bench", "the unit ended with %s (%s)", out.Code, out.Detail)
	}
	return err
}

func (o *ours) freshGo(ctx context.Context) error { return fresh(ctx, o.goAlone) }
func (o *ours) freshC(ctx context.Context) error  { return fresh(ctx, o.cAlone) }

// fresh makes the module's one instance anew.
func fresh(ctx context.Context, m *sandbox.Module) error {
	m.Cool()
	return m.Warm(ctx)
}

// loadGo opens a sandbox and makes the Go module ready from native code on disk.
func (o *ours) loadGo(ctx context.Context) error {
	box, err := sandbox.New(ctx, sandbox.Config{CacheDir: o.dir, Uninterrupted: true})
	if err != nil {
		return err
	}
	if _, err := box.Admit(ctx, o.wasm); err != nil {
		return err
	}
	if err := box.Close(ctx); err != nil {
		return fmt.Errorf("close sandbox: %w", err)
	}
	return nil
}
