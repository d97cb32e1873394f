package sdk

import (
	"strings"
	"unicode/utf8"
)

// scanner reads JSON text of which it has a copy that never changes, so that
// strings need none of their own. Its methods report false where the text is not
// JSON, and where encoding/json would do more than take it as it is: then that
// decides.
type scanner struct {
	b     []byte
	text  string
	at    int
	depth int
	// spaced is set once white space was skipped.
	spaced bool
}

// maxDepth bounds how deep values nest before encoding/json, which allows more,
// takes over.
const maxDepth = 500

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for s.at < len(s.text) {
		c := s.text[s.at]
		if c > ' ' || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
		s.spaced = true
		s.at++
	}
	return 0
}

// take skips white space and the byte c, if it is next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

// literal skips a word.
func (s *scanner) literal(word string) bool {
	if !strings.HasPrefix(s.text[s.at:], word) {
		return false
	}
	s.at += len(word)
	return true
}

// members calls fn at every value of an object. It does not look for repeated
// names.
func (s *scanner) members(fn func(name string) bool) bool {
	if !s.take('{') || s.depth >= maxDepth {
		return false
	}
	if s.take('}') {
		return true
	}
	s.depth++
	for {
		if s.peek() != '"' {
			return false
		}
		name, ok := s.str()
		if !ok || !s.take(':') || !fn(name) {
			return false
		}
		if s.take(',') {
			continue
		}
		s.depth--
		return s.take('}')
	}
}

// elements calls fn at every value of an array.
func (s *scanner) elements(fn func() bool) bool {
	if !s.take('[') || s.depth >= maxDepth {
		return false
	}
	if s.take(']') {
		return true
	}
	s.depth++
	for {
		if !fn() {
			return false
		}
		if s.take(',') {
			continue
		}
		s.depth--
		return s.take(']')
	}
}

// str reads a string. What is not UTF-8, and surrogates, are encoding/json's.
func (s *scanner) str() (string, bool) {
	if s.peek() != '"' {
		return "", false
	}
	start := s.at + 1
	text, ascii := s.text, true
	for i := start; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			s.at = i + 1
			return text[start:i], ascii || utf8.ValidString(text[start:i])
		case c == '\\':
			return s.escaped(start, i)
		case c < ' ':
			return "", false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", false
}

// escaped reads the string from start whose first backslash is at i.
func (s *scanner) escaped(start, i int) (string, bool) {
	text := s.text
	out := append(make([]byte, 0, 2*(i-start)+32), text[start:i]...)
	for ; i < len(text); i++ {
		c := text[i]
		if c == '"' {
			s.at = i + 1
			return string(out), utf8.Valid(out)
		}
		if c < ' ' {
			return "", false
		}
		if c != '\\' {
			out = append(out, c)
			continue
		}
		if i++; i == len(text) {
			return "", false
		}
		switch c := text[i]; c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, ok := hex4(text[i+1:])
			if !ok || r >= 0xd800 && r < 0xe000 {
				return "", false
			}
			out = utf8.AppendRune(out, r)
			i += 4
		default:
			return "", false
		}
	}
	return "", false
}

func hex4(s string) (r rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for i := range 4 {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// number reads a number and says whether it is written as a whole one.
func (s *scanner) number() (text string, whole, ok bool) {
	s.peek()
	start := s.at
	s.skipByte('-')
	if !s.skipByte('0') && !s.digits() {
		return "", false, false
	}
	whole = true
	if s.skipByte('.') {
		if whole = false; !s.digits() {
			return "", false, false
		}
	}
	if s.skipByte('e') || s.skipByte('E') {
		if !s.skipByte('-') {
			s.skipByte('+')
		}
		if whole = false; !s.digits() {
			return "", false, false
		}
	}
	return s.text[start:s.at], whole, true
}

func (s *scanner) skipByte(c byte) bool {
	if s.at == len(s.text) || s.text[s.at] != c {
		return false
	}
	s.at++
	return true
}

func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}

// skip skips a value.
func (s *scanner) skip() bool {
	switch s.peek() {
	case '{':
		return s.members(func(string) bool { return s.skip() })
	case '[':
		return s.elements(s.skip)
	case '"':
		_, ok := s.str()
		return ok
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	}
	_, _, ok := s.number()
	return ok
}
