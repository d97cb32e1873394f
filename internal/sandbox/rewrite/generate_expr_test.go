package rewrite_test

import (
	"encoding/binary"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// operator is an instruction by what it takes and leaves.
type operator struct {
	code   int
	params []rewrite.ValType
}

// operators lists, by result, the instructions without immediates.
var operators = func() map[rewrite.ValType][]operator {
	m := map[rewrite.ValType][]operator{}
	add := func(result rewrite.ValType, first, last int, params ...rewrite.ValType) {
		for code := first; code <= last; code++ {
			m[result] = append(m[result], operator{code, params})
		}
	}
	add(i32, 0x45, 0x45, i32)
	add(i32, 0x46, 0x4f, i32, i32)
	add(i32, 0x50, 0x50, i64)
	add(i32, 0x51, 0x5a, i64, i64)
	add(i32, 0x5b, 0x60, f32, f32)
	add(i32, 0x61, 0x66, f64, f64)
	add(i32, 0x67, 0x69, i32)
	add(i32, 0x6a, 0x78, i32, i32)
	add(i64, 0x79, 0x7b, i64)
	add(i64, 0x7c, 0x8a, i64, i64)
	for range 3 { // often enough for chains
		add(f32, 0x8b, 0x91, f32)
		add(f32, 0x92, 0x98, f32, f32)
		add(f64, 0x99, 0x9f, f64)
		add(f64, 0xa0, 0xa6, f64, f64)
	}
	add(i32, 0xa7, 0xa7, i64)
	add(i32, 0xa8, 0xa9, f32)
	add(i32, 0xaa, 0xab, f64)
	add(i64, 0xac, 0xad, i32)
	add(i64, 0xae, 0xaf, f32)
	add(i64, 0xb0, 0xb1, f64)
	add(f32, 0xb2, 0xb3, i32)
	add(f32, 0xb4, 0xb5, i64)
	add(f32, 0xb6, 0xb6, f64)
	add(f64, 0xb7, 0xb8, i32)
	add(f64, 0xb9, 0xba, i64)
	add(f64, 0xbb, 0xbb, f32)
	for range 4 { // what tells NaNs apart
		add(i32, 0xbc, 0xbc, f32)
		add(i64, 0xbd, 0xbd, f64)
	}
	add(f32, 0xbe, 0xbe, i32)
	add(f64, 0xbf, 0xbf, i64)
	add(i32, 0xc0, 0xc1, i32)
	add(i64, 0xc2, 0xc4, i64)
	add(i32, 0xfc00, 0xfc01, f32)
	add(i32, 0xfc02, 0xfc03, f64)
	add(i64, 0xfc04, 0xfc05, f32)
	add(i64, 0xfc06, 0xfc07, f64)
	addVectors(add)
	return m
}()

func addVectors(add func(result rewrite.ValType, first, last int, params ...rewrite.ValType)) {
	one := func(first, last int) { add(v128, 0xfd00|first, 0xfd00|last, v128) }
	two := func(first, last int) { add(v128, 0xfd00|first, 0xfd00|last, v128, v128) }
	shift := func(first, last int) { add(v128, 0xfd00|first, 0xfd00|last, v128, i32) }
	test := func(n int) { add(i32, 0xfd00|n, 0xfd00|n, v128) }
	two(14, 14)
	add(v128, 0xfd00|15, 0xfd00|17, i32)
	add(v128, 0xfd00|18, 0xfd00|18, i64)
	add(v128, 0xfd00|19, 0xfd00|19, f32)
	add(v128, 0xfd00|20, 0xfd00|20, f64)
	two(35, 76)
	one(77, 77)
	two(78, 81)
	add(v128, 0xfd00|82, 0xfd00|82, v128, v128, v128)
	for _, n := range []int{83, 99, 100, 131, 132, 163, 164, 195, 196} {
		test(n)
	}
	one(96, 98)
	two(101, 102)
	shift(107, 109)
	two(110, 115)
	two(118, 121)
	two(123, 123)
	one(124, 129)
	two(130, 130)
	two(133, 134)
	one(135, 138)
	shift(139, 141)
	two(142, 147)
	two(149, 153)
	two(155, 159)
	one(160, 161)
	one(167, 170)
	shift(171, 173)
	two(174, 174)
	two(177, 177)
	two(181, 186)
	two(188, 191)
	one(192, 193)
	one(199, 202)
	shift(203, 205)
	two(206, 206)
	two(209, 209)
	two(213, 223)
	for range 3 {
		one(94, 95)
		one(103, 106)
		one(116, 117)
		one(122, 122)
		one(148, 148)
		one(224, 225)
		one(227, 227)
		two(228, 235)
		one(236, 237)
		one(239, 239)
		two(240, 247)
	}
	one(248, 255)
}

// expression writes code that leaves a value of the type.
func (g *generator) expression(t rewrite.ValType, depth int) {
	g.fuel--
	if depth <= 0 || g.fuel < 0 {
		g.atom(t)
		return
	}
	switch g.rng.IntN(12) {
	case 0, 1:
		g.atom(t)
	case 2:
		g.load(t)
	case 3:
		g.composed(t, depth-1)
	default:
		ops := operators[t]
		o := ops[g.rng.IntN(len(ops))]
		for _, p := range o.params {
			g.expression(p, depth-1)
		}
		g.emit(o.code)
	}
}

// atom writes a constant or reads a variable.
func (g *generator) atom(t rewrite.ValType) {
	first := g.rng.IntN(len(g.vars))
	switch g.rng.IntN(8) {
	case 0:
		for i, have := range globalTypes {
			if have == t {
				g.emit(0x23, uleb(uint64(i)))
			}
		}
		return
	case 1, 2:
	default:
		for i := range g.vars {
			if l := g.vars[(first+i)%len(g.vars)]; g.locals[l] == t {
				g.emit(0x20, uleb(uint64(l)))
				return
			}
		}
	}
	g.constant(t)
}

func (g *generator) constant(t rewrite.ValType) {
	n := g.rng.IntN(12)
	word := g.rng.Uint64() >> g.rng.IntN(64)
	switch t {
	case i32:
		g.emit(0x41, sleb(int64(int32(word))))
	case i64:
		g.emit(0x42, sleb(int64(word)))
	case f32:
		g.emit(0x43, binary.LittleEndian.AppendUint32(nil, bits32[n]))
	case f64:
		g.emit(0x44, binary.LittleEndian.AppendUint64(nil, bits64[n]))
	default:
		lo, hi := word, uint64(bits32[n])<<32|uint64(bits32[word%12])
		if n%2 == 0 {
			lo, hi = bits64[n], bits64[word%12]
		}
		g.emit(0xfd0c, binary.LittleEndian.AppendUint64(nil, lo), binary.LittleEndian.AppendUint64(nil, hi))
	}
}

// composed writes a value by way of a block, a choice, a call or a lane.
func (g *generator) composed(t rewrite.ValType, depth int) {
	switch g.rng.IntN(7) {
	case 0:
		g.block(t, func() { g.statement(); g.expression(t, depth) })
	case 1:
		g.expression(i32, depth)
		g.emit(0x04, []byte{byte(t)})
		g.labels = append(g.labels, label{result: t})
		g.expression(t, depth)
		g.emit(0x05)
		g.expression(t, depth)
		g.labels = g.labels[:len(g.labels)-1]
		g.emit(0x0b)
	case 2:
		g.expression(t, depth)
		g.expression(t, depth)
		g.expression(i32, depth)
		if g.rng.IntN(2) == 0 {
			g.emit(0x1b)
		} else {
			g.emit(0x1c, vec([]byte{byte(t)}))
		}
	case 3:
		g.expression(t, depth)
		l := g.newVar(t)
		g.emit(0x22, uleb(uint64(l)))
	case 4:
		g.lane(t, depth)
	default:
		g.parameterised(t, depth)
	}
}

// lanes lists the instructions on single lanes.
var lanes = map[rewrite.ValType][]struct {
	code, lanes int
	scalar      rewrite.ValType // of a replacement
}{
	i32:  {{21, 16, 0}, {22, 16, 0}, {24, 8, 0}, {25, 8, 0}, {27, 4, 0}},
	i64:  {{29, 2, 0}},
	f32:  {{31, 4, 0}},
	f64:  {{33, 2, 0}},
	v128: {{23, 16, i32}, {26, 8, i32}, {28, 4, i32}, {30, 2, i64}, {32, 4, f32}, {34, 2, f64}, {13, 32, v128}},
}

func (g *generator) lane(t rewrite.ValType, depth int) {
	choice := lanes[t][g.rng.IntN(len(lanes[t]))]
	g.expression(v128, depth)
	if choice.scalar != 0 {
		g.expression(choice.scalar, depth)
	}
	n := 1
	if choice.lanes == 32 { // shuffle
		n = 16
	}
	var immediates []byte
	for range n {
		immediates = append(immediates, byte(g.rng.IntN(choice.lanes)))
	}
	g.emit(0xfd00|choice.code, immediates)
}

var loads = map[rewrite.ValType][]int{
	i32:  {0x28, 0x2c, 0x2d, 0x2e, 0x2f},
	i64:  {0x29, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35},
	f32:  {0x2a},
	f64:  {0x2b},
	v128: {0xfd00, 0xfd01, 0xfd02, 0xfd03, 0xfd04, 0xfd05, 0xfd06, 0xfd07, 0xfd08, 0xfd09, 0xfd0a, 0xfd5c, 0xfd5d},
}

func (g *generator) load(t rewrite.ValType) {
	codes := loads[t]
	g.address()
	if t == v128 && g.rng.IntN(4) == 0 {
		lane := g.rng.IntN(4)
		g.expression(v128, 1)
		g.emit(0xfd00|84+lane, memArg(g), []byte{byte(g.rng.IntN(16 >> lane))})
		return
	}
	g.emit(codes[g.rng.IntN(len(codes))], memArg(g))
}

// parameterised writes a value by way of what has parameters: a block, a loop
// or a call.
func (g *generator) parameterised(t rewrite.ValType, depth int) {
	blockType := len(g.sigs) // (i32) -> (i32), then (f64, i32) -> (f64)
	switch {
	case t == i32 && g.rng.IntN(2) == 0:
		g.expression(i32, depth)
		g.emit(0x03, sleb(int64(blockType)))
		g.emit(0x67) // i32.clz
		g.emit(0x0b)
	case t == i32:
		g.emit(0x3f, []byte{0}) // memory.size
	case t == f64:
		g.expression(f64, depth)
		g.expression(i32, depth)
		g.emit(0x02, sleb(int64(blockType+1)))
		g.emit(0x0d, uleb(0)) // br_if
		g.emit(0x9f)          // f64.sqrt
		g.emit(0x0b)
	default:
		g.callExpression(t)
	}
}

// callExpression writes a call and keeps, of its results, one of the type.
func (g *generator) callExpression(t rewrite.ValType) {
	if g.calls > 2 || g.loops > 1 {
		g.atom(t)
		return
	}
	results := g.call()
	kept := -1
	for i := len(results) - 1; i >= 0; i-- {
		if results[i] == t {
			kept = g.newVar(t)
			g.emit(0x21, uleb(uint64(kept)))
			t = 0
			continue
		}
		g.emit(0x1a)
	}
	if kept < 0 {
		g.atom(t)
		return
	}
	g.emit(0x20, uleb(uint64(kept)))
}
