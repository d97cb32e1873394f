package table

import (
	"context"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
	"github.com/krako-labs/krako/wasmtasks/data/formula"
	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// QueryInput is a table and what of it is wanted.
type QueryInput struct {
	Table    Source `json:"table"`
	Where    string `json:"where,omitempty" jsonschema:"maxLength=4096" jsonschema_description:"a condition such as price * qty > 100 and city in ('Roma', 'Oslo') or note is missing; columns with spaces in double quotes"`
	Select   []Item `json:"select,omitempty" jsonschema:"maxItems=1000" jsonschema_description:"the columns to give, all if absent"`
	Distinct bool   `json:"distinct,omitempty" jsonschema_description:"whether rows equal to an earlier one are left out"`
	SortBy   []Key  `json:"sort_by,omitempty" jsonschema:"maxItems=20" jsonschema_description:"columns selected, or of the table; equal rows stay in their order"`
	Page
	exact.Format
}

// Item is a column to give: one of the table or one calculated from it.
type Item struct {
	Column  string `json:"column,omitempty" jsonschema:"oneof_required=column"`
	Formula string `json:"formula,omitempty" jsonschema:"oneof_required=formula,maxLength=4096" jsonschema_description:"such as price * qty or if(qty > 9, 'many', 'few')"`
	As      string `json:"as,omitempty" jsonschema_description:"its name, by default that of the column or the formula itself"`
}

// Query selects rows and columns of a table.
func Query(ctx context.Context, in QueryInput) (Output, error) {
	page, err := in.Page.check()
	if err != nil {
		return Output{}, err
	}
	if err := in.Format.Check(); err != nil {
		return Output{}, err
	}
	if err := checkKeys(in.SortBy); err != nil {
		return Output{}, err
	}
	var types settle
	if len(in.SortBy) > 0 {
		p, err := in.project(ctx)
		if err != nil {
			return Output{}, err
		}
		err = p.rows.each(func(row []cell.Cell) error { types.see(p.keys, row); return nil })
		if err != nil {
			return Output{}, err
		}
	}
	p, err := in.project(ctx)
	if err != nil {
		return Output{}, err
	}
	if err := types.decide(p.keys); err != nil {
		return Output{}, err
	}
	b := &best{keys: p.keys, keep: page.Offset + page.Limit}
	seen := map[string]bool{}
	err = p.rows.each(func(row []cell.Cell) error {
		if in.Distinct {
			k := rowKey(row[:len(p.columns)])
			if seen[k] {
				return nil
			}
			if len(seen) == maxKept {
				return field.Errorf("distinct", "more than %d rows differ", maxKept)
			}
			seen[k] = true
		}
		b.add(row)
		return nil
	})
	if err != nil {
		return Output{}, err
	}
	return b.output(p.columns, page, in.Format), nil
}

// maxKept bounds what is kept of a table beyond the rows that are given.
const maxKept = 5_000_000

// rowKey is equal for rows with equal cells.
func rowKey(row []cell.Cell) string {
	var b []byte
	for _, c := range row {
		k := c.Key()
		b = append(append(b, byte(len(k)), byte(len(k)>>8), byte(len(k)>>16), byte(len(k)>>24)), k...)
	}
	return string(b)
}

// projection is rows with the columns to give, and behind them those that are
// only sorted by.
type projection struct {
	columns []string
	keys    []key
	rows    *rows
}

func (in QueryInput) project(ctx context.Context) (*projection, error) {
	r, err := in.Table.selection(ctx, in.Where)
	if err != nil {
		return nil, err
	}
	names, values, err := in.items(r)
	if err != nil {
		return nil, err
	}
	p := &projection{columns: names}
	for i, k := range in.SortBy {
		at := indexOf(names, k.Column)
		if at < 0 {
			source, err := r.index(field.Index("sort_by", i)+".column", k.Column)
			if err != nil {
				return nil, err
			}
			at = len(values)
			values = append(values, func(row []cell.Cell) (cell.Cell, error) { return row[source], nil })
		}
		p.keys = append(p.keys, key{Key: k, at: at})
	}
	n, out := 0, make([]cell.Cell, len(values))
	p.rows = &rows{names, func() ([]cell.Cell, error) {
		row, err := r.next()
		if err != nil {
			return nil, err
		}
		n++
		for i, value := range values {
			if out[i], err = value(row); err != nil {
				return nil, field.Errorf(field.Index("select", i), "row %d of those selected: %v", n, err)
			}
		}
		return out, nil
	}}
	return p, nil
}

func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}

// items compiles what is selected.
func (in QueryInput) items(r *rows) (names []string, values []func([]cell.Cell) (cell.Cell, error), err error) {
	list := in.Select
	if len(list) == 0 {
		for _, c := range r.columns {
			list = append(list, Item{Column: c})
		}
	}
	for i, item := range list {
		name := field.Index("select", i)
		value, err := compileItem(r, name, item.Column, item.Formula)
		if err != nil {
			return nil, nil, err
		}
		as := item.As
		if as == "" {
			as = item.Column + item.Formula
		}
		names, values = append(names, as), append(values, value)
	}
	return names, values, named(names, "select")
}

// compileItem compiles a column or a formula, of which one is given.
func compileItem(r *rows, name, column, text string) (func([]cell.Cell) (cell.Cell, error), error) {
	if (column == "") == (text == "") {
		return nil, field.Errorf(name, "wants one of column and formula")
	}
	if column != "" {
		at, err := r.index(name+".column", column)
		return func(row []cell.Cell) (cell.Cell, error) { return row[at], nil }, err
	}
	f, err := formula.Compile(text, r.columns)
	if err != nil {
		return nil, field.Errorf(name+".formula", "%v", err)
	}
	return f.Value, nil
}

// SortInput is a table and the order wanted.
type SortInput struct {
	Table  Source `json:"table"`
	SortBy []Key  `json:"sort_by" jsonschema:"minItems=1,maxItems=20"`
	Page
}

// Sort puts a table in order. Equal rows stay in the order they were in.
func Sort(ctx context.Context, in SortInput) (Output, error) {
	if len(in.SortBy) == 0 {
		return Output{}, field.Errorf("sort_by", "is required: a list of columns")
	}
	return Query(ctx, QueryInput{Table: in.Table, SortBy: in.SortBy, Page: in.Page, Format: exact.Format{Rounding: exact.HalfEven}})
}
