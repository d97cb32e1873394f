package rewrite_test

import (
	"context"
	"testing"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// bulkModule exports "f", which writes a pattern and then fills or copies: (to,
// from or value, length).
func bulkModule(instruction []byte) []byte {
	pattern := cat( // every 4 KiB a word that tells where it is
		op(0x03, []byte{empty}),
		get(3), get(3), op(0x36, uleb(2), uleb(0)),
		get(3), i32c(4096), op(0x6a), tee(3), op(0x3f, []byte{0}), i32c(16), op(0x74), op(0x49), op(0x0d, uleb(0)),
		end())
	return wasm(
		section{1, vec(ftype(types(i32, i32, i32), nil))},
		section{3, vec(uleb(0))},
		section{5, vec(cat([]byte{0}, uleb(96)))}, // 6 MiB
		section{7, vec(export("f", 0, 0), export("memory", 2, 0))},
		section{10, vec(fn(types(i32), pattern, get(0), get(1), get(2), instruction))},
	)
}

// TestLongBulkOperations does in one go and in parts what a guest may ask for at
// once, to the same bytes, traps and fuel.
func TestLongBulkOperations(t *testing.T) {
	const mib = 1 << 20
	fill, move := op(0xfc0b, []byte{0}), op(0xfc0a, []byte{0, 0})
	opts := options(nil)
	for name, c := range map[string]struct {
		instruction     []byte
		to, from, bytes uint64
		traps           bool
	}{
		"fill one part":         {fill, 5, 0x1a5, mib, false},
		"fill a byte more":      {fill, 5, 0x1a5, mib + 1, false},
		"fill two parts":        {fill, 5, 0xa5, 2 * mib, false},
		"fill all":              {fill, 0, 0xa5, 6 * mib, false},
		"fill too much":         {fill, 1, 0xa5, 6 * mib, true},
		"fill 4 GiB":            {fill, 3 * mib, 0xa5, 1<<32 - 1, true},
		"copy up":               {move, 0, 3*mib - 7, 3 * mib, false},
		"copy down":             {move, 3*mib - 7, 0, 3 * mib, false},
		"copy up, over itself":  {move, 0, 12345, 5 * mib, false},
		"copy down, over it":    {move, 12345, 0, 5 * mib, false},
		"copy onto itself":      {move, 777, 777, 5 * mib, false},
		"copy to beyond":        {move, 5 * mib, 0, 2 * mib, true},
		"copy from beyond":      {move, 0, 5 * mib, 2 * mib, true},
		"copy around the world": {move, 1<<32 - 5, 0, 2 * mib, true},
	} {
		t.Run(name, func(t *testing.T) {
			module := bulkModule(c.instruction)
			opts.Yield = false
			whole := rewritten(t, module, opts)
			opts.Yield = true
			parts := rewritten(t, module, opts)
			var seen []outcome
			for _, e := range engines(t) {
				for slice, wasm := range map[int64][]byte{plenty: whole, 100_000: parts} {
					i := e.start(wasm)
					o := i.call("f", plenty, slice, c.to, c.from, c.bytes)
					i.close()
					o.depth = 0
					seen = append(seen, o)
				}
			}
			for _, o := range seen[1:] {
				if o != seen[0] {
					t.Fatalf("in parts: %v\nat once: %v", o, seen[0])
				}
			}
			if (seen[0].results == "") == c.traps {
				t.Errorf("ended with %q", seen[0].results)
			}
		})
	}
}

// TestLongBulkOperationsYield counts the turns that the host gets.
func TestLongBulkOperationsYield(t *testing.T) {
	opts := options(nil)
	opts.Yield = true
	e := engines(t)[0]
	i := e.start(rewritten(t, bulkModule(op(0xfc0b, []byte{0})), opts))
	defer i.close()
	for bytes, want := range map[uint64]int{1: 0, 1 << 20: 0, 1<<20 + 1: 1, 6 << 20: 5} {
		a := &account{budget: plenty, slice: plenty, granted: plenty}
		i.setFuel(plenty)
		if _, err := i.ExportedFunction("f").Call(context.WithValue(i.ctx, accountKey{}, a), 0, 1, bytes); err != nil {
			t.Fatal(err)
		}
		if a.turns != want {
			t.Errorf("%d turns in %d bytes, want %d", a.turns, bytes, want)
		}
	}
}

// TestHelpersAreOutOfReach has a guest call the index that a helper will have.
func TestHelpersAreOutOfReach(t *testing.T) {
	opts := options(nil)
	opts.Yield = true
	module := single(types(i32, i32, i32), nil, nil, get(0), get(1), get(2), op(0xfc0b, []byte{0}), get(0), get(1), get(2), op(0x10, uleb(1)))
	if _, _, err := rewrite.Rewrite(module, opts); err == nil {
		t.Error("a guest reached a function that was added")
	}
}
