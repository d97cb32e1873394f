// Package cell has the values of tables. What CSV calls a field has no type: it
// is a number where one is needed and it reads as one, and a text elsewhere. JSON
// values keep theirs. The package promises exact numbers.
package cell

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/exact"
)

// Kind is the type of a cell.
type Kind uint8

// The kinds. A cell is Missing if its row has no such member, it is null or its
// text is empty.
const (
	Missing Kind = iota
	Untyped
	Text
	Number
	Bool
	Nested
)

// Cell is a value of a table, or of a formula. The zero Cell is Missing.
type Cell struct {
	Kind Kind
	// Text is the cell as it is written; a Nested one is JSON.
	Text string
	// Value is that of a Number which was calculated, and has no Text.
	Value *Num
}

// OfField makes a cell of a field of CSV.
func OfField(s string) Cell {
	if s == "" {
		return Cell{}
	}
	return Cell{Kind: Untyped, Text: s}
}

// OfText makes a Text.
func OfText(s string) Cell {
	if s == "" {
		return Cell{}
	}
	return Cell{Kind: Text, Text: s}
}

// OfBool makes a Bool.
func OfBool(b bool) Cell { return Cell{Kind: Bool, Text: strconv.FormatBool(b)} }

// OfNum makes a Number that was calculated.
func OfNum(n Num) Cell { return Cell{Kind: Number, Value: &n} }

// OfRat makes a Number that was calculated.
func OfRat(r *big.Rat) Cell { return OfNum(OfFraction(r)) }

// OfValue makes a cell of a JSON value.
func OfValue(v value.Value) Cell {
	switch v.Kind {
	case value.Null:
		return Cell{}
	case value.Bool:
		return OfBool(v.Bool)
	case value.Number:
		return Cell{Kind: Number, Text: v.Text}
	case value.String:
		return OfText(v.Text)
	}
	return Cell{Kind: Nested, Text: string(v.Append(nil))}
}

// Num returns the number that a cell is or reads as.
func (c Cell) Num() (Num, bool) {
	switch {
	case c.Value != nil:
		return *c.Value, true
	case c.Kind == Number || c.Kind == Untyped:
		return ParseNum(strings.TrimSpace(c.Text))
	}
	return Num{}, false
}

// Rat is Num as a fraction.
func (c Cell) Rat() (*big.Rat, bool) {
	n, ok := c.Num()
	return n.Rat(), ok
}

// String returns the text of a cell: as it is written, a calculated number in
// lowest terms.
func (c Cell) String() string {
	if c.Value != nil {
		return c.Value.Rat().RatString()
	}
	return c.Text
}

// Key is equal for cells of one kind and text, and for missing ones.
func (c Cell) Key() string {
	if c.Kind == Untyped {
		return string('0'+byte(Text)) + c.Text // as a text of JSON
	}
	return string('0'+byte(c.Kind)) + c.String()
}

// Write returns a cell as JSON: numbers that canonical JSON would change, and
// calculated ones, which are rounded, as texts.
func (c Cell) Write(f exact.Format) any {
	switch c.Kind {
	case Missing:
		return nil
	case Bool:
		return c.Text == "true"
	case Nested:
		return json.RawMessage(c.Text)
	case Number:
		if c.Value != nil {
			text, _ := f.Trimmed(c.Value.Rat())
			return text
		}
		if _, changed := (value.Value{Kind: value.Number, Text: c.Text}).Changed(); !changed {
			return json.Number(c.Text)
		}
	}
	return c.Text
}
