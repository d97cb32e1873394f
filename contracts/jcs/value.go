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
	c := NewCursor(canonical)
	return c.value(), nil
}

// Cursor reads a canonical document, which is known to be sound: none of its
// methods can fail. Whoever asks for something else than what comes next gets
// nonsense, or a panic.
type Cursor struct {
	in  []byte
	pos int
}

// NewCursor returns a cursor before the value that Canonicalize returned.
func NewCursor(canonical []byte) *Cursor { return &Cursor{in: canonical} }

// Offset is how much was consumed, in bytes.
func (c *Cursor) Offset() int { return c.pos }

// Back goes back to an earlier Offset.
func (c *Cursor) Back(offset int) { c.pos = offset }

// Next consumes one byte if it is b: a bracket, or a comma.
func (c *Cursor) Next(b byte) bool {
	if c.in[c.pos] != b {
		return false
	}
	c.pos++
	return true
}

// Peek is the byte that comes next.
func (c *Cursor) Peek() byte { return c.in[c.pos] }

// Text consumes a string and returns what it says.
func (c *Cursor) Text() string { return string(plain(c.Token())) }

// Token consumes a string, number or word and returns it as it stands.
func (c *Cursor) Token() []byte {
	start := c.pos
	if c.Next('"') {
		for !c.Next('"') {
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

// Name consumes the name of a member and its colon.
func (c *Cursor) Name() string { return string(c.NameBytes()) }

// NameBytes is Name; the bytes are not to be kept.
func (c *Cursor) NameBytes() []byte {
	name := plain(c.Token())
	c.pos++
	return name
}

func (c *Cursor) value() any {
	switch {
	case c.Next('{'):
		object := map[string]any{}
		for !c.Next('}') {
			c.Next(',')
			name := c.Name()
			object[name] = c.value()
		}
		return object
	case c.Next('['):
		array := []any{}
		for !c.Next(']') {
			c.Next(',')
			array = append(array, c.value())
		}
		return array
	default:
		return scalar(c.Token())
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
