package taskdir

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
)

// Run is what came of one example.
type Run struct {
	Entry   string `json:"entry"`
	Example string `json:"example"`
	// Problem says why the example failed. Empty means that it passed.
	Problem string         `json:"problem,omitempty"`
	Code    contracts.Code `json:"code,omitempty"`
	// Unit is the unit_cid that the fabric would give this computation.
	Unit        contracts.Link `json:"unit_cid"`
	FuelUsed    uint64         `json:"fuel_used"`
	MemoryPages uint32         `json:"memory_pages"`
	MediaType   string         `json:"media_type,omitempty"`
	OutputBytes int            `json:"output_bytes"`
	// Took is the shorter of two runs, in nanoseconds in JSON.
	Took time.Duration `json:"duration_ns"`
	// Log is the beginning of what the guest logged.
	Log string `json:"log,omitempty"`
	// Output is what came out, of an example that failed.
	Output []byte `json:"-"`
}

// OK reports whether the example passed.
func (r *Run) OK() bool { return r.Problem == "" }

// RunExamples runs every example of every entry in a sandbox, each twice, and
// checks input, outcome and output. An error is a fault of the machine, of the
// context or of a file, not of the module.
func (d *Dir) RunExamples(ctx context.Context, s *sandbox.Sandbox, m *sandbox.Module) ([]Run, error) {
	var runs []Run
	for i := range d.Entries {
		e := &d.Entries[i]
		in, err := compileSchema(e.InputSchema)
		if err != nil {
			return nil, err
		}
		out, err := compileSchema(e.OutputSchema)
		if err != nil {
			return nil, err
		}
		t := tester{dir: d, sandbox: s, module: m, entry: e, in: in, out: out}
		for j := range e.Examples {
			r, err := t.run(ctx, &e.Examples[j])
			if err != nil {
				return nil, fmt.Errorf("run example %q of %s: %w", e.Examples[j].Name, d.FullName(e), err)
			}
			runs = append(runs, r)
		}
	}
	return runs, nil
}

// tester runs the examples of one entry.
type tester struct {
	dir     *Dir
	sandbox *sandbox.Sandbox
	module  *sandbox.Module
	entry   *Entry
	in, out *contracts.OutputSchema // nil allows anything
}

func (t *tester) run(ctx context.Context, x *Example) (Run, error) {
	r := Run{Entry: t.entry.Name, Example: x.Name}
	job, err := t.job(x)
	if err != nil {
		return r, err
	}
	r.Unit = contracts.Link{Cid: job.Unit}
	if t.in != nil {
		if err := t.in.Check(job.Input); err != nil {
			r.Problem = "input does not fit input_schema: " + err.Error()
			return r, nil
		}
	}
	first, took, err := t.once(ctx, job)
	if err != nil {
		return r, err
	}
	second, again, err := t.once(ctx, job)
	if err != nil {
		return r, err
	}
	r.Took = min(took, again)
	r.Code, r.FuelUsed, r.MemoryPages, r.MediaType = first.Code, first.FuelUsed, first.MemoryPages, first.MediaType
	r.OutputBytes, r.Log = len(first.Output), string(first.Stderr)
	if r.Problem, err = t.judge(x, first, second); err != nil {
		return r, err
	}
	if !r.OK() {
		r.Output = first.Output
	}
	return r, nil
}

func (t *tester) once(ctx context.Context, job sandbox.Job) (sandbox.Outcome, time.Duration, error) {
	began := time.Now()
	o, err := t.sandbox.Run(ctx, job)
	return o, time.Since(began), err
}

// job resolves an example the way the fabric resolves a unit.
func (t *tester) job(x *Example) (sandbox.Job, error) {
	job := sandbox.Job{
		Module: t.module, Entry: t.entry.Name, Input: x.Input, Blobs: map[string][]byte{},
		Fuel: t.entry.Fuel, MemoryPages: t.entry.MemoryMB * contracts.PagesPerMB,
	}
	if x.Input.IsZero() {
		job.Input = []byte("{}")
	}
	if job.Fuel == 0 {
		job.Fuel = contracts.DefaultFuel
	}
	if job.MemoryPages == 0 {
		job.MemoryPages = contracts.DefaultMemoryPages
	}
	links := map[string]contracts.Link{}
	for _, name := range slices.Sorted(maps.Keys(x.Blobs)) {
		data, err := t.dir.read(x.Blobs[name])
		if err != nil {
			return job, err
		}
		job.Blobs[name], links[name] = data, contracts.Link{Cid: dagcbor.RawCID(data)}
	}
	var err error
	job.Unit, err = unitCID(job, links)
	return job, err
}

func unitCID(job sandbox.Job, blobs map[string]contracts.Link) (cid.Cid, error) {
	inv := contracts.Invocation{
		V: 1, Profile: sandbox.Profile, Module: contracts.Link{Cid: job.Module.CID()}, Entry: job.Entry,
		Blobs: blobs, Fuel: job.Fuel, MemoryPages: job.MemoryPages,
	}
	inv.Input, _ = contracts.NewPayload(job.Input)
	block, err := inv.Block()
	if err != nil {
		return cid.Undef, err
	}
	return dagcbor.CID(block), nil
}

// maxData bounds one file that an example names, in bytes.
const maxData = 64 << 20

// read returns a file below the directory. A link that leads out of it is an
// error: the directory may be a stranger's.
func (d *Dir) read(name string) ([]byte, error) {
	f, err := os.OpenInRoot(d.Path, filepath.FromSlash(name))
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeNotFound, filepath.Join(d.Path, name), "%w", err)
	}
	return readAll(f, maxData)
}
