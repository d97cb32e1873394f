package rewrite_test

import (
	"math"
	"testing"
)

// TestRemainder compares remainders with Go's, over all pairs of edge values.
func TestRemainder(t *testing.T) {
	edges := []int64{0, 1, -1, 2, -2, 3, 7, -7, 10, math.MaxInt32, math.MinInt32, math.MinInt32 + 1, math.MaxUint32,
		math.MaxInt64, math.MinInt64, math.MinInt64 + 1, 0x5555_5555_5555_5555}
	all := engines(t)
	for _, code := range []int{0x6f, 0x70, 0x81, 0x82} {
		typ, mask := i32, uint64(math.MaxUint32)
		if code > 0x80 {
			typ, mask = i64, math.MaxUint64
		}
		module := rewritten(t, single(types(typ, typ), types(typ), nil, get(0), get(1), op(code)), options(nil))
		for _, e := range all {
			i := e.start(module)
			for _, a := range edges {
				for _, b := range edges {
					want := remainder(code, a, b)
					if got := i.call("f", plenty, plenty, uint64(a)&mask, uint64(b)&mask).results; got != want {
						t.Errorf("opcode %#x of %d, %d: got %s, want %s", code, a, b, got, want)
					}
				}
			}
		}
	}
}

// remainder is what an instruction should show.
func remainder(code int, a, b int64) string {
	if b == 0 || code < 0x80 && int32(b) == 0 {
		return "wasm error: integer divide by zero"
	}
	var r uint64
	switch code {
	case 0x6f:
		r = uint64(uint32(int32(a) % int32(b)))
	case 0x70:
		r = uint64(uint32(a) % uint32(b))
	case 0x81:
		r = uint64(a % b)
	case 0x82:
		r = uint64(a) % uint64(b)
	}
	return words([]uint64{r})
}
