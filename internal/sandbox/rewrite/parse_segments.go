package rewrite

// readElements reads element segments of all eight forms (Core 2.0, 5.5.12).
func (p *parser) readElements(r *reader) {
	left := p.opts.Limits.Elements
	n := r.count(left, "element segments")
	for range n {
		e := p.element(r, &left)
		if r.err != nil {
			return
		}
		p.m.elements = append(p.m.elements, e)
	}
}

// Bits of the flags that an element segment begins with.
const (
	elementNotActive   = 1
	elementExplicit    = 2 // active: names its table; else: declarative
	elementExpressions = 4
)

func (p *parser) element(r *reader, left *uint32) element {
	at := r.pos
	flags := r.u32()
	if flags > 7 {
		r.failAt(at, "element segment flags %#x", flags)
	}
	e := element{typ: FuncRef}
	switch {
	case flags&elementNotActive == 0:
		if flags&elementExplicit != 0 {
			e.table = r.u32()
		}
		e.offset = p.offset(r)
	case flags&elementExplicit != 0:
		e.mode = declarative
	default:
		e.mode = passive
	}
	if flags&(elementNotActive|elementExplicit) != 0 {
		e.typ = p.elementType(r, flags&elementExpressions != 0)
	}
	e.refs = p.refs(r, e.typ, flags&elementExpressions != 0, left)
	if e.mode == active && r.err == nil {
		p.checkElement(r, at, e)
	}
	return e
}

func (p *parser) elementType(r *reader, expressions bool) ValType {
	if expressions {
		return r.refType()
	}
	if kind := r.u8(); kind != 0 {
		r.failAt(r.pos-1, "element kind %#x", kind)
	}
	return FuncRef
}

func (p *parser) refs(r *reader, typ ValType, expressions bool, left *uint32) []ref {
	n := r.count(*left, "elements")
	*left -= uint32(n)
	refs := make([]ref, 0, n)
	for range n {
		if r.err != nil {
			return nil
		}
		switch {
		case !expressions:
			refs = append(refs, ref(r.index(p.m.functionCount(), "function")))
		default:
			c := p.constant(r, typ)
			if c.op == opRefNull {
				refs = append(refs, nullRef)
			} else {
				refs = append(refs, ref(c.imm))
			}
		}
	}
	return refs
}

// checkElement refuses what instantiation could only fail with.
func (p *parser) checkElement(r *reader, at int, e element) {
	if int(e.table) >= len(p.m.tables) {
		r.failAt(at, "table %d of %d", e.table, len(p.m.tables))
		return
	}
	t := p.m.tables[e.table]
	switch {
	case t.typ != e.typ:
		r.failAt(at, "elements of type %v in table %d of type %v", e.typ, e.table, t.typ)
	case uint64(e.offset)+uint64(len(e.refs)) > uint64(t.min):
		r.failAt(at, "elements %d to %d in table %d of %d", e.offset, uint64(e.offset)+uint64(len(e.refs)), e.table, t.min)
	}
}

func (p *parser) readDataCount(r *reader) {
	n := r.u32()
	if limit := p.opts.Limits.DataSegments; n > limit {
		r.fail("%d data segments, the limit is %d", n, limit)
	}
	p.m.dataCount = &n
}

func (p *parser) readData(r *reader) {
	n := r.count(p.opts.Limits.DataSegments, "data segments")
	p.m.data = make([]dataSegment, 0, n)
	for range n {
		at := r.pos
		d := p.dataSegment(r)
		if r.err != nil {
			return
		}
		if end := uint64(d.offset) + uint64(len(d.bytes)); d.mode == active && end > p.memoryBytes() {
			r.failAt(at, "data segment %d ends at %d, the memory at %d", len(p.m.data), end, p.memoryBytes())
		}
		p.m.data = append(p.m.data, d)
	}
}

func (p *parser) dataSegment(r *reader) dataSegment {
	var d dataSegment
	switch flags := r.u32(); flags {
	case 0:
		d.offset = p.offset(r)
	case 1:
		d.mode = passive
	case 2:
		r.zero()
		d.offset = p.offset(r)
	default:
		r.fail("data segment flags %#x", flags)
	}
	if d.mode == active && p.m.memory == nil {
		r.fail("active data segment without a memory")
	}
	d.bytes = r.bytes(int(r.u32()))
	return d
}

func (p *parser) memoryBytes() uint64 {
	if p.m.memory == nil {
		return 0
	}
	return uint64(p.m.memory.min) << 16
}

// readCode finds the bodies; decoding them is the next pass.
func (p *parser) readCode(r *reader) {
	n := r.count(p.opts.Limits.Functions, "bodies")
	p.m.bodies = make([]body, 0, n)
	limit := p.opts.Limits.FunctionBytes
	for i := range n {
		at := r.pos
		size := int(r.u32())
		if size > limit && r.err == nil {
			r.failAt(at, "%d bytes, the limit is %d", size, limit)
			r.err.where = p.functionName(len(p.m.imports) + i)
		}
		start := r.pos
		r.bytes(size)
		if r.err != nil {
			return
		}
		p.m.bodies = append(p.m.bodies, body{start, start + size})
	}
}
