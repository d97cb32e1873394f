// Package sandboxtest has guests for tests: small WASI commands, well-behaved and
// hostile, put together here instruction by instruction, so that each is a
// hundred bytes and needs no toolchain. It runs nothing.
package sandboxtest

import (
	"bytes"
	"encoding/binary"
)

// Indices of the functions that every guest imports, then of its own.
const (
	fdWrite = iota
	fdRead
	procExit
	pathOpen
	start
)

// smallMemory is the memory of most guests, in pages of 64 KiB.
const smallMemory = 64

// guest returns a WASI command whose _start has the given body, with a memory of
// so many pages that may grow.
func guest(pages int, body ...[]byte) []byte {
	const i32, i64, fn = 0x7f, 0x7e, 0x60
	wasi := func(fn string, typ byte) []byte {
		return join(name("wasi_snapshot_preview1"), name(fn), []byte{0, typ})
	}
	code := join([]byte{0}, join(body...), []byte{0x0b})
	return join([]byte("\x00asm\x01\x00\x00\x00"),
		section(1, 4, []byte{fn, 0, 0}, []byte{fn, 4, i32, i32, i32, i32, 1, i32}, []byte{fn, 1, i32, 0},
			[]byte{fn, 9, i32, i32, i32, i32, i32, i64, i64, i32, i32, 1, i32}),
		section(2, 4, wasi("fd_write", 1), wasi("fd_read", 1), wasi("proc_exit", 2), wasi("path_open", 3)),
		section(3, 1, []byte{0}),
		section(5, 1, join([]byte{0}, uleb(pages))),
		section(7, 2, name("memory"), []byte{2, 0}, name("_start"), []byte{0, start}),
		section(10, 1, uleb(len(code)), code))
}

func section(id byte, count int, items ...[]byte) []byte {
	content := join(uleb(count), join(items...))
	return join([]byte{id}, uleb(len(content)), content)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
func name(s string) []byte        { return join(uleb(len(s)), []byte(s)) }
func uleb(n int) []byte           { return binary.AppendUvarint(nil, uint64(n)) }

// leb is a signed number.
func leb(n int) (b []byte) {
	for {
		c := byte(n & 0x7f)
		n >>= 7
		if n == 0 && c&0x40 == 0 || n == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// i32 and i64 push n.
func i32(n int) []byte { return join([]byte{0x41}, leb(n)) }
func i64(n int) []byte { return join([]byte{0x42}, leb(n)) }

func call(function byte) []byte { return []byte{0x10, function} }

// store writes the value to memory, load pushes what is there.
func store(address int, value ...byte) []byte { return join(i32(address), value, []byte{0x36, 2, 0}) }
func load(address int) []byte                 { return join(i32(address), []byte{0x28, 2, 0}) }

// forever repeats a body.
func forever(body ...[]byte) []byte {
	return join([]byte{0x03, 0x40}, join(body...), []byte{0x0c, 0, 0x0b})
}

var (
	drop        = []byte{0x1a}
	unreachable = []byte{0x00}
)

// writeOut writes what the two words at 0, pointer and length, tell of.
var writeOut = join(i32(1), i32(0), i32(1), i32(12), call(fdWrite), drop)

// Echo writes its input, up to a MiB of it.
func Echo() []byte {
	return guest(smallMemory, store(0, i32(1024)...), store(4, i32(1<<20)...),
		i32(0), i32(0), i32(1), i32(8), call(fdRead), drop,
		store(4, load(8)...), writeOut)
}

// Zeros writes n zero bytes.
func Zeros(n int) []byte {
	return guest(smallMemory, store(0, i32(1024)...), store(4, i32(n)...), writeOut)
}

// Trap executes unreachable.
func Trap() []byte { return guest(smallMemory, unreachable) }

// Exit ends with a code.
func Exit(code int) []byte { return guest(smallMemory, i32(code), call(procExit)) }

// Loop runs for ever and never calls the host.
func Loop() []byte { return guest(smallMemory, forever()) }

// Recurse calls itself for ever.
func Recurse() []byte { return guest(smallMemory, call(start)) }

// Bomb grows its memory until it is refused, and traps then.
func Bomb() []byte {
	grown := join(i32(1), []byte{0x40, 0}, i32(-1), []byte{0x46}) // memory.grow(1) == -1
	return guest(1, forever(grown, []byte{0x04, 0x40}, unreachable, []byte{0x0b}))
}

// Fill writes its whole memory of so many pages, again and again, in one
// instruction each.
func Fill(pages int) []byte {
	fill := []byte{0xfc, 0x0b, 0}
	return guest(pages, forever(i32(0), i32(1), i32(pages<<16-1), fill))
}

// Flood writes output for ever.
func Flood() []byte {
	return guest(smallMemory, store(0, i32(1024)...), store(4, i32(1<<20)...), forever(writeOut))
}

// Open opens a path below the directory that it is given and writes four bytes:
// the number of the error, 0 for none. If there is none it writes what it reads
// there, too.
func Open(path string) []byte {
	const at = 4096
	put := make([][]byte, len(path))
	for i := range path {
		put[i] = join(i32(at+i), i32(int(path[i])), []byte{0x3a, 0, 0})
	}
	opened := join(i32(3), i32(0), i32(at), i32(len(path)), i32(0), i64(2), i64(0), i32(0), i32(16), call(pathOpen))
	read := join(store(0, i32(1024)...), store(4, i32(1024)...), load(16), i32(0), i32(1), i32(4), call(fdRead), drop, writeOut)
	return guest(smallMemory, join(put...),
		store(20, opened...), store(0, i32(20)...), store(4, i32(4)...), writeOut,
		load(20), []byte{0x45, 0x04, 0x40}, read, []byte{0x0b}) // if it is 0
}
