package rewrite_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// TestDearFunctionsAreRefused has small functions over which the engine's
// compiler would sit for minutes, or in gigabytes.
func TestDearFunctionsAreRefused(t *testing.T) {
	many := bytes.Repeat
	block, loop := op(0x02, []byte{empty}), op(0x03, []byte{empty})
	again := cat(i32c(0), op(0x0d, uleb(0)), end())
	var gets, sets []byte
	for l := range 1000 {
		gets = append(gets, cat(get(l), op(0x1a))...)
		sets = append(sets, cat(i32c(1), set(l))...)
	}
	wide := wasm(
		section{1, vec(ftype(nil, nil), ftype(nil, slices.Repeat(types(i32), 60)))},
		section{3, vec(uleb(0))},
		section{10, vec(fn(slices.Repeat(types(i32), 900), op(0x02, sleb(1)), many(i32c(0), 60), many(cat(i32c(0), op(0x0d, uleb(0))), 2000), end(), many(op(0x1a), 60)))},
	)
	body := func(code ...[]byte) []byte { return single(nil, nil, slices.Repeat(types(i32), 1000), code...) }
	few := func(code ...[]byte) []byte { return single(nil, nil, types(f64), code...) }
	for name, module := range map[string][]byte{
		"nested loops":     body(many(loop, 200), gets, many(again, 200)),
		"loops in a row":   body(sets, many(cat(loop, again), 1000), gets),
		"many loops":       few(many(cat(loop, again), 5000)),
		"branches":         body(block, many(cat(i32c(0), op(0x0d, uleb(0))), 1000), end(), gets),
		"wide branches":    wide,
		"ifs":              few(many(cat(i32c(0), op(0x04, []byte{empty}), end()), 20_000)),
		"labels":           few(block, many(cat(block, i32c(0), op(0x0e, uleb(60_000), make([]byte, 60_001)), end()), 5), end()),
		"fills":            few(many(cat(many(i32c(0), 3), op(0xfc0b, []byte{0})), 5000)),
		"remainders":       few(many(cat(many(i32c(7), 2), op(0x6f, op(0x1a))), 20_000)),
		"NaNs in memory":   few(many(cat(i32c(0), get(0), get(0), op(0xa0), op(0x39, uleb(3), uleb(0))), 5000)),
		"growing":          few(many(cat(i32c(0), op(0x40, []byte{0}), op(0x1a)), 20_000)),
		"many of the same": manyFunctions(100, many(cat(i32c(0), op(0x04, []byte{empty}), end()), 3000)),
	} {
		_, _, err := rewrite.Rewrite(module, options(nil))
		e, ok := err.(*contracts.Error)
		if !ok || e.Code != contracts.CodeValidation || !strings.HasPrefix(e.Offender, "function ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// manyFunctions is a module of n equal functions.
func manyFunctions(n int, code []byte) []byte {
	return wasm(
		section{1, vec(ftype(nil, nil))},
		section{3, vec(slices.Repeat([][]byte{uleb(0)}, n)...)},
		section{10, vec(slices.Repeat([][]byte{fn(nil, code)}, n)...)},
	)
}

// TestUsualFunctionsAreCheap admits what compilers make at a third of the limits.
func TestUsualFunctionsAreCheap(t *testing.T) {
	wasm := readGoKernels(t)
	opts := options(allow(t, wasm))
	opts.Limits.Effort /= 3
	opts.Limits.Pairs /= 3
	if _, _, err := rewrite.Rewrite(wasm, opts); err != nil {
		t.Error(err)
	}
}
