package sandboxbench

import (
	"context"
	"runtime/debug"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/krako-labs/krako/internal/sandbox"
)

// idle measures what instances of the Go module hold when they do nothing.
func (b *bench) idle(ctx context.Context) error {
	instances := max(100, 20*b.rounds)
	if err := b.idleOurs(ctx, instances); err != nil {
		return err
	}
	return b.idleRaw(ctx, max(4, b.rounds))
}

func (b *bench) idleOurs(ctx context.Context, n int) error {
	box, err := sandbox.New(ctx, sandbox.Config{CacheDir: b.ours, PoolSize: n, Uninterrupted: true})
	if err != nil {
		return err
	}
	defer box.Close(ctx)
	m, err := box.Admit(ctx, b.goUnit)
	if err != nil {
		return err
	}
	m.Cool() // admission left one
	before := settled()
	if err := m.Warm(ctx); err != nil {
		return err
	}
	b.figures.IdleGo = kibEach(settled()-before, n)
	return nil
}

func (b *bench) idleRaw(ctx context.Context, n int) error {
	rt, err := newRuntime(ctx, b.raw, wazero.NewRuntimeConfigCompiler())
	if err != nil {
		return err
	}
	defer rt.close()
	compiled, err := rt.CompileModule(ctx, b.goUnit)
	if err != nil {
		return err
	}
	before := settled()
	kept := make([]api.Module, n)
	for i := range kept {
		if kept[i], err = rt.instance(ctx, compiled); err != nil {
			return err
		}
	}
	b.figures.RawIdleGo = kibEach(settled()-before, n)
	for _, m := range kept {
		if err := m.Close(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settled is the process's own memory once garbage is gone.
func settled() int64 {
	debug.FreeOSMemory()
	return ownMemory()
}

func kibEach(bytes int64, n int) float64 { return max(0, float64(bytes)/1024/float64(n)) }
