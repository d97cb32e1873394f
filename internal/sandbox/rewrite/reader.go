package rewrite

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// reader decodes a prefix of a module. Its positions are offsets in the module.
// The first failure sticks: it exhausts the reader, every later read gives zero
// and loops over counts must look at err.
type reader struct {
	buf []byte
	pos int
	err *fault
}

// fault is what is wrong with a module and where.
type fault struct {
	offset int
	where  string // what is at fault, if more is known than the section
	msg    string
}

func (r *reader) fail(format string, args ...any) { r.failAt(r.pos, format, args...) }

func (r *reader) failAt(offset int, format string, args ...any) {
	if r.err == nil {
		r.err = &fault{offset: offset, msg: fmt.Sprintf(format, args...)}
	}
	r.pos = len(r.buf)
}

func (r *reader) done() bool { return r.pos >= len(r.buf) }

func (r *reader) u8() byte {
	if r.pos >= len(r.buf) {
		r.fail("unexpected end")
		return 0
	}
	b := r.buf[r.pos]
	r.pos++
	return b
}

// bytes returns the next n bytes, which alias the module.
func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.buf)-r.pos {
		r.fail("unexpected end")
		return nil
	}
	b := r.buf[r.pos : r.pos+n]
	r.pos += n
	return b
}

// sub returns a reader of the next n bytes and passes over them.
func (r *reader) sub(n uint32) reader {
	start := r.pos
	if r.bytes(int(n)) == nil && n > 0 {
		return reader{err: r.err}
	}
	return reader{buf: r.buf[:start+int(n)], pos: start}
}

func (r *reader) u32() uint32 {
	if r.pos < len(r.buf) && r.buf[r.pos] < 0x80 {
		r.pos++
		return uint32(r.buf[r.pos-1])
	}
	return uint32(r.unsigned(32))
}

// unsigned decodes an unsigned integer of at most bits bits: no more bytes than
// those need, and no bits beyond them.
func (r *reader) unsigned(bits uint) uint64 {
	var v uint64
	start := r.pos
	for shift := uint(0); shift < bits; shift += 7 {
		b := r.u8()
		if left := bits - shift; left < 7 && b&0x7f>>left != 0 {
			break
		}
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.failAt(start, "integer does not fit %d bits", bits)
	return 0
}

// signed decodes a signed integer of at most bits bits: no more bytes than
// those need, and beyond them only copies of the sign.
func (r *reader) signed(bits uint) int64 {
	var v int64
	start := r.pos
	for shift := uint(0); shift < bits; shift += 7 {
		b := r.u8()
		payload := int64(int8(b<<1)) >> 1
		if left := bits - shift; left < 7 && payload != payload<<(64-left)>>(64-left) {
			break
		}
		v |= int64(b&0x7f) << shift
		if b < 0x80 {
			if shift+7 < 64 {
				v = v&(1<<(shift+7)-1) | payload<<shift
			}
			return v
		}
	}
	r.failAt(start, "integer does not fit %d bits", bits)
	return 0
}

// count decodes the length of a vector of things of at least one byte each.
func (r *reader) count(limit uint32, things string) int {
	start := r.pos
	n := r.u32()
	switch {
	case n > limit:
		r.failAt(start, "%d %s, the limit is %d", n, things, limit)
		return 0
	case int(n) > len(r.buf)-r.pos:
		r.failAt(start, "%d %s in %d bytes", n, things, len(r.buf)-r.pos)
		return 0
	}
	return int(n)
}

// index decodes an index that must be below bound.
func (r *reader) index(bound int, thing string) uint32 {
	start := r.pos
	i := r.u32()
	if int64(i) >= int64(bound) {
		r.failAt(start, "%s %d of %d", thing, i, bound)
		return 0
	}
	return i
}

func (r *reader) name(limit uint32) string {
	start := r.pos
	b := r.bytes(r.count(limit, "bytes of name"))
	if !utf8.Valid(b) {
		r.failAt(start, "name is not UTF-8")
	}
	return string(b)
}

func (r *reader) valType() ValType {
	t := ValType(r.u8())
	if !t.valid() && r.err == nil {
		r.failAt(r.pos-1, "value type %#x is not in the profile", byte(t))
	}
	return t
}

func (r *reader) refType() ValType {
	t := ValType(r.u8())
	if !t.isRef() && r.err == nil {
		r.failAt(r.pos-1, "reference type %#x is not in the profile", byte(t))
	}
	return t
}

// zero reads a byte that names the only memory.
func (r *reader) zero() {
	if b := r.u8(); b != 0 {
		r.failAt(r.pos-1, "memory index %d, the profile has one memory", b)
	}
}

func (r *reader) u32le() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64le() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}
