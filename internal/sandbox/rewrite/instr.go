package rewrite

// instr is a decoded instruction. What its fields hold depends on the kind of
// immediate; indices are checked, encodings are not kept.
type instr struct {
	op    opcode
	dead  bool   // no path leads here
	lane  byte   // lane
	loops uint8  // loops around it, no more than maxLoops
	uses  uint8  // of the value it leaves: a bit for each shape whose NaNs a user takes for one
	at    uint32 // offset in the module
	b     uint32 // second index or alignment; where raw bytes or branch targets begin
	a     uint64 // first index, label, offset or integer
}

// decoder reads instructions of one module.
type decoder struct {
	*parser
	r      reader
	locals int // of the function, parameters included
}

func (d *decoder) next() instr {
	in := instr{at: uint32(d.r.pos)}
	op := uint32(d.r.u8())
	switch in.op = opcode(op); op {
	case prefixMisc:
		in.op, op = d.prefixed(opMisc, prefixMisc)
	case prefixVec:
		in.op, op = d.prefixed(opVec, prefixVec)
	}
	if d.r.err == nil && operations[in.op].imm == refused {
		d.r.failAt(int(in.at), "%s", refusal(op))
	}
	d.immediates(&in)
	return in
}

// prefixed reads the opcode after a prefix. It must be in its shortest form:
// the engine takes what follows 0xfd for a single byte, so that a padded opcode
// would be checked as one instruction and executed as others.
func (d *decoder) prefixed(base opcode, prefix uint32) (opcode, uint32) {
	at := d.r.pos
	sub := d.r.u32()
	if len(appendU32(nil, sub)) != d.r.pos-at {
		d.r.failAt(at-1, "opcode %#x is padded", prefix<<16|sub)
	}
	if sub > 0xff {
		return prefixThreads, prefix<<16 | min(sub, 0xffff) // refused, like all of that prefix
	}
	return base + opcode(sub), prefix<<16 | sub
}

func (d *decoder) immediates(in *instr) {
	r, m := &d.r, d.m
	switch operations[in.op].imm {
	case refused, immNone:
	case immBlock:
		in.a = uint64(d.blockType())
	case immLabel:
		in.a = uint64(r.u32()) // checked against the open blocks by scan
	case immLabels:
		in.b = uint32(r.pos)
		for range r.count(d.opts.Limits.BranchTargets, "branch targets") {
			r.u32()
		}
		in.a = uint64(r.u32()) // the default
	case immFunc:
		in.a = uint64(r.index(m.functionCount(), "function"))
	case immCallIndirect:
		in.a, in.b = uint64(r.index(len(m.types), "type")), r.index(len(m.tables), "table")
	case immTypes:
		in.a = uint64(d.selectType())
	case immLocal:
		in.a = uint64(r.index(d.locals, "local"))
	case immGlobal:
		in.a = uint64(r.index(len(m.globals), "global"))
	case immRefType:
		in.a = uint64(r.refType())
	case immI32:
		in.a = uint64(r.signed(32))
	case immI64:
		in.a = uint64(r.signed(64))
	case immBytes4, immBytes8, immBytes16:
		in.b = uint32(r.pos)
		r.bytes(rawBytes(operations[in.op].imm))
	default:
		d.stateImmediates(in)
	}
}

// stateImmediates reads the immediates of memory and table instructions.
func (d *decoder) stateImmediates(in *instr) {
	r, m := &d.r, d.m
	switch operations[in.op].imm {
	case immTable:
		in.a = uint64(r.index(len(m.tables), "table"))
	case immTables:
		in.a, in.b = uint64(r.index(len(m.tables), "table")), r.index(len(m.tables), "table")
	case immElem:
		in.a = uint64(r.index(len(m.elements), "element segment"))
	case immElemTable:
		in.a, in.b = uint64(r.index(len(m.elements), "element segment")), r.index(len(m.tables), "table")
	case immData:
		in.a = uint64(d.dataIndex())
	case immDataMemory:
		in.a = uint64(d.dataIndex())
		r.zero()
	case immMemory:
		r.zero()
	case immMemories:
		r.zero()
		r.zero()
	case immMemArg:
		d.memArg(in)
	case immMemArgLane:
		d.memArg(in)
		in.lane = r.u8()
	case immLane:
		in.lane = r.u8()
	}
}

// rawBytes is the length of immediates that are copied as they are.
func rawBytes(imm immediate) int {
	switch imm {
	case immBytes4:
		return 4
	case immBytes8:
		return 8
	default:
		return 16
	}
}

// blockEmpty is the block type without results, as a signed 33-bit integer.
const blockEmpty = -0x40

// blockType reads a signed 33-bit integer: a type index or, below zero, a value
// type or blockEmpty.
func (d *decoder) blockType() int64 {
	at := d.r.pos
	t := d.r.signed(33)
	switch {
	case t >= int64(len(d.m.types)):
		d.r.failAt(at, "type %d of %d", t, len(d.m.types))
	case t < 0 && t != blockEmpty && (t < -0x40 || !ValType(t&0x7f).valid()):
		d.r.failAt(at, "block type %d is not in the profile", t)
	}
	return t
}

func (d *decoder) selectType() ValType {
	if n := d.r.u32(); n != 1 {
		d.r.fail("select of %d types", n)
	}
	return d.r.valType()
}

func (d *decoder) dataIndex() uint32 {
	if d.m.dataCount == nil {
		d.r.fail("data segment named without a data count section")
		return 0
	}
	return d.r.index(int(*d.m.dataCount), "data segment")
}

// maxAlign bounds the alignment exponent: larger values are where other
// proposals hide their flags, and no access is wider than 16 bytes.
const maxAlign = 4

func (d *decoder) memArg(in *instr) {
	at := d.r.pos
	in.b = d.r.u32()
	if in.b > maxAlign {
		d.r.failAt(at, "alignment 2^%d: multiple memories are not in the profile", in.b)
	}
	in.a = uint64(d.r.u32())
}
