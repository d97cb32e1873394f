package formula

import (
	"errors"
	"math/big"
	"regexp"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
)

type operation = func(a, b cell.Cell) (cell.Cell, error)

// comparisons are the operators that give true or false.
var comparisons = map[string]operation{
	"=":  func(a, b cell.Cell) (cell.Cell, error) { return cell.OfBool(equal(a, b)), nil },
	"==": func(a, b cell.Cell) (cell.Cell, error) { return cell.OfBool(equal(a, b)), nil },
	"!=": func(a, b cell.Cell) (cell.Cell, error) { return cell.OfBool(!equal(a, b)), nil },
	"<>": func(a, b cell.Cell) (cell.Cell, error) { return cell.OfBool(!equal(a, b)), nil },
	"<":  ordered(func(c int) bool { return c < 0 }),
	"<=": ordered(func(c int) bool { return c <= 0 }),
	">":  ordered(func(c int) bool { return c > 0 }),
	">=": ordered(func(c int) bool { return c >= 0 }),
}

func ordered(holds func(int) bool) operation {
	return func(a, b cell.Cell) (cell.Cell, error) {
		if a.Kind == cell.Missing || b.Kind == cell.Missing {
			return cell.OfBool(false), nil
		}
		c, err := compare(a, b)
		return cell.OfBool(err == nil && holds(c)), err
	}
}

// arithmetic are the operators that give a number or a text.
var arithmetic = map[string]operation{
	"+":   numeric(func(a, b cell.Num) (cell.Num, error) { return a.Add(b), nil }),
	"-":   numeric(func(a, b cell.Num) (cell.Num, error) { return a.Add(b.Neg()), nil }),
	"*":   numeric(func(a, b cell.Num) (cell.Num, error) { return a.Mul(b), nil }),
	"/":   numeric(fractions(divide)),
	"%":   numeric(fractions(modulo)),
	"mod": numeric(fractions(modulo)),
	"||": func(a, b cell.Cell) (cell.Cell, error) {
		if len(a.Text)+len(b.Text) > maxText {
			return cell.Cell{}, errLong
		}
		return cell.OfText(a.String() + b.String()), nil
	},
}

// maxText bounds the texts that a formula makes.
const maxText = 1 << 20

var (
	errLong   = errors.New("a text on the way is longer than 1 MiB")
	errZero   = errors.New("division by zero")
	errDigits = errors.New("a number on the way has more than 65536 bits")
)

func numeric(f func(a, b cell.Num) (cell.Num, error)) operation {
	return func(a, b cell.Cell) (cell.Cell, error) {
		x, okX := a.Num()
		y, okY := b.Num()
		switch {
		case !okX && a.Kind != cell.Missing:
			return cell.Cell{}, notNumber(a)
		case !okY && b.Kind != cell.Missing:
			return cell.Cell{}, notNumber(b)
		case !okX || !okY:
			return cell.Cell{}, nil
		}
		n, err := f(x, y)
		if err != nil {
			return cell.Cell{}, err
		}
		if n.BitLen() > maxBits {
			return cell.Cell{}, errDigits
		}
		return cell.OfNum(n), nil
	}
}

func fractions(f func(a, b *big.Rat) (*big.Rat, error)) func(a, b cell.Num) (cell.Num, error) {
	return func(a, b cell.Num) (cell.Num, error) {
		r, err := f(a.Rat(), b.Rat())
		return cell.OfFraction(r), err
	}
}

func divide(a, b *big.Rat) (*big.Rat, error) {
	if b.Sign() == 0 {
		return nil, errZero
	}
	return new(big.Rat).Quo(a, b), nil
}

// modulo is the remainder of floored division, which has the sign of b.
func modulo(a, b *big.Rat) (*big.Rat, error) {
	q, err := divide(a, b)
	if err != nil {
		return nil, err
	}
	q.SetInt(new(big.Int).Div(q.Num(), q.Denom()))
	return q.Sub(a, q.Mul(b, q)), nil
}

// likePattern compiles a pattern in which % stands for any text and _ for any
// character.
func likePattern(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for _, c := range pattern {
		switch c {
		case '%':
			b.WriteString(".*")
		case '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return regexp.Compile(b.String() + `\z`)
}
