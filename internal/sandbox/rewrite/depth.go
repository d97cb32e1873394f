package rewrite

// frameBase is what a frame takes apart from values: 80 bytes of return address,
// frame pointer, saved registers and alignment, as measured on amd64.
const frameBase = 10

// frameUnits is the cost of a call: 8-byte stack slots, more than the engine
// gives the frame. It has a slot for every value that is not in a register all
// the time, and never uses one for two: an assignment makes a local another
// value, and so does a place where control flow merges.
func (f *function) frameUnits() int32 {
	slots := len(f.sets) + f.spills + f.merges
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
	if !e.f.hasCall || e.opts.FuelOnly {
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
	if !e.f.hasCall || e.opts.FuelOnly {
		return
	}
	e.opIndex(opGlobalGet, e.depth)
	e.i32(e.frame)
	e.op(opI32Add)
	e.opIndex(opGlobalSet, e.depth)
}
