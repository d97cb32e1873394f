package rewrite

// frameBase is what a frame takes apart from its values: return address, frame
// pointer and saved registers.
const frameBase = 4

// frameUnits is the cost of a call: an estimate of the 8-byte stack slots of a
// frame. The engine gives a slot of its own to every value it has to keep across
// a call, and an assignment makes a local another value; counting parameters
// and locals alone would miss the frames of real functions by a factor of up to
// 40, this does by 2.5.
func (f *function) frameUnits() int32 {
	slots := len(f.sets) + f.spills
	if f.hasVector {
		slots *= 2
	}
	for _, t := range f.typ.Params {
		slots += t.slots()
	}
	for _, g := range f.groups {
		slots += int(g.count) * g.typ.slots()
	}
	return int32(frameBase + slots)
}

// enterFrame takes the function's frame from the stack units left. A function
// that calls nothing is exempt: there is never more than one such frame.
func (e *emitter) enterFrame() {
	if !e.f.hasCall {
		return
	}
	e.opIndex(opGlobalGet, e.depth)
	e.i32(e.frame)
	e.op(opI32Sub)
	e.opIndex(opGlobalSet, e.depth)
	e.opIndex(opGlobalGet, e.depth)
	e.i32(0)
	e.unless(opI32GeS)
	e.stop(TrapStackOverflow)
	e.op(opEnd)
}

// leaveFrame gives the frame back.
func (e *emitter) leaveFrame() {
	if !e.f.hasCall {
		return
	}
	e.opIndex(opGlobalGet, e.depth)
	e.i32(e.frame)
	e.op(opI32Add)
	e.opIndex(opGlobalSet, e.depth)
}
