package rewrite_test

import (
	"testing"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// recursion calls itself as often as its argument says and returns that by way
// of a return, a branch to its end or its end.
func recursion(leave []byte, locals ...rewrite.ValType) []byte {
	return single(types(i32), types(i32), locals,
		get(0), op(0x45), op(0x04, []byte{empty}), i32c(0), op(0x0f), end(),
		get(0), i32c(1), op(0x6b), op(0x10, uleb(0)), i32c(1), op(0x6a), leave)
}

// TestStackUnits makes calls until the units run out: 10, one for
// each parameter, local, assignment, value kept across a call and value that
// differs where an if ends; two for vectors.
func TestStackUnits(t *testing.T) {
	tests := []struct {
		name   string
		module []byte
		units  uint32
	}{
		{"parameter", recursion(nil), 12},
		{"return", recursion(op(0x0f)), 12},
		{"branch", recursion(op(0x0c, uleb(0))), 12},
		{"locals", recursion(nil, i32, f64), 14},
		{"vector local", recursion(nil, v128), 14},
		{"assignments", recursion(cat(tee(1), set(1), get(1)), i32), 15},
		{"vector instruction", recursion(cat(op(0xfd11), op(0xfd1b, []byte{0}), tee(0))), 15},
		{"operand kept", single(types(i32), types(i32), nil,
			get(0), op(0x45), op(0x04, []byte{empty}), i32c(0), op(0x0f), end(),
			i32c(1), get(0), i32c(1), op(0x6b), op(0x10, uleb(0)), op(0x6a)), 13},
	}
	const frames = 100
	for _, e := range engines(t) {
		for _, test := range tests {
			opts := options(nil)
			opts.StackUnits = test.units*frames + test.units - 1
			i := e.start(rewritten(t, test.module, opts))
			if o := i.call("f", plenty, plenty, frames-1); o.results != words([]uint64{frames - 1}) || o.depth != uint64(opts.StackUnits) {
				t.Errorf("%s: %d frames of %d units: %v", test.name, frames, test.units, o)
			}
			if o := i.call("f", plenty, plenty, frames); o.results != "out of stack" {
				t.Errorf("%s: %d frames of %d units: %v", test.name, frames+1, test.units, o)
			}
		}
	}
}

// TestLeafNeedsNoUnits calls a function that calls nothing with none left.
func TestLeafNeedsNoUnits(t *testing.T) {
	opts := options(nil)
	opts.StackUnits = 0
	module := rewritten(t, single(nil, types(i32), types(i32), i32c(7)), opts)
	if o := engines(t)[0].start(module).call("f", plenty, plenty); o.results != words([]uint64{7}) {
		t.Error(o)
	}
}

// TestManyResults returns more than one value through the block around a body.
func TestManyResults(t *testing.T) {
	results := types(i32, i64, i32)
	module := wasm(
		section{1, vec(ftype(types(i32), results))},
		section{3, vec(uleb(0))},
		section{7, vec(export("f", 0, 0))},
		section{10, vec(fn(nil,
			get(0), op(0x04, []byte{empty}), i32c(1), i64c(2), i32c(3), op(0x0c, uleb(1)), end(),
			i32c(1), op(0x10, uleb(0)), op(0x0f)))},
	)
	for _, e := range engines(t) {
		i := e.start(rewritten(t, module, options(nil)))
		for arg := range uint64(2) {
			if o := i.call("f", plenty, plenty, arg); o.results != words([]uint64{1, 2, 3}) {
				t.Errorf("f(%d): %v", arg, o)
			}
		}
	}
}

// TestStackIsSeenBeforeFuel enters a function with neither stack units nor fuel
// for it: what is seen is the stack, and what it would have cost is not charged.
func TestStackIsSeenBeforeFuel(t *testing.T) {
	module := single(nil, nil, nil, i32c(0), op(0x1a), op(0x10, uleb(0)))
	opts := options(nil)
	opts.StackUnits = 25 // two frames of 10
	for _, e := range engines(t) {
		if o := e.start(rewritten(t, module, opts)).call("f", 12, 12); o.results != "out of stack" || o.fuel != 12 {
			t.Errorf("got %v", o)
		}
		if o := e.start(rewritten(t, module, opts)).call("f", 11, 11); o.results != "out of fuel" || o.fuel != 12 {
			t.Errorf("got %v", o)
		}
	}
}
