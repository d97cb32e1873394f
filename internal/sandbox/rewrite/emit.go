package rewrite

import "math"

// module assembles the rewritten module around the contents of its code
// section.
func (w *rewriter) module(code []byte) []byte {
	imports := w.importSection() // adds types
	contents := []struct {
		id      byte
		content []byte
	}{
		{sectionType, w.typeSection()},
		{sectionImport, imports},
		{sectionFunction, w.functionSection()},
		{sectionTable, w.tableSection()},
		{sectionMemory, w.memorySection()},
		{sectionGlobal, w.globalSection()},
		{sectionExport, w.exportSection()},
		{sectionElement, w.elementSection()},
		{sectionDataCount, w.dataCountSection()},
		{sectionCode, code},
		{sectionData, w.dataSection()},
	}
	size := 8
	for _, s := range contents {
		size += 6 + len(s.content)
	}
	out := append(make([]byte, 0, size), "\x00asm\x01\x00\x00\x00"...)
	for _, s := range contents {
		if len(s.content) > 0 {
			out = appendU32(append(out, s.id), uint32(len(s.content)))
			out = append(out, s.content...)
		}
	}
	return out
}

func (w *rewriter) typeSection() []byte {
	b := appendU32(nil, uint32(len(w.m.types)+len(w.added)))
	for _, types := range [][]FuncType{w.m.types, w.added} {
		for _, t := range types {
			b = appendTypes(append(b, 0x60), t.Params)
			b = appendTypes(b, t.Results)
		}
	}
	return b
}

func appendTypes(b []byte, types []ValType) []byte {
	b = appendU32(b, uint32(len(types)))
	for _, t := range types {
		b = append(b, byte(t))
	}
	return b
}

func (w *rewriter) importSection() []byte {
	b := appendU32(nil, uint32(len(w.m.imports))+w.shift())
	for _, im := range w.m.imports {
		b = appendImport(b, im.name, im.typ)
	}
	b = appendImport(b, Import{HostModule, TrapImport}, w.addType(FuncType{Params: []ValType{I32}}))
	if w.opts.Yield {
		typ := FuncType{Params: []ValType{I64}, Results: []ValType{I64}}
		b = appendImport(b, Import{HostModule, YieldImport}, w.addType(typ))
	}
	return b
}

func appendImport(b []byte, name Import, typ uint32) []byte {
	b = appendName(appendName(b, name.Module), name.Name)
	return appendU32(append(b, byte(KindFunc)), typ)
}

func (w *rewriter) functionSection() []byte {
	b := appendU32(nil, w.definedCount())
	for _, typ := range w.m.functions {
		b = appendU32(b, typ)
	}
	if w.helpers {
		for range helperCount {
			b = appendU32(b, w.addType(bulkType))
		}
	}
	return b
}

func (w *rewriter) tableSection() []byte {
	if len(w.m.tables) == 0 {
		return nil
	}
	b := appendU32(nil, uint32(len(w.m.tables)))
	for _, t := range w.m.tables {
		b = appendLimits(append(b, byte(t.typ)), t.min, t.max)
	}
	return b
}

func (w *rewriter) memorySection() []byte {
	if w.m.memory == nil {
		return nil
	}
	return appendLimits([]byte{1}, w.m.memory.min, w.m.memory.max)
}

func appendLimits(b []byte, lo, hi uint32) []byte {
	return appendU32(appendU32(append(b, 1), lo), hi)
}

func (w *rewriter) globalSection() []byte {
	b := appendU32(nil, w.depth+1)
	for _, g := range w.m.globals {
		mutable := byte(0)
		if g.mutable {
			mutable = 1
		}
		b = w.appendConstant(append(b, byte(g.typ), mutable), g.init)
	}
	b = append(b, byte(I64), 1, byte(opI64Const), 0, byte(opEnd))
	return appendI32Constant(append(b, byte(I32), 1), int32(min(w.opts.StackUnits, math.MaxInt32)))
}

func (w *rewriter) exportSection() []byte {
	m := w.m
	var b []byte
	n := uint32(0)
	add := func(name string, kind Kind, index uint32) {
		b = appendU32(append(appendName(b, name), byte(kind)), index)
		n++
	}
	for _, e := range m.exports {
		index := e.index
		if e.kind == KindFunc {
			index = w.function(index)
		}
		add(e.name, e.kind, index)
	}
	add(FuelExport, KindGlobal, w.fuel)
	add(DepthExport, KindGlobal, w.depth)
	if m.start != nil {
		add(StartExport, KindFunc, w.function(*m.start))
	}
	for i, g := range m.globals {
		if g.mutable {
			add(globalName(i), KindGlobal, uint32(i))
		}
	}
	return append(appendU32(nil, n), b...)
}
