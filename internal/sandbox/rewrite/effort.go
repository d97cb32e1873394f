package rewrite

// The engine's compiler takes time and memory that grow faster than code: with
// the square of a function's branches and loops, with the locals that each of
// them carries and with the memory accesses that it keeps in mind across them. A
// small function can so keep it busy for hours and fill the machine's memory.
// The factors below are the largest measured with wazero 1.12 on functions made
// to be slow; what compilers produce comes to a tenth of the limits at most.

// effort is what makes a function dear to compile.
type effort struct {
	branches uint64 // ways to go on, those that rewriting or the engine adds included
	loops    uint64 // those the engine makes of bulk instructions included
	deepest  uint64 // loop nesting
	labels   uint64 // of all br_tables
	accesses uint64 // loads and stores
	values   uint64 // locals, and the most that a block takes or leaves
}

// nanoseconds is about what compiling the function takes at worst.
func (e *effort) nanoseconds() uint64 {
	return e.branches*(16*e.branches+300*e.loops+(4+e.deepest)*e.values*e.values) + e.labels*e.labels/8
}

// pairs is how many accesses the engine may keep in mind, each for every branch,
// in some 40 bytes.
func (e *effort) pairs() uint64 { return e.branches * e.accesses }

// effort counts what is dear in the function that was scanned last.
func (s *scanner) effort() *effort {
	e := &effort{}
	s.isLoop = s.isLoop[:0]
	depth, widest := uint64(0), len(s.f.typ.Results)
	for i := range s.f.code {
		in := &s.f.code[i]
		switch in.op {
		case opBlock, opLoop, opIf:
			s.isLoop = append(s.isLoop, in.op == opLoop)
			if t := int64(in.a); t >= 0 {
				widest = max(widest, len(s.m.types[t].Params), len(s.m.types[t].Results))
			}
			if in.op == opLoop {
				e.loops++
				depth++
				e.deepest = max(e.deepest, depth)
			}
		case opEnd:
			if n := len(s.isLoop) - 1; n >= 0 { // or it is the function's own
				if s.isLoop[n] {
					depth--
				}
				s.isLoop = s.isLoop[:n]
			}
		case opBrTable:
			r := reader{buf: s.wasm, pos: int(in.b)}
			e.labels += uint64(r.u32())
		}
		e.count(in.op)
	}
	e.values = uint64(s.f.locals + widest)
	return e
}

// count counts what an instruction is by itself.
func (e *effort) count(op opcode) {
	info := &operations[op]
	switch {
	case op == opLoop, op == opIf, op == opBr, op == opBrIf, op == opI32RemS, op == opI64RemS:
		e.branches++
	case info.varies != fixedCost:
		e.branches++
		if op == opMemoryFill || op == opTableFill {
			e.loops++
		}
	case info.nan == shapeF32, info.nan == shapeF64:
		e.branches++
	case info.imm == immMemArg, info.imm == immMemArgLane:
		e.accesses++
	}
}
