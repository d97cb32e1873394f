package table

import (
	"context"
	"io"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// AggregateInput is a table, how to group its rows and what to calculate of each
// group.
type AggregateInput struct {
	Table      Source    `json:"table"`
	Where      string    `json:"where,omitempty" jsonschema:"maxLength=4096" jsonschema_description:"which rows count, as in table/query"`
	GroupBy    []string  `json:"group_by,omitempty" jsonschema:"maxItems=20" jsonschema_description:"columns; of none all rows are one group. Groups are in the order of their first rows"`
	Measures   []Measure `json:"measures" jsonschema:"minItems=1,maxItems=50"`
	Having     string    `json:"having,omitempty" jsonschema:"maxLength=4096" jsonschema_description:"which groups to give: a condition on the columns of the result"`
	SortBy     []Key     `json:"sort_by,omitempty" jsonschema:"maxItems=20" jsonschema_description:"columns of the result"`
	NotANumber string    `json:"not_a_number,omitempty" jsonschema:"enum=refuse,enum=skip" jsonschema_description:"what a cell is that does not read as a number where one is needed: an error (default), or as if it were missing"`
	Page
	exact.Format
}

// maxGroups bounds the groups of a table.
const maxGroups = 100_000

// group is the rows that agree in the columns grouped by.
type group struct {
	cells   []cell.Cell
	tallies []tally
}

// Aggregate calculates measures of groups of rows.
func Aggregate(ctx context.Context, in AggregateInput) (Output, error) {
	page, err := in.check()
	if err != nil {
		return Output{}, err
	}
	r, err := in.Table.selection(ctx, in.Where)
	if err != nil {
		return Output{}, err
	}
	by, err := r.indexes("group_by", in.GroupBy)
	if err != nil {
		return Output{}, err
	}
	list, err := measures(r, in.Measures, "measures", in.NotANumber)
	if err != nil {
		return Output{}, err
	}
	columns := append([]string{}, in.GroupBy...)
	for _, m := range list {
		columns = append(columns, m.name)
	}
	if err := named(columns, "measures"); err != nil {
		return Output{}, err
	}
	groups, err := gather(r, by, list)
	if err != nil {
		return Output{}, err
	}
	return in.give(&rows{columns, each(groups, list, in.Format)}, page)
}

func (in AggregateInput) check() (Page, error) {
	page, err := in.Page.check()
	if err != nil {
		return page, err
	}
	if err := in.Format.Check(); err != nil {
		return page, err
	}
	if err := field.Between("measures", len(in.Measures), 1, 50); err != nil {
		return page, err
	}
	return page, checkKeys(in.SortBy)
}

// gather reads all rows into groups.
func gather(r *rows, by []int, list []measure) ([]*group, error) {
	var groups []*group
	index := map[string]*group{}
	if len(by) == 0 { // one group, also of no rows
		groups = []*group{{tallies: make([]tally, len(list))}}
		index[""] = groups[0]
	}
	n, kept, cells := 0, 0, make([]cell.Cell, len(by))
	err := r.each(func(row []cell.Cell) error {
		n++
		for i, at := range by {
			cells[i] = row[at]
		}
		k := rowKey(cells)
		g, ok := index[k]
		if !ok {
			if len(groups) == maxGroups {
				return field.Errorf("group_by", "there are more than %d groups", maxGroups)
			}
			g = &group{append([]cell.Cell{}, cells...), make([]tally, len(list))}
			index[k], groups = g, append(groups, g)
		}
		for i := range list {
			if list[i].same != i {
				continue
			}
			if err := list[i].see(&g.tallies[i], row, &kept); err != nil {
				return field.Errorf(field.Index("measures", i), "row %d of those that count: %v", n, err)
			}
		}
		return nil
	})
	return groups, err
}

// each gives the results of groups one by one.
func each(groups []*group, list []measure, f exact.Format) func() ([]cell.Cell, error) {
	i := 0
	return func() ([]cell.Cell, error) {
		if i == len(groups) {
			return nil, io.EOF
		}
		row := append([]cell.Cell{}, groups[i].cells...)
		for j := range list {
			row = append(row, list[j].result(&groups[i].tallies[list[j].same], f))
		}
		i++
		return row, nil
	}
}

// give filters, sorts and pages results.
func (in AggregateInput) give(results *rows, page Page) (Output, error) {
	keys := make([]key, len(in.SortBy))
	for i, k := range in.SortBy {
		at, err := results.index(field.Index("sort_by", i)+".column", k.Column)
		if err != nil {
			return Output{}, err
		}
		keys[i] = key{Key: k, at: at}
	}
	filtered, err := where(results, "having", in.Having)
	if err != nil {
		return Output{}, err
	}
	var types settle
	var all [][]cell.Cell
	if err := filtered.each(func(row []cell.Cell) error {
		types.see(keys, row)
		all = append(all, row)
		return nil
	}); err != nil {
		return Output{}, err
	}
	if err := types.decide(keys); err != nil {
		return Output{}, err
	}
	b := &best{keys: keys, keep: page.Offset + page.Limit}
	for _, row := range all {
		b.add(row)
	}
	return b.output(results.columns, page, in.Format), nil
}
