package rewrite

// frameBase is what a frame takes apart from its values: return address, frame
// pointer and saved registers.
const frameBase = 4

// frameUnits is the cost of a call: 8-byte stack slots that a frame may need.
func (f *function) frameUnits() int32 { return int32(frameBase + f.locals) }

// enterFrame takes the function's frame from the stack units left. A function
// that calls nothing is exempt: there is never more than one such frame.
func (e *emitter) enterFrame() {
	if !e.f.hasCall {
		return
	}
	e.opIndex(opGlobalGet, e.depth)
	e.i32(e.f.frameUnits())
	e.op(opI32Sub)
	e.opIndex(opGlobalSet, e.depth)
	e.opIndex(opGlobalGet, e.depth)
	e.i32(0)
	e.op(opI32LtS, opIf)
	e.code = appendS64(e.code, blockEmpty)
	e.stop(TrapStackOverflow)
	e.op(opEnd)
}

// leaveFrame gives the frame back.
func (e *emitter) leaveFrame() {
	if !e.f.hasCall {
		return
	}
	e.opIndex(opGlobalGet, e.depth)
	e.i32(e.f.frameUnits())
	e.op(opI32Add)
	e.opIndex(opGlobalSet, e.depth)
}
