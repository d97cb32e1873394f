package rewrite

// The sections of what calls can change: tables, memory and globals.

// limits reads a range of sizes; a missing maximum is the given ceiling.
func (p *parser) limits(r *reader, ceiling uint32) (lo, hi uint32) {
	at := r.pos
	flags := r.u8()
	switch {
	case flags&^1 == 0:
	case flags&2 != 0:
		r.failAt(at, "shared memory (threads) is not in the profile")
	default:
		r.failAt(at, "limits flags %#x: 64-bit memory is not in the profile", flags)
	}
	lo, hi = r.u32(), ceiling
	if flags&1 != 0 {
		hi = r.u32()
	}
	if lo > hi && flags&1 != 0 {
		r.failAt(at, "minimum %d is above maximum %d", lo, hi)
	}
	return lo, hi
}

func (p *parser) readTables(r *reader) {
	ceiling := p.opts.Limits.TableElements
	for range r.count(p.opts.Limits.Tables, "tables") {
		t := table{typ: r.refType()}
		at := r.pos
		t.min, t.max = p.limits(r, ceiling)
		if t.min > ceiling {
			r.failAt(at, "%d elements, the limit is %d", t.min, ceiling)
		}
		t.max = min(t.max, ceiling)
		p.m.tables = append(p.m.tables, t)
	}
}

// maxPages is the size of the 32-bit address space (Core 2.0, section 3.2.4).
const maxPages = 1 << 16

func (p *parser) readMemory(r *reader) {
	at := r.pos
	switch n := r.u32(); n {
	case 0:
		return
	case 1:
	default:
		r.failAt(at, "%d memories, the profile has one", n)
		return
	}
	ceiling := min(p.opts.Limits.MemoryPages, maxPages)
	lo, hi := p.limits(r, ceiling)
	switch {
	case hi > maxPages:
		r.failAt(at, "maximum of %d pages is above %d", hi, maxPages)
	case lo > ceiling:
		r.failAt(at, "%d pages, the limit is %d", lo, ceiling)
	}
	p.m.memory = &memory{lo, min(hi, ceiling)}
}

func (p *parser) readGlobals(r *reader) {
	for range r.count(p.opts.Limits.Globals, "globals") {
		g := global{typ: r.valType()}
		switch flag := r.u8(); flag {
		case 0:
		case 1:
			g.mutable = true
		default:
			r.failAt(r.pos-1, "mutability %#x", flag)
		}
		g.init = p.constant(r, g.typ)
		p.m.globals = append(p.m.globals, g)
	}
}

// constant reads a constant expression of the given type. Without imported
// globals it can only be one constant instruction.
func (p *parser) constant(r *reader, want ValType) constant {
	at := r.pos
	c := constant{op: opcode(r.u8())}
	var got ValType
	switch c.op {
	case opI32Const:
		got, c.imm = I32, uint64(r.signed(32))
	case opI64Const:
		got, c.imm = I64, uint64(r.signed(64))
	case opF32Const:
		got, c.imm = F32, uint64(r.u32le())
	case opF64Const:
		got, c.imm = F64, r.u64le()
	case opRefNull:
		got = r.refType()
		c.imm = uint64(got)
	case opRefFunc:
		got, c.imm = FuncRef, uint64(r.index(p.m.functionCount(), "function"))
	case prefixVec:
		c.op = opVec + opcode(min(r.u32(), 0xff))
		got, c.vec = V128, r.bytes(16)
	}
	switch {
	case r.err != nil:
	case got == 0 || got == V128 && c.op != opV128Const:
		r.failAt(at, "opcode %#x is not in the profile's constant expressions", uint16(c.op))
	case got != want:
		r.failAt(at, "constant of type %v, want %v", got, want)
	}
	if end := r.u8(); end != byte(opEnd) && r.err == nil {
		r.failAt(r.pos-1, "constant expression of more than one instruction")
	}
	return c
}

// offset reads where an active segment begins.
func (p *parser) offset(r *reader) uint32 { return uint32(p.constant(r, I32).imm) }
