package rewrite

// arithmetic is what remainder is made of at one width and signedness.
type arithmetic struct {
	typ           ValType
	div, mul, sub opcode
	signed        bool
}

var remainders = map[opcode]arithmetic{
	opI32RemS: {I32, opI32DivS, opI32Mul, opI32Sub, true},
	opI32RemU: {I32, opI32DivU, opI32Mul, opI32Sub, false},
	opI64RemS: {I64, opI64DivS, opI64Mul, opI64Sub, true},
	opI64RemU: {I64, opI64DivU, opI64Mul, opI64Sub, false},
}

// remainder computes a-(a/b)*b: the engine's own remainder reads a register it
// has overwritten on arm64 (wazero 1.12, fixed by #2508). Division traps where
// remainder would, and also on the least integer by -1, whose remainder is 0.
func (e *emitter) remainder(op opcode) {
	r := remainders[op]
	a, b := e.temp(r.typ, 0), e.temp(r.typ, 1)
	e.opIndex(opLocalSet, b)
	e.opIndex(opLocalSet, a)
	if !r.signed {
		e.remainderOf(r, a, b)
		return
	}
	e.opIndex(opLocalGet, b)
	if r.typ == I32 {
		e.i32(-1)
		e.op(opI32Eq)
	} else {
		e.i64(-1)
		e.op(opI64Eq)
	}
	e.op(opIf)
	e.code = append(e.code, byte(r.typ))
	if r.typ == I32 {
		e.i32(0)
	} else {
		e.i64(0)
	}
	e.op(opElse)
	e.remainderOf(r, a, b)
	e.op(opEnd)
}

func (e *emitter) remainderOf(r arithmetic, a, b uint32) {
	e.opIndex(opLocalGet, a)
	e.opIndex(opLocalGet, a)
	e.opIndex(opLocalGet, b)
	e.op(r.div)
	e.opIndex(opLocalGet, b)
	e.op(r.mul, r.sub)
}
