// Package formula has the expressions on the rows of a table: conditions as in
// SQL's WHERE, and values calculated from columns.
//
//	price * quantity > 100 and city in ('Roma', 'Oslo') or note is missing
//
// Numbers are exact. A field of CSV has no type: compared with a number, or with
// another field and both read as numbers, it is one; compared with a 'text' it is
// a text. There are two truth values: a comparison with a missing cell is false,
// its negation (!=, not) true, and calculating with one gives a missing one. The
// package promises to need time and memory in proportion to its inputs.
package formula

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
)

// MaxLength and maxDepth bound a formula.
const (
	MaxLength = 4096
	maxDepth  = 100
	maxBits   = 1 << 16 // of a numerator or denominator
)

// Formula is a compiled expression. It never changes.
type Formula struct{ eval node }

// node evaluates to a cell on a row.
type node func(row []cell.Cell) (cell.Cell, error)

// Compile reads an expression on a table with these columns.
func Compile(text string, columns []string) (*Formula, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("is longer than %d bytes", MaxLength)
	}
	tokens, err := scan(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, columns: make(map[string]int, len(columns)), names: columns}
	for i, c := range columns {
		p.columns[c] = i
	}
	n, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != end {
		return nil, fmt.Errorf("unexpected %q", t.text)
	}
	return &Formula{n}, nil
}

// Value calculates the expression on a row.
func (f *Formula) Value(row []cell.Cell) (cell.Cell, error) { return f.eval(row) }

// Holds evaluates a condition on a row.
func (f *Formula) Holds(row []cell.Cell) (bool, error) {
	c, err := f.eval(row)
	if err != nil {
		return false, err
	}
	return truth(c)
}

func truth(c cell.Cell) (bool, error) {
	switch {
	case c.Kind == cell.Bool || c.Kind == cell.Untyped && (strings.EqualFold(c.Text, "true") || strings.EqualFold(c.Text, "false")):
		return strings.EqualFold(c.Text, "true"), nil
	case c.Kind == cell.Missing:
		return false, nil
	}
	return false, fmt.Errorf("%.40q is not true or false", c.String())
}

// number returns the number of a cell, nil if it is missing.
func number(c cell.Cell) (*big.Rat, error) {
	if c.Kind == cell.Missing {
		return nil, nil
	}
	r, ok := c.Rat()
	if !ok {
		return nil, notNumber(c)
	}
	return r, nil
}

func notNumber(c cell.Cell) error { return fmt.Errorf("%.40q is not a number", c.String()) }

// compare orders two cells that are not missing.
func compare(a, b cell.Cell) (int, error) {
	x, xOK := a.Num()
	y, yOK := b.Num()
	switch {
	case xOK && yOK:
		return x.Cmp(y), nil
	case a.Kind == cell.Number && b.Kind != cell.Number, b.Kind == cell.Number && a.Kind != cell.Number:
		text := a
		if a.Kind == cell.Number {
			text = b
		}
		return 0, fmt.Errorf("%.40q is not a number to compare with one", text.String())
	}
	return strings.Compare(a.String(), b.String()), nil
}

// equal compares by value, a field with a number as numbers.
func equal(a, b cell.Cell) bool {
	if a.Kind == cell.Missing || b.Kind == cell.Missing {
		return false
	}
	x, xOK := a.Num()
	y, yOK := b.Num()
	if xOK && yOK {
		return x.Cmp(y) == 0
	}
	if a.Kind == cell.Number || b.Kind == cell.Number {
		return false
	}
	if a.Kind == cell.Bool || b.Kind == cell.Bool {
		return strings.EqualFold(a.Text, b.Text)
	}
	return a.String() == b.String()
}
