package sandbox

import (
	"encoding/binary"
	"fmt"
	"math"
)

// reader takes WebAssembly values from the front of b. After the first error
// every method returns a zero value, so callers check err once per loop.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	r.b = nil
}

func (r *reader) u8() byte {
	if len(r.b) == 0 {
		r.fail("unexpected end")
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) u32() uint32 {
	v, n := binary.Uvarint(r.b[:min(len(r.b), 5)])
	if n <= 0 || v > math.MaxUint32 {
		r.fail("bad LEB128 integer")
		return 0
	}
	r.b = r.b[n:]
	return uint32(v)
}

func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.b)) {
		r.fail("length %d runs past the end", n)
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) name() string { return string(r.bytes(r.u32())) }

// limits reads the bounds of a table or memory. Bit 0 of the flags says that
// there is a maximum; the others (shared, 64-bit) are outside the profile.
func (r *reader) limits() limits {
	flags := r.u8()
	if flags > 1 {
		r.fail("limits flags %#x are not part of the profile", flags)
	}
	l := limits{min: r.u32(), max: math.MaxUint32}
	if flags == 1 {
		l.max = r.u32()
	}
	return l
}
