package policy

import (
	"fmt"
	"strconv"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// truth is the value of an expression.
type truth int8

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// evaluation is what an expression is evaluated in.
type evaluation struct {
	input any
	items []any // elements that some and every are at, the innermost last
	steps *int
	why   string // what was first unknown
}

// unknown notes why an expression has no value.
func (e *evaluation) unknown(format string, args ...any) truth {
	if e.why == "" {
		e.why = fmt.Sprintf(format, args...)
	}
	return unknown
}

// step counts. It reports whether there are steps left.
func (e *evaluation) step() bool {
	*e.steps--
	return *e.steps >= 0
}

// expression is a condition. It never changes.
type expression interface{ holds(*evaluation) truth }

type literal truth

func (l literal) holds(e *evaluation) truth {
	e.step()
	return truth(l)
}

type negation struct{ of expression }

func (n negation) holds(e *evaluation) truth {
	if !e.step() {
		return unknown
	}
	return yes - n.of.holds(e)
}

// group is all, whose value is the least of its parts', or any, whose value is
// the greatest.
type group struct {
	all   bool
	parts []expression
}

func (g group) holds(e *evaluation) truth {
	v := truthOf(g.all)
	for _, p := range g.parts {
		if !e.step() {
			return unknown
		}
		v = g.join(v, p.holds(e))
		if v == truthOf(!g.all) {
			break
		}
	}
	return v
}

func (g group) join(a, b truth) truth {
	if g.all {
		return min(a, b)
	}
	return max(a, b)
}

// quantifier is every or some, over the elements of a list.
type quantifier struct {
	group
	list value
	that expression
}

func (q quantifier) holds(e *evaluation) truth {
	v, ok := q.list.of(e)
	list, isList := v.([]any)
	if !ok || !isList {
		return e.unknown("%s is not a list", q.list)
	}
	t := truthOf(q.all)
	for _, item := range list {
		if !e.step() {
			return unknown
		}
		e.items = append(e.items, item)
		t = q.join(t, q.that.holds(e))
		e.items = e.items[:len(e.items)-1]
		if t == truthOf(!q.all) {
			break
		}
	}
	return t
}

// exists asks whether a place has a value.
type exists struct{ at value }

func (x exists) holds(e *evaluation) truth {
	e.step()
	_, ok := x.at.of(e)
	return truthOf(ok)
}

// compile turns JSON into an expression; at is its place in the input.
func compile(at string, tree any, depth int) (expression, error) {
	if depth == 0 {
		return nil, field.Errorf(at, "is nested more than %d deep", maxDepth)
	}
	if b, ok := tree.(bool); ok {
		return literal(truthOf(b)), nil
	}
	op, arg, err := only(at, tree)
	if err != nil {
		return nil, err
	}
	at += "." + op
	switch op {
	case "not":
		of, err := compile(at, arg, depth-1)
		return negation{of}, err
	case "all", "any":
		parts, err := compileAll(at, arg, depth-1)
		return group{op == "all", parts}, err
	case "some", "every":
		return compileQuantifier(at, op, arg, depth-1)
	case "exists":
		v, err := compileValue(at, arg, depth-1)
		if _, ok := v.(place); err == nil && !ok {
			err = field.Errorf(at, "is asked of a place only: {at: pointer} or {item: pointer}")
		}
		return exists{v}, err
	}
	return compileTest(at, op, arg, depth-1)
}

func compileAll(at string, tree any, depth int) ([]expression, error) {
	list, ok := tree.([]any)
	if !ok {
		return nil, field.Errorf(at, "must be a list of expressions")
	}
	all := make([]expression, len(list))
	for i, t := range list {
		var err error
		if all[i], err = compile(field.Index(at, i), t, depth); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func compileQuantifier(at, op string, tree any, depth int) (expression, error) {
	pair, ok := tree.([]any)
	if !ok || len(pair) != 2 {
		return nil, field.Errorf(at, "must be a list and an expression")
	}
	list, err := compileValue(field.Index(at, 0), pair[0], depth)
	if err != nil {
		return nil, err
	}
	that, err := compile(field.Index(at, 1), pair[1], depth)
	return quantifier{group{all: op == "every"}, list, that}, err
}

// only returns the one member of an object.
func only(at string, tree any) (name string, v any, err error) {
	object, ok := tree.(map[string]any)
	if !ok || len(object) != 1 {
		return "", nil, field.Errorf(at, "must be true, false or an object with one member, not %s", kind(tree))
	}
	for name, v = range object {
	}
	return name, v, nil
}

// kind says of which type a JSON value is.
func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	case map[string]any:
		return "an object with " + strconv.Itoa(len(v)) + " members"
	}
	return "nothing"
}
