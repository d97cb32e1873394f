package num

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/krako-labs/krako/wasmtasks/std/exact"
)

// parser evaluates while it reads, by recursive descent:
//
//	sum     = product { ("+" | "-") product }
//	product = sign { ("*" | "/" | "mod") sign }
//	sign    = ("+" | "-") sign | power
//	power   = percent [ "^" sign ]
//	percent = atom [ "%" ]
//	atom    = number | "(" sum ")"
type parser struct {
	rest  string
	depth int
}

// operand is a value and whether it was written as a bare percentage.
type operand struct {
	*big.Rat
	percent bool
}

// signs are other ways to write operators.
var signs = strings.NewReplacer("×", "*", "·", "*", "÷", "/", "−", "-", "**", "^")

func evaluate(expression string) (*big.Rat, error) {
	p := &parser{rest: signs.Replace(expression)}
	v, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.peek() != 0 {
		return nil, p.unexpected()
	}
	return v.Rat, nil
}

func (p *parser) sum() (operand, error) {
	left, err := p.product()
	for err == nil && (p.peek() == '+' || p.peek() == '-') {
		op := p.take()
		var right operand
		if right, err = p.product(); err != nil {
			break
		}
		if right.percent && !left.percent {
			return left, fmt.Errorf("adding or subtracting a percentage of nothing named is ambiguous: write 200 * 110%% or 200 + 0.1")
		}
		if op == '-' {
			right.Neg(right.Rat)
		}
		left = operand{add(left.Rat, right.Rat), left.percent && right.percent}
		err = bounded(left.Rat)
	}
	return left, err
}

// add adds whole numbers, which most are, as such.
func add(a, b *big.Rat) *big.Rat {
	if a.IsInt() && b.IsInt() {
		return new(big.Rat).SetInt(new(big.Int).Add(a.Num(), b.Num()))
	}
	return new(big.Rat).Add(a, b)
}

func (p *parser) product() (operand, error) {
	left, err := p.sign()
	for err == nil {
		op := p.productOperator()
		if op == 0 {
			break
		}
		var right operand
		if right, err = p.sign(); err != nil {
			break
		}
		if op != '*' && right.Sign() == 0 {
			return left, errors.New("division by zero")
		}
		left = operand{Rat: apply(op, left.Rat, right.Rat)}
		err = bounded(left.Rat)
	}
	return left, err
}

func (p *parser) productOperator() byte {
	switch c := p.peek(); {
	case c == '*' || c == '/':
		return p.take()
	case strings.HasPrefix(p.rest, "mod"):
		p.rest = p.rest[len("mod"):]
		return 'm'
	}
	return 0
}

func apply(op byte, a, b *big.Rat) *big.Rat {
	switch op {
	case '*':
		if a.IsInt() && b.IsInt() {
			return new(big.Rat).SetInt(new(big.Int).Mul(a.Num(), b.Num()))
		}
		return new(big.Rat).Mul(a, b)
	case '/':
		return new(big.Rat).Quo(a, b)
	default:
		return modulo(a, b)
	}
}

func (p *parser) sign() (operand, error) {
	if p.depth++; p.depth > maxDepth {
		return operand{}, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	c := p.peek()
	if c != '+' && c != '-' {
		return p.power()
	}
	p.take()
	v, err := p.sign()
	if err == nil && c == '-' {
		v.Neg(v.Rat)
	}
	return v, err
}

func (p *parser) power() (operand, error) {
	base, err := p.percent()
	if err != nil || p.peek() != '^' {
		return base, err
	}
	p.take()
	exponent, err := p.sign()
	if err != nil {
		return base, err
	}
	r, err := power(base.Rat, exponent.Rat)
	return operand{Rat: r}, err
}

func (p *parser) percent() (operand, error) {
	v, err := p.atom()
	if err != nil || p.peek() != '%' {
		return v, err
	}
	p.take()
	if c := p.peek(); c == '(' || number(c) {
		return v, errors.New("% means hundredths here: write mod for a remainder, * after a percentage")
	}
	return operand{v.Mul(v.Rat, big.NewRat(1, 100)), true}, nil
}

func (p *parser) atom() (operand, error) {
	switch c := p.peek(); {
	case c == '(':
		p.take()
		v, err := p.sum()
		if err != nil {
			return v, err
		}
		if p.peek() != ')' {
			return v, errors.New("a parenthesis is not closed")
		}
		p.take()
		return v, nil
	case number(c):
		return p.number()
	}
	return operand{}, p.unexpected()
}

func (p *parser) number() (operand, error) {
	end := 0
	for end < len(p.rest) && number(p.rest[end]) {
		end++
	}
	if end < len(p.rest) && p.rest[end] == ',' {
		return operand{}, errors.New("a comma in a number is ambiguous: write 1000.5 for one thousand and a half")
	}
	if end < len(p.rest) && (p.rest[end] == 'e' || p.rest[end] == 'E') {
		end++
		if end < len(p.rest) && (p.rest[end] == '-' || p.rest[end] == '+') {
			end++
		}
		for end < len(p.rest) && number(p.rest[end]) {
			end++
		}
	}
	r, err := exact.Parse(p.rest[:end])
	p.rest = p.rest[end:]
	return operand{Rat: r}, err
}

func number(c byte) bool { return c >= '0' && c <= '9' || c == '.' }

// peek skips spaces and returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.rest != "" && p.rest[0] > ' ' && p.rest[0] < utf8.RuneSelf {
		return p.rest[0]
	}
	p.rest = strings.TrimLeft(p.rest, " \t\n\r\u00a0")
	if p.rest == "" {
		return 0
	}
	return p.rest[0]
}

func (p *parser) take() byte {
	c := p.rest[0]
	p.rest = p.rest[1:]
	return c
}

func (p *parser) unexpected() error {
	if p.rest == "" {
		return errors.New("ends where a number is expected")
	}
	const shown = 20
	rest := []rune(p.rest)
	return fmt.Errorf("unexpected %q", string(rest[:min(len(rest), shown)]))
}

func bounded(r *big.Rat) error {
	if max(r.Num().BitLen(), r.Denom().BitLen()) > maxBits {
		return errTooLarge
	}
	return nil
}
