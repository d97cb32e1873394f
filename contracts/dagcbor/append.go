package dagcbor

import (
	"encoding/binary"
	"math"
)

// The functions below append one item each in its only spelling. They are for
// the few types that are encoded for every unit, where reflection would take
// most of the time: the type lists its fields in canonical order (by length,
// then by bytes) behind AppendMap. Whoever writes such an encoder holds it
// against Marshal in a test. What they cannot see is checked by Check: text
// that is not UTF-8 and the bounds of a block.

// AppendMap appends the head of a map of n pairs.
func AppendMap(b []byte, n int) []byte { return appendHead(b, majorMap, uint64(n)) }

// AppendArray appends the head of an array of n elements.
func AppendArray(b []byte, n int) []byte { return appendHead(b, majorArray, uint64(n)) }

// AppendText appends s, as a value or as a key.
func AppendText(b []byte, s string) []byte {
	return append(appendHead(b, majorText, uint64(len(s))), s...)
}

// AppendTextHead appends the head of a text of n bytes, which the caller appends.
func AppendTextHead(b []byte, n int) []byte { return appendHead(b, majorText, uint64(n)) }

// AppendBytes appends p as a byte string.
func AppendBytes(b, p []byte) []byte {
	return append(appendHead(b, majorBytes, uint64(len(p))), p...)
}

// AppendUint appends n.
func AppendUint(b []byte, n uint64) []byte { return appendHead(b, majorUint, n) }

// AppendInt appends n.
func AppendInt(b []byte, n int64) []byte {
	if n < 0 {
		return appendHead(b, majorNegative, uint64(-(n + 1)))
	}
	return appendHead(b, majorUint, uint64(n))
}

// AppendFloat appends f, which must be finite.
func AppendFloat(b []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(append(b, majorSimple<<5|infoUint64), math.Float64bits(f))
}

// AppendBool appends v.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, simpleTrue)
	}
	return append(b, simpleFalse)
}

// AppendNull appends null.
func AppendNull(b []byte) []byte { return append(b, simpleNull) }

// AppendLink appends l, which must be defined.
func AppendLink(b []byte, l Link) []byte {
	key := l.KeyString()
	b = appendHead(b, majorTag, tagLink)
	b = appendHead(b, majorBytes, uint64(1+len(key)))
	return append(append(b, 0), key...)
}

const (
	simpleFalse = majorSimple<<5 | 20
	simpleTrue  = majorSimple<<5 | 21
	simpleNull  = majorSimple<<5 | 22
)

func appendHead(b []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < infoUint8:
		return append(b, major|byte(n))
	case n <= math.MaxUint8:
		return append(b, major|infoUint8, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major|(infoUint8+1)), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major|(infoUint8+2)), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|infoUint64), n)
}
