package rewrite

// longBulk is how many bytes a guest fills or copies without giving the host its
// turn: a tenth of a millisecond, about. All of it is charged before.
const longBulk = 1 << 20

// bulkType is that of memory.fill and memory.copy, and of the functions that
// stand in for them when much is to be done.
var bulkType = FuncType{Params: []ValType{I32, I32, I32}}

// The functions that are added to a module which fills or copies, after the
// guest's.
const (
	fillHelper = iota
	copyHelper
	helperCount
)

// bulk writes memory.fill or memory.copy, whose length is in a scratch local. In
// a build that yields, much is done by a helper.
func (e *emitter) bulk(in *instr) {
	if !e.opts.Yield {
		e.encode(in)
		return
	}
	e.helpers = true
	helper := uint32(fillHelper)
	if in.op == opMemoryCopy {
		helper = copyHelper
	}
	e.opIndex(opLocalGet, e.temp(I32, 0))
	e.i32(longBulk)
	e.op(opI32LeU, opIf)
	e.code = appendS64(e.code, int64(e.addType(bulkType)))
	e.encode(in)
	e.op(opElse)
	e.opIndex(opCall, e.firstHelper()+helper)
	e.loadFuel()
	e.op(opEnd)
}

// firstHelper is the index of the first function after the guest's.
func (w *rewriter) firstHelper() uint32 {
	return w.function(uint32(w.m.functionCount()))
}

// Locals of the helpers: what goes where, and how many bytes are left.
const (
	bulkTo = iota
	bulkFrom
	bulkLeft
)

// appendHelpers appends the bodies of the helpers.
func (e *emitter) appendHelpers(out []byte) []byte {
	e.f, e.extra, e.cached = &function{}, e.extra[:0], false
	for _, body := range [helperCount]func(){e.fillBody, e.copyBody} {
		e.code = e.code[:0]
		body()
		e.op(opEnd)
		out = e.appendBody(out)
	}
	return out
}

// fillBody fills from the lowest address up.
func (e *emitter) fillBody() {
	e.unlessInMemory(bulkTo)
	e.whole(opMemoryFill)
	e.op(opUnreachable, opEnd)
	e.untilShort(func() {
		e.opIndex(opLocalGet, bulkTo)
		e.opIndex(opLocalGet, bulkFrom)
		e.i32(longBulk)
		e.bulkOp(opMemoryFill)
		e.add(bulkTo, longBulk)
		e.add(bulkLeft, -longBulk)
	})
	e.whole(opMemoryFill)
}

// copyBody copies in the direction in which no part overwrites what a later one
// copies.
func (e *emitter) copyBody() {
	for _, start := range []uint32{bulkTo, bulkFrom} {
		e.unlessInMemory(start)
		e.whole(opMemoryCopy)
		e.op(opUnreachable, opEnd)
	}
	e.opIndex(opLocalGet, bulkTo)
	e.opIndex(opLocalGet, bulkFrom)
	e.op(opI32LeU, opIf)
	e.code = appendS64(e.code, blockEmpty)
	e.untilShort(func() {
		e.opIndex(opLocalGet, bulkTo)
		e.opIndex(opLocalGet, bulkFrom)
		e.i32(longBulk)
		e.bulkOp(opMemoryCopy)
		e.add(bulkTo, longBulk)
		e.add(bulkFrom, longBulk)
		e.add(bulkLeft, -longBulk)
	})
	e.op(opElse)
	e.untilShort(func() {
		e.add(bulkLeft, -longBulk)
		for _, start := range []uint32{bulkTo, bulkFrom} {
			e.opIndex(opLocalGet, start)
			e.opIndex(opLocalGet, bulkLeft)
			e.op(opI32Add)
		}
		e.i32(longBulk)
		e.bulkOp(opMemoryCopy)
	})
	e.op(opEnd)
	e.whole(opMemoryCopy)
}

// unlessInMemory opens a block that is entered if the bytes that begin at a
// local are not all in memory: there the instruction itself must trap, before it
// changes anything.
func (e *emitter) unlessInMemory(start uint32) {
	e.opIndex(opLocalGet, start)
	e.op(opI64ExtendU)
	e.opIndex(opLocalGet, bulkLeft)
	e.op(opI64ExtendU, opI64Add, opMemorySize)
	e.code = append(e.code, 0)
	e.op(opI64ExtendU)
	e.i64(16)
	e.op(opI64Shl, opI64GtU, opIf)
	e.code = appendS64(e.code, blockEmpty)
}

// untilShort repeats a step, after each of which the host has its turn, until no
// more than one step is left.
func (e *emitter) untilShort(step func()) {
	e.op(opLoop)
	e.code = appendS64(e.code, blockEmpty)
	step()
	e.opIndex(opGlobalGet, e.fuel)
	e.opIndex(opCall, e.yield)
	e.opIndex(opGlobalSet, e.fuel)
	e.opIndex(opLocalGet, bulkLeft)
	e.i32(longBulk)
	e.op(opI32GtU)
	e.opIndex(opBrIf, 0)
	e.op(opEnd)
}

// whole writes the instruction for all that is left.
func (e *emitter) whole(op opcode) {
	e.opIndex(opLocalGet, bulkTo)
	e.opIndex(opLocalGet, bulkFrom)
	e.opIndex(opLocalGet, bulkLeft)
	e.bulkOp(op)
}

func (e *emitter) bulkOp(op opcode) { e.encode(&instr{op: op}) }

func (e *emitter) add(local uint32, n int32) {
	e.opIndex(opLocalGet, local)
	e.i32(n)
	e.op(opI32Add)
	e.opIndex(opLocalSet, local)
}
