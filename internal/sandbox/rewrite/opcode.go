package rewrite

import "fmt"

// opcode numbers all instructions densely: plain ones by their byte, those
// behind prefix 0xfc from opMisc, those behind 0xfd from opVec.
type opcode uint16

const (
	opMisc  opcode = 0x100
	opVec   opcode = 0x200
	opCount        = 0x300

	prefixGC      = 0xfb
	prefixMisc    = 0xfc
	prefixVec     = 0xfd
	prefixThreads = 0xfe
)

// Instructions that some rule names.
const (
	opUnreachable  opcode = 0x00
	opBlock        opcode = 0x02
	opLoop         opcode = 0x03
	opIf           opcode = 0x04
	opElse         opcode = 0x05
	opEnd          opcode = 0x0b
	opBr           opcode = 0x0c
	opBrIf         opcode = 0x0d
	opBrTable      opcode = 0x0e
	opReturn       opcode = 0x0f
	opCall         opcode = 0x10
	opCallIndirect opcode = 0x11
	opDrop         opcode = 0x1a
	opLocalGet     opcode = 0x20
	opLocalSet     opcode = 0x21
	opLocalTee     opcode = 0x22
	opGlobalGet    opcode = 0x23
	opGlobalSet    opcode = 0x24
	opTableSet     opcode = 0x26
	opMemorySize   opcode = 0x3f
	opMemoryGrow   opcode = 0x40
	opI32Const     opcode = 0x41
	opI64Const     opcode = 0x42
	opF32Const     opcode = 0x43
	opF64Const     opcode = 0x44
	opI32Eq        opcode = 0x46
	opI32GtU       opcode = 0x4b
	opI32LeU       opcode = 0x4d
	opI32GeS       opcode = 0x4e
	opI64Eq        opcode = 0x51
	opI64GtU       opcode = 0x56
	opI64GeS       opcode = 0x59
	opF32Eq        opcode = 0x5b
	opF64Eq        opcode = 0x61
	opI32Add       opcode = 0x6a
	opI32Sub       opcode = 0x6b
	opI32Mul       opcode = 0x6c
	opI32DivS      opcode = 0x6d
	opI32DivU      opcode = 0x6e
	opI32RemS      opcode = 0x6f
	opI32RemU      opcode = 0x70
	opI64Add       opcode = 0x7c
	opI64Sub       opcode = 0x7d
	opI64Mul       opcode = 0x7e
	opI64DivS      opcode = 0x7f
	opI64DivU      opcode = 0x80
	opI64RemS      opcode = 0x81
	opI64RemU      opcode = 0x82
	opI64Shl       opcode = 0x86
	opI64ShrU      opcode = 0x88
	opI64ExtendU   opcode = 0xad
	opRefNull      opcode = 0xd0
	opRefFunc      opcode = 0xd2

	opMemoryInit = opMisc + 8
	opDataDrop   = opMisc + 9
	opMemoryCopy = opMisc + 10
	opMemoryFill = opMisc + 11
	opTableInit  = opMisc + 12
	opElemDrop   = opMisc + 13
	opTableCopy  = opMisc + 14
	opTableGrow  = opMisc + 15
	opTableFill  = opMisc + 17

	opV128Const     = opVec + 12
	opF32x4Eq       = opVec + 65
	opF64x2Eq       = opVec + 71
	opV128Bitselect = opVec + 82
)

// immediate is the kind of what follows an opcode.
type immediate uint8

const (
	refused immediate = iota // not in the profile
	immNone
	immBlock        // block type
	immLabel        // label
	immLabels       // vector of labels, label
	immFunc         // function
	immCallIndirect // type, table
	immTypes        // vector of value types
	immLocal        // local
	immGlobal       // global
	immTable        // table
	immTables       // table, table
	immElem         // element segment
	immElemTable    // element segment, table
	immData         // data segment
	immDataMemory   // data segment, zero byte
	immMemory       // zero byte
	immMemories     // two zero bytes
	immMemArg       // alignment, offset
	immMemArgLane   // alignment, offset, lane
	immLane         // lane
	immI32          // signed integer
	immI64          // signed integer
	immBytes4
	immBytes8
	immBytes16
	immRefType // reference type
)

// shape is where in a value a NaN may hide.
type shape uint8

const (
	shapeNone shape = iota
	shapeF32
	shapeF64
	shapeF32x4
	shapeF64x2
	shapeAny // as what an instruction ignores: all of the value
)

// dynamic is how the operand on top of the stack adds to an instruction's cost.
type dynamic uint8

const (
	fixedCost dynamic = iota
	perEightBytes
	perReference
	perPage
)

// operation is what is known of an instruction apart from its encoding.
type operation struct {
	imm    immediate
	cost   uint8
	pop    uint8 // operands taken, where the immediate does not decide
	push   uint8 // results left, where the immediate does not decide
	nan    shape // the result may be a NaN the engine chose the bits of
	quiets shape // a NaN of this shape on top of the stack is as good as any other
	passes shape // leaves the value it took, but for the sign of a NaN of this shape
	varies dynamic
}

// opRange gives consecutive opcodes one description.
type opRange struct {
	first, last opcode
	operation
}

// operations describes every instruction of the profile; the rest are refused.
// Read-only.
var operations = newOperations(controlOps, memoryOps, numericOps, miscOps, vectorOps)

func newOperations(tables ...[]opRange) (ops [opCount]operation) {
	for _, table := range tables {
		for _, r := range table {
			for op := r.first; op <= r.last; op++ {
				ops[op] = r.operation
			}
		}
	}
	return ops
}

// refusal names the proposal a refused instruction comes from.
func refusal(op uint32) string {
	what := "unknown instruction"
	switch {
	case op >= 0x06 && op <= 0x0a, op == 0x18, op == 0x19, op == 0x1f:
		what = "exception handling"
	case op == 0x12 || op == 0x13:
		what = "tail call"
	case op == 0x14 || op == 0x15 || op >= 0xd3 && op <= 0xd6:
		what = "typed function reference"
	case op == prefixGC:
		what = "garbage collection"
	case op == prefixThreads:
		what = "threads"
	case op >= prefixVec<<16|0x100:
		what = "relaxed SIMD"
	}
	return fmt.Sprintf("%s (opcode %#x) is not in the profile", what, op)
}
