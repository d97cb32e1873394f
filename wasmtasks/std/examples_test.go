package main

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/library"
)

// described is a task of tasks.json.
type described struct {
	Name, Entry, Description, Input string
	Examples                        []struct {
		Name          string
		Input, Output json.RawMessage
		Error         contracts.Code
	}
}

func readTasks(t *testing.T) []described {
	t.Helper()
	text, err := os.ReadFile("tasks.json")
	if err != nil {
		t.Fatal(err)
	}
	var tasks []described
	if err := json.Unmarshal(text, &tasks); err != nil {
		t.Fatal(err)
	}
	return tasks
}

// answer is what came of a run.
type answer struct {
	output  []byte
	code    contracts.Code
	message string
}

// checkExamples runs every example of every task and compares what comes out.
func checkExamples(t *testing.T, run func(t *testing.T, entry string, input []byte) answer) {
	for _, task := range readTasks(t) {
		for _, x := range task.Examples {
			t.Run(task.Name+"/"+x.Name, func(t *testing.T) {
				got := run(t, task.Entry, canonical(t, x.Input))
				if got.code != x.Error || x.Error != "" && got.message == "" {
					t.Fatalf("%s %q, want %q", got.code, got.message, x.Error)
				}
				if x.Error == "" && string(canonical(t, got.output)) != string(canonical(t, x.Output)) {
					t.Errorf("output %s, want %s", got.output, x.Output)
				}
			})
		}
	}
}

func canonical(t *testing.T, text []byte) []byte {
	t.Helper()
	b, err := jcs.Canonicalize(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return b
}

func TestExamplesNatively(t *testing.T) {
	entries := map[string]sdk.Entry{}
	for _, task := range library.Tasks() {
		entries[task.Entry.Name()] = task.Entry
	}
	checkExamples(t, func(_ *testing.T, entry string, input []byte) answer {
		out, err := entries[entry].Run(context.Background(), input)
		if err != nil {
			return answer{code: contracts.CodeExitNonzero, message: err.Error()}
		}
		return answer{output: out.Data}
	})
}

// The module is the committed one. It is interpreted, which compiles nothing and
// is quicker for short units.
func TestExamplesInTheSandbox(t *testing.T) {
	wasm, err := os.ReadFile("std.wasm")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(t.Context(), sandbox.Config{Engine: sandbox.EngineInterpreter})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	m, err := s.Admit(t.Context(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	checkExamples(t, func(t *testing.T, entry string, input []byte) answer {
		o, err := s.Run(t.Context(), sandbox.Job{Module: m, Entry: entry, Input: input, Unit: dagcbor.RawCID(input)})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("fuel %d, %d pages", o.FuelUsed, o.MemoryPages)
		return answer{o.Output, o.Code, o.Detail}
	})
}
