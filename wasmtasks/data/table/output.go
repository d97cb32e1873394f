package table

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
	"github.com/krako-labs/krako/wasmtasks/data/formula"
	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// Output is a table that a task gives. A cell is null if it is missing, a JSON
// number if the table had one that canonical JSON holds exactly, and else a text:
// fields of CSV as they are written, calculated numbers rounded.
type Output struct {
	Columns   []string `json:"columns"`
	Rows      [][]any  `json:"rows"`
	RowCount  int      `json:"row_count" jsonschema_description:"of all rows, those beyond offset and limit too"`
	Truncated bool     `json:"truncated" jsonschema_description:"whether rows is not all of them"`
}

// Page is which rows to give; inputs embed it.
type Page struct {
	Offset int `json:"offset,omitempty" jsonschema:"minimum=0,maximum=100000"`
	Limit  int `json:"limit,omitempty" jsonschema:"minimum=0,maximum=100000" jsonschema_description:"1000 if 0 or absent"`
}

func (p Page) check() (Page, error) {
	p.Limit = cmp.Or(p.Limit, 1000)
	if err := field.Between("offset", p.Offset, 0, 100_000); err != nil {
		return p, err
	}
	return p, field.Between("limit", p.Limit, 1, 100_000)
}

// Key is a column to sort by.
type Key struct {
	Column     string `json:"column"`
	As         string `json:"as,omitempty" jsonschema:"enum=auto,enum=number,enum=text" jsonschema_description:"auto, the default: numbers if all cells that are not missing are, else texts by code point"`
	Descending bool   `json:"descending,omitempty"`
	Missing    string `json:"missing,omitempty" jsonschema:"enum=first,enum=last" jsonschema_description:"where rows go whose cell is missing, last if absent, also when descending"`
}

// key is a Key of a table.
type key struct {
	Key
	at      int
	numbers bool
}

// compare orders two rows.
func (k key) compare(a, b []cell.Cell) int {
	x, y := a[k.at], b[k.at]
	if x.Kind == cell.Missing || y.Kind == cell.Missing {
		c := cmp.Compare(truth(x.Kind == cell.Missing), truth(y.Kind == cell.Missing))
		if k.Missing == "first" {
			return -c
		}
		return c
	}
	c := 0
	if k.numbers {
		m, _ := x.Num()
		n, _ := y.Num()
		c = m.Cmp(n)
	} else {
		c = strings.Compare(x.String(), y.String())
	}
	if k.Descending {
		return -c
	}
	return c
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

func checkKeys(keys []Key) error {
	if err := field.AtMost("sort_by", len(keys), 20, "columns"); err != nil {
		return err
	}
	for i, k := range keys {
		name := field.Index("sort_by", i)
		if k.As != "" {
			if err := field.OneOf(name+".as", k.As, "auto", "number", "text"); err != nil {
				return err
			}
		}
		if k.Missing != "" {
			if err := field.OneOf(name+".missing", k.Missing, "first", "last"); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle decides for keys whether they compare numbers, as cells are seen.
type settle struct{ texts []bool } // whether a key has seen a cell that is no number

func (s *settle) see(keys []key, row []cell.Cell) {
	if s.texts == nil {
		s.texts = make([]bool, len(keys))
	}
	for i, k := range keys {
		if !s.texts[i] && row[k.at].Kind != cell.Missing {
			_, ok := row[k.at].Num()
			s.texts[i] = !ok
		}
	}
}

func (s *settle) decide(keys []key) error {
	for i := range keys {
		text := s.texts != nil && s.texts[i]
		if text && keys[i].As == "number" {
			return field.Errorf(field.Index("sort_by", i), "column %q has cells that are not numbers", keys[i].Column)
		}
		keys[i].numbers = keys[i].As != "text" && !text
	}
	return nil
}

// best collects the first rows of an order without holding all of them.
type best struct {
	keys  []key
	keep  int
	rows  []placed
	count int
	full  bool // the first keep of rows are sorted
}

// placed is a row and how many came before it.
type placed struct {
	cells []cell.Cell
	place int
}

func (b *best) add(row []cell.Cell) {
	b.count++
	if b.full && b.compare(row, b.rows[b.keep-1].cells) >= 0 {
		return // as many rows are before it as are kept
	}
	b.rows = append(b.rows, placed{slices.Clone(row), b.count})
	if len(b.keys) == 0 && len(b.rows) == b.keep || len(b.rows) > 2*b.keep+1000 {
		b.trim()
		b.full = true
	}
}

func (b *best) compare(x, y []cell.Cell) int {
	for _, k := range b.keys {
		if c := k.compare(x, y); c != 0 {
			return c
		}
	}
	return 0
}

func (b *best) trim() {
	slices.SortFunc(b.rows, func(x, y placed) int {
		return cmp.Or(b.compare(x.cells, y.cells), cmp.Compare(x.place, y.place))
	})
	clear(b.rows[min(b.keep, len(b.rows)):])
	b.rows = b.rows[:min(b.keep, len(b.rows))]
}

// output gives a page of the rows, the first cells of each.
func (b *best) output(columns []string, p Page, f exact.Format) Output {
	b.trim()
	out := Output{Columns: columns, Rows: [][]any{}, RowCount: b.count}
	for _, r := range b.rows[min(p.Offset, len(b.rows)):] {
		if len(out.Rows) == p.Limit {
			break
		}
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = r.cells[i].Write(f)
		}
		out.Rows = append(out.Rows, cells)
	}
	out.Truncated = len(out.Rows) < b.count
	return out
}

// where returns the rows that the condition in the given field holds for.
func where(r *rows, name, condition string) (*rows, error) {
	if condition == "" {
		return r, nil
	}
	f, err := formula.Compile(condition, r.columns)
	if err != nil {
		return nil, field.Errorf(name, "%v", err)
	}
	n := 0
	return &rows{r.columns, func() ([]cell.Cell, error) {
		for {
			row, err := r.next()
			if err != nil {
				return nil, err
			}
			n++
			holds, err := f.Holds(row)
			if err != nil {
				return nil, field.Errorf(name, "row %d: %v", n, err)
			}
			if holds {
				return row, nil
			}
		}
	}}, nil
}

// each calls fn for every row.
func (r *rows) each(fn func(row []cell.Cell) error) error {
	for {
		row, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := fn(row); err != nil {
			return err
		}
	}
}

// selection opens a table and its rows that a condition holds for.
func (s Source) selection(ctx context.Context, condition string) (*rows, error) {
	r, err := s.open(ctx, "table")
	if err != nil {
		return nil, err
	}
	return where(r, "where", condition)
}
