package rewrite

// The tables below are Core 2.0, section 5.4, with the costs of
// docs/spec/det-1-metering.md: 1 unless said otherwise. An operand count of
// zero means none or, for calls, blocks and branches, that it takes types to
// tell.

const (
	costDiv      = 8
	costFloatDiv = 6
	costCall     = 5
	costIndirect = 8
	costBulk     = 4
	costGrow     = 64
)

var controlOps = []opRange{
	{0x00, 0x01, operation{imm: immNone}},                              // unreachable nop
	{opBlock, opLoop, operation{imm: immBlock}},                        //
	{opIf, opIf, operation{imm: immBlock, cost: 1, pop: 1}},            //
	{opElse, opElse, operation{imm: immNone}},                          //
	{opEnd, opEnd, operation{imm: immNone}},                            //
	{opBr, opBr, operation{imm: immLabel, cost: 1}},                    //
	{opBrIf, opBrIf, operation{imm: immLabel, cost: 1, pop: 1}},        //
	{opBrTable, opBrTable, operation{imm: immLabels, cost: 1, pop: 1}}, //
	{opReturn, opReturn, operation{imm: immNone, cost: 1}},             //
	{opCall, opCall, operation{imm: immFunc, cost: costCall}},          //
	{opCallIndirect, opCallIndirect, operation{imm: immCallIndirect, cost: costIndirect, pop: 1}},
	{opDrop, opDrop, operation{imm: immNone, pop: 1, quiets: shapeAny}}, //
	{0x1b, 0x1b, operation{imm: immNone, cost: 1, pop: 3, push: 1}},     // select
	{0x1c, 0x1c, operation{imm: immTypes, cost: 1, pop: 3, push: 1}},    // select t
	{0xd0, 0xd0, operation{imm: immRefType, cost: 1, push: 1}},          // ref.null
	{0xd1, 0xd1, operation{imm: immNone, cost: 1, pop: 1, push: 1}},     // ref.is_null
	{0xd2, 0xd2, operation{imm: immFunc, cost: 1, push: 1}},             // ref.func
}

var memoryOps = []opRange{
	{opLocalGet, opLocalGet, operation{imm: immLocal, cost: 1, push: 1}},
	{opLocalSet, opLocalSet, operation{imm: immLocal, cost: 1, pop: 1}},
	{opLocalTee, opLocalTee, operation{imm: immLocal, cost: 1, pop: 1, push: 1}},
	{opGlobalGet, opGlobalGet, operation{imm: immGlobal, cost: 1, push: 1}},
	{opGlobalSet, opGlobalSet, operation{imm: immGlobal, cost: 1, pop: 1}},
	{0x25, 0x25, operation{imm: immTable, cost: 1, pop: 1, push: 1}},  // table.get
	{0x26, 0x26, operation{imm: immTable, cost: 1, pop: 2}},           // table.set
	{0x28, 0x35, operation{imm: immMemArg, cost: 1, pop: 1, push: 1}}, // loads
	{0x36, 0x3e, operation{imm: immMemArg, cost: 1, pop: 2}},          // stores
	{0x3f, 0x3f, operation{imm: immMemory, cost: 1, push: 1}},         // memory.size
	{opMemoryGrow, opMemoryGrow, operation{imm: immMemory, cost: costGrow, pop: 1, push: 1, varies: perPage}},
}

