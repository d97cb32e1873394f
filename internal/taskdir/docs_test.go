package taskdir_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/taskdir"
)

// snippet returns the first block of a language in a section of docs/tasks.md.
func snippet(t *testing.T, section, language string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/tasks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n## "+section+"\n")
	if !ok {
		t.Fatalf("docs/tasks.md has no section %q", section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	block := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindStringSubmatch(rest)
	if block == nil {
		t.Fatalf("section %q has no block of %s", section, language)
	}
	return block[1]
}

// TestTheCheckerOfTheDocsChecks builds the checker that docs/tasks.md shows, as a
// directory of `krako task new`, and gives it what a checker is given: the page's unit and
// right and wrong results of it.
func TestTheCheckerOfTheDocsChecks(t *testing.T) {
	var unit contracts.WorkUnit
	if err := json.Unmarshal([]byte(snippet(t, "Checkers", "json")), &unit); err != nil {
		t.Fatal(err)
	}
	if unit.VerifyWith == nil {
		t.Fatalf("the page's unit names no checker: %+v", unit)
	}
	given := func(output string) json.RawMessage {
		t.Helper()
		inv := contracts.Invocation{V: 1, Profile: "det-1", Fuel: contracts.DefaultFuel, MemoryPages: contracts.DefaultMemoryPages}
		res, err := dag.ResolveCheck(dagcbor.RawCID([]byte("checker")), "check", dag.Checkee{
			Invocation: &inv, Input: unit.Input, Output: dag.Output{CID: dagcbor.RawCID([]byte(output)), MediaType: contracts.DefaultMediaType}, Bytes: []byte(output),
		})
		if err != nil {
			t.Fatal(err)
		}
		return json.RawMessage(res.Invocation.Input.Inline)
	}
	var examples []map[string]any
	for output, says := range map[string]string{
		`{"Sorted":[1,2,3]}`: `{"valid":true}`,
		`{"Sorted":[3,1,2]}`: `{"reason":"it is not sorted","valid":false}`,
		`{"Sorted":[1,2]}`:   `{"reason":"it has other numbers","valid":false}`,
		`{"Sorted":[1,2,4]}`: `{"reason":"it has other numbers","valid":false}`,
	} {
		examples = append(examples, map[string]any{"name": output, "input": given(output), "output": json.RawMessage(says)})
	}
	d := newDir(t, filepath.Join(t.TempDir(), "checksort"))
	task, err := json.Marshal(map[string]any{
		"name": "checksort@1", "description": "The checker of the docs.",
		"entries": []any{map[string]any{
			"entry": "check", "description": "Checks that numbers are sorted.", "input_schema": map[string]any{"type": "object"}, "output_schema": map[string]any{"type": "object"},
			"fuel": 100_000_000, "memory_mb": 16, "examples": examples,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	program := fmt.Sprintf("package main\n\nimport (\n\t\"context\"\n\t\"slices\"\n\n\t\"github.com/krako-labs/krako/wasmtasks/sdk\"\n)\n\nfunc main() { sdk.Main(sdk.Task(\"check\", check)) }\n\n%s", snippet(t, "Checkers", "go"))
	for name, data := range map[string][]byte{"task.json": task, "main.go": []byte(program)} {
		if err := os.WriteFile(filepath.Join(d.Path, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if d, err = taskdir.Open(d.Path); err != nil {
		t.Fatal(err)
	}
	s, m := admit(t, compile(t, d).Wasm)
	runs, err := d.RunExamples(t.Context(), s, m)
	if err != nil || len(runs) != len(examples) {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	for _, r := range runs {
		if !r.OK() {
			t.Errorf("%s: %s (%s)", r.Example, r.Problem, r.Output)
		}
	}
}
