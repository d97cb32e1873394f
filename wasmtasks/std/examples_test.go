package main

import (
	"os"
	"testing"

	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/wasmtasks/std/library"
	"github.com/krako-labs/krako/wasmtasks/tasktest"
)

func TestExamplesNatively(t *testing.T) { tasktest.Natively(t, library.Tasks()) }

func TestExamplesInTheSandbox(t *testing.T) { tasktest.InSandbox(t, "std.wasm") }

// TestSmallUnitsAreCheap bounds the fuel of what graphs mostly consist of. Of it, a
// millionth is about a millisecond.
func TestSmallUnitsAreCheap(t *testing.T) {
	wasm, err := os.ReadFile("std.wasm")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(t.Context(), sandbox.Config{Engine: sandbox.EngineInterpreter})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(t.Context()) }()
	m, err := s.Admit(t.Context(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		entry, input string
		most         uint64
	}{
		{"ir/handle@1", `{"attempt":1,"handler":"echo","id":"a","in":{"message":"hello"}}`, 45_000},
		{"ir/handle@1", `{"deps":{"a":[{"ok":true}]},"equals":true,"handler":"skip_if","key":"ok"}`, 65_000},
		{"num/eval@1", `{"digits":10,"expression":"4 + 17","rounding":"half_even"}`, 75_000},
		{"num/eval@1", `{"digit":10}`, 110_000}, // is refused
		{"date/diff@1", `{"from":"2026-03-03","to":"2026-11-17"}`, 50_000},
	} {
		o, err := s.Run(t.Context(), sandbox.Job{Module: m, Entry: c.entry, Input: []byte(c.input), Unit: dagcbor.RawCID([]byte(c.input))})
		if err != nil || o.FuelUsed == 0 || o.FuelUsed > c.most {
			t.Errorf("%s %s: fuel %d, at most %d; %v", c.entry, c.input, o.FuelUsed, c.most, err)
		}
	}
}
