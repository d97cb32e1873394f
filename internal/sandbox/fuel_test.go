package sandbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
)

// countdown loops n times, with calls so that fuel is stored and loaded, and
// writes nothing.
func countdown(n int) []byte {
	w := newWasm()
	nop := w.fn("", "", "", 0)
	w.fn("_start", "", "", 1, cat(
		[]byte{opI32Const}, sleb(n), []byte{opLocalSet, 0,
			opLoop, blockVoid,
			opCall, nop,
			opLocalGet, 0, opI32Const, 1, opI32Sub, opLocalTee, 0,
			opBrIf, 0,
			opEnd})...)
	return w.bytes()
}

func TestFuelIsExact(t *testing.T) {
	c, i := engines(t)
	wasm := countdown(1_000_000)
	cm, im := admit(t, c, wasm), admit(t, i, wasm)
	full := run(t, c, job(cm, "", ""))
	wantCode(t, full, "")
	if d := cmp.Diff(full, run(t, i, job(im, "", ""))); d != "" {
		t.Fatalf("engines differ: %s", d)
	}
	// Enough for several slices; each unit of the budget counts.
	for _, fuel := range []uint64{full.FuelUsed, full.FuelUsed + 1} {
		j := job(cm, "", "")
		j.Fuel = fuel
		if d := cmp.Diff(full, run(t, c, j)); d != "" {
			t.Errorf("with %d units of %d: %s", fuel, full.FuelUsed, d)
		}
	}
	for _, fuel := range []uint64{1, 1000, full.FuelUsed / 2, full.FuelUsed - 1} {
		for _, on := range []struct {
			s *sandbox.Sandbox
			m *sandbox.Module
		}{{c, cm}, {i, im}} {
			j := job(on.m, "", "")
			j.Fuel = fuel
			o := run(t, on.s, j)
			wantCode(t, o, contracts.CodeOutOfFuel)
			if o.FuelUsed != fuel {
				t.Errorf("used %d of %d when out of fuel", o.FuelUsed, fuel)
			}
		}
	}
}

func TestEndlessGuestsRunOutOfFuel(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	for name, wasm := range endless() {
		t.Run(name, func(t *testing.T) {
			j := job(admit(t, s, wasm), "", "")
			j.Fuel = 50_000_000
			wantCode(t, run(t, s, j), contracts.CodeOutOfFuel)
		})
	}
}

func TestEndlessGuestsEndOnDeadline(t *testing.T) {
	s := newSandbox(t, sandbox.Config{})
	for name, wasm := range endless() {
		t.Run(name, func(t *testing.T) {
			m := admit(t, s, wasm)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			_, err := s.Run(ctx, job(m, "", ""))
			wantError(t, err, contracts.CodeTimeout, "run")
		})
	}
}

// endless are guests that would take years, each by other means.
func endless() map[string][]byte {
	loop := command(opLoop, blockVoid, opBr, 0, opEnd).bytes()

	// fib(n) calls itself twice and has no loop.
	w := newWasm()
	const self = 0
	w.fn("fib", i32, i32, 0,
		opLocalGet, 0, opI32Eqz, opIf, blockVoid, opI32Const, 1, opReturn, opEnd,
		opLocalGet, 0, opI32Const, 1, opI32Sub, opCall, self,
		opLocalGet, 0, opI32Const, 1, opI32Sub, opCall, self, opI32Add)
	w.fn("_start", "", "", 0, opI32Const, 60, opCall, self, opDrop)

	// memory.fill of the whole memory, again and again.
	f := newWasm()
	f.memory = cat([]byte{0}, uleb(512))
	f.fn("_start", "", "", 0, cat(
		[]byte{opLoop, blockVoid, opI32Const, 0, opI32Const, 1, opI32Const}, sleb(512*65536),
		[]byte{0xfc, 11, 0, opBr, 0, opEnd})...)

	// Host calls, each of little fuel in the guest.
	h := newWasm()
	random := h.importFunc("wasi_snapshot_preview1", "random_get", i32+i32, i32)
	h.fn("_start", "", "", 0, cat(
		[]byte{opLoop, blockVoid, opI32Const, 0, opI32Const}, sleb(65536),
		[]byte{opCall, random, opDrop, opBr, 0, opEnd})...)
	return map[string][]byte{"loop": loop, "recursion": w.bytes(), "fill": f.bytes(), "host calls": h.bytes()}
}

func TestStackOverflow(t *testing.T) {
	w := newWasm()
	w.fn("_start", "", "", 0, opCall, 0)
	s := newSandbox(t, sandbox.Config{})
	m := admit(t, s, w.bytes())
	first := run(t, s, job(m, "", ""))
	wantCode(t, first, contracts.CodeStackOverflow)
	if d := cmp.Diff(first, run(t, s, job(m, "", ""))); d != "" {
		t.Errorf("overflows differ: %s", d)
	}
	wantCode(t, run(t, s, job(admit(t, s, probe(t)), "recurse", "null")), contracts.CodeStackOverflow)
}

func TestClockFollowsFuel(t *testing.T) {
	// Reads the monotonic clock before and after a loop and writes both.
	w := newWasm()
	clock := w.importFunc("wasi_snapshot_preview1", "clock_time_get", i32+i64+i32, i32)
	write := w.importFunc("wasi_snapshot_preview1", "fd_write", i32+i32+i32+i32, i32)
	read := func(at byte) []byte {
		return []byte{opI32Const, 1, opI64Const, 0, opI32Const, at, opCall, clock, opDrop}
	}
	w.fn("_start", "", "", 1, cat(read(16),
		[]byte{opI32Const}, sleb(100_000), []byte{opLocalSet, 0, opLoop, blockVoid,
			opLocalGet, 0, opI32Const, 1, opI32Sub, opLocalTee, 0, opBrIf, 0, opEnd},
		read(24),
		[]byte{opI32Const, 0, opI32Const, 16, opI32Store, 2, 0, opI32Const, 4, opI32Const, 16, opI32Store, 2, 0,
			opI32Const, 1, opI32Const, 0, opI32Const, 1, opI32Const, 32, opCall, write, opDrop})...)
	s := newSandbox(t, sandbox.Config{})
	o := run(t, s, job(admit(t, s, w.bytes()), "", ""))
	wantCode(t, o, "")
	before, after := le64(o.Output), le64(o.Output[8:])
	if before < 1e9 || before > 1e9+1000 || after-before < 500_000 || after-before > o.FuelUsed {
		t.Errorf("clock read %d, then %d, for %d units of fuel", before, after, o.FuelUsed)
	}
}
