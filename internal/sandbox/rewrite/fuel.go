package rewrite

// charge takes the cost of a run from the fuel, where the run begins.
func (e *emitter) charge(r run) {
	if r.cost == 0 && !r.check {
		return
	}
	if r.cost > 0 {
		e.pushFuel()
		e.i64(int64(r.cost))
		e.op(opI64Sub)
		e.popFuel()
	}
	if r.check {
		e.checkFuel()
	}
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

// checkFuel calls refuel if fuel is below zero. In a Yield build it returns.
func (e *emitter) checkFuel() {
	e.pushFuel()
	e.i64(0)
	e.op(opI64LtS, opIf)
	e.code = appendS64(e.code, blockEmpty)
	e.pushFuel()
	e.opIndex(opCall, e.refuel)
	switch {
	case !e.opts.Yield:
		e.op(opUnreachable)
	case e.cached:
		e.opIndex(opLocalSet, e.fuelVar)
	default: // refuel has set the global
		e.op(opDrop)
	}
	e.op(opEnd)
}

func (e *emitter) pushFuel() {
	if e.cached {
		e.opIndex(opLocalGet, e.fuelVar)
	} else {
		e.opIndex(opGlobalGet, e.fuel)
	}
}

func (e *emitter) popFuel() {
	if e.cached {
		e.opIndex(opLocalSet, e.fuelVar)
	} else {
		e.opIndex(opGlobalSet, e.fuel)
	}
}

// storeFuel writes a cached fuel back to the global.
func (e *emitter) storeFuel() {
	if e.cached {
		e.opIndex(opLocalGet, e.fuelVar)
		e.opIndex(opGlobalSet, e.fuel)
	}
}

// loadFuel reads the global into the cache.
func (e *emitter) loadFuel() {
	if e.cached {
		e.opIndex(opGlobalGet, e.fuel)
		e.opIndex(opLocalSet, e.fuelVar)
	}
}

// refuelType is the type of the function that failed checks call, with the fuel
// they found.
func (w *rewriter) refuelType() FuncType {
	if w.opts.Yield {
		return FuncType{Params: []ValType{I64}, Results: []ValType{I64}}
	}
	return FuncType{Params: []ValType{I64}}
}

// appendRefuel appends the body of that function. The global may lag behind the
// fuel given, by what the caller has charged to its cache. The trap build
// brings it up to date for the host to read. The yield build hands on the fuel
// and adds just the grant to the global, so that the lag, which a trap would
// make visible, is the same in both builds.
func (w *rewriter) appendRefuel(out []byte) []byte {
	e := &emitter{rewriter: w, f: &function{locals: 1}}
	const left = 0
	if w.opts.Yield {
		granted := e.newLocal(I64)
		e.opIndex(opLocalGet, left)
		e.opIndex(opCall, w.yield)
		e.opIndex(opLocalTee, granted)
		e.opIndex(opLocalGet, left)
		e.op(opI64Sub)
		e.opIndex(opGlobalGet, w.fuel)
		e.op(opI64Add)
		e.opIndex(opGlobalSet, w.fuel)
		e.opIndex(opLocalGet, granted)
	} else {
		e.opIndex(opLocalGet, left)
		e.opIndex(opGlobalSet, w.fuel)
		e.stop(TrapOutOfFuel)
	}
	e.op(opEnd)
	return e.appendBody(out)
}

// stop ends the guest with a code.
func (e *emitter) stop(code int32) {
	e.i32(code)
	e.opIndex(opCall, e.trap)
	e.op(opUnreachable)
}
