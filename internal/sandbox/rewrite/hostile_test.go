package rewrite_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// TestFramesFitEngineStack recurses without end through functions that make the
// engine keep all it can on its stack. The guest must run out of stack units
// before the engine, at a depth of its own, runs out of stack.
func TestFramesFitEngineStack(t *testing.T) {
	many := bytes.Repeat
	load := cat(get(0), op(0x28, uleb(0), uleb(0)))
	vload := cat(get(0), op(0xfd00, uleb(0), uleb(0)))
	recurse := cat(get(0), i32c(1), op(0x6a), op(0x10, uleb(0)))
	base := cat(get(0), i32c(0), op(0x48), op(0x04, []byte{empty}), i32c(0), op(0x0f), end())
	body := func(locals []rewrite.ValType, code ...[]byte) []byte {
		return single(types(i32), types(i32), locals, code...)
	}
	const n = 100
	var change, sum, exits []byte // of n locals; out of n blocks
	for l := range n {
		change = append(change, cat(get(l+1), load, op(0x6a), set(l+1))...)
		sum = append(sum, cat(get(l+1), op(0x6a))...)
		exits = append(exits, cat(load, op(0x0d, uleb(uint64(l))))...)
	}
	locals := slices.Repeat(types(i32), n)
	block, loop := op(0x02, []byte{empty}), op(0x03, []byte{empty})
	tests := map[string][]byte{
		"tiny":     body(nil, recurse),
		"operands": body(nil, many(load, 2000), recurse, many(op(0x6a), 2000)),
		"crowded":  body(nil, many(cat(many(load, 100), many(op(0x6a), 99), set(0)), 50), recurse),
		"vectors":  body(nil, many(vload, 1000), recurse, op(0xfd11), many(op(0xfd00|174), 1000), op(0xfd1b, []byte{0})),
		"locals": body(types(i32), base,
			many(cat(load, set(1), i32c(-1), op(0x10, uleb(0)), get(1), op(0x6a), set(0)), 1000), recurse, get(0), op(0x6a)),
		"loops":    body(locals, many(loop, n), change, many(cat(load, op(0x0d, uleb(0)), end()), n), recurse, sum),
		"blocks":   body(locals, many(block, n), exits, change, many(end(), n), recurse, sum),
		"branches": body(locals, many(cat(load, op(0x04, []byte{empty}), change, end()), n), recurse, sum),
	}
	e := newEngine(t, wazero.NewRuntimeConfigCompiler())
	for name, module := range tests {
		i := e.start(rewritten(t, module, options(nil)))
		if o := i.call("f", plenty, plenty, 0); o.results != "out of stack" {
			t.Errorf("%s: %v", name, o.results)
		}
		i.close()
	}
}
