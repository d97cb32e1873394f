package rewrite

import (
	"encoding/binary"
	"math"
)

// distinguishes tells whether a use of the value that an instruction leaves can
// tell one NaN of the shape from another.
func (in *instr) distinguishes(s shape) bool { return in.uses&^(1<<s|1<<shapeAny) != 0 }

// deferral decides for which locals NaNs are made canonical not where the local
// is set but where it is read by something that can tell them apart. In a loop
// that adds up a sum that is once at the end rather than each time around.
//
// A local qualifies only if all it is ever set to are results that would be made
// canonical and constants that are no NaN: other NaNs must keep their bits.
type deferral struct {
	shapes []shape // of each local that qualifies, shapeAny if anything will do
	gain   []int64 // weight of its sets less that of its reads
}

// maxLoops bounds the loop nesting that is told apart: code in n loops is taken
// to run 8^n times.
const maxLoops = 7

func (in *instr) weight() int64 { return 1 << (3 * in.loops) }

// decide is called with the uses of all values known. It returns, for each
// local, the shape to make canonical where it is read, and adds the uses that
// setting the other locals is.
func (d *deferral) decide(f *function) []shape {
	d.shapes, d.gain = d.shapes[:0], d.gain[:0]
	for i := range f.locals {
		s := shapeAny
		if i < len(f.typ.Params) {
			s = shapeNone
		}
		d.shapes, d.gain = append(d.shapes, s), append(d.gain, 0)
	}
	for _, set := range f.sets {
		d.qualify(f, set)
	}
	d.weigh(f)
	for i, gain := range d.gain {
		if gain <= 0 {
			d.shapes[i] = shapeNone
		}
	}
	for _, set := range f.sets {
		if set.value != unknown && d.shapes[set.local] == shapeNone {
			f.code[set.value].uses |= 1 << shapeNone
		}
	}
	return d.shapes
}

// qualify narrows a local's shape to that of a value it is set to.
func (d *deferral) qualify(f *function, set localSet) {
	s := &d.shapes[set.local]
	got := shapeNone
	if set.value != unknown {
		got = resultShape(&f.code[set.value], f.wasm)
	}
	switch {
	case *s == shapeAny:
		*s = got
	case got != shapeAny && got != *s:
		*s = shapeNone
	}
}

// weigh adds up what a deferral saves and costs.
func (d *deferral) weigh(f *function) {
	for i := range f.code {
		in := &f.code[i]
		if in.op == opLocalGet && !in.dead && in.distinguishes(d.shapes[in.a]) {
			d.gain[in.a] -= in.weight()
		}
	}
	for _, set := range f.sets {
		if set.value == unknown {
			continue
		}
		if in := &f.code[set.value]; operations[in.op].nan != shapeNone {
			d.gain[set.local] += in.weight()
		}
	}
}

// resultShape is the shape of NaN that a value is to be searched for: shapeAny
// for none, shapeNone if its NaNs must be left alone.
func resultShape(in *instr, wasm []byte) shape {
	switch in.op {
	case opF32Const:
		if v := math.Float32frombits(binary.LittleEndian.Uint32(wasm[in.b:])); v == v {
			return shapeAny
		}
	case opF64Const:
		if v := math.Float64frombits(binary.LittleEndian.Uint64(wasm[in.b:])); v == v {
			return shapeAny
		}
	case opV128Const:
		if [16]byte(wasm[in.b:]) == [16]byte{} {
			return shapeAny
		}
	}
	return operations[in.op].nan
}
