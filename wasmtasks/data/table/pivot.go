package table

import (
	"context"
	"slices"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// PivotInput is a table, which columns make its rows and columns, and what to
// calculate for each pair.
type PivotInput struct {
	Table      Source   `json:"table"`
	Where      string   `json:"where,omitempty" jsonschema:"maxLength=4096" jsonschema_description:"which rows count, as in table/query"`
	Rows       []string `json:"rows" jsonschema:"minItems=1,maxItems=20" jsonschema_description:"columns that a row of the result stands for; rows are in the order of their first"`
	Column     string   `json:"column" jsonschema_description:"the column whose cells become columns, in order: numbers if all are, else texts by code point"`
	Measure    Measure  `json:"measure"`
	Totals     bool     `json:"totals,omitempty" jsonschema_description:"whether a last column and a last row, both called total, have the measure of all"`
	NotANumber string   `json:"not_a_number,omitempty" jsonschema:"enum=refuse,enum=skip" jsonschema_description:"as in table/aggregate"`
	Page
	exact.Format
}

const (
	maxPivot    = 500     // columns made of cells
	maxPairs    = 200_000 // of a row and a column
	noCell      = "(missing)"
	totalColumn = "total"
)

// Pivot makes columns of the cells of a column.
func Pivot(ctx context.Context, in PivotInput) (Output, error) {
	page, err := in.Page.check()
	if err != nil {
		return Output{}, err
	}
	if err := in.Format.Check(); err != nil {
		return Output{}, err
	}
	if err := field.Between("rows", len(in.Rows), 1, 20); err != nil {
		return Output{}, err
	}
	r, err := in.Table.selection(ctx, in.Where)
	if err != nil {
		return Output{}, err
	}
	by, err := r.indexes("rows", in.Rows)
	if err != nil {
		return Output{}, err
	}
	at, err := r.index("column", in.Column)
	if err != nil {
		return Output{}, err
	}
	list, err := measures(r, []Measure{in.Measure}, "measure", in.NotANumber)
	if err != nil {
		return Output{}, err
	}
	p := &pivot{by: by, at: at, measure: &list[0], lines: map[string]*line{}, columns: map[string]cell.Cell{}, foot: newLine(nil)}
	if err := r.each(p.see); err != nil {
		return Output{}, err
	}
	return in.give(p, page)
}

// pivot is the tallies of a table by row and column.
type pivot struct {
	by       []int
	at       int
	measure  *measure
	order    []*line
	lines    map[string]*line
	columns  map[string]cell.Cell
	foot     *line // of all rows
	n, pairs int
	kept     int
}

// line is a row of the result: the tallies of its columns and of all of them.
type line struct {
	cells   []cell.Cell
	tallies map[string]*tally
	total   tally
}

func newLine(cells []cell.Cell) *line {
	return &line{cells: slices.Clone(cells), tallies: map[string]*tally{}}
}

func (p *pivot) see(row []cell.Cell) error {
	p.n++
	cells := make([]cell.Cell, len(p.by))
	for i, at := range p.by {
		cells[i] = row[at]
	}
	k, column := rowKey(cells), row[p.at].String()
	if row[p.at].Kind == cell.Missing {
		column = noCell
	}
	if _, ok := p.columns[column]; !ok {
		if len(p.columns) == maxPivot {
			return field.Errorf("column", "has more than %d different cells", maxPivot)
		}
		p.columns[column] = row[p.at]
	}
	l, ok := p.lines[k]
	if !ok {
		l = newLine(cells)
		p.lines[k], p.order = l, append(p.order, l)
	}
	for _, l := range []*line{l, p.foot} {
		t, ok := l.tallies[column]
		if !ok {
			if p.pairs++; p.pairs > maxPairs {
				return field.Errorf("rows", "there are more than %d pairs of a row and a column", maxPairs)
			}
			t = &tally{}
			l.tallies[column] = t
		}
		for _, t := range []*tally{t, &l.total} {
			if err := p.measure.see(t, row, &p.kept); err != nil {
				return field.Errorf("measure", "row %d of those that count: %v", p.n, err)
			}
		}
	}
	return nil
}

// headers returns the columns made of cells, in order.
func (p *pivot) headers() []string {
	b := &best{keys: []key{{Key: Key{Missing: "last"}}}, keep: maxPivot}
	types := settle{}
	for _, c := range sorted(p.columns) {
		row := []cell.Cell{p.columns[c]}
		types.see(b.keys, row)
		b.add(row)
	}
	_ = types.decide(b.keys) // of automatic keys, which cannot fail
	b.trim()
	var names []string
	for _, r := range b.rows {
		if r.cells[0].Kind == cell.Missing {
			names = append(names, noCell)
		} else {
			names = append(names, r.cells[0].String())
		}
	}
	return names
}

func (in PivotInput) give(p *pivot, page Page) (Output, error) {
	headers := p.headers()
	columns := append(slices.Clone(in.Rows), headers...)
	if in.Totals {
		columns = append(columns, totalColumn)
		p.foot.cells = make([]cell.Cell, len(p.by))
		p.foot.cells[0] = cell.OfText(totalColumn)
		p.order = append(p.order, p.foot)
	}
	if err := named(columns, "column"); err != nil {
		return Output{}, err
	}
	b := &best{keep: page.Offset + page.Limit}
	for _, l := range p.order {
		row := slices.Clone(l.cells)
		for _, h := range headers {
			t, ok := l.tallies[h]
			if !ok {
				t = &tally{}
			}
			c := p.measure.result(t, in.Format)
			if !ok && p.measure.Fn != "count" {
				c = cell.Cell{} // no row, where a sum of none would be 0
			}
			row = append(row, c)
		}
		if in.Totals {
			row = append(row, p.measure.result(&l.total, in.Format))
		}
		b.add(row)
	}
	return b.output(columns, page, in.Format), nil
}
