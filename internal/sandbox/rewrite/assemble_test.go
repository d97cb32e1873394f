package rewrite_test

import (
	"encoding/binary"

	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// A small assembler, apart from the code under test.

const (
	i32  = rewrite.I32
	i64  = rewrite.I64
	f32  = rewrite.F32
	f64  = rewrite.F64
	v128 = rewrite.V128

	empty = 0x40 // block type
)

func uleb(v uint64) []byte { return binary.AppendUvarint(nil, v) }

func sleb(v int64) []byte {
	var b []byte
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func cat(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func vec(items ...[]byte) []byte { return append(uleb(uint64(len(items))), cat(items...)...) }

func str(s string) []byte { return append(uleb(uint64(len(s))), s...) }

// op encodes an instruction: a plain opcode, or 0xfcNN or 0xfdNN.
func op(code int, immediates ...[]byte) []byte {
	var b []byte
	if code > 0xff {
		b = append([]byte{byte(code >> 8)}, uleb(uint64(code&0xff))...)
	} else {
		b = []byte{byte(code)}
	}
	return append(b, cat(immediates...)...)
}

func i32c(v int32) []byte { return op(0x41, sleb(int64(v))) }
func i64c(v int64) []byte { return op(0x42, sleb(v)) }

func f32c(bits uint32) []byte { return op(0x43, binary.LittleEndian.AppendUint32(nil, bits)) }
func f64c(bits uint64) []byte { return op(0x44, binary.LittleEndian.AppendUint64(nil, bits)) }

func v128c(lo, hi uint64) []byte {
	return op(0xfd0c, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, lo), hi))
}

func get(local int) []byte { return op(0x20, uleb(uint64(local))) }
func set(local int) []byte { return op(0x21, uleb(uint64(local))) }
func tee(local int) []byte { return op(0x22, uleb(uint64(local))) }

func end() []byte { return []byte{0x0b} }

// ftype encodes a function type.
func ftype(params, results []rewrite.ValType) []byte {
	return cat([]byte{0x60}, typeList(params), typeList(results))
}

func typeList(types []rewrite.ValType) []byte {
	b := uleb(uint64(len(types)))
	for _, t := range types {
		b = append(b, byte(t))
	}
	return b
}

func types(ts ...rewrite.ValType) []rewrite.ValType { return ts }

// fn encodes a function body with one local of each type given.
func fn(locals []rewrite.ValType, code ...[]byte) []byte {
	b := uleb(uint64(len(locals)))
	for _, t := range locals {
		b = append(b, 1, byte(t))
	}
	b = append(append(b, cat(code...)...), 0x0b)
	return append(uleb(uint64(len(b))), b...)
}

func export(name string, kind byte, index int) []byte {
	return cat(str(name), []byte{kind}, uleb(uint64(index)))
}

// section is a section's id and contents.
type section struct {
	id      byte
	content []byte
}

func wasm(sections ...section) []byte {
	b := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range sections {
		b = append(append(append(b, s.id), uleb(uint64(len(s.content)))...), s.content...)
	}
	return b
}

// single is a module of one function, exported as "f", with a memory of one
// page exported as "memory".
func single(params, results, locals []rewrite.ValType, code ...[]byte) []byte {
	return wasm(
		section{1, vec(ftype(params, results))},
		section{3, vec(uleb(0))},
		section{5, vec([]byte{0, 1})},
		section{7, vec(export("f", 0, 0), export("memory", 2, 0))},
		section{10, vec(fn(locals, code...))},
	)
}
