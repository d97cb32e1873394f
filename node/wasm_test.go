package node

import (
	"bytes"
	"encoding/binary"
)

// The guests of the tests are put together here, instruction by instruction,
// so that they are a hundred bytes and need no toolchain.

// Indices of the functions that every guest imports.
const (
	fdWrite  = 0
	fdRead   = 1
	procExit = 2
)

// guest returns a WASI command whose _start has the given body.
func guest(body ...[]byte) []byte {
	const i32, fn = 0x7f, 0x60
	wasi := func(fn string, typ byte) []byte {
		return join(name("wasi_snapshot_preview1"), name(fn), []byte{0, typ})
	}
	code := join([]byte{0}, join(body...), []byte{0x0b})
	return join([]byte("\x00asm\x01\x00\x00\x00"),
		section(1, 3, []byte{fn, 0, 0}, []byte{fn, 4, i32, i32, i32, i32, 1, i32}, []byte{fn, 1, i32, 0}),
		section(2, 3, wasi("fd_write", 1), wasi("fd_read", 1), wasi("proc_exit", 2)),
		section(3, 1, []byte{0}),
		section(5, 1, []byte{0, 64}), // a memory of 64 pages
		section(7, 2, name("memory"), []byte{2, 0}, name("_start"), []byte{0, 3}),
		section(10, 1, uleb(len(code)), code))
}

func section(id byte, count int, items ...[]byte) []byte {
	content := join(uleb(count), join(items...))
	return join([]byte{id}, uleb(len(content)), content)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
func name(s string) []byte        { return join(uleb(len(s)), []byte(s)) }
func uleb(n int) []byte           { return binary.AppendUvarint(nil, uint64(n)) }

// constant pushes n.
func constant(n int) []byte {
	b := []byte{0x41}
	for {
		c := byte(n & 0x7f)
		n >>= 7
		if n == 0 && c&0x40 == 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func call(function byte) []byte { return []byte{0x10, function} }

// store writes the value to memory.
func store(address int, value ...byte) []byte {
	return join(constant(address), value, []byte{0x36, 2, 0})
}

func load(address int) []byte { return join(constant(address), []byte{0x28, 2, 0}) }

// drop discards the result of a call.
var drop = []byte{0x1a}

// loop runs for ever and never calls the host.
func loop() []byte { return guest([]byte{0x03, 0x40, 0x0c, 0, 0x0b}) }

// trap executes unreachable.
func trap() []byte { return guest([]byte{0x00}) }

// exit ends with a code.
func exit(code int) []byte { return guest(constant(code), call(procExit)) }

// zeros writes n zero bytes.
func zeros(n int) []byte {
	return guest(store(0, constant(1024)...), store(4, constant(n)...), writeOut)
}

// echo writes its input, up to a MiB of it.
func echo() []byte {
	return guest(store(0, constant(1024)...), store(4, constant(1<<20)...),
		constant(0), constant(0), constant(1), constant(8), call(fdRead), drop,
		store(4, load(8)...), writeOut)
}

var writeOut = join(constant(1), constant(0), constant(1), constant(12), call(fdWrite), drop)
