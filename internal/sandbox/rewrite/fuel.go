package rewrite

// charge takes the cost of a run from the fuel, where the run begins.
func (e *emitter) charge(r run) {
	if r.cost > 0 {
		e.pushFuel()
		e.i64(int64(r.cost))
		e.op(opI64Sub)
		e.popFuel()
	}
	if r.check && (r.cost > 0 || r.first > 0) {
		e.checkFuel()
	}
}

// maxUnchecked is how much fuel a function may charge after a call without a
// check. Deep recursion that does its work on the way back would otherwise
// overdraw by all of it: this bounds that to 256 for each frame.
const maxUnchecked = 256

// checksReturn tells whether fuel must be checked when the function returns:
// whether the unchecked runs that begin after its first call cost too much.
// Control flows forward in the code but to loop heads, where it is checked.
func (f *function) checksReturn() bool {
	cost := uint64(0)
	for _, r := range f.runs {
		if f.hasCall && r.first > f.firstCall && !r.check {
			cost += r.cost
		}
	}
	return cost > maxUnchecked
}

// chargeOperand takes what the operand on top of the stack adds to the cost of
// the next instruction, and checks: that instruction may be long.
func (e *emitter) chargeOperand(by dynamic) {
	n := e.temp(I32, 0)
	e.opIndex(opLocalTee, n)
	e.pushFuel()
	e.opIndex(opLocalGet, n)
	e.op(opI64ExtendU)
	switch by {
	case perEightBytes:
		e.i64(3)
		e.op(opI64ShrU)
	case perPage:
		e.i64(12) // 4096 for each
		e.op(opI64Shl)
	}
	e.op(opI64Sub)
	e.popFuel()
	e.checkFuel()
}

// checkFuel stops the guest, or yields, if fuel is below zero.
func (e *emitter) checkFuel() {
	e.pushFuel()
	e.i64(0)
	e.unless(opI64GeS)
	if e.opts.Yield {
		e.pushFuel()
		e.opIndex(opCall, e.yield)
		e.popFuel()
	} else {
		e.stop(TrapOutOfFuel)
	}
	e.op(opEnd)
}

// The fuel global always holds what is left, wherever a guest may trap or call.
// A function with loops also keeps it in a local, which spares each iteration
// from waiting for what the one before has stored.

func (e *emitter) pushFuel() {
	if e.cached {
		e.opIndex(opLocalGet, e.fuelVar)
	} else {
		e.opIndex(opGlobalGet, e.fuel)
	}
}

func (e *emitter) popFuel() {
	if e.cached {
		e.opIndex(opLocalTee, e.fuelVar)
	}
	e.opIndex(opGlobalSet, e.fuel)
}

// loadFuel brings the local up to date.
func (e *emitter) loadFuel() {
	if e.cached {
		e.opIndex(opGlobalGet, e.fuel)
		e.opIndex(opLocalSet, e.fuelVar)
	}
}

// stop ends the guest with a code.
func (e *emitter) stop(code int32) {
	e.i32(code)
	e.opIndex(opCall, e.trap)
	e.op(opUnreachable)
}
