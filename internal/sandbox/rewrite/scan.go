package rewrite

// function is what scanning a body finds.
type function struct {
	wasm      []byte // the module
	typ       FuncType
	groups    []localGroup
	locals    int // parameters included
	code      []instr
	runs      []run
	hasLoop   bool // has a loop that can be entered
	hasCall   bool // has a call that can be made
	firstCall int  // index of the first of them
	hasNaN    bool // has an instruction that may make a NaN
	hasVector bool // has a vector instruction

	merges int // values that differ by the way a block was reached

	// What following the operand stack finds.
	sets   []localSet
	spills int // values that will not be in registers all the time
}

// localGroup declares count locals of a type.
type localGroup struct {
	count uint32
	typ   ValType
}

// localSet is an assignment to a local.
type localSet struct {
	local uint32
	value producer
}

// run is a straight-line run of instructions: if its first instruction is
// executed then so is each of them, unless one of them traps.
type run struct {
	first int    // index of the first instruction
	cost  uint64 // of all of them
	check bool   // fuel is checked here: function entry or loop head
}

// openBlock is a block whose end has not been read.
type openBlock struct {
	op      opcode
	dead    bool // no path leads to its beginning
	exits   bool // a path leads to its end by branch or by the first arm of an if
	hasElse bool
	arity   int // values that a branch to it takes along
}

// scanner decodes bodies one after the other into the same buffers.
type scanner struct {
	decoder
	f        function
	open     []openBlock
	dead     bool // no path leads to the next instruction
	loops    int  // open loops
	assigned assignments
	isLoop   []bool // of open blocks, for effort
}

// scan decodes a body, checks it and divides it into runs. The result is valid
// until the next scan.
func (s *scanner) scan(b body, typ FuncType) (*function, *fault) {
	s.r = reader{buf: s.wasm[:b.end], pos: b.start}
	s.f = function{wasm: s.wasm, typ: typ, groups: s.f.groups[:0], code: s.f.code[:0], runs: s.f.runs[:0], sets: s.f.sets[:0]}
	s.open = append(s.open[:0], openBlock{op: opBlock})
	s.dead, s.loops = false, 0
	s.readLocals()
	s.assigned.reset(s.locals)
	s.f.runs = append(s.f.runs, run{check: true})
	for len(s.open) > 0 {
		in := s.next()
		if s.r.err != nil {
			return nil, s.r.err
		}
		in.dead, in.loops = s.dead, uint8(min(s.loops, maxLoops))
		s.f.code = append(s.f.code, in)
		s.step(&in)
	}
	if !s.r.done() {
		s.r.fail("code after the end of the function")
	}
	return &s.f, s.r.err
}

func (s *scanner) readLocals() {
	limit := s.opts.Limits.Locals
	total := uint64(len(s.f.typ.Params))
	for range s.r.count(limit, "groups of locals") {
		at := s.r.pos
		g := localGroup{s.r.u32(), s.r.valType()}
		if total += uint64(g.count); total > uint64(limit) {
			s.r.failAt(at, "more than %d locals", limit)
			return
		}
		s.f.groups = append(s.f.groups, g)
	}
	s.f.locals = int(total)
	s.locals = s.f.locals
}

// step accounts for an instruction and follows the control flow.
func (s *scanner) step(in *instr) {
	if !s.dead {
		info := &operations[in.op]
		s.f.runs[len(s.f.runs)-1].cost += uint64(info.cost)
		s.f.hasNaN = s.f.hasNaN || info.nan != shapeNone
		s.f.hasVector = s.f.hasVector || in.op >= opVec
	}
	switch in.op {
	case opBlock, opLoop, opIf:
		s.enter(in)
	case opElse:
		s.otherwise()
	case opEnd:
		s.leave()
	case opLocalSet, opLocalTee:
		if !s.dead {
			s.assigned.assign(in.a)
		}
	case opBr:
		s.branch(in.a)
		s.dead = true
	case opBrIf:
		s.branch(in.a)
		s.newRun(false)
	case opBrTable:
		s.branches(in)
		s.dead = true
	case opReturn, opUnreachable:
		s.dead = true
	case opCall, opCallIndirect:
		if !s.dead && !s.f.hasCall {
			s.f.hasCall, s.f.firstCall = true, len(s.f.code)-1
		}
	}
}

// newRun begins a run at the next instruction, if a path leads there.
func (s *scanner) newRun(check bool) {
	if !s.dead {
		s.f.runs = append(s.f.runs, run{first: len(s.f.code), check: check})
	}
}

func (s *scanner) enter(in *instr) {
	if uint32(len(s.open)) > s.opts.Limits.Nesting {
		s.r.fail("blocks nested deeper than %d", s.opts.Limits.Nesting)
	}
	b := openBlock{op: in.op, dead: s.dead}
	params, results := s.m.blockArity(int64(in.a))
	b.arity = results
	if in.op == opLoop {
		b.arity = params
	}
	s.open = append(s.open, b)
	s.assigned.open()
	switch in.op {
	case opLoop:
		s.f.hasLoop = s.f.hasLoop || !s.dead
		s.loops++
		s.newRun(true)
	case opIf:
		s.newRun(false)
	}
}

func (s *scanner) otherwise() {
	b := &s.open[len(s.open)-1]
	if b.op != opIf || b.hasElse {
		s.r.fail("else without if")
		return
	}
	b.hasElse = true
	b.exits = b.exits || !s.dead
	s.dead = b.dead
	s.newRun(false)
}

// leave closes a block. Its end is reached from its last instruction, by
// branches (to a loop they lead back) and past an if without else.
func (s *scanner) leave() {
	b := s.open[len(s.open)-1]
	s.open = s.open[:len(s.open)-1]
	if b.op == opLoop {
		s.loops--
	}
	joins := b.exits && b.op != opLoop || b.op == opIf && !b.hasElse && !b.dead
	if joins {
		s.dead = false
	}
	if len(s.open) == 0 {
		return
	}
	assigned := s.assigned.close()
	if joins || b.op != opBlock {
		s.merge(b, assigned)
	}
	if joins || b.op == opIf {
		s.newRun(false)
	}
}

// branch notes a branch to the label-th open block from within.
func (s *scanner) branch(label uint64) {
	if label >= uint64(len(s.open)) {
		s.r.fail("label %d of %d", label, len(s.open))
		return
	}
	if !s.dead {
		s.open[len(s.open)-1-int(label)].exits = true
	}
}

// branches notes the branches of a br_table, the default one last.
func (s *scanner) branches(in *instr) {
	r := reader{buf: s.r.buf, pos: int(in.b)}
	for range r.u32() + 1 {
		s.branch(uint64(r.u32()))
		if s.r.err != nil {
			return
		}
	}
}
