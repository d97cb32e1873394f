package gguf

import "strings"

// marks gathers a vocabulary to find the pieces that may be control tokens.
type marks struct {
	pieces []string
	kinds  []int64
}

func (m *marks) piece(v any) {
	s, _ := v.(string)
	m.pieces = append(m.pieces, s)
}

func (m *marks) kind(v any) {
	n, _ := v.(int64)
	m.kinds = append(m.kinds, n)
}

// list returns the pieces that are of a control token's type, and those that look
// like one: a server takes some names for control tokens whatever their type.
func (m *marks) list() []string {
	var found []string
	for i, s := range m.pieces {
		kind := int64(tokenNormal)
		if i < len(m.kinds) {
			kind = m.kinds[i]
		}
		switch {
		case s == "" || kind == tokenByte || kind == tokenUserDefined:
			// The first stand for bytes, the others are read in every text.
		case kind != tokenNormal, looksLikeOrder(s):
			found = append(found, s)
		}
	}
	return found
}

// looksLikeOrder reports whether a piece is a word in brackets.
func looksLikeOrder(s string) bool {
	s = strings.TrimLeft(s, "_"+blank)
	if len(s) < 3 {
		return false
	}
	return s[0] == '<' && s[len(s)-1] == '>' || s[0] == '[' && s[len(s)-1] == ']'
}
