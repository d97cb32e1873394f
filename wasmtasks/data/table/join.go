package table

import (
	"context"
	"math/big"
	"slices"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// JoinInput is two tables and which of their columns must agree.
type JoinInput struct {
	Left       Source `json:"left"`
	Right      Source `json:"right" jsonschema_description:"is held in memory; the larger table is better the left one"`
	On         []Pair `json:"on" jsonschema:"minItems=1,maxItems=20"`
	Kind       string `json:"kind" jsonschema:"enum=inner,enum=left,enum=anti" jsonschema_description:"left keeps rows without a match, anti only those"`
	IgnoreCase bool   `json:"ignore_case,omitempty" jsonschema_description:"whether texts agree that differ in case or in spaces around them"`
	Prefix     string `json:"right_prefix,omitempty" jsonschema_description:"before names of right columns that the left table has too, right_ if absent"`
	SortBy     []Key  `json:"sort_by,omitempty" jsonschema:"maxItems=20" jsonschema_description:"columns of the result; else rows are in the order of the left table, then of the right"`
	Page
}

// Pair is two columns that must agree.
type Pair struct {
	Left  string `json:"left"`
	Right string `json:"right"`
}

// Join puts rows of two tables together. Cells agree if they are the same text;
// a number of JSON agrees with the field of CSV that spells it plainly, and with
// other numbers of its value. Missing cells agree with none.
func Join(ctx context.Context, in JoinInput) (Output, error) {
	page, err := in.check()
	if err != nil {
		return Output{}, err
	}
	types := &settle{}
	if len(in.SortBy) > 0 {
		j, err := in.open(ctx)
		if err != nil {
			return Output{}, err
		}
		if err := j.each(func(row []cell.Cell) { types.see(j.keys, row) }, func(int) {}); err != nil {
			return Output{}, err
		}
	}
	j, err := in.open(ctx)
	if err != nil {
		return Output{}, err
	}
	if err := types.decide(j.keys); err != nil {
		return Output{}, err
	}
	b := &best{keys: j.keys, keep: page.Offset + page.Limit}
	j.most = b.keep
	if len(j.keys) > 0 {
		j.most = -1
	}
	if err := j.each(b.add, func(n int) { b.count += n }); err != nil {
		return Output{}, err
	}
	return b.output(j.columns, page, exact.Format{Rounding: exact.HalfEven}), nil
}

func (in JoinInput) check() (Page, error) {
	page, err := in.Page.check()
	if err != nil {
		return page, err
	}
	if err := field.Between("on", len(in.On), 1, 20); err != nil {
		return page, err
	}
	if err := field.OneOf("kind", in.Kind, "inner", "left", "anti"); err != nil {
		return page, err
	}
	return page, checkKeys(in.SortBy)
}

// joined is two tables, the right one by what must agree.
type joined struct {
	JoinInput
	left         *rows
	leftAt, copy []int // columns of the left to match, and of the right to add
	index        map[string][][]cell.Cell
	columns      []string
	keys         []key
	most         int // rows to make before only counting, -1 for all
}

func (in JoinInput) open(ctx context.Context) (*joined, error) {
	j := &joined{JoinInput: in, index: map[string][][]cell.Cell{}, most: -1}
	var err error
	if j.left, err = in.Left.open(ctx, "left"); err != nil {
		return nil, err
	}
	right, err := in.Right.open(ctx, "right")
	if err != nil {
		return nil, err
	}
	var rightAt []int
	for i, p := range in.On {
		name := field.Index("on", i)
		l, err := j.left.index(name+".left", p.Left)
		if err != nil {
			return nil, err
		}
		r, err := right.index(name+".right", p.Right)
		if err != nil {
			return nil, err
		}
		j.leftAt, rightAt = append(j.leftAt, l), append(rightAt, r)
	}
	if err := j.name(right, rightAt); err != nil {
		return nil, err
	}
	cells := 0
	return j, right.each(func(row []cell.Cell) error {
		if cells += len(j.copy) + 1; cells > maxKept {
			return field.Errorf("right", "has more than %d cells", maxKept)
		}
		k, ok := j.key(row, rightAt)
		if !ok {
			return nil
		}
		added := make([]cell.Cell, len(j.copy))
		for i, at := range j.copy {
			added[i] = row[at]
		}
		j.index[k] = append(j.index[k], added)
		return nil
	})
}

// name names the columns of the result.
func (j *joined) name(right *rows, rightAt []int) error {
	j.columns = slices.Clone(j.left.columns)
	prefix := j.Prefix
	if prefix == "" {
		prefix = "right_"
	}
	for i, c := range right.columns {
		if slices.Contains(rightAt, i) || j.Kind == "anti" {
			continue
		}
		if indexOf(j.left.columns, c) >= 0 {
			c = prefix + c
		}
		j.copy, j.columns = append(j.copy, i), append(j.columns, c)
	}
	for i, k := range j.SortBy {
		at := indexOf(j.columns, k.Column)
		if at < 0 {
			return field.Errorf(field.Index("sort_by", i)+".column", "there is no column %.60q, there are %.300q", k.Column, j.columns)
		}
		j.keys = append(j.keys, key{Key: k, at: at})
	}
	return named(j.columns, "right_prefix")
}

// key is equal for rows that agree; a missing cell agrees with none.
func (j *joined) key(row []cell.Cell, at []int) (string, bool) {
	var b strings.Builder
	for _, i := range at {
		c := row[i]
		if c.Kind == cell.Missing {
			return "", false
		}
		text := c.String()
		if r, ok := c.Rat(); ok && c.Kind == cell.Number {
			text = plainest(r)
		} else if j.IgnoreCase {
			text = strings.ToLower(strings.TrimSpace(text))
		}
		b.WriteString(text)
		b.WriteByte(0)
	}
	return b.String(), true
}

// plainest writes a number without an exponent and without zeros at the end, which
// is how fields of CSV mostly are written that agree with it.
func plainest(r *big.Rat) string {
	digits, _ := r.FloatPrec()
	return r.FloatString(digits)
}

// each calls row with the rows of the result, and more with how many there are
// beyond the most that are wanted.
func (j *joined) each(row func([]cell.Cell), more func(int)) error {
	out, made := make([]cell.Cell, len(j.columns)), 0
	return j.left.each(func(left []cell.Cell) error {
		var matches [][]cell.Cell
		if k, ok := j.key(left, j.leftAt); ok {
			matches = j.index[k]
		}
		switch {
		case len(matches) == 0 && j.Kind == "inner", len(matches) > 0 && j.Kind == "anti":
			return nil
		case len(matches) == 0:
			matches = [][]cell.Cell{make([]cell.Cell, len(j.copy))}
		}
		for i, m := range matches {
			if j.most >= 0 && made >= j.most {
				more(len(matches) - i)
				return nil
			}
			if made++; j.most < 0 && made > maxJoined {
				return field.Errorf("sort_by", "more than %d rows are to be sorted", maxJoined)
			}
			copy(out[copy(out, left):], m)
			row(out)
		}
		return nil
	})
}

// maxJoined bounds the rows of a join that is sorted: two tables of 100,000 rows
// that all agree would make ten billion.
const maxJoined = 10_000_000