var numericOps = []opRange{
	{opI32Const, opI32Const, operation{imm: immI32, cost: 1, push: 1}},
	{opI64Const, opI64Const, operation{imm: immI64, cost: 1, push: 1}},
	{opF32Const, opF32Const, operation{imm: immBytes4, cost: 1, push: 1}},
	{opF64Const, opF64Const, operation{imm: immBytes8, cost: 1, push: 1}},
	unaryOps(0x45, 0x45),  // i32.eqz
	binaryOps(0x46, 0x4f), // i32 comparisons
	unaryOps(0x50, 0x50),  // i64.eqz
	binaryOps(0x51, 0x5a), // i64 comparisons
	{0x5b, 0x60, operation{imm: immNone, cost: 1, pop: 2, push: 1, quiets: shapeF32}}, // f32 comparisons
	{0x61, 0x66, operation{imm: immNone, cost: 1, pop: 2, push: 1, quiets: shapeF64}}, // f64 comparisons
	unaryOps(0x67, 0x69),  // i32 clz ctz popcnt
	binaryOps(0x6a, 0x6c), // i32 add sub mul
	{0x6d, 0x70, operation{imm: immNone, cost: costDiv, pop: 2, push: 1}}, // i32 div rem
	binaryOps(0x71, 0x78), // i32 and … rotr
	unaryOps(0x79, 0x7b),  // i64 clz ctz popcnt
	binaryOps(0x7c, 0x7e), // i64 add sub mul
	{0x7f, 0x82, operation{imm: immNone, cost: costDiv, pop: 2, push: 1}}, // i64 div rem
	binaryOps(0x83, 0x8a),                                                             // i64 and … rotr
	signOps(0x8b, 0x8c, shapeF32),                                                     // f32 abs neg: they change the sign bit alone
	floatOps(0x8d, 0x90, 1, 1, shapeF32, shapeF32),                                    // f32 ceil floor trunc nearest
	floatOps(0x91, 0x91, costFloatDiv, 1, shapeF32, shapeF32),                         // f32.sqrt
	floatOps(0x92, 0x94, 1, 2, shapeF32, shapeF32),                                    // f32 add sub mul
	floatOps(0x95, 0x95, costFloatDiv, 2, shapeF32, shapeF32),                         // f32.div
	floatOps(0x96, 0x97, 1, 2, shapeF32, shapeF32),                                    // f32 min max
	binaryOps(0x98, 0x98),                                                             // f32.copysign
	signOps(0x99, 0x9a, shapeF64),                                                     // f64 abs neg
	floatOps(0x9b, 0x9e, 1, 1, shapeF64, shapeF64),                                    // f64 ceil floor trunc nearest
	floatOps(0x9f, 0x9f, costFloatDiv, 1, shapeF64, shapeF64),                         // f64.sqrt
	floatOps(0xa0, 0xa2, 1, 2, shapeF64, shapeF64),                                    // f64 add sub mul
	floatOps(0xa3, 0xa3, costFloatDiv, 2, shapeF64, shapeF64),                         // f64.div
	floatOps(0xa4, 0xa5, 1, 2, shapeF64, shapeF64),                                    // f64 min max
	binaryOps(0xa6, 0xa6),                                                             // f64.copysign
	unaryOps(0xa7, 0xa7),                                                              // i32.wrap_i64
	{0xa8, 0xa9, operation{imm: immNone, cost: 1, pop: 1, push: 1, quiets: shapeF32}}, // i32.trunc_f32
	{0xaa, 0xab, operation{imm: immNone, cost: 1, pop: 1, push: 1, quiets: shapeF64}}, // i32.trunc_f64
	unaryOps(0xac, 0xad),                                                              // i64.extend_i32
	{0xae, 0xaf, operation{imm: immNone, cost: 1, pop: 1, push: 1, quiets: shapeF32}}, // i64.trunc_f32
	{0xb0, 0xb1, operation{imm: immNone, cost: 1, pop: 1, push: 1, quiets: shapeF64}}, // i64.trunc_f64
	unaryOps(0xb2, 0xb5),                                                              // f32.convert_i32 f32.convert_i64
	floatOps(0xb6, 0xb6, 1, 1, shapeF32, shapeF64),                                    // f32.demote_f64
	unaryOps(0xb7, 0xba),                                                              // f64.convert_i32 f64.convert_i64
	floatOps(0xbb, 0xbb, 1, 1, shapeF64, shapeF32),                                    // f64.promote_f32
	unaryOps(0xbc, 0xc4),                                                              // reinterpretations, sign extensions
}

var miscOps = []opRange{
	{opMisc + 0, opMisc + 1, operation{imm: immNone, cost: 1, pop: 1, push: 1, quiets: shapeF32}}, // i32.trunc_sat_f32
	{opMisc + 2, opMisc + 3, operation{imm: immNone, cost: 1, pop: 1, push: 1, quiets: shapeF64}}, // i32.trunc_sat_f64
	{opMisc + 4, opMisc + 5, operation{imm: immNone, cost: 1, pop: 1, push: 1, quiets: shapeF32}}, // i64.trunc_sat_f32
	{opMisc + 6, opMisc + 7, operation{imm: immNone, cost: 1, pop: 1, push: 1, quiets: shapeF64}}, // i64.trunc_sat_f64
	{opMemoryInit, opMemoryInit, operation{imm: immDataMemory, cost: costBulk, pop: 3, varies: perEightBytes}},
	{opDataDrop, opDataDrop, operation{imm: immData, cost: 1}},
	{opMemoryCopy, opMemoryCopy, operation{imm: immMemories, cost: costBulk, pop: 3, varies: perEightBytes}},
	{opMemoryFill, opMemoryFill, operation{imm: immMemory, cost: costBulk, pop: 3, varies: perEightBytes}},
	{opTableInit, opTableInit, operation{imm: immElemTable, cost: costBulk, pop: 3, varies: perReference}},
	{opElemDrop, opElemDrop, operation{imm: immElem, cost: 1}},
	{opTableCopy, opTableCopy, operation{imm: immTables, cost: costBulk, pop: 3, varies: perReference}},
	{opTableGrow, opTableGrow, operation{imm: immTable, cost: costBulk, pop: 2, push: 1, varies: perReference}},
	{opMisc + 16, opMisc + 16, operation{imm: immTable, cost: 1, push: 1}}, // table.size
	{opTableFill, opTableFill, operation{imm: immTable, cost: costBulk, pop: 3, varies: perReference}},
}

func unaryOps(first, last opcode) opRange {
	return opRange{first, last, operation{imm: immNone, cost: 1, pop: 1, push: 1}}
}

func binaryOps(first, last opcode) opRange {
	return opRange{first, last, operation{imm: immNone, cost: 1, pop: 2, push: 1}}
}

// signOps describes operations on the sign bit alone.
func signOps(first, last opcode, s shape) opRange {
	return opRange{first, last, operation{imm: immNone, cost: 1, pop: 1, push: 1, passes: s}}
}

// floatOps describes operations that may give a NaN of any bits.
func floatOps(first, last opcode, cost, pop uint8, result, operand shape) opRange {
	return opRange{first, last, operation{imm: immNone, cost: cost, pop: pop, push: 1, nan: result, quiets: operand}}
}
