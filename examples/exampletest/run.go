// Package exampletest runs small task graphs in tests: unit after unit, through
// the real sandbox and the embedded catalogue, without a scheduler. It knows
// only what the examples use: catalogue programs, literal input, binds and blobs.
package exampletest

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/contracts/jsonpointer"
	"github.com/krako-labs/krako/examples"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/wasmtasks"
)

// Request returns the same identity for every test.
func Request() examples.Request {
	id := func(name string) string { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String() }
	var at contracts.Time
	if err := at.UnmarshalText([]byte("2026-03-27T10:00:00.000Z")); err != nil {
		panic(err)
	}
	return examples.Request{Tenant: "tests", GraphID: id("graph"), RequestID: id("request"), CreatedAt: at}
}

// Run is Open and Run for a test with one graph.
func Run(t testing.TB, g *contracts.TaskGraph, blocks map[cid.Cid][]byte) map[contracts.UnitID]sandbox.Outcome {
	t.Helper()
	return Open(t).Run(t, g, blocks)
}

// Box is a sandbox for several graphs. It compiles each module once.
type Box struct{ box *sandbox.Sandbox }

// Open opens a sandbox until the test ends.
func Open(t testing.TB) *Box {
	t.Helper()
	box, err := sandbox.New(t.Context(), sandbox.Config{MaxOutput: contracts.DefaultLimits().MaxOutputBytes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &Box{box}
}

// Run validates g, runs its units in the order in which they stand, which must
// be one of execution, and returns their outputs. Blocks are the raw blocks that
// units mount. A unit that fails fails the test.
func (b *Box) Run(t testing.TB, g *contracts.TaskGraph, blocks map[cid.Cid][]byte) map[contracts.UnitID]sandbox.Outcome {
	t.Helper()
	if err := g.Validate(contracts.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	r := runner{TB: t, box: b.box, blocks: blocks, done: map[contracts.UnitID]sandbox.Outcome{}}
	for i := range g.WorkUnits {
		r.run(&g.WorkUnits[i])
	}
	return r.done
}

type runner struct {
	testing.TB
	box    *sandbox.Sandbox
	blocks map[cid.Cid][]byte
	done   map[contracts.UnitID]sandbox.Outcome
}

func (r *runner) run(u *contracts.WorkUnit) {
	r.Helper()
	task, ok := wasmtasks.Resolve(u.Program.Task)
	if !ok {
		r.Fatalf("%s: task %s is not in the catalogue", u.ID, u.Program.Task)
	}
	job := sandbox.Job{
		Module: r.module(task), Entry: task.Entry, Input: r.input(u), Blobs: r.mount(u),
		Unit: dagcbor.RawCID([]byte(u.ID)),
	}
	if c := u.Constraints; c != nil && c.Fuel != nil {
		job.Fuel = uint64(*c.Fuel)
	}
	if c := u.Constraints; c != nil && c.MemoryMB != nil {
		job.MemoryPages = uint32(*c.MemoryMB * 16)
	}
	out, err := r.box.Run(r.Context(), job)
	if err != nil {
		r.Fatalf("%s: %v", u.ID, err)
	}
	if out.Code != "" {
		r.Fatalf("%s: %s %s: %s", u.ID, out.Code, out.Detail, out.Stderr)
	}
	if out.MediaType != task.OutputMediaType {
		r.Errorf("%s: output is %s, the catalogue says %s", u.ID, out.MediaType, task.OutputMediaType)
	}
	r.done[u.ID] = out
}

func (r *runner) module(task wasmtasks.Task) *sandbox.Module {
	r.Helper()
	if m, ok := r.box.Module(task.Module); ok {
		return m
	}
	wasm, _ := wasmtasks.Module(task.Module)
	m, err := r.box.Admit(r.Context(), wasm)
	if err != nil {
		r.Fatalf("%s: %v", task.Name, err)
	}
	return m
}

// mount gathers the unit's blobs: blocks by address, and outputs of units that
// it depends on.
func (r *runner) mount(u *contracts.WorkUnit) map[string][]byte {
	r.Helper()
	blobs := map[string][]byte{}
	for name, link := range u.Blobs {
		block, ok := r.blocks[link.Cid]
		if !ok {
			r.Fatalf("%s: blob %s is not among the blocks", u.ID, name)
		}
		blobs[name] = block
	}
	for _, b := range u.Bind {
		if b.Blob != "" {
			blobs[b.Blob] = r.output(u, b.From)
		}
	}
	return blobs
}

// input is the unit's literal input with what it binds of JSON outputs.
func (r *runner) input(u *contracts.WorkUnit) []byte {
	r.Helper()
	edit := jsonpointer.NewEditor(r.value(u, u.Input))
	bound := false
	for _, b := range u.Bind {
		if b.Blob != "" {
			continue
		}
		v, err := jsonpointer.Get(r.value(u, r.output(u, b.From)), b.Select)
		if err == nil {
			err = edit.Set(b.To, v)
		}
		if err != nil {
			r.Fatalf("%s: bind from %s: %v", u.ID, b.From, err)
		}
		bound = true
	}
	if !bound {
		return u.Input
	}
	input, err := contracts.JSONOf(edit.Document())
	if err != nil {
		r.Fatalf("%s: %v", u.ID, err)
	}
	return input
}

func (r *runner) value(u *contracts.WorkUnit, doc []byte) any {
	r.Helper()
	v, err := jcs.Value(doc)
	if err != nil {
		r.Fatalf("%s: %v", u.ID, err)
	}
	return v
}

func (r *runner) output(u *contracts.WorkUnit, from contracts.UnitID) []byte {
	r.Helper()
	out, ok := r.done[from]
	if !ok {
		r.Fatalf("%s: stands before %s, which it needs", u.ID, from)
	}
	return out.Output
}
