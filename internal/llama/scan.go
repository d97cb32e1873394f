package llama

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// scan reads one event of a stream. The server writes those of tokens in one form,
//
//	{"index":0,"content":" the","tokens":[278],"stop":false,"id_slot":-1,"tokens_predicted":3,"tokens_evaluated":25}
//
// which are read as they stand: they come with every token, and reading them by
// reflection costs more than all else that a pod does with one. What has any other
// form is for encoding/json.
func (e *event) scan(data []byte) error {
	if e.common(data) {
		return nil
	}
	*e = event{Slot: -1}
	return json.Unmarshal(data, e)
}

// common reports whether data has that form, to the byte. It may leave something
// in e where it has not.
func (e *event) common(data []byte) bool {
	s := literal{data, true}
	e.Slot = -1
	s.skip(`{"index":0,"content":"`)
	e.Content = s.text()
	s.skip(`,"tokens":[`)
	e.Tokens = s.numbers()
	s.skip(`,"stop":false,"id_slot":-1,"tokens_predicted":`) // the last one alone names it
	e.Predicted = s.number()
	s.skip(`,"tokens_evaluated":`)
	e.Evaluated = s.number()
	s.skip(`}`)
	return s.ok && len(s.rest) == 0
}

// literal reads text from its beginning; ok is false once it is not what was
// expected.
type literal struct {
	rest []byte
	ok   bool
}

func (s *literal) skip(what string) {
	rest, found := bytes.CutPrefix(s.rest, []byte(what))
	s.rest, s.ok = rest, s.ok && found
}

// escapes are those of one character that are not the character itself.
var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '"': '"', '\\': '\\', '/': '/'}

// text reads up to the quotation mark that ends a string. Strings with what is not
// UTF-8, or with other escapes, are left to others.
func (s *literal) text() string {
	var short [32]byte
	text := short[:0]
	for i := 0; i < len(s.rest); i++ {
		c := s.rest[i]
		switch {
		case c == '"':
			s.rest, s.ok = s.rest[i+1:], s.ok && utf8.Valid(text)
			return string(text)
		case c == '\\' && i+1 < len(s.rest):
			i++
			plain, known := escapes[s.rest[i]]
			if !known {
				s.ok = false
				return ""
			}
			c = plain
		case c < ' ':
			s.ok = false
			return ""
		}
		text = append(text, c)
	}
	s.ok = false
	return ""
}

// number reads one as JSON spells it that is not negative and has up to nine digits.
func (s *literal) number() (n int) {
	i := 0
	for ; i < len(s.rest) && i < 9 && s.rest[i] >= '0' && s.rest[i] <= '9'; i++ {
		n = 10*n + int(s.rest[i]-'0')
	}
	if i == 0 || i > 1 && s.rest[0] == '0' {
		s.ok = false
	}
	s.rest = s.rest[i:]
	return n
}

// numbers reads up to the bracket that ends a list.
func (s *literal) numbers() (list []int) {
	for s.ok && len(s.rest) > 0 && s.rest[0] != ']' {
		if len(list) > 0 {
			s.skip(",")
		}
		list = append(list, s.number())
	}
	s.skip("]")
	return list
}
