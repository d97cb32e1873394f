package rewrite

// operandStack follows the operand stack of a scanned function, without types:
// which instruction left each value and what becomes of it. Code that does not
// type-check may take more than there is; it takes unknown values then, and the
// engine refuses it.
type operandStack struct {
	m      *module
	f      *function
	values []operand
	blocks []operandBlock
	shared int // values at the bottom that a call has been made above
}

// producer is the index in the code of the instruction that left a value, or
// unknown.
type producer int32

const unknown producer = -1

// operand is a value on the stack: what an instruction left, or that with its
// sign changed.
type operand struct {
	from   producer
	signed bool
}

// operandBlock is an open block.
type operandBlock struct {
	op              opcode
	base            int // height below its parameters
	params, results int
}

// arity is the number of values that a branch to the block takes along.
func (b operandBlock) arity() int {
	if b.op == opLoop {
		return b.params
	}
	return b.results
}

// follow passes over the code once and notes in it the uses of every value.
func (s *operandStack) follow(f *function) {
	s.f, s.values, s.shared = f, s.values[:0], 0
	s.blocks = append(s.blocks[:0], operandBlock{op: opBlock, results: len(f.typ.Results)})
	for i := range f.code {
		switch in := &f.code[i]; in.op {
		case opBlock, opLoop, opIf:
			s.enter(in)
		case opElse, opEnd:
			s.leave(in)
		default:
			if !in.dead {
				s.step(producer(i), in)
			}
		}
	}
}

func (s *operandStack) step(at producer, in *instr) {
	info := &operations[in.op]
	switch in.op {
	case opCall:
		s.call(s.m.types[s.m.funcType(uint32(in.a))])
	case opCallIndirect:
		s.pop()
		s.call(s.m.types[in.a])
	case opBr, opBrIf, opBrTable:
		s.take(int(info.pop))
		s.observe(s.blocks[len(s.blocks)-1-int(in.a)].arity())
	case opReturn:
		s.observe(len(s.f.typ.Results))
	case opLocalSet, opLocalTee:
		s.assign(in)
	default:
		s.operate(at, info)
	}
}

// assign notes a value that a local is set to. One with its sign changed is not
// what its instruction left.
func (s *operandStack) assign(in *instr) {
	v := s.pop()
	if in.op == opLocalTee {
		s.push(v)
	}
	if v.signed {
		s.use(v, shapeNone)
		v = operand{from: unknown}
	}
	s.f.sets = append(s.f.sets, localSet{uint32(in.a), v.from})
}

// operate takes and leaves what an instruction says it does.
func (s *operandStack) operate(at producer, info *operation) {
	left := operand{from: at}
	for range info.pop {
		v := s.pop()
		if v.from != unknown && info.passes != shapeNone && operations[s.f.code[v.from].op].nan == info.passes {
			left = operand{v.from, true}
			continue
		}
		s.use(v, info.quiets)
	}
	for range info.push {
		s.push(left)
	}
}

func (s *operandStack) call(t FuncType) {
	s.take(len(t.Params))
	s.f.spills += len(s.values) - s.shared
	s.shared = len(s.values)
	s.leaveUnknown(len(t.Results))
}

// enter opens a block. One that no path leads to is as good as empty.
func (s *operandStack) enter(in *instr) {
	b := operandBlock{op: in.op, base: len(s.values)}
	if !in.dead {
		s.take(int(operations[in.op].pop))
		b.params, b.results = s.m.blockArity(int64(in.a))
		s.take(b.params)
		b.base = len(s.values)
		s.leaveUnknown(b.params)
	}
	s.blocks = append(s.blocks, b)
}

// leave closes an arm of an if or a whole block.
func (s *operandStack) leave(in *instr) {
	b := s.blocks[len(s.blocks)-1]
	if !in.dead {
		s.take(b.results)
	}
	s.truncate(b.base)
	if in.op == opElse {
		s.leaveUnknown(b.params)
		return
	}
	s.blocks = s.blocks[:len(s.blocks)-1]
	s.leaveUnknown(b.results)
}

// crowded is the height of the stack from which on a value more is taken to put
// another out of its register.
const crowded = 8

func (s *operandStack) push(v operand) {
	if len(s.values) >= crowded {
		s.f.spills++
	}
	s.values = append(s.values, v)
}

func (s *operandStack) pop() operand {
	top := len(s.values) - 1
	if top < s.blocks[len(s.blocks)-1].base {
		return operand{from: unknown}
	}
	v := s.values[top]
	s.truncate(top)
	return v
}

// take pops values whose every bit may matter.
func (s *operandStack) take(n int) {
	for range n {
		s.use(s.pop(), shapeNone)
	}
}

// observe is take without popping.
func (s *operandStack) observe(n int) {
	base := s.blocks[len(s.blocks)-1].base
	for i := max(base, len(s.values)-n); i < len(s.values); i++ {
		s.use(s.values[i], shapeNone)
	}
}

// use notes a use of a value by something to which all NaNs of a shape are one.
func (s *operandStack) use(v operand, quiets shape) {
	if v.from != unknown {
		s.f.code[v.from].uses |= 1 << quiets
	}
}

func (s *operandStack) leaveUnknown(n int) {
	for range n {
		s.push(operand{from: unknown})
	}
}

func (s *operandStack) truncate(height int) {
	s.values = s.values[:min(height, len(s.values))]
	s.shared = min(s.shared, len(s.values))
}

// blockArity returns the numbers of parameters and results of a block type.
func (m *module) blockArity(blockType int64) (params, results int) {
	switch {
	case blockType == blockEmpty:
		return 0, 0
	case blockType < 0:
		return 0, 1
	default:
		return len(m.types[blockType].Params), len(m.types[blockType].Results)
	}
}
