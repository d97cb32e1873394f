package rewrite

import (
	"bytes"
	"math"
	"testing"
)

func TestIntegersRoundTrip(t *testing.T) {
	values := []int64{0, 1, -1, 63, 64, -64, -65, 127, 128, 255, 8191, 8192, -8192, -8193, math.MaxInt32, math.MinInt32,
		math.MaxUint32, math.MaxInt64, math.MinInt64}
	for _, v := range values {
		b := appendS64(nil, v)
		if r := (&reader{buf: b}); r.signed(64) != v || r.err != nil || !r.done() {
			t.Errorf("%d encodes as %x, which decodes otherwise: %v", v, b, r.err)
		}
		if v >= math.MinInt32 && v <= math.MaxInt32 {
			if r := (&reader{buf: b}); r.signed(32) != v || r.err != nil {
				t.Errorf("%x is not %d in 32 bits: %v", b, v, r.err)
			}
		}
		if v >= 0 && v <= math.MaxUint32 {
			b := appendU32(nil, uint32(v))
			if r := (&reader{buf: b}); int64(r.u32()) != v || r.err != nil || !r.done() {
				t.Errorf("%d encodes as %x, which decodes otherwise: %v", v, b, r.err)
			}
		}
	}
}

// TestIntegerEncodings follows Core 2.0, section 5.2.2: leading zeros, or copies
// of the sign, as far as the last byte that the type may need.
func TestIntegerEncodings(t *testing.T) {
	u32 := func(r *reader) int64 { return int64(r.u32()) }
	s := func(bits uint) func(*reader) int64 { return func(r *reader) int64 { return r.signed(bits) } }
	tests := []struct {
		name string
		read func(*reader) int64
		in   []byte
		want int64
		ok   bool
	}{
		{"u32 padded", u32, []byte{0x83, 0x00}, 3, true},
		{"u32 padded to five bytes", u32, []byte{0x83, 0x80, 0x80, 0x80, 0x00}, 3, true},
		{"u32 padded to six bytes", u32, []byte{0x83, 0x80, 0x80, 0x80, 0x80, 0x00}, 0, false},
		{"u32 greatest", u32, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}, math.MaxUint32, true},
		{"u32 too great", u32, []byte{0xff, 0xff, 0xff, 0xff, 0x1f}, 0, false},
		{"u32 unused bit", u32, []byte{0x80, 0x80, 0x80, 0x80, 0x40}, 0, false},
		{"u32 unended", u32, []byte{0x80}, 0, false},
		{"u32 empty", u32, nil, 0, false},
		{"s32 padded", s(32), []byte{0xfe, 0x7f}, -2, true},
		{"s32 padded to five bytes", s(32), []byte{0xfe, 0xff, 0xff, 0xff, 0x7f}, -2, true},
		{"s32 least", s(32), []byte{0x80, 0x80, 0x80, 0x80, 0x78}, math.MinInt32, true},
		{"s32 greatest", s(32), []byte{0xff, 0xff, 0xff, 0xff, 0x07}, math.MaxInt32, true},
		{"s32 too great", s(32), []byte{0xff, 0xff, 0xff, 0xff, 0x0f}, 0, false},
		{"s32 sign not copied", s(32), []byte{0x80, 0x80, 0x80, 0x80, 0x70}, 0, false},
		{"s32 six bytes", s(32), []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, 0, false},
		{"s33 least", s(33), []byte{0x80, 0x80, 0x80, 0x80, 0x70}, -1 << 32, true},
		{"s33 greatest", s(33), []byte{0xff, 0xff, 0xff, 0xff, 0x0f}, math.MaxUint32, true},
		{"s64 least", s(64), []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}, math.MinInt64, true},
		{"s64 sign not copied", s(64), []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 0, false},
		{"s64 eleven bytes", s(64), bytes.Repeat([]byte{0x80}, 11), 0, false},
	}
	for _, test := range tests {
		r := &reader{buf: test.in}
		if got := test.read(r); got != test.want || (r.err == nil) != test.ok {
			t.Errorf("%s: %x decodes as %d, %v; want %d, ok %v", test.name, test.in, got, r.err, test.want, test.ok)
		}
	}
}
