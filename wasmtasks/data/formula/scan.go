package formula

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind uint8

const (
	end kind = iota
	word
	column // a name in quotes
	text
	numeral
	sign
)

type token struct {
	kind kind
	text string
}

// is reports whether a token is a keyword, in any case, or a sign.
func (t token) is(s string) bool {
	return t.kind == word && strings.EqualFold(t.text, s) || t.kind == sign && t.text == s
}

// signs are the operators, longer ones first.
var signs = [...]string{"<=", ">=", "<>", "!=", "==", "||", "(", ")", ",", "=", "<", ">", "+", "-", "*", "/", "%"}

func scan(s string) ([]token, error) {
	var tokens []token
	for {
		s = strings.TrimLeftFunc(s, unicode.IsSpace)
		if s == "" {
			return append(tokens, token{end, "the end"}), nil
		}
		t, rest, err := next(s)
		if err != nil {
			return nil, err
		}
		tokens, s = append(tokens, t), rest
	}
}

func next(s string) (t token, rest string, err error) {
	c, _ := utf8.DecodeRuneInString(s)
	switch {
	case c == '\'':
		return quoted(s, '\'', text)
	case c == '"' || c == '`':
		return quoted(s, byte(c), column)
	case c >= '0' && c <= '9' || c == '.':
		n := numeralLength(s)
		return token{numeral, s[:n]}, s[n:], nil
	case c == '_' || unicode.IsLetter(c):
		n := strings.IndexFunc(s, func(c rune) bool {
			return c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c)
		})
		if n < 0 {
			n = len(s)
		}
		return token{word, s[:n]}, s[n:], nil
	}
	for _, op := range signs {
		if rest, ok := strings.CutPrefix(s, op); ok {
			return token{sign, op}, rest, nil
		}
	}
	return token{}, "", fmt.Errorf("unexpected %q", c)
}

// quoted reads up to the closing quote; a doubled one stands for itself.
func quoted(s string, quote byte, k kind) (token, string, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != quote {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		return token{k, b.String()}, s[i+1:], nil
	}
	return token{}, "", fmt.Errorf("%.20s has no closing %c", s, quote)
}

// numeralLength returns the length of the number that s begins with.
func numeralLength(s string) int {
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
		i++
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && s[j] >= '0' && s[j] <= '9' {
			for i = j; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			}
		}
	}
	return i
}
