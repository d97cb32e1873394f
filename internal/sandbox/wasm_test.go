package sandbox_test

import "encoding/binary"

// wasmModule assembles small modules for tests, so that hostile ones need no
// toolchain. Imports come before functions.
type wasmModule struct {
	types, imports, funcs, tables, globals, exports, elements, code, extra [][]byte

	imported int
	memory   []byte // limits; nil for none
	noExport bool   // the memory stays private
}

// newWasm has one page of memory, exported.
func newWasm() *wasmModule { return &wasmModule{memory: []byte{0, 1}} }

const i32, i64, f64 = "\x7f", "\x7e", "\x7c"

func uleb(v int) []byte { return binary.AppendUvarint(nil, uint64(v)) }

func sleb(v int) []byte {
	var b []byte
	for v < -0x40 || v >= 0x40 {
		b = append(b, byte(v)&0x7f|0x80)
		v >>= 7
	}
	return append(b, byte(v)&0x7f)
}

func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

func wname(s string) []byte { return append(uleb(len(s)), s...) }

func cat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func (w *wasmModule) typ(params, results string) []byte {
	w.types = append(w.types, cat([]byte{0x60}, wname(params), wname(results)))
	return uleb(len(w.types) - 1)
}

// importFunc declares an imported function and returns its index.
func (w *wasmModule) importFunc(module, name, params, results string) byte {
	w.imports = append(w.imports, cat(wname(module), wname(name), []byte{0}, w.typ(params, results)))
	w.imported++
	return byte(w.imported - 1)
}

// fn adds an exported function with the given body, whose locals are i32, and
// returns its index.
func (w *wasmModule) fn(export, params, results string, locals byte, body ...byte) byte {
	index := w.imported + len(w.funcs)
	w.funcs = append(w.funcs, w.typ(params, results))
	if export != "" {
		w.exports = append(w.exports, cat(wname(export), []byte{0}, uleb(index)))
	}
	decl := []byte{0}
	if locals > 0 {
		decl = []byte{1, locals, 0x7f}
	}
	body = cat(decl, body, []byte{opEnd})
	w.code = append(w.code, cat(uleb(len(body)), body))
	return byte(index)
}

// section adds a raw section at the end.
func (w *wasmModule) section(id byte, body ...byte) {
	w.extra = append(w.extra, cat([]byte{id}, uleb(len(body)), body))
}

func (w *wasmModule) bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	vector := func(id byte, items [][]byte) {
		if len(items) > 0 {
			body := cat(append([][]byte{uleb(len(items))}, items...)...)
			out = cat(out, []byte{id}, uleb(len(body)), body)
		}
	}
	exports := w.exports
	var memories [][]byte
	if w.memory != nil {
		memories = [][]byte{w.memory}
		if !w.noExport {
			exports = append(exports, cat(wname("memory"), []byte{2, 0}))
		}
	}
	vector(1, w.types)
	vector(2, w.imports)
	vector(3, w.funcs)
	vector(4, w.tables)
	vector(5, memories)
	vector(6, w.globals)
	vector(7, exports)
	vector(9, w.elements)
	vector(10, w.code)
	return cat(append([][]byte{out}, w.extra...)...)
}

// Opcodes that the tests use.
const (
	opUnreachable, opBlock, opLoop, opIf, opElse    = 0x00, 0x02, 0x03, 0x04, 0x05
	opEnd, opBrTable                                = 0x0b, 0x0e
	opBr, opBrIf, opReturn, opCall, opDrop          = 0x0c, 0x0d, 0x0f, 0x10, 0x1a
	opLocalGet, opLocalSet, opLocalTee              = 0x20, 0x21, 0x22
	opGlobalGet, opGlobalSet, opI32Load, opI32Store = 0x23, 0x24, 0x28, 0x36
	opMemoryGrow, opI32Const, opI64Const            = 0x40, 0x41, 0x42
	opF64Const, opI32Eqz, opI32Add, opI32Sub        = 0x44, 0x45, 0x6a, 0x6b
	opI32DivS, opI32TruncF64S, blockVoid            = 0x6d, 0xaa, 0x40
)
