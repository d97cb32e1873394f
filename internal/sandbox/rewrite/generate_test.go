package rewrite_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// variant is how a generated module is written down. All variants of a seed
// make the same random choices and so compute the same.
type variant struct {
	canonical bool // makes every NaN canonical by itself, in the plainest way
	counted   bool // counts the cost of every instruction before it runs
	endless   bool // loops and recursion without end
}

const (
	generatedFuncs = 6
	entries        = 2 // of them are exported, as "f0" and "f1"
	leaves         = 2 // of them are in the table and call nothing
)

// generatedGlobals are exported by generated modules; the last is the count.
var generatedGlobals = []string{"g0", "g1", "g2", "g3"}

const (
	globalVector = 4
	globalCount  = 5
)

var globalTypes = []rewrite.ValType{i32, i64, f32, f64, v128}

// generator makes random valid modules.
type generator struct {
	variant
	rng  *rand.Rand
	out  []byte
	sigs []signature // of all functions, the import first

	self   int // function being written
	locals []rewrite.ValType
	vars   []int                   // locals that the program itself uses
	spare  map[rewrite.ValType]int // locals for what variants add
	loops  int                     // loops around the code being written
	calls  int                     // calls written in this function
	labels []label
	fuel   int // instructions this function may still get, about
}

type signature struct{ params, results []rewrite.ValType }

type label struct {
	result rewrite.ValType // 0 for none
	loop   bool
}

var valueTypes = types(i32, i64, f32, f64, v128)

// generate returns a module that is the same for equal arguments.
func generate(seed uint64, v variant) []byte { return generateFrom(rand.NewPCG(seed, 0), v) }

// generateFrom makes its choices as a source of chance says.
func generateFrom(chance rand.Source, v variant) []byte {
	g := &generator{variant: v, rng: rand.New(chance)}
	g.sigs = append(g.sigs, signature{params: types(i64)})
	for i := range generatedFuncs {
		var s signature
		if i >= entries {
			for range g.rng.IntN(4) {
				s.params = append(s.params, g.valType())
			}
		}
		for range g.rng.IntN(3) {
			s.results = append(s.results, g.valType())
		}
		if i < entries || g.isLeaf(i+1) && g.rng.IntN(2) == 0 {
			s.results = nil
		}
		g.sigs = append(g.sigs, s)
	}
	var bodies [][]byte
	for i := range generatedFuncs {
		bodies = append(bodies, g.function(i+1))
	}
	return g.module(bodies)
}

func (g *generator) isLeaf(function int) bool { return function > generatedFuncs-leaves }

func (g *generator) module(bodies [][]byte) []byte {
	var sigs, funcs, globals, exports [][]byte
	for i, s := range g.sigs {
		sigs = append(sigs, ftype(s.params, s.results))
		if i > 0 {
			funcs = append(funcs, uleb(uint64(i)))
		}
	}
	sigs = append(sigs, ftype(types(i32), types(i32)), ftype(types(f64, i32), types(f64))) // block types
	for i, t := range globalTypes {
		globals = append(globals, cat([]byte{byte(t), 1}, zero(t), end()))
		if i < len(generatedGlobals) {
			exports = append(exports, export(generatedGlobals[i], 3, i))
		}
	}
	globals = append(globals, cat([]byte{byte(i64), 1}, i64c(0), end()))
	exports = append(exports, export("count", 3, globalCount), export("memory", 2, 0))
	for i := range entries {
		exports = append(exports, export(fmt.Sprintf("f%d", i), 0, i+1))
	}
	first := uleb(uint64(generatedFuncs - leaves + 1))
	return wasm(
		section{1, vec(sigs...)},
		section{2, vec(cat(str("krako"), str("log"), []byte{0, 0}))},
		section{3, vec(funcs...)},
		section{4, vec([]byte{0x70, 0, 4})},
		section{5, vec([]byte{1, 1, 3})},
		section{6, vec(globals...)},
		section{7, vec(exports...)},
		section{9, vec(cat([]byte{0}, i32c(1), end(), vec(first, uleb(generatedFuncs))))},
		section{12, uleb(3)},
		section{10, vec(bodies...)},
		section{11, vec(
			cat([]byte{0}, i32c(16), end(), str("some initial memory, and more")),
			cat([]byte{1}, str("passive data")),
			cat([]byte{0}, i32c(40), end(), str("overlapping")),
		)},
	)
}

func zero(t rewrite.ValType) []byte {
	switch t {
	case i32:
		return i32c(0)
	case i64:
		return i64c(0)
	case f32:
		return f32c(0)
	case f64:
		return f64c(0)
	default:
		return v128c(0, 0)
	}
}

// function writes a body: some statements, then its results.
func (g *generator) function(self int) []byte {
	sig := g.sigs[self]
	g.self, g.loops, g.calls, g.fuel = self, 0, 0, 150
	g.locals = append([]rewrite.ValType(nil), sig.params...)
	g.out, g.labels, g.vars = nil, nil, nil
	for i := range sig.params {
		g.vars = append(g.vars, i)
	}
	g.spare = map[rewrite.ValType]int{}
	for _, t := range valueTypes {
		g.spare[t] = g.newLocal(t)
	}
	for range 2 + g.rng.IntN(6) {
		g.newVar(g.valType())
	}
	if len(sig.results) == 1 {
		g.labels = append(g.labels, label{result: sig.results[0]})
	} else if len(sig.results) == 0 {
		g.labels = append(g.labels, label{})
	} else {
		g.labels = append(g.labels, label{loop: true}) // no branches there
	}
	for range 3 + g.rng.IntN(8) {
		g.statement()
	}
	for _, t := range sig.results {
		g.expression(t, 3)
	}
	return fn(g.locals[len(sig.params):], g.out)
}

