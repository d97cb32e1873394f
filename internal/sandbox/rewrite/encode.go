package rewrite

import "encoding/binary"

// appendOp appends an opcode in its shortest encoding.
func appendOp(b []byte, op opcode) []byte {
	switch {
	case op >= opVec:
		return appendU32(append(b, prefixVec), uint32(op-opVec))
	case op >= opMisc:
		return appendU32(append(b, prefixMisc), uint32(op-opMisc))
	default:
		return append(b, byte(op))
	}
}

func (e *emitter) op(ops ...opcode) {
	for _, op := range ops {
		e.code = appendOp(e.code, op)
	}
}

func (e *emitter) opIndex(op opcode, index uint32) {
	e.code = appendU32(appendOp(e.code, op), index)
}

func (e *emitter) i32(v int32) { e.code = appendS64(append(e.code, byte(opI32Const)), int64(v)) }

func (e *emitter) i64(v int64) { e.code = appendS64(append(e.code, byte(opI64Const)), v) }

// encode appends a guest instruction, with its indices translated.
func (e *emitter) encode(in *instr) {
	b := appendOp(e.code, in.op)
	switch operations[in.op].imm {
	case immNone:
	case immBlock, immI32, immI64:
		b = appendS64(b, int64(in.a))
	case immLabel, immLocal, immGlobal, immTable, immElem:
		b = appendU32(b, uint32(in.a))
	case immFunc:
		b = appendU32(b, e.rewriter.function(uint32(in.a)))
	case immCallIndirect, immTables, immElemTable:
		b = appendU32(appendU32(b, uint32(in.a)), in.b)
	case immLabels:
		b = e.appendLabels(b, int(in.b))
	case immTypes:
		b = append(b, 1, byte(in.a))
	case immRefType:
		b = append(b, byte(in.a))
	case immData:
		b = appendU32(b, e.data.index[in.a])
	case immDataMemory:
		b = append(appendU32(b, e.data.index[in.a]), 0)
	case immMemory:
		b = append(b, 0)
	case immMemories:
		b = append(b, 0, 0)
	case immMemArg:
		b = appendU32(appendU32(b, in.b), uint32(in.a))
	case immMemArgLane:
		b = append(appendU32(appendU32(b, in.b), uint32(in.a)), in.lane)
	case immLane:
		b = append(b, in.lane)
	case immBytes4, immBytes8, immBytes16:
		b = append(b, e.wasm[in.b:][:rawBytes(operations[in.op].imm)]...)
	}
	e.code = b
}

// appendLabels copies the labels of a br_table that begins at an offset in the
// module and has been read before.
func (e *emitter) appendLabels(b []byte, at int) []byte {
	r := reader{buf: e.wasm, pos: at}
	n := r.u32()
	b = appendU32(b, n)
	for range n + 1 {
		b = appendU32(b, r.u32())
	}
	return b
}

// appendConstant appends a constant expression.
func (w *rewriter) appendConstant(b []byte, c constant) []byte {
	b = appendOp(b, c.op)
	switch c.op {
	case opI32Const, opI64Const:
		b = appendS64(b, int64(c.imm))
	case opF32Const:
		b = binary.LittleEndian.AppendUint32(b, uint32(c.imm))
	case opF64Const:
		b = binary.LittleEndian.AppendUint64(b, c.imm)
	case opV128Const:
		b = append(b, c.vec...)
	case opRefNull:
		b = append(b, byte(c.imm))
	case opRefFunc:
		b = appendU32(b, w.function(uint32(c.imm)))
	}
	return append(b, byte(opEnd))
}

func appendI32Constant(b []byte, v int32) []byte {
	return append(appendS64(append(b, byte(opI32Const)), int64(v)), byte(opEnd))
}
