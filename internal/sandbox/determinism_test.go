//go:build !race

package sandbox_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/examples/exampletest"
	"github.com/krako-labs/krako/examples/logs"
	"github.com/krako-labs/krako/examples/render"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/wasmtasks"
	"github.com/krako-labs/krako/wasmtasks/logs/accesslog"
)

// outcomesFile lets scripts/determinism-arm64 compare what two architectures
// saw. Within one, the engines are compared by the test itself.
var outcomesFile = flag.String("outcomes", "", "write every outcome of the determinism suite to this file")

// taskCase is a unit of a catalogue task.
type taskCase struct {
	task  wasmtasks.Task
	name  string
	input []byte
	blobs map[string][]byte
	from  map[string]string // blobs that are outputs of earlier cases, task/name
	fuel  uint64            // 0 for the default
	pages uint32
}

// suite runs units on both engines.
type suite struct {
	testing.TB
	boxes    [2]*sandbox.Sandbox // compiler, interpreter
	outcomes strings.Builder
	units    int
}

// TestDeterminism runs every task of the catalogue on its examples, with enough
// fuel and with too little at several points. Output, fuel, pages, stop and the
// bytes of memory and globals must be equal on both engines.
func TestDeterminism(t *testing.T) {
	compiler, interpreter := engines(t)
	s := &suite{TB: t, boxes: [2]*sandbox.Sandbox{compiler, interpreter}}
	seen := map[string]bool{}
	outputs := map[string][]byte{}
	for _, c := range describedCases(t) {
		if !s.takes(c.task) {
			continue
		}
		for blob, from := range c.from {
			c.blobs[blob] = outputs[from]
		}
		outputs[c.task.Name+"/"+c.name] = s.try(c, !seen[c.task.Name]).Output
		seen[c.task.Name] = true
	}
	for _, g := range exampleGraphs(t) {
		s.graph(g, seen)
	}
	for _, task := range wasmtasks.Catalogue() {
		if !seen[task.Name] && s.takes(task) {
			t.Errorf("%s has no example to run", task.Name)
		}
	}
	t.Logf("%d units agree on both engines", s.units)
	if *outcomesFile != "" {
		if err := os.WriteFile(*outcomesFile, []byte(s.outcomes.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// takes reports whether the suite has the time for a task: the short one leaves
// those of large modules out, which compile for minutes where they are emulated.
func (s *suite) takes(task wasmtasks.Task) bool {
	wasm, _ := wasmtasks.Module(task.Module)
	return !testing.Short() || len(wasm) < 4_000_000
}

// try runs a case as it is and, if stop says so, with less fuel.
func (s *suite) try(c taskCase, stop bool) sandbox.Observation {
	s.Helper()
	full := s.observe(c)
	if !stop {
		return full
	}
	for _, fuel := range []uint64{1, full.FuelUsed / 5, full.FuelUsed / 2, full.FuelUsed - 1, full.FuelUsed} {
		c.fuel = fuel
		o := s.observe(c)
		if want := contracts.CodeOutOfFuel; fuel < full.FuelUsed && o.Code != want || fuel == full.FuelUsed && o.Code != full.Code {
			s.Errorf("%s %s with %d of %d units of fuel: %q", c.task.Name, c.name, fuel, full.FuelUsed, o.Code)
		}
	}
	return full
}

// observe runs a case on both engines and notes what they agree on.
func (s *suite) observe(c taskCase) sandbox.Observation {
	s.Helper()
	var seen [2]sandbox.Observation
	for i, box := range s.boxes {
		j := sandbox.Job{
			Module: s.module(box, c.task), Entry: c.task.Entry, Input: c.input, Blobs: c.blobs,
			Fuel: c.fuel, MemoryPages: c.pages, Unit: dagcbor.RawCID([]byte(c.task.Name + c.name)),
		}
		if j.Fuel == 0 {
			j.Fuel = contracts.DefaultFuel
		}
		if j.MemoryPages == 0 {
			j.MemoryPages = contracts.DefaultMemoryPages
		}
		o, err := box.Observe(s.Context(), j)
		if err != nil {
			s.Fatalf("%s %s: %v", c.task.Name, c.name, err)
		}
		seen[i] = o
	}
	if a, b := s.module(s.boxes[0], c.task).Snapshot(), s.module(s.boxes[1], c.task).Snapshot(); a != b {
		s.Errorf("%s: engines start from different snapshots, %v and %v", c.task.Name, a, b)
	}
	if d := cmp.Diff(seen[0], seen[1]); d != "" {
		s.Errorf("%s %s with %d units of fuel: engines differ: %s", c.task.Name, c.name, c.fuel, d)
	}
	o := seen[0]
	s.units++
	fmt.Fprintf(&s.outcomes, "%s %s fuel %d: %q %q used %d pages %d state %s output %x log %x\n", c.task.Name, c.name, c.fuel,
		o.Code, o.Detail, o.FuelUsed, o.MemoryPages, o.State, sha256.Sum256(o.Output), sha256.Sum256(o.Stderr))
	return o
}

func (s *suite) module(box *sandbox.Sandbox, task wasmtasks.Task) *sandbox.Module {
	s.Helper()
	if m, ok := box.Module(task.Module); ok {
		return m
	}
	wasm, _ := wasmtasks.Module(task.Module)
	return admit(s, box, wasm)
}

// describedCases are the examples that tasks are described with. The no-op task
// needs none.
func describedCases(t *testing.T) []taskCase {
	t.Helper()
	files, err := filepath.Glob("../../wasmtasks/*/tasks.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d descriptions, %v", len(files), err)
	}
	var cases []taskCase
	for _, file := range files {
		var tasks []struct {
			Name     string
			Examples []struct {
				Name      string
				Input     json.RawMessage
				Blobs     map[string]string
				BlobsFrom map[string]string `json:"blobs_from"`
			}
		}
		if err := json.Unmarshal(guestFile(t, file), &tasks); err != nil {
			t.Fatal(err)
		}
		for _, d := range tasks {
			task, ok := wasmtasks.Resolve(d.Name)
			if !ok {
				t.Fatalf("%s is described and not in the catalogue", d.Name)
			}
			if d.Name == "bench/noop@1" {
				cases = append(cases, taskCase{task: task, name: "null", input: []byte("null")})
			}
			for _, x := range d.Examples {
				input, err := jcs.Canonicalize(x.Input)
				if err != nil {
					t.Fatal(err)
				}
				blobs := map[string][]byte{}
				for name, text := range x.Blobs {
					blobs[name] = []byte(text)
				}
				cases = append(cases, taskCase{task: task, name: x.Name, input: input, blobs: blobs, from: x.BlobsFrom})
			}
		}
	}
	return cases
}

// exampleGraph is a graph of the examples with the blocks it needs.
type exampleGraph struct {
	*contracts.TaskGraph
	blocks map[cid.Cid][]byte
}

// exampleGraphs are small versions of both examples.
func exampleGraphs(t *testing.T) []exampleGraph {
	t.Helper()
	picture, err := render.Graph(exampletest.Request(), render.Options{Width: 16, Height: 12, TileWidth: 8, TileHeight: 12, Samples: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if err := logs.Generate(&log, 1, 200); err != nil {
		t.Fatal(err)
	}
	blocks := map[cid.Cid][]byte{}
	var links []dagcbor.Link
	err = logs.Chunks(&log, log.Len()/2, func(chunk []byte) error {
		link := dagcbor.Link{Cid: dagcbor.RawCID(chunk)}
		links, blocks[link.Cid] = append(links, link), chunk
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	report, err := logs.Graph(exampletest.Request(), links, accesslog.Options{Top: 5, Examples: 3})
	if err != nil {
		t.Fatal(err)
	}
	return []exampleGraph{{picture, nil}, {report, blocks}}
}

// graph runs the units of a graph in their order.
func (s *suite) graph(g exampleGraph, seen map[string]bool) {
	s.Helper()
	outputs := map[contracts.UnitID][]byte{}
	for _, u := range g.WorkUnits {
		task, ok := wasmtasks.Resolve(u.Program.Task)
		if !ok {
			s.Fatalf("no task %s", u.Program.Task)
		}
		if !s.takes(task) {
			return
		}
		c := taskCase{task: task, name: string(u.ID), input: u.Input, blobs: map[string][]byte{}}
		for name, link := range u.Blobs {
			c.blobs[name] = g.blocks[link.Cid]
		}
		for _, b := range u.Bind {
			c.blobs[b.Blob] = outputs[b.From]
		}
		o := s.try(c, !seen[task.Name])
		if o.Code != "" {
			s.Fatalf("%s: %s %s", u.ID, o.Code, o.Detail)
		}
		seen[task.Name], outputs[u.ID] = true, o.Output
	}
}
