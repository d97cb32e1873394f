package formula

import (
	"errors"
	"fmt"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
)

type parser struct {
	tokens  []token
	columns map[string]int
	names   []string
}

var errDeep = errors.New("nests too deep")

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) take() token {
	t := p.tokens[0]
	if t.kind != end {
		p.tokens = p.tokens[1:]
	}
	return t
}

// accept takes the next token if it is s.
func (p *parser) accept(s string) bool {
	if !p.peek().is(s) {
		return false
	}
	p.take()
	return true
}

func (p *parser) expect(s string) error {
	if !p.accept(s) {
		return fmt.Errorf("%q where %q belongs", p.peek().text, s)
	}
	return nil
}

func (p *parser) or(depth int) (node, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	return p.chain(depth, "or", p.and, func(a, b bool) bool { return a || b })
}

func (p *parser) and(depth int) (node, error) {
	return p.chain(depth, "and", p.not, func(a, b bool) bool { return a && b })
}

// chain reads operands of a logical operator. All are evaluated, so that a fault
// in one does not depend on the others.
func (p *parser) chain(depth int, op string, operand func(int) (node, error), join func(a, b bool) bool) (node, error) {
	left, err := operand(depth)
	if err != nil || !p.peek().is(op) {
		return left, err
	}
	operands := []node{left}
	for p.accept(op) {
		n, err := operand(depth)
		if err != nil {
			return nil, err
		}
		operands = append(operands, n)
	}
	return func(row []cell.Cell) (cell.Cell, error) {
		result := op == "and"
		for _, n := range operands {
			c, err := n(row)
			if err != nil {
				return c, err
			}
			is, err := truth(c)
			if err != nil {
				return c, err
			}
			result = join(result, is)
		}
		return cell.OfBool(result), nil
	}, nil
}

func (p *parser) not(depth int) (node, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	if !p.accept("not") {
		return p.comparison(depth)
	}
	n, err := p.not(depth + 1)
	if err != nil {
		return nil, err
	}
	return negated(n), nil
}

func negated(n node) node {
	return func(row []cell.Cell) (cell.Cell, error) {
		c, err := n(row)
		if err != nil {
			return c, err
		}
		is, err := truth(c)
		return cell.OfBool(!is), err
	}
}

func (p *parser) comparison(depth int) (node, error) {
	left, err := p.sum(depth)
	if err != nil {
		return nil, err
	}
	if p.accept("is") {
		not := p.accept("not")
		if !p.accept("missing") && !p.accept("null") {
			return nil, fmt.Errorf("%q where missing belongs", p.peek().text)
		}
		return func(row []cell.Cell) (cell.Cell, error) {
			c, err := left(row)
			return cell.OfBool((c.Kind == cell.Missing) != not), err
		}, nil
	}
	for _, op := range [...]string{"=", "==", "!=", "<>", "<", "<=", ">", ">="} {
		if p.accept(op) {
			right, err := p.sum(depth)
			return binary(left, right, comparisons[op]), err
		}
	}
	not := p.accept("not")
	n, err := p.membership(depth, left)
	if err != nil {
		return nil, err
	}
	switch {
	case n == nil && not:
		return nil, fmt.Errorf("%q where in, between or like belongs", p.peek().text)
	case n == nil:
		return left, nil
	case not:
		return negated(n), nil
	}
	return n, nil
}

