// Package tasktest runs the examples that the tasks of a module are described
// with, as Go functions and in the sandbox, and compares what comes out. It
// promises to run the committed module, not one built for the test.
package tasktest

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"testing/fstest"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/wasmtasks/entry"
	"github.com/krako-labs/krako/wasmtasks/sdk"
)

// Example is an input with what must come of it: an output, or an error.
type Example struct {
	Name   string
	Input  json.RawMessage
	Blobs  map[string]string // contents by name
	Output json.RawMessage
	Error  contracts.Code
}

// Answer is what came of a run.
type Answer struct {
	Output  []byte
	Code    contracts.Code
	Message string
}

// run runs a task.
type run func(t *testing.T, task string, input []byte, blobs map[string]string) Answer

// Natively runs the examples of tasks.json, in the directory of the test, as Go
// functions.
func Natively(t *testing.T, tasks []entry.Task) {
	entries := map[string]sdk.Entry{}
	for _, task := range tasks {
		entries[task.Entry.Name()] = task.Entry
	}
	check(t, func(_ *testing.T, name string, input []byte, blobs map[string]string) Answer {
		files := fstest.MapFS{}
		for name, text := range blobs {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		out, err := entries[name].Run(sdk.NewContext(context.Background(), files, nil), input)
		if err != nil {
			return Answer{Code: contracts.CodeExitNonzero, Message: err.Error()}
		}
		return Answer{Output: out.Data}
	})
}

// InSandbox runs them in a module. It is interpreted, which compiles nothing and
// is quicker for short units; the determinism suite compares the engines.
func InSandbox(t *testing.T, file string) {
	wasm, err := os.ReadFile(file)
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
	check(t, func(t *testing.T, name string, input []byte, texts map[string]string) Answer {
		blobs := map[string][]byte{}
		for name, text := range texts {
			blobs[name] = []byte(text)
		}
		o, err := s.Run(t.Context(), sandbox.Job{Module: m, Entry: name, Input: input, Blobs: blobs, Unit: dagcbor.RawCID(input)})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("fuel %d, %d pages", o.FuelUsed, o.MemoryPages)
		return Answer{o.Output, o.Code, o.Detail}
	})
}

// check runs every example of every task. What is encoded must have a canonical
// form, as the host asks.
func check(t *testing.T, run run) {
	text, err := os.ReadFile("tasks.json")
	if err != nil {
		t.Fatal(err)
	}
	var tasks []struct {
		Name     string
		Examples []Example
	}
	if err := json.Unmarshal(text, &tasks); err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		for _, x := range task.Examples {
			t.Run(task.Name+"/"+x.Name, func(t *testing.T) {
				got := run(t, task.Name, canonical(t, x.Input), x.Blobs)
				if got.Code != x.Error || x.Error != "" && got.Message == "" {
					t.Fatalf("%s %q, want %q", got.Code, got.Message, x.Error)
				}
				if x.Error == "" && string(canonical(t, got.Output)) != string(canonical(t, x.Output)) {
					t.Errorf("output %s, want %s", got.Output, x.Output)
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
