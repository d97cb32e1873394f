package dagcbor

import (
	"encoding/binary"
	"unicode/utf8"
)

// The major types of RFC 8949, section 3.1.
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

const (
	tagLink = 42

	infoUint8      = 24 // the argument follows in 1 byte
	infoUint64     = 27 // the argument follows in 8 bytes
	infoIndefinite = 31
)

// scan is a position in a block under check. Its methods return error, not
// *Error, so that a nil is a nil.
type scan struct {
	b   []byte
	off int
}

func (s *scan) broken(r Rule, off int) error { return &Error{Rule: r, Offset: off} }

// head reads the initial byte and the argument after it, and insists on the
// shortest form for everything that is not a float.
func (s *scan) head() (major, info byte, arg uint64, err error) {
	start := s.off
	if start >= len(s.b) {
		return 0, 0, 0, s.broken(RuleTruncated, start)
	}
	major, info = s.b[start]>>5, s.b[start]&31
	s.off++
	switch {
	case info < infoUint8:
		return major, info, uint64(info), nil
	case info == infoIndefinite:
		return 0, 0, 0, s.broken(RuleIndefinite, start)
	case info > infoUint64:
		return 0, 0, 0, s.broken(RuleReserved, start)
	}
	raw, err := s.take(start, 1<<(info-infoUint8))
	if err != nil {
		return 0, 0, 0, err
	}
	var buf [8]byte
	copy(buf[8-len(raw):], raw)
	arg = binary.BigEndian.Uint64(buf[:])
	if major != majorSimple && arg < leastArg(info) {
		return 0, 0, 0, s.broken(RuleShortest, start)
	}
	return major, info, arg, nil
}

// leastArg is the least argument that needs the width that info announces.
func leastArg(info byte) uint64 {
	if info == infoUint8 {
		return infoUint8
	}
	return 1 << (8 << (info - infoUint8 - 1))
}

// take consumes n bytes of the item that began at start.
func (s *scan) take(start int, n uint64) ([]byte, error) {
	if n > uint64(len(s.b)-s.off) {
		return nil, s.broken(RuleTruncated, start)
	}
	raw := s.b[s.off : s.off+int(n)]
	s.off += int(n)
	return raw, nil
}

func (s *scan) text(start int, n uint64) ([]byte, error) {
	raw, err := s.take(start, n)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(raw) {
		return nil, s.broken(RuleUTF8, start)
	}
	return raw, nil
}
