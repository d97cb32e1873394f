package value

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
)

// MaxDepth bounds how deep lists and objects may nest.
const MaxDepth = 500

// SyntaxError says where a text stops being JSON. Line and Column count from 1,
// the column in bytes.
type SyntaxError struct {
	Line, Column int
	Problem      string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Problem)
}

// Parse reads a JSON text, which may begin with a byte order mark.
func Parse(text []byte) (Value, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	p := parser{text: text, tokens: json.NewDecoder(bytes.NewReader(text))}
	p.tokens.UseNumber()
	if i := invalid(text); i >= 0 {
		return Value{}, p.fault(i, "is not UTF-8")
	}
	if i := loneSurrogate(text); i >= 0 {
		return Value{}, p.fault(i, "the escape is half of a surrogate pair")
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(text, new(json.RawMessage)); errors.As(err, &syntax) {
		return Value{}, p.fault(max(int(syntax.Offset)-1, 0), syntax.Error())
	}
	return p.value(0)
}

// invalid returns where text stops being UTF-8, or -1.
func invalid(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	i := 0
	for i < len(text) {
		c, n := utf8.DecodeRune(text[i:])
		if c == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	return i
}

type parser struct {
	text   []byte
	tokens *json.Decoder
}

func (p *parser) fault(offset int, problem string) error {
	before := p.text[:min(offset, len(p.text))]
	return &SyntaxError{bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n'), problem}
}

// token returns the next token of a text that is JSON.
func (p *parser) token() (json.Token, error) {
	t, err := p.tokens.Token()
	if err != nil {
		return nil, p.fault(int(p.tokens.InputOffset()), err.Error())
	}
	return t, nil
}

func (p *parser) value(depth int) (Value, error) {
	t, err := p.token()
	if err != nil {
		return Value{}, err
	}
	switch t := t.(type) {
	case bool:
		return Value{Kind: Bool, Bool: t}, nil
	case string:
		return Of(t), nil
	case json.Number:
		if _, err := exact.Parse(string(t)); err != nil {
			return Value{}, p.fault(p.start(), err.Error())
		}
		return Value{Kind: Number, Text: string(t)}, nil
	case json.Delim:
		if depth == MaxDepth {
			return Value{}, p.fault(p.start(), fmt.Sprintf("nests deeper than %d", MaxDepth))
		}
		if t == '[' {
			return p.list(depth)
		}
		return p.object(depth)
	}
	return Value{}, nil
}

// start returns where the last token was, about.
func (p *parser) start() int { return max(int(p.tokens.InputOffset())-1, 0) }

// loneSurrogate returns where an escape is half of a surrogate pair, of which
// encoding/json makes the replacement character, or -1.
func loneSurrogate(text []byte) int {
	for i := bytes.IndexByte(text, '\\'); i >= 0 && i < len(text); {
		size := 2
		if unit := escape(text[i:]); utf16.IsSurrogate(unit) {
			if utf16.DecodeRune(unit, escape(text[i+6:])) == utf8.RuneError {
				return i
			}
			size = 12
		}
		next := bytes.IndexByte(text[min(i+size, len(text)):], '\\')
		if next < 0 {
			break
		}
		i += size + next
	}
	return -1
}

// escape returns the code unit of the escape \uXXXX that text begins with, or 0.
func escape(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(n)
}

func (p *parser) list(depth int) (Value, error) {
	v := Value{Kind: List, Items: []Value{}}
	for p.tokens.More() {
		x, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		v.Items = append(v.Items, x)
	}
	_, err := p.token()
	return v, err
}

func (p *parser) object(depth int) (Value, error) {
	v := Value{Kind: Object, Members: []Member{}}
	seen := map[string]bool{}
	for p.tokens.More() {
		t, err := p.token()
		if err != nil {
			return Value{}, err
		}
		name, _ := t.(string)
		if seen[name] {
			return Value{}, p.fault(p.start(), fmt.Sprintf("member %q is there twice", name))
		}
		seen[name] = true
		x, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		v.Members = append(v.Members, Member{name, x})
	}
	_, err := p.token()
	return v, err
}
