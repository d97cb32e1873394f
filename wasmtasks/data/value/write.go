package value

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Append adds the shortest JSON text of v to b, members in their order.
func (v Value) Append(b []byte) []byte { return v.write(b, "", "") }

// Indented returns the JSON text of v with each member and element on a line of
// its own, nested ones behind that many spaces more; of none, the shortest text.
func (v Value) Indented(spaces int) string {
	if spaces == 0 {
		return string(v.Append(nil))
	}
	return string(v.write(nil, "\n", strings.Repeat(" ", spaces)))
}

// write writes v. line is the break before a line at v's own depth, "" for none.
func (v Value) write(b []byte, line, step string) []byte {
	switch v.Kind {
	case Bool:
		return strconv.AppendBool(b, v.Bool)
	case Number:
		return append(b, v.Text...)
	case String:
		return AppendString(b, v.Text)
	case List:
		b = append(b, '[')
		for i, x := range v.Items {
			b = between(b, i, line, step)
			b = x.write(b, deeper(line, step), step)
		}
		return closing(b, ']', len(v.Items), line)
	case Object:
		b = append(b, '{')
		for i, m := range v.Members {
			b = between(b, i, line, step)
			b = append(AppendString(b, m.Name), ':')
			if line != "" {
				b = append(b, ' ')
			}
			b = m.Value.write(b, deeper(line, step), step)
		}
		return closing(b, '}', len(v.Members), line)
	}
	return append(b, "null"...)
}

func deeper(line, step string) string {
	if line == "" {
		return ""
	}
	return line + step
}

func between(b []byte, i int, line, step string) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return append(b, deeper(line, step)...)
}

func closing(b []byte, end byte, n int, line string) []byte {
	if n > 0 {
		b = append(b, line...)
	}
	return append(b, end)
}

// AppendString adds a JSON string with the fewest escapes, as RFC 8785 has it.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		if short := strings.IndexByte("\"\\\b\f\n\r\t", c); short >= 0 {
			b = append(b, '\\', `"\bfnrt`[short])
		} else {
			b = fmt.Appendf(b, `\u%04x`, c)
		}
	}
	return append(append(b, s[from:]...), '"')
}

// Sorted returns v with the members of all objects in the order of their names'
// code points.
func (v Value) Sorted() Value {
	v = v.Clone()
	v.sort()
	return v
}

func (v *Value) sort() {
	for i := range v.Items {
		v.Items[i].sort()
	}
	slices.SortFunc(v.Members, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	for i := range v.Members {
		v.Members[i].Value.sort()
	}
}

// safeInteger is the first whole number of which not every successor is a double.
const safeInteger = 1 << 53

// Changed returns the pointer of the first number that another program would
// read as another number, because JSON is exchanged as doubles (RFC 8785): a
// whole number beyond 2^53, or one too large for a double.
func (v Value) Changed() (at string, changed bool) { return v.changed("") }

func (v Value) changed(at string) (string, bool) {
	switch v.Kind {
	case Number:
		f, err := strconv.ParseFloat(v.Text, 64)
		whole := !strings.ContainsAny(v.Text, ".eE")
		return at, err != nil || whole && (f >= safeInteger || f <= -safeInteger)
	case List:
		for i, x := range v.Items {
			if at, changed := x.changed(Pointer(at, strconv.Itoa(i))); changed {
				return at, true
			}
		}
	case Object:
		for _, m := range v.Members {
			if at, changed := m.Value.changed(Pointer(at, m.Name)); changed {
				return at, true
			}
		}
	}
	return "", false
}
