package sandbox_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
)

// engines are a compiler and an interpreter sandbox with the same limits, and guests
// of the one run to their end, as on nodes, while those of the other give turns.
func engines(t *testing.T) (compiler, interpreter *sandbox.Sandbox) {
	return newSandbox(t, sandbox.Config{MaxOutput: 1 << 20, Uninterrupted: true}),
		newSandbox(t, sandbox.Config{MaxOutput: 1 << 20, Engine: sandbox.EngineInterpreter})
}

func TestEnginesAgreeOnGoPrograms(t *testing.T) {
	c, i := engines(t)
	blobs := map[string][]byte{"a": []byte("alpha"), "b": []byte("beta")}
	for _, p := range []struct {
		wasm    []byte
		entries []string
	}{
		{probe(t), []string{"echo", "world", "files", "escape", "sleep", "exit", "panic", "log", "maps", "unknown", "flood"}},
		{reactor(t), []string{"sum", "state", "blob", "exit", "panic", "wild", "unknown"}},
	} {
		cm, im := admit(t, c, p.wasm), admit(t, i, p.wasm)
		for _, entry := range p.entries {
			t.Run(cm.ABI().String()+"/"+entry, func(t *testing.T) {
				cj, ij := job(cm, entry, `{"name":"a"}`), job(im, entry, `{"name":"a"}`)
				cj.Blobs, ij.Blobs = blobs, blobs
				if d := cmp.Diff(run(t, c, cj), run(t, i, ij)); d != "" {
					t.Errorf("compiler and interpreter differ: %s", d)
				}
			})
		}
	}
}

// TestTraps makes each trap by hand, on both engines.
func TestTraps(t *testing.T) {
	nan := binary.LittleEndian.AppendUint64([]byte{opF64Const}, math.Float64bits(math.NaN()))
	huge := binary.LittleEndian.AppendUint64([]byte{opF64Const}, math.Float64bits(1e300))
	c, i := engines(t)
	for _, tc := range []struct {
		detail string
		body   []byte
	}{
		{"unreachable", []byte{opUnreachable}},
		{"out of bounds memory access", []byte{opI32Const, 0x7f, opI32Load, 2, 0, opDrop}},
		{"integer divide by zero", []byte{opI32Const, 1, opI32Const, 0, opI32DivS, opDrop}},
		{"integer overflow", []byte{opI32Const, 0x80, 0x80, 0x80, 0x80, 0x78, opI32Const, 0x7f, opI32DivS, opDrop}},
		{"invalid conversion to integer", cat(nan, []byte{opI32TruncF64S, opDrop})},
		{"integer overflow", cat(huge, []byte{opI32TruncF64S, opDrop})},
	} {
		t.Run(tc.detail, func(t *testing.T) {
			wasm := command(tc.body...).bytes()
			for _, s := range []*sandbox.Sandbox{c, i} {
				o := run(t, s, job(admit(t, s, wasm), "", ""))
				wantCode(t, o, contracts.CodeTrap)
				if o.Detail != tc.detail {
					t.Errorf("detail = %q, want %q", o.Detail, tc.detail)
				}
			}
		})
	}
}

// TestRefusedGrowth tells a failure for want of memory from one for another
// reason.
func TestRefusedGrowth(t *testing.T) {
	c, _ := engines(t)
	grow := []byte{opI32Const, 8, opMemoryGrow, 0}
	for _, tc := range []struct {
		name string
		body []byte
		code contracts.Code
	}{
		{"unnoticed", append(grow, opDrop), ""},
		{"fatal", append(grow, opDrop, opUnreachable), contracts.CodeOutOfMemory},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j := job(admit(t, c, command(tc.body...).bytes()), "", "")
			j.MemoryPages = 8
			o := run(t, c, j)
			wantCode(t, o, tc.code)
			if o.MemoryPages != 1 {
				t.Errorf("pages = %d, want 1", o.MemoryPages)
			}
			j.MemoryPages = 9
			if o := run(t, c, j); o.MemoryPages != 9 || o.Code == contracts.CodeOutOfMemory {
				t.Errorf("with room to grow: %d pages, code %q", o.MemoryPages, o.Code)
			}
		})
	}

	w := command()
	w.memory = []byte{0, 4}
	j := job(admit(t, c, w.bytes()), "", "")
	j.MemoryPages = 3
	wantCode(t, run(t, c, j), contracts.CodeOutOfMemory)
}
