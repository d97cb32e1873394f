package formula

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
	"github.com/krako-labs/krako/wasmtasks/std/exact"
)

// function is what a formula can call, with how many arguments.
type function struct {
	least, most int
	call        func(args []cell.Cell) (cell.Cell, error)
}

// functions are those that look at their arguments only. Of a missing first
// argument they give a missing cell, but for coalesce and if.
var functions = map[string]function{
	"lower":       {1, 1, textual(strings.ToLower)},
	"upper":       {1, 1, textual(strings.ToUpper)},
	"trim":        {1, 1, textual(strings.TrimSpace)},
	"text":        {1, 1, textual(func(s string) string { return s })},
	"length":      {1, 1, func(a []cell.Cell) (cell.Cell, error) { return whole(utf8.RuneCountInString(a[0].String())), nil }},
	"contains":    {2, 2, textTest(strings.Contains)},
	"starts_with": {2, 2, textTest(strings.HasPrefix)},
	"ends_with":   {2, 2, textTest(strings.HasSuffix)},
	"replace": {3, 3, func(a []cell.Cell) (cell.Cell, error) {
		s, old, to := a[0].String(), a[1].String(), a[2].String()
		if n := strings.Count(s, old); old == "" || len(s)+n*len(to) > maxText {
			return cell.Cell{}, errors.Join(errLong, errors.New("or nothing is to be replaced"))
		}
		return cell.OfText(strings.ReplaceAll(s, old, to)), nil
	}},
	"substr":   {2, 3, substring},
	"number":   {1, 1, func(a []cell.Cell) (cell.Cell, error) { return rational(a[0], func(r *big.Rat) *big.Rat { return r }) }},
	"abs":      {1, 1, func(a []cell.Cell) (cell.Cell, error) { return rational(a[0], new(big.Rat).Abs) }},
	"round":    {1, 2, rounded(exact.HalfEven)},
	"floor":    {1, 1, rounded(exact.Floor)},
	"ceil":     {1, 1, rounded(exact.Ceiling)},
	"year":     {1, 1, dated(func(t time.Time) int { return t.Year() })},
	"month":    {1, 1, dated(func(t time.Time) int { return int(t.Month()) })},
	"day":      {1, 1, dated(func(t time.Time) int { return t.Day() })},
	"coalesce": {1, 20, coalesce},
	"if":       {3, 3, choose},
}

// call reads the arguments of a function.
func (p *parser) call(name string, depth int) (node, error) {
	p.take()
	args, err := p.list(depth)
	if err != nil {
		return nil, err
	}
	if name == "matches" {
		return p.matches(args)
	}
	f, ok := functions[name]
	if !ok {
		return nil, fmt.Errorf("there is no function %.40q, there are %q", name, append(slices.Sorted(maps.Keys(functions)), "matches"))
	}
	if len(args) < f.least || len(args) > f.most {
		return nil, fmt.Errorf("%s wants %d to %d values, not %d", name, f.least, f.most, len(args))
	}
	return func(row []cell.Cell) (cell.Cell, error) {
		values := make([]cell.Cell, len(args))
		for i, n := range args {
			c, err := n(row)
			if err != nil {
				return c, err
			}
			values[i] = c
		}
		if values[0].Kind == cell.Missing && name != "coalesce" && name != "if" {
			return cell.Cell{}, nil
		}
		return f.call(values)
	}, nil
}

// matches compiles its pattern, a text, once.
func (p *parser) matches(args []node) (node, error) {
	if len(args) != 2 {
		return nil, errors.New("matches wants a value and a pattern")
	}
	pattern, err := args[1](make([]cell.Cell, len(p.names)))
	if err != nil || pattern.Kind != cell.Text {
		return nil, errors.New("matches wants its pattern as a text in single quotes")
	}
	re, err := regexp.Compile(pattern.Text)
	if err != nil {
		return nil, err
	}
	return func(row []cell.Cell) (cell.Cell, error) {
		c, err := args[0](row)
		return cell.OfBool(c.Kind != cell.Missing && re.MatchString(c.String())), err
	}, nil
}

func whole(n int) cell.Cell { return cell.Cell{Kind: cell.Number, Text: strconv.Itoa(n)} }

func textual(f func(string) string) func([]cell.Cell) (cell.Cell, error) {
	return func(a []cell.Cell) (cell.Cell, error) { return cell.OfText(f(a[0].String())), nil }
}

func textTest(f func(s, t string) bool) func([]cell.Cell) (cell.Cell, error) {
	return func(a []cell.Cell) (cell.Cell, error) { return cell.OfBool(f(a[0].String(), a[1].String())), nil }
}

func rational(c cell.Cell, f func(*big.Rat) *big.Rat) (cell.Cell, error) {
	r, err := number(c)
	if err != nil {
		return cell.Cell{}, err
	}
	return cell.OfRat(f(r)), nil
}

func rounded(rounding exact.Rounding) func([]cell.Cell) (cell.Cell, error) {
	return func(a []cell.Cell) (cell.Cell, error) {
		f := exact.Format{Rounding: rounding}
		if len(a) == 2 {
			n, err := integer(a[1], exact.MaxDigits)
			if err != nil {
				return cell.Cell{}, err
			}
			f.Digits = n
		}
		return rational(a[0], f.Round)
	}
}

// integer reads a whole number from 0 to most.
func integer(c cell.Cell, most int64) (int, error) {
	r, err := number(c)
	if err != nil || r == nil || !r.IsInt() || r.Sign() < 0 || r.Cmp(big.NewRat(most, 1)) > 0 {
		return 0, fmt.Errorf("%.40q is not a whole number from 0 to %d", c.String(), most)
	}
	return int(r.Num().Int64()), nil
}

// substring is what begins at a character, counted from 1, and how many.
func substring(a []cell.Cell) (cell.Cell, error) {
	s := []rune(a[0].String())
	from, err := integer(a[1], maxText)
	if err != nil {
		return cell.Cell{}, err
	}
	from = min(max(from-1, 0), len(s))
	length := len(s)
	if len(a) == 3 {
		if length, err = integer(a[2], maxText); err != nil {
			return cell.Cell{}, err
		}
	}
	return cell.OfText(string(s[from:min(from+length, len(s))])), nil
}

func dated(part func(time.Time) int) func([]cell.Cell) (cell.Cell, error) {
	return func(a []cell.Cell) (cell.Cell, error) {
		s := a[0].String()
		t, err := time.Parse(time.DateOnly, s[:min(len(s), len(time.DateOnly))])
		if err != nil || len(s) > 10 && s[10] != 'T' && s[10] != ' ' {
			return cell.Cell{}, fmt.Errorf("%.40q does not begin with a date such as 2026-03-01", s)
		}
		return whole(part(t)), nil
	}
}

func coalesce(a []cell.Cell) (cell.Cell, error) {
	for _, c := range a {
		if c.Kind != cell.Missing {
			return c, nil
		}
	}
	return cell.Cell{}, nil
}

func choose(a []cell.Cell) (cell.Cell, error) {
	is, err := truth(a[0])
	if is {
		return a[1], err
	}
	return a[2], err
}
