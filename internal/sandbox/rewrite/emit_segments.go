package rewrite

func (w *rewriter) elementSection() []byte {
	if len(w.m.elements) == 0 {
		return nil
	}
	b := appendU32(nil, uint32(len(w.m.elements)))
	for _, e := range w.m.elements {
		b = w.appendElement(b, e)
	}
	return b
}

// appendElement uses the most explicit form of a segment's mode, with plain
// indices where those can express its references.
func (w *rewriter) appendElement(b []byte, e element) []byte {
	flags, expressions := uint32(0), e.needsExpressions()
	switch e.mode {
	case active:
		flags = elementExplicit
	case passive:
		flags = elementNotActive
	case declarative:
		flags = elementNotActive | elementExplicit
	}
	if expressions {
		flags |= elementExpressions
	}
	b = appendU32(b, flags)
	if e.mode == active {
		b = appendI32Constant(appendU32(b, e.table), int32(e.offset))
	}
	if expressions {
		b = append(b, byte(e.typ))
	} else {
		b = append(b, 0)
	}
	b = appendU32(b, uint32(len(e.refs)))
	for _, r := range e.refs {
		switch {
		case !expressions:
			b = appendU32(b, w.function(uint32(r)))
		case r == nullRef:
			b = w.appendConstant(b, constant{op: opRefNull, imm: uint64(e.typ)})
		default:
			b = w.appendConstant(b, constant{op: opRefFunc, imm: uint64(r)})
		}
	}
	return b
}

func (e element) needsExpressions() bool {
	if e.typ != FuncRef {
		return true
	}
	for _, r := range e.refs {
		if r == nullRef {
			return true
		}
	}
	return false
}

// activeData are the active segments to write.
func (w *rewriter) activeData() []Segment {
	if w.opts.OmitData {
		return nil
	}
	return w.data.merged
}

func (w *rewriter) dataCountSection() []byte {
	if w.m.dataCount == nil {
		return nil
	}
	return appendU32(nil, uint32(len(w.data.passive)+len(w.activeData())))
}

func (w *rewriter) dataSection() []byte {
	act := w.activeData()
	n := len(w.data.passive) + len(act)
	if n == 0 {
		return nil
	}
	b := appendU32(nil, uint32(n))
	for _, s := range w.data.passive {
		b = append(appendU32(append(b, 1), uint32(len(s))), s...)
	}
	for _, s := range act {
		b = appendI32Constant(append(b, 0), int32(s.Offset))
		b = append(appendU32(b, uint32(len(s.Bytes))), s.Bytes...)
	}
	return b
}
