package jcs

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner is a position in a JSON text.
type scanner struct {
	in  []byte
	pos int
}

func (s *scanner) fail(message string) *Error { return &Error{Offset: s.pos, Message: message} }

func (s *scanner) space() {
	for s.pos < len(s.in) {
		switch s.in[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// open copies the bracket at the position.
func (w *writer) open(bracket byte) {
	w.pos++
	w.out = append(w.out, bracket)
}

// end copies the closing bracket if it comes next.
func (w *writer) end(bracket byte) bool {
	w.space()
	if w.pos == len(w.in) || w.in[w.pos] != bracket {
		return false
	}
	w.open(bracket)
	return true
}

func (w *writer) comma() *Error {
	if w.pos == len(w.in) || w.in[w.pos] != ',' {
		return w.fail("want ',' or the end of the container")
	}
	w.open(',')
	return nil
}

// string copies the string at the position, whose first quote is there.
func (w *writer) string() *Error {
	start := w.pos
	w.pos++
	w.out = append(w.out, '"')
	for {
		if err := w.run(); err != nil {
			return err
		}
		switch {
		case w.pos == len(w.in):
			w.pos = start
			return w.fail("string without an end")
		case w.in[w.pos] == '"':
			w.open('"')
			return nil
		case w.in[w.pos] == '\\':
			if err := w.escape(); err != nil {
				return err
			}
		default:
			return w.fail("control character in a string")
		}
	}
}

// run copies the characters up to the next one of meaning.
func (w *writer) run() *Error {
	start, high := w.pos, byte(0)
	for w.pos < len(w.in) {
		c := w.in[w.pos]
		if c == '"' || c == '\\' || c < ' ' {
			break
		}
		high |= c
		w.pos++
	}
	text := w.in[start:w.pos]
	if high >= utf8.RuneSelf && !utf8.Valid(text) {
		w.pos = start
		return w.fail("string is not UTF-8")
	}
	w.out = append(w.out, text...)
	return nil
}

// escape copies one escape sequence as the character it stands for.
func (w *writer) escape() *Error {
	if w.pos+1 >= len(w.in) {
		return w.fail("unexpected end in an escape")
	}
	var r rune
	switch c := w.in[w.pos+1]; c {
	case '"', '\\', '/':
		r = rune(c)
	case 'b':
		r = '\b'
	case 'f':
		r = '\f'
	case 'n':
		r = '\n'
	case 'r':
		r = '\r'
	case 't':
		r = '\t'
	case 'u':
		return w.unicode()
	default:
		return w.fail("unknown escape")
	}
	w.pos += 2
	w.out = appendRune(w.out, r)
	return nil
}

// unicode copies a \u escape, or the two that make a surrogate pair.
func (w *writer) unicode() *Error {
	r, ok := w.unit(w.pos)
	if !ok {
		return w.fail("\\u without four hexadecimal digits")
	}
	width := 6
	if utf16.IsSurrogate(r) {
		low, _ := w.unit(w.pos + width)
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return w.fail("surrogate without its other half")
		}
		width *= 2
	}
	w.pos += width
	w.out = appendRune(w.out, r)
	return nil
}

// unit reads the \uXXXX at pos.
func (s *scanner) unit(pos int) (rune, bool) {
	if pos+6 > len(s.in) || s.in[pos] != '\\' || s.in[pos+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s.in[pos+2:pos+6]), 16, 16)
	return rune(n), err == nil
}

// appendRune appends a character of a string as RFC 8785, section 3.2.2.2,
// wants it: escaped only where JSON demands it, in the shortest way.
func appendRune(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	if r < ' ' {
		return append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
	}
	return utf8.AppendRune(dst, r)
}

// plain returns the text of a canonical string with its quotes. What escapes it
// has are Go's as well.
func plain(quoted []byte) []byte {
	inner := quoted[1 : len(quoted)-1]
	for _, c := range inner {
		if c == '\\' {
			text, _ := strconv.Unquote(string(quoted)) // canonical, so sound
			return []byte(text)
		}
	}
	return inner
}
