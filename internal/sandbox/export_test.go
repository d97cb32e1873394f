package sandbox

import (
	"context"
	"testing"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

// TestIdleGuestsKeepNoDeepStacks also notices a wazero that keeps its stack
// elsewhere, with which every unit would pay for a new one.
func TestIdleGuestsKeepNoDeepStacks(t *testing.T) {
	ctx := context.Background()
	s, err := New(ctx, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(ctx)
	m, err := s.Admit(ctx, deepReactor())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		input int
		kept  bool
	}{{10, true}, {5000, false}, {10, true}} {
		o, err := s.Run(ctx, Job{Module: m, Input: make([]byte, c.input), Unit: dagcbor.RawCID(nil)})
		if err != nil || o.Code != "" {
			t.Fatal(o, err)
		}
		g := m.pool.take()
		if _, kept := g.exports[exportRun]; kept != c.kept {
			t.Errorf("after recursion to %d the stack is kept: %v", 10*c.input, kept)
		}
		m.pool.put(g)
	}
}

// deepReactor recurses ten times as deep as its envelope is long, then returns
// an empty output.
//
//	(func $dive (param i32) (if (local.get 0) (then (call $dive (i32.sub (local.get 0) (i32.const 1))))))
//	(func (export "krako_alloc") (param i32) (result i32) (i32.const 8))
//	(func (export "krako_run") (param i32 i32) (result i64)
//	  (call $dive (i32.mul (local.get 1) (i32.const 10))) (i64.const 0))
func deepReactor() []byte {
	return []byte("\x00asm\x01\x00\x00\x00" +
		"\x01\x10\x03\x60\x01\x7f\x00\x60\x01\x7f\x01\x7f\x60\x02\x7f\x7f\x01\x7e" + // types
		"\x03\x04\x03\x00\x01\x02" + // functions
		"\x05\x03\x01\x00\x02" + // memory
		"\x07\x24\x03\x06memory\x02\x00\x0bkrako_alloc\x00\x01\x09krako_run\x00\x02" +
		"\x0a\x21\x03" +
		"\x0e\x00\x20\x00\x04\x40\x20\x00\x41\x01\x6b\x10\x00\x0b\x0b" +
		"\x04\x00\x41\x08\x0b" +
		"\x0b\x00\x20\x01\x41\x0a\x6c\x10\x00\x42\x00\x0b")
}
