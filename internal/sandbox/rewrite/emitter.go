package rewrite

// emitter writes function bodies. Every instruction is encoded anew.
type emitter struct {
	*rewriter
	f        *function
	code     []byte
	nested   uint32 // open blocks of the guest, its body not counted
	operands operandStack
	deferral deferral
	deferred []shape // by local: NaNs to make canonical where it is read

	extra   []ValType // locals added
	cached  bool      // fuel is also kept in fuelVar
	fuelVar uint32
	frame   int32 // stack units of a call
	wrapped bool  // the body is a block, after which the frame is given back
	scratch map[scratchKey]uint32
}

// scratchKey tells apart locals that hold a value only between two
// instructions.
type scratchKey struct {
	typ  ValType
	slot int
}

// function appends a rewritten body, with its size, to out.
func (e *emitter) function(out []byte, f *function) []byte {
	e.f, e.code, e.extra, e.nested = f, e.code[:0], e.extra[:0], 0
	e.scratch = map[scratchKey]uint32{}
	e.operands.m = e.m
	e.operands.follow(f)
	e.placeNaNs()
	e.frame = f.frameUnits()
	e.cached = f.hasLoop
	if e.cached {
		e.fuelVar = e.newLocal(I64)
	}
	e.wrapped = f.hasCall
	e.enterFrame()
	e.loadFuel()
	if e.wrapped {
		e.block(f.typ.Results)
	}
	e.body()
	if e.wrapped {
		e.op(opEnd)
		e.leaveFrame()
		if f.checksReturn() {
			e.checkFuel()
		}
	}
	e.op(opEnd)
	return e.appendBody(out)
}

// body writes the instructions up to the function's end.
func (e *emitter) body() {
	runs := e.f.runs
	last := len(e.f.code) - 1
	for i := range e.f.code {
		if len(runs) > 0 && runs[0].first == i {
			e.charge(runs[0])
			runs = runs[1:]
		}
		if i < last {
			e.instruction(&e.f.code[i])
		}
	}
}

// instruction writes one instruction of the guest and what goes with it.
func (e *emitter) instruction(in *instr) {
	info := &operations[in.op]
	if info.varies != fixedCost && !in.dead {
		e.chargeOperand(info.varies)
	}
	switch in.op {
	case opBlock, opLoop, opIf:
		e.nested++
	case opEnd:
		e.nested--
	case opReturn:
		if e.wrapped {
			e.opIndex(opBr, e.nested)
			return
		}
	case opCall, opCallIndirect:
		e.encode(in)
		if !in.dead {
			e.loadFuel()
		}
		return
	case opMemoryFill, opMemoryCopy:
		if !in.dead {
			e.bulk(in)
			return
		}
	case opI32RemS, opI32RemU, opI64RemS, opI64RemU:
		if !e.opts.FuelOnly {
			e.remainder(in.op)
			return
		}
	}
	e.encode(in)
	if s := e.nanShape(in); s != shapeNone && !in.dead && in.distinguishes(s) && !e.opts.FuelOnly {
		e.canonicalise(s)
	}
}

// unless opens a block that is entered if the comparison does not hold. It is
// the else of an empty if: the engine allocates registers for the first arm
// first and makes the other fit, so that the arm hardly ever taken pays for the
// call in it. The other way round costs up to twice the loop it is in.
func (e *emitter) unless(comparison opcode) {
	e.op(comparison, opIf)
	e.code = appendS64(e.code, blockEmpty)
	e.op(opElse)
}

func (e *emitter) newLocal(t ValType) uint32 {
	e.extra = append(e.extra, t)
	return uint32(e.f.locals + len(e.extra) - 1)
}

// temp returns a local of the type that nothing else uses at the moment; slots
// tell apart those that are used together.
func (e *emitter) temp(t ValType, slot int) uint32 {
	key := scratchKey{t, slot}
	local, ok := e.scratch[key]
	if !ok {
		local = e.newLocal(t)
		e.scratch[key] = local
	}
	return local
}

// block opens a block with results and no parameters.
func (e *emitter) block(results []ValType) {
	e.op(opBlock)
	switch len(results) {
	case 0:
		e.code = appendS64(e.code, blockEmpty)
	case 1:
		e.code = append(e.code, byte(results[0]))
	default:
		e.code = appendS64(e.code, int64(e.addType(FuncType{Results: results})))
	}
}

func (e *emitter) appendBody(out []byte) []byte {
	var locals []byte
	locals = appendU32(locals, uint32(len(e.f.groups)+len(e.extra)))
	for _, g := range e.f.groups {
		locals = append(appendU32(locals, g.count), byte(g.typ))
	}
	for _, t := range e.extra {
		locals = append(locals, 1, byte(t))
	}
	out = appendU32(out, uint32(len(locals)+len(e.code)))
	return append(append(out, locals...), e.code...)
}
