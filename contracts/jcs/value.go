package jcs

import "strconv"

// Value decodes doc into map[string]any, []any, string, bool, nil, and numbers:
// int64 for integral ones up to MaxInteger in magnitude however they are
// spelled (1.0 and 1e0 are 1), else float64. It refuses what Canonicalize
// refuses.
func Value(doc []byte) (any, error) {
	canonical, err := Canonicalize(doc)
	if err != nil {
		return nil, err
	}
	c := cursor{in: canonical}
	return c.value(), nil
}

// cursor reads a canonical document, which is known to be sound: none of its
// methods can fail.
type cursor struct {
	in  []byte
	pos int
}

// next consumes one byte if it is b.
func (c *cursor) next(b byte) bool {
	if c.in[c.pos] != b {
		return false
	}
	c.pos++
	return true
}

// token consumes a string, number or word and returns it as it stands.
func (c *cursor) token() []byte {
	start := c.pos
	if c.next('"') {
		for !c.next('"') {
			if c.in[c.pos] == '\\' {
				c.pos++
			}
			c.pos++
		}
		return c.in[start:c.pos]
	}
	for c.pos < len(c.in) && c.in[c.pos] != ',' && c.in[c.pos] != ']' && c.in[c.pos] != '}' {
		c.pos++
	}
	return c.in[start:c.pos]
}

// name consumes the name of a member and its colon.
func (c *cursor) name() string {
	name := string(plain(c.token()))
	c.pos++
	return name
}

func (c *cursor) value() any {
	switch {
	case c.next('{'):
		object := map[string]any{}
		for !c.next('}') {
			c.next(',')
			name := c.name()
			object[name] = c.value()
		}
		return object
	case c.next('['):
		array := []any{}
		for !c.next(']') {
			c.next(',')
			array = append(array, c.value())
		}
		return array
	default:
		return scalar(c.token())
	}
}

func scalar(token []byte) any {
	switch token[0] {
	case '"':
		return string(plain(token))
	case 't':
		return true
	case 'f':
		return false
	case 'n':
		return nil
	}
	if n, err := strconv.ParseInt(string(token), 10, 64); err == nil && -MaxInteger <= n && n <= MaxInteger {
		return n
	}
	f, _ := strconv.ParseFloat(string(token), 64) // canonical, so in range
	return f
}
