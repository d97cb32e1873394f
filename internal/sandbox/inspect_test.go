package sandbox_test

import (
	"bytes"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
)

func TestInspect(t *testing.T) {
	for _, tc := range []struct {
		name string
		wasm []byte
		abi  sandbox.ABI
		min  uint32
	}{
		{"noop", noop(t), sandbox.ABICommand, 1},
		{"sum", sumC(t), sandbox.ABIReactor, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := sandbox.Inspect(tc.wasm)
			if err != nil {
				t.Fatal(err)
			}
			if got.ABI != tc.abi || got.MemoryMin != tc.min || got.MemoryMax != 1<<15-1 || got.NotPooled != "" || got.Rewriter == "" {
				t.Errorf("%+v", got)
			}
			again, err := sandbox.Inspect(tc.wasm)
			if err != nil || !bytes.Equal(again.Rewritten, got.Rewritten) || len(got.Rewritten) == 0 {
				t.Errorf("rewritten to %d bytes, then to others: %v", len(got.Rewritten), err)
			}
		})
	}
}

func TestInspectRefusesWhatAdmitDoes(t *testing.T) {
	noABI := newWasm()
	noABI.fn("go", "", "", 0)
	foreign := newWasm()
	foreign.importFunc("env", "abort", "", "")
	foreign.fn("_start", "", "", 0)
	s := newSandbox(t, sandbox.Config{})
	for name, wasm := range map[string][]byte{"not wasm": []byte("#!/bin/sh"), "no ABI": noABI.bytes(), "foreign import": foreign.bytes()} {
		t.Run(name, func(t *testing.T) {
			_, want := s.Admit(t.Context(), wasm)
			_, err := sandbox.Inspect(wasm)
			if contracts.CodeOf(err) != contracts.CodeValidation || want == nil || err.Error() != want.Error() {
				t.Errorf("%v, Admit says %v", err, want)
			}
		})
	}
}
