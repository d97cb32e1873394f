//go:build !race

package sandbox_test

import "bytes"

// hostileModules are the guests that are better written by a loop than by hand.
func hostileModules() map[string]func() []byte {
	return map[string]func() []byte{
		"data-sparse":    func() []byte { return withData(8000, 1, 8000<<16-1) },
		"data-segments":  func() []byte { return withData(8000, 100_001, 16) },
		"br-table-long":  func() []byte { return branchTable(65_537) },
		"br-table":       func() []byte { return branchTable(65_536) },
		"function-huge":  func() []byte { return command(bytes.Repeat([]byte{opI32Const, 0, opDrop}, 512<<10/3+1)...).bytes() },
		"function-large": func() []byte { return command(bytes.Repeat([]byte{opI32Const, 0, opDrop}, 512<<10/3-4)...).bytes() },
		"exports-many":   func() []byte { return withExports(10_001) },
		"exports":        func() []byte { return withExports(10_000) },
		"blocks-deep":    func() []byte { return nested(4_097) },
		"blocks":         func() []byte { return nested(4_096) },
		"globals":        func() []byte { return withGlobals(513) },
		"tables-many":    func() []byte { return withTables(17, 1) },
		"tables-large":   func() []byte { return withTables(1, 1<<16+1) },
		"tables":         func() []byte { return withTables(16, 1<<16) },
		"elements":       func() []byte { return withElements(1<<16 + 1) },
		"locals-many":    func() []byte { return withLocals(4_097) },
		"locals-huge":    func() []byte { return withLocals(1<<32 - 1) },
		"functions-many": func() []byte { return withFunctions(50_001) },
		"module-huge":    func() []byte { return withCustom(8 << 20) },
		"name-long":      func() []byte { return withExportNamed(1_025) },
		"section-long":   func() []byte { return append(command().bytes(), 0, 0xff, 0xff, 0xff, 0xff, 0x0f) },
		"compile-loops":  func() []byte { return loops(1000, 1000) },
		"compile-labels": func() []byte { return branchTables(5, 60_000) },
		"compile-calls":  func() []byte { return command(bytes.Repeat([]byte{opCall, 0}, 200_000)...).bytes() },
		"section-twice":  func() []byte { return append(command().bytes(), command().bytes()[8:]...) },
	}
}

// withData has segments of one byte each at an offset of its memory.
func withData(pages, segments, offset int) []byte {
	w := command()
	w.memory = cat([]byte{0}, uleb(pages))
	one := cat([]byte{0, opI32Const}, sleb(int(int32(offset))), []byte{opEnd, 1, 'x'})
	w.section(11, cat(uleb(segments), bytes.Repeat(one, segments))...)
	return w.bytes()
}

func branchTable(labels int) []byte {
	return command(cat([]byte{opBlock, blockVoid, opI32Const, 7, opBrTable}, uleb(labels), make([]byte, labels+1), []byte{opEnd})...).bytes()
}

func branchTables(n, labels int) []byte {
	one := cat([]byte{opBlock, blockVoid, opI32Const, 0, opBrTable}, uleb(labels), bytes.Repeat([]byte{1}, labels+1), []byte{opEnd})
	return command(cat([]byte{opBlock, blockVoid}, bytes.Repeat(one, n), []byte{opEnd})...).bytes()
}

// loops has nested loops that pass locals on: hours of work for a compiler.
func loops(depth, locals int) []byte {
	w := newWasm()
	w.funcs = append(w.funcs, w.typ("", ""))
	w.exports = append(w.exports, cat(wname("_start"), []byte{0, 0}))
	body := cat([]byte{1}, uleb(locals), []byte{0x7f}, bytes.Repeat([]byte{opLoop, blockVoid}, depth))
	for l := range locals {
		body = cat(body, []byte{opLocalGet}, uleb(l), []byte{opDrop})
	}
	body = cat(body, bytes.Repeat([]byte{opI32Const, 0, opBrIf, 0, opEnd}, depth), []byte{opEnd})
	w.code = append(w.code, cat(uleb(len(body)), body))
	return w.bytes()
}

func withExports(n int) []byte {
	w := command()
	for i := range n - 2 { // and _start, and the memory
		w.exports = append(w.exports, cat(wname(string(appendInt(nil, i))), []byte{0, 0}))
	}
	return w.bytes()
}

func appendInt(b []byte, n int) []byte {
	for ; n > 0; n /= 26 {
		b = append(b, 'a'+byte(n%26))
	}
	return append(b, '_')
}

func withExportNamed(length int) []byte {
	w := command()
	w.exports = append(w.exports, cat(wname(string(bytes.Repeat([]byte("n"), length))), []byte{0, 0}))
	return w.bytes()
}

func nested(blocks int) []byte {
	return command(cat(bytes.Repeat([]byte{opBlock, blockVoid}, blocks), bytes.Repeat([]byte{opEnd}, blocks))...).bytes()
}

func withGlobals(n int) []byte {
	w := command()
	for range n {
		w.globals = append(w.globals, cat([]byte(i32), []byte{1, opI32Const, 0, opEnd}))
	}
	return w.bytes()
}

func withTables(n, elements int) []byte {
	w := command()
	for range n {
		w.tables = append(w.tables, cat([]byte{0x70, 0}, uleb(elements)))
	}
	return w.bytes()
}

// withElements has a passive segment of references to its function.
func withElements(n int) []byte {
	w := command()
	w.elements = append(w.elements, cat([]byte{1, 0}, uleb(n), make([]byte, n)))
	return w.bytes()
}

func withLocals(n int) []byte {
	w := newWasm()
	w.funcs = append(w.funcs, w.typ("", ""))
	w.exports = append(w.exports, cat(wname("_start"), []byte{0, 0}))
	body := cat([]byte{1}, uleb(n), []byte{0x7f, opEnd})
	w.code = append(w.code, cat(uleb(len(body)), body))
	return w.bytes()
}

func withFunctions(n int) []byte {
	w := command()
	for range n - 1 {
		w.funcs = append(w.funcs, []byte{0})
		w.code = append(w.code, []byte{2, 0, opEnd})
	}
	return w.bytes()
}

func withCustom(n int) []byte {
	return append(command().bytes(), cat([]byte{0}, uleb(n), make([]byte, n))...)
}
