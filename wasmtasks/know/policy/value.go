package policy

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// value is a part of an expression that has a JSON value, or none. It never
// changes.
type value interface {
	of(*evaluation) (v any, ok bool)
	String() string // for people
}

type constant struct{ v any }

func (c constant) of(*evaluation) (any, bool) { return c.v, true }

func (c constant) String() string {
	text, err := json.Marshal(c.v)
	if err != nil || len(text) > 60 {
		return kind(c.v)
	}
	return string(text)
}

// place is a JSON pointer (RFC 6901) into the input or the element in hand.
type place struct {
	item    bool
	pointer string
	parts   []string
}

func (p place) String() string {
	if p.item {
		return "item " + strconv.Quote(p.pointer)
	}
	return "input " + strconv.Quote(p.pointer)
}

func (p place) of(e *evaluation) (any, bool) {
	v := e.input
	if p.item {
		if len(e.items) == 0 {
			return nil, false
		}
		v = e.items[len(e.items)-1]
	}
	for _, part := range p.parts {
		switch in := v.(type) {
		case map[string]any:
			member, ok := in[part]
			if !ok {
				return nil, false
			}
			v = member
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(in) || strconv.Itoa(i) != part {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// size is how many elements, members or code points a value has.
type size struct{ what value }

func (s size) String() string { return "size of " + s.what.String() }

func (s size) of(e *evaluation) (any, bool) {
	v, ok := s.what.of(e)
	if !ok {
		return nil, false
	}
	switch v := v.(type) {
	case string:
		return float64(utf8.RuneCountInString(v)), true
	case []any:
		return float64(len(v)), true
	case map[string]any:
		return float64(len(v)), true
	}
	return nil, false
}

func compileValue(at string, tree any, depth int) (value, error) {
	object, ok := tree.(map[string]any)
	if !ok {
		return constant{tree}, nil
	}
	if depth == 0 {
		return nil, field.Errorf(at, "is nested more than %d deep", maxDepth)
	}
	op, arg, err := only(at, object)
	if err != nil {
		return nil, err
	}
	switch op {
	case "at", "item":
		return compilePlace(at+"."+op, op, arg)
	case "size":
		of, err := compileValue(at+".size", arg, depth-1)
		return size{of}, err
	case "value":
		return constant{arg}, nil
	}
	return nil, field.Errorf(at, "%q is not one of at, item, size and value", op)
}

func compilePlace(at, op string, arg any) (value, error) {
	pointer, ok := arg.(string)
	if !ok || pointer != "" && !strings.HasPrefix(pointer, "/") {
		return nil, field.Errorf(at, "must be a JSON pointer such as \"/user/role\"")
	}
	p := place{item: op == "item", pointer: pointer}
	if pointer == "" {
		return p, nil
	}
	for part := range strings.SplitSeq(pointer[1:], "/") {
		plain := strings.NewReplacer("~0", "", "~1", "").Replace(part)
		if strings.Contains(plain, "~") {
			return nil, field.Errorf(at, "%q has a ~ that is not ~0 or ~1", pointer)
		}
		p.parts = append(p.parts, strings.NewReplacer("~1", "/", "~0", "~").Replace(part))
	}
	return p, nil
}
