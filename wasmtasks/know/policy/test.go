package policy

import (
	"cmp"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// test compares two values. Its name is that of the language.
type test struct {
	op   string
	a, b value
	re   *regexp.Regexp // of matches
}

// tests are the names of tests.
var tests = []string{"eq", "ne", "lt", "le", "gt", "ge", "in", "has", "starts", "ends", "contains", "matches", "cidr"}

const maxPattern = 1000

func compileTest(at, op string, tree any, depth int) (expression, error) {
	if !slices.Contains(tests, op) {
		return nil, field.Errorf(at, "%q is not an operation", op)
	}
	pair, ok := tree.([]any)
	if !ok || len(pair) != 2 {
		return nil, field.Errorf(at, "must be a list of two values")
	}
	t := test{op: op}
	var err error
	if t.a, err = compileValue(field.Index(at, 0), pair[0], depth); err != nil {
		return nil, err
	}
	if t.b, err = compileValue(field.Index(at, 1), pair[1], depth); err != nil {
		return nil, err
	}
	if op == "matches" {
		pattern, ok := pair[1].(string)
		if !ok || len(pattern) > maxPattern {
			return nil, field.Errorf(field.Index(at, 1), "must be a pattern of at most %d bytes", maxPattern)
		}
		if t.re, err = regexp.Compile(pattern); err != nil {
			return nil, field.Errorf(field.Index(at, 1), "%v", err)
		}
	}
	return t, nil
}

func (t test) holds(e *evaluation) truth {
	if !e.step() {
		return unknown
	}
	a, ok := t.a.of(e)
	if !ok {
		return e.unknown("%s has no value", t.a)
	}
	b, ok := t.b.of(e)
	if !ok {
		return e.unknown("%s has no value", t.b)
	}
	switch t.op {
	case "eq", "ne":
		e.weigh(a)
		return truthOf(reflect.DeepEqual(a, b) == (t.op == "eq"))
	case "in":
		return t.member(e, a, b)
	case "has":
		return t.member(e, b, a)
	case "lt", "le", "gt", "ge":
		return t.order(e, a, b)
	}
	return t.strings(e, a, b)
}

// weigh counts the parts of a value as steps, since comparing them takes time.
func (e *evaluation) weigh(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			e.weigh(x)
		}
	case map[string]any:
		for _, x := range v {
			e.weigh(x)
		}
	case string:
		*e.steps -= len(v) / 1024
	}
	*e.steps--
}

func (t test) member(e *evaluation, v, in any) truth {
	list, ok := in.([]any)
	if !ok {
		return e.unknown("%s of %s is asked of %s", t.op, t.a, kind(in))
	}
	e.weigh(in)
	return truthOf(slices.ContainsFunc(list, func(x any) bool { return reflect.DeepEqual(x, v) }))
}

func (t test) order(e *evaluation, a, b any) truth {
	var c int
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		if !ok {
			return e.unknown("%s is a number and %s is not", t.a, t.b)
		}
		c = cmp.Compare(a, b)
	case string:
		b, ok := b.(string)
		if !ok {
			return e.unknown("%s is a string and %s is not", t.a, t.b)
		}
		c = cmp.Compare(a, b)
	default:
		return e.unknown("%s is %s, which has no order", t.a, kind(a))
	}
	return truthOf(t.op == "lt" && c < 0 || t.op == "le" && c <= 0 || t.op == "gt" && c > 0 || t.op == "ge" && c >= 0)
}

func (t test) strings(e *evaluation, a, b any) truth {
	s, ok := a.(string)
	if !ok {
		return e.unknown("%s is %s, not a string", t.a, kind(a))
	}
	u, ok := b.(string)
	if !ok {
		return e.unknown("%s is %s, not a string", t.b, kind(b))
	}
	*e.steps -= len(s) / 1024
	switch t.op {
	case "starts":
		return truthOf(strings.HasPrefix(s, u))
	case "ends":
		return truthOf(strings.HasSuffix(s, u))
	case "contains":
		return truthOf(strings.Contains(s, u))
	case "matches":
		return truthOf(t.re.MatchString(s))
	}
	address, err := netip.ParseAddr(s)
	if err != nil {
		return e.unknown("%s is not an IP address", t.a)
	}
	network, err := netip.ParsePrefix(u)
	if err != nil {
		return e.unknown("%s is not a network such as 10.0.0.0/8", t.b)
	}
	return truthOf(network.Contains(address.Unmap()))
}
