package jcs

import (
	"bytes"
	"math"
	"strconv"
)

// number copies the number at the position as ECMAScript prints it.
func (w *writer) number() *Error {
	start := w.pos
	integer, err := w.grammar()
	if err != nil {
		return err
	}
	literal := w.in[start:w.pos]
	const alwaysExact = 15 // digits
	if integer && len(literal) <= alwaysExact {
		if string(literal) == "-0" {
			literal = literal[1:]
		}
		w.out = append(w.out, literal...)
		return nil
	}
	f, parseErr := strconv.ParseFloat(string(literal), 64)
	if parseErr != nil {
		w.pos = start
		return w.fail("number beyond the range of a double; write it as a string")
	}
	from := len(w.out)
	w.out = appendNumber(w.out, f)
	if integer && !bytes.Equal(w.out[from:], literal) && math.Abs(f) >= MaxInteger {
		w.pos = start
		return w.fail("integer beyond 2^53-1 is not exact as a double; write it as a string")
	}
	return nil
}

// grammar consumes a number of RFC 8259, section 6, and reports whether it is
// an integer literal: one without fraction and exponent.
func (s *scanner) grammar() (integer bool, err *Error) {
	s.skip('-')
	switch leadingZero := s.skip('0'); {
	case leadingZero && s.digits() > 0:
		return false, s.fail("number with a leading zero")
	case !leadingZero && s.digits() == 0:
		return false, s.fail("not a value")
	}
	integer = true
	if s.skip('.') {
		if integer = false; s.digits() == 0 {
			return false, s.fail("number without digits after the point")
		}
	}
	if s.skip('e') || s.skip('E') {
		integer = false
		if !s.skip('+') {
			s.skip('-')
		}
		if s.digits() == 0 {
			return false, s.fail("number without digits in the exponent")
		}
	}
	return integer, nil
}

func (s *scanner) skip(c byte) bool {
	if s.pos == len(s.in) || s.in[s.pos] != c {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) digits() int {
	start := s.pos
	for s.pos < len(s.in) && '0' <= s.in[s.pos] && s.in[s.pos] <= '9' {
		s.pos++
	}
	return s.pos - start
}

// appendNumber appends the finite f as ECMAScript's Number::toString prints it
// (RFC 8785, section 3.2.2.3): the fewest digits that read back as f, and an
// exponent below 1e-6 and from 1e21 on.
func appendNumber(dst []byte, f float64) []byte {
	if f == 0 {
		return append(dst, '0')
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go writes at least two digits of exponent: 1e-07 becomes 1e-7.
	if n := len(dst); dst[n-4] == 'e' && dst[n-2] == '0' {
		dst = append(dst[:n-2], dst[n-1])
	}
	return dst
}
