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

// Example is an input with what must come of it: an output, the content address
// of one that is not JSON, or an error.
type Example struct {
	Name      string
	Input     json.RawMessage
	Blobs     map[string]string // contents by name
	BlobsFrom map[string]string `json:"blobs_from"` // by name, the task/example whose output it is
	Output    json.RawMessage
	OutputCID string `json:"output_cid"`
	Error     contracts.Code
}

// Answer is what came of a run.
type Answer struct {
	Output    []byte
	MediaType string
	Code      contracts.Code
	Message   string
}

// run runs a task.
type run func(t *testing.T, task string, input []byte, blobs map[string][]byte) Answer

// Natively runs the examples of tasks.json, in the directory of the test, as Go
// functions.
func Natively(t *testing.T, tasks []entry.Task) {
	entries := map[string]sdk.Entry{}
	for _, task := range tasks {
		entries[task.Entry.Name()] = task.Entry
	}
	check(t, func(_ *testing.T, name string, input []byte, blobs map[string][]byte) Answer {
		files := fstest.MapFS{}
		for name, data := range blobs {
			files[name] = &fstest.MapFile{Data: data}
		}
		out, err := entries[name].Run(sdk.NewContext(context.Background(), files, nil), input)
		if err != nil {
			return Answer{Code: contracts.CodeExitNonzero, Message: err.Error()}
		}
		return Answer{Output: out.Data, MediaType: out.MediaType}
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
	check(t, func(t *testing.T, name string, input []byte, blobs map[string][]byte) Answer {
		o, err := s.Run(t.Context(), sandbox.Job{Module: m, Entry: name, Input: input, Blobs: blobs, Unit: dagcbor.RawCID(input)})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("fuel %d, %d pages", o.FuelUsed, o.MemoryPages)
		return Answer{o.Output, o.MediaType, o.Code, o.Detail}
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
		Name      string
		MediaType string `json:"output_media_type"`
		Examples  []Example
	}
	if err := json.Unmarshal(text, &tasks); err != nil {
		t.Fatal(err)
	}
	outputs := map[string][]byte{}
	for _, task := range tasks {
		for _, x := range task.Examples {
			name := task.Name + "/" + x.Name
			t.Run(name, func(t *testing.T) {
				got := run(t, task.Name, canonical(t, x.Input), x.mount(t, outputs))
				outputs[name] = got.Output
				if got.Code != x.Error || x.Error != "" && got.Message == "" {
					t.Fatalf("%s %q, want %q", got.Code, got.Message, x.Error)
				}
				if x.Error == "" {
					x.compare(t, got, task.MediaType)
				}
			})
		}
	}
}

func (x *Example) mount(t *testing.T, outputs map[string][]byte) map[string][]byte {
	blobs := map[string][]byte{}
	for name, text := range x.Blobs {
		blobs[name] = []byte(text)
	}
	for name, from := range x.BlobsFrom {
		out, ok := outputs[from]
		if !ok {
			t.Fatalf("blob %s: no example %s stands before this one", name, from)
		}
		blobs[name] = out
	}
	return blobs
}

func (x *Example) compare(t *testing.T, got Answer, mediaType string) {
	if got.MediaType != mediaType {
		t.Errorf("output is %s, declared is %s", got.MediaType, mediaType)
	}
	if x.OutputCID != "" {
		if c := dagcbor.RawCID(got.Output).String(); c != x.OutputCID {
			t.Errorf("output of %d bytes is %s, want %s", len(got.Output), c, x.OutputCID)
		}
		return
	}
	if string(canonical(t, got.Output)) != string(canonical(t, x.Output)) {
		t.Errorf("output %s, want %s", got.Output, x.Output)
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
