package rewrite_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

const (
	nan32 = 0x7fc00000
	nan64 = 0x7ff8000000000000
)

// TestNaNOfEveryOperation gives each float operation all pairs of interesting
// operands and looks for NaNs other than the canonical in what it returns.
func TestNaNOfEveryOperation(t *testing.T) {
	all := engines(t)
	for _, code := range allOpcodes() {
		typ, eq, _, _ := nanOf(code)
		if typ == 0 {
			continue
		}
		pop, _, _ := rewrite.OperandCounts(code)
		store := map[rewrite.ValType]int{f32: 0x38, f64: 0x39, v128: 0xfd0b}[typ]
		var body []byte
		for i := range bits64 {
			for j := range bits64 {
				body = append(body, i32c(int32(16*(12*i+j)))...)
				for _, n := range []int{i, j}[:pop] {
					body = append(body, floatOperand(code, typ, n)...)
				}
				body = append(body, cat(op(code), op(store, uleb(0), uleb(0)))...)
			}
		}
		module := rewritten(t, single(nil, nil, nil, body), options(nil))
		for _, e := range all {
			i := e.start(module)
			if o := i.call("f", plenty, plenty); o.results != "" {
				t.Fatalf("opcode %#x: %v", code, o.results)
			}
			results, _ := i.Memory().Read(0, 16*12*12)
			double := eq == 0x61 || eq == 0xfd47
			if checkNaNs(t, code, results, double) == 0 {
				t.Errorf("opcode %#x gave no NaN", code)
			}
			i.close()
		}
	}
}

// floatOperand is the n-th interesting operand of an operation.
func floatOperand(code int, result rewrite.ValType, n int) []byte {
	switch {
	case code == 0xb6:
		return f64c(bits64[n])
	case code == 0xbb:
		return f32c(bits32[n])
	case result == f32:
		return f32c(bits32[n])
	case result == f64:
		return f64c(bits64[n])
	}
	if _, eq, _, _ := nanOf(code); (eq == 0xfd41) == (code != 0xfd5e && code != 0xfd5f) {
		word := uint64(bits32[n])
		return v128c(word<<32|word, uint64(bits32[(n+1)%12])<<32|word)
	}
	return v128c(bits64[n], bits64[(n+1)%12])
}

// checkNaNs counts the NaNs in results, all of which must be canonical.
func checkNaNs(t *testing.T, code int, results []byte, double bool) int {
	t.Helper()
	count := 0
	for ; len(results) > 0; results = results[8:] {
		word := binary.LittleEndian.Uint64(results)
		if double {
			if v := math.Float64frombits(word); v != v {
				count++
				if word != nan64 {
					t.Errorf("opcode %#x: NaN %#x", code, word)
				}
			}
			continue
		}
		for _, lane := range []uint32{uint32(word), uint32(word >> 32)} {
			if v := math.Float32frombits(lane); v != v {
				count++
				if lane != nan32 {
					t.Errorf("opcode %#x: NaN %#x", code, lane)
				}
			}
		}
	}
	return count
}

// TestNaNsThatMustKeepTheirBits moves NaNs around as data, also through locals
// that hold results of arithmetic at other times, and through operations on the
// sign, in the forms in which making them canonical is put off.
func TestNaNsThatMustKeepTheirBits(t *testing.T) {
	const odd = 0x7ff4dead_beef0001
	sum := cat(f64c(0), f64c(0), op(0xa3)) // 0/0
	bits := op(0xbd)
	tests := []struct {
		name   string
		locals []rewrite.ValType
		code   []byte
		want   uint64
	}{
		{"constant", nil, cat(f64c(odd), bits), odd},
		{"local", types(f64), cat(f64c(odd), set(1), get(1), bits), odd},
		{"local of results and data", types(f64), cat(sum, set(1), f64c(odd), set(1), get(1), bits), odd},
		{"parameter", nil, cat(get(0), bits), odd},
		{"parameter set to a result", nil, cat(sum, set(0), get(0), bits), nan64},
		{"result", nil, cat(sum, bits), nan64},
		{"result by local", types(f64), cat(sum, set(1), get(1), bits), nan64},
		{"result by tee", types(f64), cat(sum, tee(1), f64c(1), op(0xa0), op(0x1a), get(1), bits), nan64},
		{"sum in a loop", types(f64, i32), cat(
			i32c(3), set(2), op(0x03, []byte{empty}),
			get(1), sum, op(0xa0), set(1),
			get(2), i32c(1), op(0x6b), tee(2), op(0x0d, uleb(0)), end(), get(1), bits), nan64},
		{"negative result", nil, cat(sum, op(0x9a), bits), 1<<63 | nan64},
		{"negative result by local", types(f64), cat(sum, op(0x9a), set(1), get(1), bits), 1<<63 | nan64},
		{"negative result by tee in a loop", types(f64, i32), cat(
			i32c(3), set(2), op(0x03, []byte{empty}),
			sum, op(0x9a), tee(1), op(0x1a),
			get(2), i32c(1), op(0x6b), tee(2), op(0x0d, uleb(0)), end(), get(1), bits), 1<<63 | nan64},
		{"magnitude of a result", nil, cat(sum, op(0x9a), op(0x99), bits), nan64},
		{"sign taken from a result", nil, cat(f64c(math.Float64bits(1)), sum, op(0xa6), bits), math.Float64bits(1)},
		{"result out of a block", nil, cat(op(0x02, []byte{byte(f64)}), sum, end(), bits), nan64},
		{"result along a branch", nil, cat(op(0x02, []byte{byte(f64)}), sum, op(0x0c, uleb(0)), end(), bits), nan64},
		{"result along a br_if", nil, cat(op(0x02, []byte{byte(f64)}), sum, i32c(1), op(0x0d, uleb(0)), end(), bits), nan64},
		{"result along a br_table", nil, cat(op(0x02, []byte{byte(f64)}), sum, i32c(1), op(0x0e, vec(), uleb(0)), end(), bits), nan64},
		{"select", nil, cat(sum, f64c(0), i32c(1), op(0x1b), bits), nan64},
		{"least of results", nil, cat(sum, sum, op(0xa4), bits), nan64},
		{"constants in a local", types(f64), cat(f64c(0), set(1), sum, set(1), get(1), bits), nan64},
	}
	for _, e := range engines(t) {
		for _, test := range tests {
			module := rewritten(t, single(types(f64), types(i64), test.locals, test.code), options(nil))
			i := e.start(module)
			if got := i.call("f", plenty, plenty, odd); got.results != words([]uint64{test.want}) {
				t.Errorf("%s: got %s, want %#x", test.name, got.results, test.want)
			}
			i.close()
		}
	}
}

// TestNaNPassedToCall passes a result to a call, which can tell.
func TestNaNPassedToCall(t *testing.T) {
	module := wasm(
		section{1, vec(ftype(nil, types(i64)), ftype(types(f64), types(i64)))},
		section{3, vec(uleb(0), uleb(1))},
		section{7, vec(export("f", 0, 0))},
		section{10, vec(fn(nil, f64c(0), f64c(0), op(0xa3), op(0x10, uleb(1))), fn(nil, get(0), op(0xbd)))},
	)
	for _, e := range engines(t) {
		if got := e.start(rewritten(t, module, options(nil))).call("f", plenty, plenty); got.results != words([]uint64{nan64}) {
			t.Errorf("got %s", got.results)
		}
	}
}