// membership reads in, between or like; of none it returns nil.
func (p *parser) membership(depth int, left node) (node, error) {
	switch {
	case p.accept("in"):
		if err := p.expect("("); err != nil {
			return nil, err
		}
		list, err := p.list(depth)
		if err != nil || len(list) == 0 {
			return nil, errors.Join(err, map[bool]error{true: errors.New("in wants a list of values")}[err == nil])
		}
		return func(row []cell.Cell) (cell.Cell, error) {
			found := false
			for _, n := range list {
				c, err := binary(left, n, comparisons["="])(row)
				if err != nil {
					return c, err
				}
				found = found || c.Text == "true"
			}
			return cell.OfBool(found), nil
		}, nil
	case p.accept("between"):
		low, err := p.sum(depth)
		if err != nil {
			return nil, err
		}
		if err := p.expect("and"); err != nil {
			return nil, err
		}
		high, err := p.sum(depth)
		if err != nil {
			return nil, err
		}
		above, below := binary(left, low, comparisons[">="]), binary(left, high, comparisons["<="])
		return func(row []cell.Cell) (cell.Cell, error) {
			a, err := above(row)
			if err != nil {
				return a, err
			}
			b, err := below(row)
			return cell.OfBool(a.Text == "true" && b.Text == "true"), err
		}, nil
	case p.accept("like"):
		t := p.take()
		if t.kind != text {
			return nil, errors.New("like wants a text such as 'A%'")
		}
		re, err := likePattern(t.text)
		if err != nil {
			return nil, err
		}
		return func(row []cell.Cell) (cell.Cell, error) {
			c, err := left(row)
			return cell.OfBool(c.Kind != cell.Missing && re.MatchString(c.String())), err
		}, nil
	}
	return nil, nil
}

// list reads expressions up to a closing parenthesis.
func (p *parser) list(depth int) ([]node, error) {
	var list []node
	for !p.accept(")") {
		if len(list) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		n, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

func (p *parser) sum(depth int) (node, error) {
	return p.operators(depth, p.product, "+", "-", "||")
}

func (p *parser) product(depth int) (node, error) {
	return p.operators(depth, p.factor, "*", "/", "%", "mod")
}

// operators reads operands with operators of one rank between them.
func (p *parser) operators(depth int, operand func(int) (node, error), ops ...string) (node, error) {
	left, err := operand(depth)
	for err == nil {
		var op string
		for _, o := range ops {
			if p.accept(o) {
				op = o
				break
			}
		}
		if op == "" {
			return left, nil
		}
		var right node
		right, err = operand(depth)
		left = binary(left, right, arithmetic[op])
	}
	return nil, err
}

func (p *parser) factor(depth int) (node, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	if p.accept("-") {
		n, err := p.factor(depth + 1)
		return binary(constant(cell.Cell{Kind: cell.Number, Text: "0"}), n, arithmetic["-"]), err
	}
	switch t := p.take(); t.kind {
	case numeral:
		if _, ok := cell.ParseNum(t.text); !ok {
			return nil, fmt.Errorf("%q is not a number", t.text)
		}
		return constant(cell.Cell{Kind: cell.Number, Text: t.text}), nil
	case text:
		return constant(cell.Cell{Kind: cell.Text, Text: t.text}), nil
	case column:
		return p.column(t.text, `, and a text is written 'in single quotes'`)
	case word:
		return p.word(t, depth)
	case sign:
		if t.text == "(" {
			n, err := p.or(depth + 1)
			if err != nil {
				return nil, err
			}
			return n, p.expect(")")
		}
		return nil, fmt.Errorf("unexpected %q", t.text)
	}
	return nil, errors.New("ends where a value belongs")
}

// word reads a function, a constant or a column's name, which is one of a
// column first.
func (p *parser) word(t token, depth int) (node, error) {
	if p.peek().is("(") {
		return p.call(strings.ToLower(t.text), depth)
	}
	if _, ok := p.columns[t.text]; !ok {
		switch strings.ToLower(t.text) {
		case "true", "false":
			return constant(cell.OfBool(strings.EqualFold(t.text, "true"))), nil
		case "missing", "null":
			return constant(cell.Cell{}), nil
		}
	}
	return p.column(t.text, "")
}

func (p *parser) column(name, hint string) (node, error) {
	i, ok := p.columns[name]
	if !ok {
		return nil, fmt.Errorf("there is no column %.60q, there are %.300q%s", name, p.names[:min(len(p.names), 20)], hint)
	}
	return func(row []cell.Cell) (cell.Cell, error) { return row[i], nil }, nil
}

func constant(c cell.Cell) node { return func([]cell.Cell) (cell.Cell, error) { return c, nil } }

func binary(left, right node, f func(a, b cell.Cell) (cell.Cell, error)) node {
	return func(row []cell.Cell) (cell.Cell, error) {
		a, err := left(row)
		if err != nil {
			return a, err
		}
		b, err := right(row)
		if err != nil {
			return b, err
		}
		return f(a, b)
	}
}
