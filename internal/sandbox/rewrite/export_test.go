package rewrite

// denseOpcode is the inverse of the numbering that tests use: 0xNN, 0xfcNN and
// 0xfdNN.
func denseOpcode(code int) (operation, bool) {
	op := opcode(code)
	switch code >> 8 {
	case prefixMisc:
		op = opMisc + opcode(code&0xff)
	case prefixVec:
		op = opVec + opcode(code&0xff)
	}
	info := operations[op]
	return info, info.imm != refused
}

// OperandCounts exposes the operand and result counts of an instruction whose
// counts its opcode alone decides.
func OperandCounts(code int) (pop, push int, ok bool) {
	info, ok := denseOpcode(code)
	return int(info.pop), int(info.push), ok
}

// Cost exposes the fixed cost of an instruction.
func Cost(code int) (int64, bool) {
	info, ok := denseOpcode(code)
	return int64(info.cost), ok
}
