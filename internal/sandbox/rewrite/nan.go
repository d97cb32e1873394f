package rewrite

import "encoding/binary"

// The canonical NaNs (Core 2.0, section 4.3.3) with a positive sign.
const (
	canonicalNaN32 = 0x7fc00000
	canonicalNaN64 = 0x7ff8000000000000
)

// placeNaNs finds where NaNs must be made canonical, once the uses of all values
// are known.
func (e *emitter) placeNaNs() {
	e.deferred = nil
	if e.f.hasNaN {
		e.deferred = e.deferral.decide(e.f)
	}
}

// nanShape is the shape of NaN that an instruction may leave with any bits.
func (e *emitter) nanShape(in *instr) shape {
	if in.op == opLocalGet && e.deferred != nil {
		return e.deferred[in.a]
	}
	return operations[in.op].nan
}

// canonicalise replaces a NaN on top of the stack by the canonical one.
func (e *emitter) canonicalise(s shape) {
	switch s {
	case shapeF32:
		e.canonicaliseScalar(F32, opF32Eq)
	case shapeF64:
		e.canonicaliseScalar(F64, opF64Eq)
	case shapeF32x4:
		e.canonicaliseLanes(opF32x4Eq)
	case shapeF64x2:
		e.canonicaliseLanes(opF64x2Eq)
	}
}

// canonicaliseScalar overwrites a value that does not equal itself.
func (e *emitter) canonicaliseScalar(t ValType, eq opcode) {
	v := e.temp(t, 0)
	e.opIndex(opLocalTee, v)
	e.opIndex(opLocalGet, v)
	e.unless(eq)
	e.nanConst(t)
	e.opIndex(opLocalSet, v)
	e.op(opEnd)
	e.opIndex(opLocalGet, v)
}

// canonicaliseLanes selects, lane by lane, the value where it equals itself and
// the canonical NaN elsewhere.
func (e *emitter) canonicaliseLanes(eq opcode) {
	v := e.temp(V128, 0)
	e.opIndex(opLocalTee, v)
	e.op(opV128Const)
	for range 2 {
		if eq == opF32x4Eq {
			e.code = binary.LittleEndian.AppendUint64(e.code, canonicalNaN32<<32|canonicalNaN32)
		} else {
			e.code = binary.LittleEndian.AppendUint64(e.code, canonicalNaN64)
		}
	}
	e.opIndex(opLocalGet, v)
	e.opIndex(opLocalGet, v)
	e.op(eq, opV128Bitselect)
}

func (e *emitter) nanConst(t ValType) {
	if t == F32 {
		e.op(opF32Const)
		e.code = binary.LittleEndian.AppendUint32(e.code, canonicalNaN32)
		return
	}
	e.op(opF64Const)
	e.code = binary.LittleEndian.AppendUint64(e.code, canonicalNaN64)
}
