package rewrite

// vectorOps are the instructions behind prefix 0xfd but for the relaxed ones.
var vectorOps = []opRange{
	{opVec + 0, opVec + 10, operation{imm: immMemArg, cost: 1, pop: 1, push: 1}},   // loads
	{opVec + 11, opVec + 11, operation{imm: immMemArg, cost: 1, pop: 2}},           // v128.store
	{opVec + 12, opVec + 12, operation{imm: immBytes16, cost: 1, push: 1}},         // v128.const
	{opVec + 13, opVec + 13, operation{imm: immBytes16, cost: 1, pop: 2, push: 1}}, // i8x16.shuffle
	binaryOps(opVec+14, opVec+14), // i8x16.swizzle
	unaryOps(opVec+15, opVec+20),  // splats
	{opVec + 21, opVec + 22, operation{imm: immLane, cost: 1, pop: 1, push: 1}}, // i8x16.extract_lane
	{opVec + 23, opVec + 23, operation{imm: immLane, cost: 1, pop: 2, push: 1}}, // i8x16.replace_lane
	{opVec + 24, opVec + 25, operation{imm: immLane, cost: 1, pop: 1, push: 1}}, // i16x8.extract_lane
	{opVec + 26, opVec + 26, operation{imm: immLane, cost: 1, pop: 2, push: 1}}, // i16x8.replace_lane
	{opVec + 27, opVec + 27, operation{imm: immLane, cost: 1, pop: 1, push: 1}}, // i32x4.extract_lane
	{opVec + 28, opVec + 28, operation{imm: immLane, cost: 1, pop: 2, push: 1}}, // i32x4.replace_lane
	{opVec + 29, opVec + 29, operation{imm: immLane, cost: 1, pop: 1, push: 1}}, // i64x2.extract_lane
	{opVec + 30, opVec + 30, operation{imm: immLane, cost: 1, pop: 2, push: 1}}, // i64x2.replace_lane
	{opVec + 31, opVec + 31, operation{imm: immLane, cost: 1, pop: 1, push: 1}}, // f32x4.extract_lane
	{opVec + 32, opVec + 32, operation{imm: immLane, cost: 1, pop: 2, push: 1}}, // f32x4.replace_lane
	{opVec + 33, opVec + 33, operation{imm: immLane, cost: 1, pop: 1, push: 1}}, // f64x2.extract_lane
	{opVec + 34, opVec + 34, operation{imm: immLane, cost: 1, pop: 2, push: 1}}, // f64x2.replace_lane
	binaryOps(opVec+35, opVec+64), // integer comparisons
	{opVec + 65, opVec + 70, operation{imm: immNone, cost: 1, pop: 2, push: 1, quiets: shapeF32x4}}, // f32x4 comparisons
	{opVec + 71, opVec + 76, operation{imm: immNone, cost: 1, pop: 2, push: 1, quiets: shapeF64x2}}, // f64x2 comparisons
	unaryOps(opVec+77, opVec+77),  // v128.not
	binaryOps(opVec+78, opVec+81), // v128 and andnot or xor
	{opVec + 82, opVec + 82, operation{imm: immNone, cost: 1, pop: 3, push: 1}}, // v128.bitselect
	unaryOps(opVec+83, opVec+83), // v128.any_true
	{opVec + 84, opVec + 87, operation{imm: immMemArgLane, cost: 1, pop: 2, push: 1}},                 // v128.load_lane
	{opVec + 88, opVec + 91, operation{imm: immMemArgLane, cost: 1, pop: 2}},                          // v128.store_lane
	{opVec + 92, opVec + 93, operation{imm: immMemArg, cost: 1, pop: 1, push: 1}},                     // v128.load_zero
	floatOps(opVec+94, opVec+94, 1, 1, shapeF32x4, shapeF64x2),                                        // f32x4.demote_f64x2_zero
	floatOps(opVec+95, opVec+95, 1, 1, shapeF64x2, shapeF32x4),                                        // f64x2.promote_low_f32x4
	unaryOps(opVec+96, opVec+100),                                                                     // i8x16 abs neg popcnt all_true bitmask
	binaryOps(opVec+101, opVec+102),                                                                   // i8x16.narrow_i16x8
	floatOps(opVec+103, opVec+106, 1, 1, shapeF32x4, shapeF32x4),                                      // f32x4 ceil floor trunc nearest
	binaryOps(opVec+107, opVec+115),                                                                   // i8x16 shifts, add, sub
	floatOps(opVec+116, opVec+117, 1, 1, shapeF64x2, shapeF64x2),                                      // f64x2 ceil floor
	binaryOps(opVec+118, opVec+121),                                                                   // i8x16 min max
	floatOps(opVec+122, opVec+122, 1, 1, shapeF64x2, shapeF64x2),                                      // f64x2.trunc
	binaryOps(opVec+123, opVec+123),                                                                   // i8x16.avgr_u
	unaryOps(opVec+124, opVec+129),                                                                    // extadd_pairwise, i16x8 abs neg
	binaryOps(opVec+130, opVec+130),                                                                   // i16x8.q15mulr_sat_s
	unaryOps(opVec+131, opVec+132),                                                                    // i16x8 all_true bitmask
	binaryOps(opVec+133, opVec+134),                                                                   // i16x8.narrow_i32x4
	unaryOps(opVec+135, opVec+138),                                                                    // i16x8.extend
	binaryOps(opVec+139, opVec+147),                                                                   // i16x8 shifts, add, sub
	floatOps(opVec+148, opVec+148, 1, 1, shapeF64x2, shapeF64x2),                                      // f64x2.nearest
	binaryOps(opVec+149, opVec+153),                                                                   // i16x8 mul min max
	binaryOps(opVec+155, opVec+159),                                                                   // i16x8 avgr_u extmul
	unaryOps(opVec+160, opVec+161),                                                                    // i32x4 abs neg
	unaryOps(opVec+163, opVec+164),                                                                    // i32x4 all_true bitmask
	unaryOps(opVec+167, opVec+170),                                                                    // i32x4.extend
	binaryOps(opVec+171, opVec+174),                                                                   // i32x4 shifts, add
	binaryOps(opVec+177, opVec+177),                                                                   // i32x4.sub
	binaryOps(opVec+181, opVec+186),                                                                   // i32x4 mul min max dot
	binaryOps(opVec+188, opVec+191),                                                                   // i32x4.extmul
	unaryOps(opVec+192, opVec+193),                                                                    // i64x2 abs neg
	unaryOps(opVec+195, opVec+196),                                                                    // i64x2 all_true bitmask
	unaryOps(opVec+199, opVec+202),                                                                    // i64x2.extend
	binaryOps(opVec+203, opVec+206),                                                                   // i64x2 shifts, add
	binaryOps(opVec+209, opVec+209),                                                                   // i64x2.sub
	binaryOps(opVec+213, opVec+223),                                                                   // i64x2 mul, comparisons, extmul
	signOps(opVec+224, opVec+225, shapeF32x4),                                                         // f32x4 abs neg
	floatOps(opVec+227, opVec+227, costFloatDiv, 1, shapeF32x4, shapeF32x4),                           // f32x4.sqrt
	floatOps(opVec+228, opVec+230, 1, 2, shapeF32x4, shapeF32x4),                                      // f32x4 add sub mul
	floatOps(opVec+231, opVec+231, costFloatDiv, 2, shapeF32x4, shapeF32x4),                           // f32x4.div
	floatOps(opVec+232, opVec+233, 1, 2, shapeF32x4, shapeF32x4),                                      // f32x4 min max
	binaryOps(opVec+234, opVec+235),                                                                   // f32x4 pmin pmax: they return an operand, bit for bit
	signOps(opVec+236, opVec+237, shapeF64x2),                                                         // f64x2 abs neg
	floatOps(opVec+239, opVec+239, costFloatDiv, 1, shapeF64x2, shapeF64x2),                           // f64x2.sqrt
	floatOps(opVec+240, opVec+242, 1, 2, shapeF64x2, shapeF64x2),                                      // f64x2 add sub mul
	floatOps(opVec+243, opVec+243, costFloatDiv, 2, shapeF64x2, shapeF64x2),                           // f64x2.div
	floatOps(opVec+244, opVec+245, 1, 2, shapeF64x2, shapeF64x2),                                      // f64x2 min max
	binaryOps(opVec+246, opVec+247),                                                                   // f64x2 pmin pmax
	{opVec + 248, opVec + 249, operation{imm: immNone, cost: 1, pop: 1, push: 1, quiets: shapeF32x4}}, // i32x4.trunc_sat_f32x4
	unaryOps(opVec+250, opVec+251),                                                                    // f32x4.convert_i32x4
	{opVec + 252, opVec + 253, operation{imm: immNone, cost: 1, pop: 1, push: 1, quiets: shapeF64x2}}, // i32x4.trunc_sat_f64x2_zero
	unaryOps(opVec+254, opVec+255),                                                                    // f64x2.convert_low_i32x4
}
