package gguf

import (
	"encoding/binary"
	"math"
)

// encoding is how weights are stored; the numbers are the format's.
type encoding uint32

const (
	encF32  encoding = 0
	encF16  encoding = 1
	encQ8_0 encoding = 8
)

// fileType is the general.file_type that goes with an encoding.
func (e encoding) fileType() uint32 {
	switch e {
	case encF16:
		return 1
	case encQ8_0:
		return 7
	}
	return 0
}

// q8Block is how many weights share one scale in Q8_0.
const q8Block = 32

// encode stores weights; for Q8_0 their number must be a multiple of q8Block.
func (e encoding) encode(v []float32) []byte {
	switch e {
	case encF16:
		out := make([]byte, 0, 2*len(v))
		for _, x := range v {
			out = binary.LittleEndian.AppendUint16(out, half(x))
		}
		return out
	case encQ8_0:
		out := make([]byte, 0, len(v)/q8Block*(q8Block+2))
		for i := 0; i < len(v); i += q8Block {
			out = appendQ8(out, v[i:i+q8Block])
		}
		return out
	}
	out := make([]byte, 0, 4*len(v))
	for _, x := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return out
}

func appendQ8(out []byte, block []float32) []byte {
	var largest float32
	for _, x := range block {
		largest = max(largest, float32(math.Abs(float64(x))))
	}
	scale := largest / 127
	out = binary.LittleEndian.AppendUint16(out, half(scale))
	for _, x := range block {
		q := 0.0
		if scale > 0 {
			q = math.Round(float64(x / scale))
		}
		out = append(out, byte(int8(q)))
	}
	return out
}

// half converts to IEEE 754 binary16, to nearest, ties to even. What is too
// small becomes 0, what is too large infinity.
func half(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits>>16) & 0x8000
	exponent := int(bits>>23&0xff) - 127
	mantissa := bits & 0x7fffff
	switch {
	case exponent > 15:
		return sign | 0x7c00
	case exponent < -14:
		return sign // weights so small do not matter
	}
	h := uint32(exponent+15)<<10 | mantissa>>13
	rest := mantissa & 0x1fff
	if rest > 0x1000 || rest == 0x1000 && h&1 == 1 {
		h++ // may carry into the exponent, as it should
	}
	return sign | uint16(h)
}
