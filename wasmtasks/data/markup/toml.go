package markup

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/krako-labs/krako/wasmtasks/data/value"
)

// ReadTOML reads a TOML document. A table's keys have no order in TOML and come
// out sorted; dates and times are texts as in RFC 3339.
func ReadTOML(text []byte) (value.Value, error) {
	var doc map[string]any
	if err := toml.Unmarshal(text, &doc); err != nil {
		if fault, ok := errors.AsType[*toml.DecodeError](err); ok {
			line, column := fault.Position()
			return value.Value{}, fmt.Errorf("line %d, column %d: %w", line, column, err)
		}
		return value.Value{}, err
	}
	return fromTOML(doc)
}

func fromTOML(x any) (value.Value, error) {
	switch x := x.(type) {
	case bool:
		return value.Value{Kind: value.Bool, Bool: x}, nil
	case int64:
		return value.Value{Kind: value.Number, Text: strconv.FormatInt(x, 10)}, nil
	case float64:
		text := strconv.FormatFloat(x, 'g', -1, 64)
		if strings.ContainsAny(text, "IN") { // Inf, NaN
			return value.Value{}, fmt.Errorf("%s is not a number in JSON", strings.ToLower(text))
		}
		return value.Value{Kind: value.Number, Text: jsonNumber(text)}, nil
	case string:
		return value.Of(x), nil
	case time.Time:
		return value.Of(x.Format(time.RFC3339Nano)), nil
	case toml.LocalDate, toml.LocalTime, toml.LocalDateTime:
		return value.Of(fmt.Sprint(x)), nil
	case []any:
		v := value.Value{Kind: value.List, Items: []value.Value{}}
		for _, e := range x {
			item, err := fromTOML(e)
			if err != nil {
				return v, err
			}
			v.Items = append(v.Items, item)
		}
		return v, nil
	case map[string]any:
		v := value.Value{Kind: value.Object, Members: []value.Member{}}
		for _, name := range slices.Sorted(maps.Keys(x)) {
			member, err := fromTOML(x[name])
			if err != nil {
				return v, err
			}
			v.Members = append(v.Members, value.Member{Name: name, Value: member})
		}
		return v, nil
	}
	return value.Value{}, fmt.Errorf("a %T has no meaning in JSON", x)
}

// WriteTOML writes an object as a TOML document, members in their order except
// that a table's plain values come before its tables, as the format demands.
func WriteTOML(v value.Value) ([]byte, error) {
	if v.Kind != value.Object {
		return nil, fmt.Errorf("TOML wants an object at the top, not a %s", v.Kind)
	}
	return tomlTable(nil, nil, v)
}

func tomlTable(b []byte, path []string, v value.Value) ([]byte, error) {
	for _, m := range v.Members {
		if !isTable(m.Value) && !isTables(m.Value) {
			b = append(append(b, tomlKey(m.Name)...), " = "...)
			var err error
			if b, err = tomlInline(b, append(path, m.Name), m.Value); err != nil {
				return nil, err
			}
			b = append(b, '\n')
		}
	}
	for _, m := range v.Members {
		tables, open, end := []value.Value{m.Value}, "[", "]"
		if isTables(m.Value) {
			tables, open, end = m.Value.Items, "[[", "]]"
		} else if !isTable(m.Value) {
			continue
		}
		below := append(slices.Clone(path), m.Name)
		for _, t := range tables {
			if len(b) > 0 {
				b = append(b, '\n')
			}
			keys := make([]string, len(below))
			for i, k := range below {
				keys[i] = tomlKey(k)
			}
			b = append(b, open+strings.Join(keys, ".")+end+"\n"...)
			var err error
			if b, err = tomlTable(b, below, t); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

func isTable(v value.Value) bool { return v.Kind == value.Object }

// isTables reports whether a list is written as tables of one name.
func isTables(v value.Value) bool {
	return v.Kind == value.List && len(v.Items) > 0 && !slices.ContainsFunc(v.Items, func(x value.Value) bool { return x.Kind != value.Object })
}

func tomlInline(b []byte, path []string, v value.Value) ([]byte, error) {
	var err error
	switch v.Kind {
	case value.Null:
		return nil, fmt.Errorf("TOML has no null, which is at %q", strings.Join(path, "."))
	case value.Bool:
		return strconv.AppendBool(b, v.Bool), nil
	case value.String:
		return tomlString(b, v.Text), nil
	case value.Number:
		return tomlNumber(b, path, v.Text)
	case value.List:
		b = append(b, '[')
		for i, x := range v.Items {
			if i > 0 {
				b = append(b, ", "...)
			}
			if b, err = tomlInline(b, append(path, strconv.Itoa(i)), x); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	}
	b = append(b, '{')
	for i, m := range v.Members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, ' '), tomlKey(m.Name)...), " = "...)
		if b, err = tomlInline(b, append(path, m.Name), m.Value); err != nil {
			return nil, err
		}
	}
	return append(b, " }"...), nil
}

func tomlNumber(b []byte, path []string, text string) ([]byte, error) {
	if _, err := strconv.ParseInt(text, 10, 64); err == nil || strings.ContainsAny(text, ".eE") {
		return append(b, text...), nil
	}
	return nil, fmt.Errorf("TOML has no whole number as large as that at %q", strings.Join(path, "."))
}

// tomlString writes a basic string, which is a JSON string but for U+007F.
func tomlString(b []byte, s string) []byte {
	text := string(value.AppendString(nil, s))
	return append(b, strings.ReplaceAll(text, "\x7f", `\u007f`)...)
}

func tomlKey(name string) string {
	bare := func(c rune) bool {
		return c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	if name != "" && strings.IndexFunc(name, func(c rune) bool { return !bare(c) }) < 0 {
		return name
	}
	return string(tomlString(nil, name))
}
