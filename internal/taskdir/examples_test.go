package taskdir_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/taskdir"
)

// sumDir is a directory with the sandbox's freestanding C module, which adds up
// the integers in its input.
func sumDir(t *testing.T, entry string) *taskdir.Dir {
	t.Helper()
	wasm, err := os.ReadFile("../sandbox/testdata/src/sumc/sum.wasm")
	if err != nil {
		t.Fatal(err)
	}
	dir := dirWith(t, `{"name":"sum@1","description":"","build":"none","entries":[{"entry":"sum","description":"",`+entry+`}]}`)
	if err := os.WriteFile(filepath.Join(dir, "sum.wasm"), wasm, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "six"), []byte("6"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := taskdir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func runs(t *testing.T, d *taskdir.Dir) []taskdir.Run {
	t.Helper()
	wasm, err := d.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, m := admit(t, wasm)
	runs, err := d.RunExamples(t.Context(), s, m)
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

func TestExamples(t *testing.T) {
	for _, tc := range []struct{ name, entry, problem string }{
		{"success", `"examples":[{"name":"x","input":{"v":[1,2]}}]`, ""},
		{"output", `"examples":[{"name":"x","input":{"v":[1,2]},"output":3}]`, ""},
		{"output file", `"examples":[{"name":"x","input":{"v":[4,2]},"output_file":"six"}]`, ""},
		{"schemas", `"input_schema":{"required":["v"]},"output_schema":{"type":"integer"},"examples":[{"name":"x","input":{"v":1}}]`, ""},
		{"out of fuel", `"fuel":100,"examples":[{"name":"x","error":"OUT_OF_FUEL"}]`, ""},
		{"other output", `"examples":[{"name":"x","input":{"v":[1,2]},"output":4}]`, "output is 3, want 4"},
		{"other file", `"examples":[{"name":"x","input":{"v":[1,2]},"output_file":"six"}]`, "not the content of six"},
		{"input breaks its schema", `"input_schema":{"required":["v"]},"examples":[{"name":"x"}]`, "input does not fit input_schema"},
		{"output breaks its schema", `"output_schema":{"type":"string"},"examples":[{"name":"x"}]`, "output does not fit output_schema"},
		{"no failure", `"examples":[{"name":"x","error":"TRAP"}]`, "ended with success, want TRAP"},
		{"failure", `"fuel":100,"examples":[{"name":"x"}]`, "ended with OUT_OF_FUEL, want success"},
		{"media type", `"output_media_type":"text/plain","examples":[{"name":"x"}]`, "output is application/json, want text/plain"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := runs(t, sumDir(t, tc.entry))
			if len(got) != 1 || got[0].OK() != (tc.problem == "") || !strings.Contains(got[0].Problem, tc.problem) {
				t.Errorf("%+v, want problem %q", got, tc.problem)
			}
		})
	}
}

// The unit_cid of an example is the one that the same work unit of a graph has.
func TestExamplesAreUnits(t *testing.T) {
	for _, entry := range []string{
		`"examples":[{"name":"x"}]`,
		`"fuel":12345,"memory_mb":2,"examples":[{"name":"x","blobs":{"b":"six"},"input":{"v":1}}]`,
	} {
		d := sumDir(t, entry)
		got := runs(t, d)[0]
		if got.FuelUsed == 0 || got.MemoryPages != 1 || got.OutputBytes != 1 || got.Took <= 0 {
			t.Errorf("%+v", got)
		}
		wasm, err := d.Module()
		if err != nil {
			t.Fatal(err)
		}
		e := &d.Entries[0]
		u, err := d.Unit("u", e, &e.Examples[0], dagcbor.RawCID(wasm))
		if err != nil || len(u.Blocks) != len(e.Examples[0].Blobs) {
			t.Fatalf("unit with %d blocks, %v", len(u.Blocks), err)
		}
		if want := resolve(t, u.WorkUnit); got.Unit.Cid != want {
			t.Errorf("unit_cid is %s, a graph has %s", got.Unit, want)
		}
	}
}

// resolve returns the unit_cid of the only unit of a graph.
func resolve(t *testing.T, w contracts.WorkUnit) cid.Cid {
	t.Helper()
	p, err := dag.Compile(&contracts.TaskGraph{
		WorkUnits: []contracts.WorkUnit{w}, Outputs: contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: w.ID}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	run, _ := dag.Start(p)
	r, err := run.Resolve(0, dag.Source{
		Profile: sandbox.Profile, Program: func(int) (cid.Cid, string, error) { return w.Program.Module.Cid, w.Program.Entry, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r.Unit
}

func TestDirectoriesOfOtherTools(t *testing.T) {
	d := sumDir(t, `"examples":[]`)
	if _, err := d.Compile(t.Context()); contracts.CodeOf(err) != contracts.CodeUnsupported {
		t.Errorf("compile: %v", err)
	}
}

func TestCompileFaults(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module x\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() { undefined() }\n",
		taskdir.FileName: `{"name":"x@1","description":"","entries":[{"entry":"e","description":""}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := taskdir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Compile(t.Context()); contracts.CodeOf(err) != contracts.CodeValidation || !strings.Contains(err.Error(), "undefined: undefined") {
		t.Errorf("program that does not compile: %v", err)
	}
	t.Setenv("PATH", "")
	if _, err := d.Compile(t.Context()); contracts.CodeOf(err) != contracts.CodeUnsupported {
		t.Errorf("no go command: %v", err)
	}
}