func (g *generator) valType() rewrite.ValType { return valueTypes[g.rng.IntN(len(valueTypes))] }

func (g *generator) newLocal(t rewrite.ValType) int {
	g.locals = append(g.locals, t)
	return len(g.locals) - 1
}

func (g *generator) newVar(t rewrite.ValType) int {
	l := g.newLocal(t)
	g.vars = append(g.vars, l)
	return l
}

// raw writes bytes that are part of no variant's cost.
func (g *generator) raw(code ...[]byte) { g.out = append(g.out, cat(code...)...) }

// emit writes an instruction.
func (g *generator) emit(code int, immediates ...[]byte) {
	if g.counted {
		g.count(code)
	}
	g.raw(op(code, immediates...))
	if g.canonical {
		g.canonicalise(code)
	}
}

// count adds an instruction's cost to the count.
func (g *generator) count(code int) {
	add := func(amount ...[]byte) {
		g.raw(op(0x23, uleb(globalCount)), cat(amount...), op(0x7c), op(0x24, uleb(globalCount)))
	}
	if c := cost(code); c > 0 {
		add(i64c(c))
	}
	var scale []byte
	switch code {
	case 0x40: // memory.grow
		scale = cat(i64c(4096), op(0x7e))
	case 0xfc08, 0xfc0a, 0xfc0b: // memory.init copy fill
		scale = cat(i64c(8), op(0x80))
	case 0xfc0c, 0xfc0e, 0xfc0f, 0xfc11: // table.init copy grow fill
	default:
		return
	}
	n := g.spare[i32]
	g.raw(tee(n))
	add(get(n), op(0xad), scale)
}

// cost is the table of docs/spec/det-1-metering.md, once more.
func cost(code int) int64 {
	switch {
	case code <= 0x03, code == 0x05, code == 0x0b, code == 0x1a:
		return 0
	case code == 0x10:
		return 5
	case code == 0x11:
		return 8
	case code == 0x40:
		return 64
	case code >= 0x6d && code <= 0x70, code >= 0x7f && code <= 0x82:
		return 8
	case code == 0x91, code == 0x95, code == 0x9f, code == 0xa3:
		return 6
	case code == 0xfd00|227, code == 0xfd00|231, code == 0xfd00|239, code == 0xfd00|243:
		return 6
	case code == 0xfc09, code == 0xfc0d, code == 0xfc10:
		return 1
	case code >= 0xfc08 && code <= 0xfc11:
		return 4
	default:
		return 1
	}
}

// canonicalise is the plain definition of what det-1 does to NaNs.
func (g *generator) canonicalise(code int) {
	t, eq, select_, nan := nanOf(code)
	if t == 0 {
		return
	}
	v := g.spare[t]
	g.raw(tee(v), nan, get(v), get(v), op(eq), op(select_))
}

// nanOf tells of an instruction that may make a NaN its type, the comparison
// and the select to find it with and the canonical one.
func nanOf(code int) (t rewrite.ValType, eq, choose int, nan []byte) {
	in := func(ranges ...[2]int) bool {
		for _, r := range ranges {
			if code >= r[0] && code <= r[1] {
				return true
			}
		}
		return false
	}
	const lanes32, lanes64 = 0x7fc00000_7fc00000, 0x7ff80000_00000000
	v := func(n int) [2]int { return [2]int{0xfd00 | n, 0xfd00 | n} }
	switch {
	case in([2]int{0x8d, 0x97}, [2]int{0xb6, 0xb6}):
		return f32, 0x5b, 0x1b, f32c(0x7fc00000)
	case in([2]int{0x9b, 0xa5}, [2]int{0xbb, 0xbb}):
		return f64, 0x61, 0x1b, f64c(lanes64)
	case in(v(94), v(103), v(104), v(105), v(106), v(227), v(228), v(229), v(230), v(231), v(232), v(233)):
		return v128, 0xfd41, 0xfd52, v128c(lanes32, lanes32)
	case in(v(95), v(116), v(117), v(122), v(148), v(239), v(240), v(241), v(242), v(243), v(244), v(245)):
		return v128, 0xfd47, 0xfd52, v128c(lanes64, lanes64)
	}
	return 0, 0, 0, nil
}

// interesting bit patterns of floats, NaNs of all kinds among them.
var (
	bits32 = []uint32{0, 1 << 31, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7fa00001, 0x4f000000, 0x00000001, 0x40490fdb}
	bits64 = []uint64{0, 1 << 63, math.Float64bits(1), math.Float64bits(-1), math.Float64bits(math.Inf(1)), math.Float64bits(math.Inf(-1)),
		0x7ff8000000000000, 0xfff8000000000001, 0x7ff4000000000001, math.Float64bits(1 << 63), 1, math.Float64bits(math.Pi)}
)
