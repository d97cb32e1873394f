package contracts

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/krako-labs/krako/contracts/jcs"
)

// appendCanonical appends the RFC 8785 form of a value of the plain types that JSON
// is decoded into, and of those that programs make such values from. It reports
// false for any other, for numbers that are not whole and small, for names that
// are not ASCII, whose order is another one, and for what is nested deeply: then
// encoding/json and package jcs write it. FuzzJSONOf holds the two against each other.
func appendCanonical(b []byte, v any, depth int) (_ []byte, ok bool) {
	if depth > maxPlainDepth {
		return nil, false
	}
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), true
	case bool:
		if v {
			return append(b, "true"...), true
		}
		return append(b, "false"...), true
	case string:
		return appendCanonicalText(b, v)
	case int:
		return appendCanonicalInteger(b, int64(v))
	case int64:
		return appendCanonicalInteger(b, v)
	case float64:
		if n := int64(v); float64(n) == v {
			return appendCanonicalInteger(b, n)
		}
		return nil, false
	case map[string]any:
		return appendCanonicalObject(b, v, depth)
	case map[string]json.RawMessage:
		return appendCanonicalObject(b, v, depth)
	case []any:
		return appendCanonicalList(b, v, depth)
	case []string:
		return appendCanonicalList(b, v, depth)
	case JSON:
		return appendCanonicalDocument(b, v, depth)
	case json.RawMessage:
		return appendCanonicalDocument(b, v, depth)
	}
	return nil, false
}

// appendCanonicalDocument appends a document that is not so deep that it is too deep
// where it stands.
func appendCanonicalDocument(b, doc []byte, depth int) ([]byte, bool) {
	if most := bytes.Count(doc, []byte{'['}) + bytes.Count(doc, []byte{'{'}); len(doc) == 0 || depth+most > jcs.MaxDepth {
		return nil, false
	}
	c, err := jcs.Append(b, doc)
	return c, err == nil
}

func appendCanonicalObject[V any](b []byte, m map[string]V, depth int) (_ []byte, ok bool) {
	if m == nil {
		return append(b, "null"...), true
	}
	var few [16]string
	names := few[:0]
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		if !ascii(name) {
			return nil, false
		}
		if b, ok = appendCanonicalText(b, name); !ok {
			return nil, false
		}
		if b, ok = appendCanonical(append(b, ':'), m[name], depth+1); !ok {
			return nil, false
		}
	}
	return append(b, '}'), true
}

func appendCanonicalList[V any](b []byte, list []V, depth int) (_ []byte, ok bool) {
	if list == nil {
		return append(b, "null"...), true
	}
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, ok = appendCanonical(b, v, depth+1); !ok {
			return nil, false
		}
	}
	return append(b, ']'), true
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendCanonicalText appends a text in which nothing is escaped.
func appendCanonicalText(b []byte, s string) ([]byte, bool) {
	if !utf8.ValidString(s) {
		return nil, false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] == '"' || s[i] == '\\' {
			return appendEscaped(b, s), true
		}
	}
	return append(append(append(b, '"'), s...), '"'), true
}

func appendEscaped(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= ' ':
			b = append(b, c)
		case c >= '\b' && c <= '\r' && c != '\v':
			b = append(b, '\\', "btn_fr"[c-'\b'])
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(b, '"')
}

// appendCanonicalInteger appends a number that is written as the digits it has.
func appendCanonicalInteger(b []byte, n int64) ([]byte, bool) {
	const most = 1e15
	if n >= most || n <= -most {
		return nil, false
	}
	return strconv.AppendInt(b, n, 10), true
}
