// Package logic decides small puzzles whose rules are given: expressions of true
// and false, who lies, who holds what after swaps, in which order things are, when
// there is time, which brackets are open, where a walk ends. The package promises
// to say what follows from the input and nothing more: an open question stays open.
package logic

import (
	"context"
	"fmt"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// BoolInput is an expression.
type BoolInput struct {
	Expression string          `json:"expression" jsonschema:"minLength=1,maxLength=4096" jsonschema_description:"true, false, names of variables; not, and, xor, or, implies, from the tightest to the loosest; parentheses; in any case"`
	Variables  map[string]bool `json:"variables,omitempty"`
}

// BoolOutput is its value.
type BoolOutput struct {
	Value bool `json:"value"`
}

// maxDepth bounds how deep an expression nests.
const maxDepth = 200

// Bool evaluates an expression.
func Bool(_ context.Context, in BoolInput) (BoolOutput, error) {
	if err := field.AtMost("expression", len(in.Expression), 4096, "bytes"); err != nil {
		return BoolOutput{}, err
	}
	spaced := strings.NewReplacer("(", " ( ", ")", " ) ").Replace(in.Expression)
	p := &boolParser{words: strings.Fields(spaced), variables: in.Variables}
	v, err := p.binary(0, 0)
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("unexpected %.40q", p.words[0])
	}
	if err != nil {
		return BoolOutput{}, field.Errorf("expression", "%v", err)
	}
	return BoolOutput{v}, nil
}

type boolParser struct {
	words     []string
	variables map[string]bool
}

// boolOperators are the binary operators, the loosest first.
var boolOperators = [...]struct {
	name string
	f    func(a, b bool) bool
}{
	{"implies", func(a, b bool) bool { return !a || b }}, {"or", func(a, b bool) bool { return a || b }},
	{"xor", func(a, b bool) bool { return a != b }}, {"and", func(a, b bool) bool { return a && b }},
}

func (p *boolParser) accept(word string) bool {
	if len(p.words) == 0 || !strings.EqualFold(p.words[0], word) {
		return false
	}
	p.words = p.words[1:]
	return true
}

// binary reads operands of an operator and of all that bind tighter. Only
// implies groups from the right.
func (p *boolParser) binary(rank, depth int) (bool, error) {
	if rank == len(boolOperators) {
		return p.unary(depth)
	}
	left, err := p.binary(rank+1, depth)
	op := boolOperators[rank]
	for err == nil && p.accept(op.name) {
		next := rank + 1
		if op.name == "implies" {
			next, depth = rank, depth+1
		}
		if depth > maxDepth {
			return false, fmt.Errorf("nests deeper than %d", maxDepth)
		}
		var right bool
		right, err = p.binary(next, depth)
		left = op.f(left, right)
	}
	return left, err
}

func (p *boolParser) unary(depth int) (bool, error) {
	if depth > maxDepth {
		return false, fmt.Errorf("nests deeper than %d", maxDepth)
	}
	switch {
	case len(p.words) == 0:
		return false, fmt.Errorf("ends where true, false or a variable belongs")
	case p.accept("not"):
		v, err := p.unary(depth + 1)
		return !v, err
	case p.accept("("):
		v, err := p.binary(0, depth+1)
		if err == nil && !p.accept(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return v, err
	case p.accept("true"):
		return true, nil
	case p.accept("false"):
		return false, nil
	}
	word := p.words[0]
	v, ok := p.variables[word]
	if !ok {
		return false, fmt.Errorf("%.40q is neither true nor false nor a variable given", word)
	}
	p.words = p.words[1:]
	return v, nil
}
