package table

import (
	"cmp"
	"context"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/krako-labs/krako/wasmtasks/data/cell"
	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// ProfileInput is a table to describe.
type ProfileInput struct {
	Table Source `json:"table"`
	Top   int    `json:"top,omitempty" jsonschema:"minimum=0,maximum=100" jsonschema_description:"how many of the most frequent cells to list of each column"`
	exact.Format
}

// ProfileOutput describes a table.
type ProfileOutput struct {
	RowCount int             `json:"row_count"`
	Columns  []ColumnProfile `json:"columns"`
}

// ColumnProfile describes a column.
type ColumnProfile struct {
	Name     string  `json:"name"`
	Type     string  `json:"type" jsonschema:"enum=empty,enum=boolean,enum=integer,enum=number,enum=date,enum=time,enum=nested,enum=text" jsonschema_description:"what all cells that are not missing read as; date is 2026-03-01, time RFC 3339"`
	Count    int     `json:"count" jsonschema_description:"cells that are not missing"`
	Missing  int     `json:"missing"`
	Distinct *int    `json:"distinct" jsonschema:"nullable" jsonschema_description:"different cells; null if there are too many to keep"`
	Min      *string `json:"min" jsonschema:"nullable" jsonschema_description:"of numbers by value, of others by code point; null if empty"`
	Max      *string `json:"max" jsonschema:"nullable"`
	Mean     *string `json:"mean" jsonschema:"nullable" jsonschema_description:"null unless all are numbers"`
	Shortest int     `json:"shortest" jsonschema_description:"characters of the shortest cell"`
	Longest  int     `json:"longest"`
	Top      []Count `json:"top,omitempty" jsonschema_description:"the most frequent cells, by count and then by code point; absent if distinct is null"`
}

// Count is a cell and how often it occurs.
type Count struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// maxDistinct bounds the cells kept to count them, of all columns together.
const maxDistinct = 100_000

// Profile describes the columns of a table.
func Profile(ctx context.Context, in ProfileInput) (ProfileOutput, error) {
	if err := in.Format.Check(); err != nil {
		return ProfileOutput{}, err
	}
	if err := field.Between("top", in.Top, 0, 100); err != nil {
		return ProfileOutput{}, err
	}
	r, err := in.Table.open(ctx, "table")
	if err != nil {
		return ProfileOutput{}, err
	}
	n, kept, columns := 0, 0, make([]column, len(r.columns))
	for i := range columns {
		columns[i].counts, columns[i].reads = map[string]int{}, readings()
	}
	extremes := measure{Measure: Measure{Fn: "min"}}
	err = r.each(func(row []cell.Cell) error {
		n++
		for i, c := range row {
			columns[i].see(&extremes, c, &kept)
		}
		return nil
	})
	if err != nil {
		return ProfileOutput{}, err
	}
	out := ProfileOutput{RowCount: n, Columns: make([]ColumnProfile, len(columns))}
	for i, name := range r.columns {
		out.Columns[i] = columns[i].profile(in, name, n)
	}
	return out, nil
}

// column is what is known of a column so far.
type column struct {
	extremes          tally
	sum               cell.Sum
	counts            map[string]int // nil if there are too many
	reads             []reading
	shortest, longest int
}

// reading is a type that a cell may read as.
type reading struct {
	name string
	is   func(cell.Cell) bool
}

func readings() []reading {
	layout := func(l string) func(cell.Cell) bool {
		return func(c cell.Cell) bool { _, err := time.Parse(l, c.String()); return err == nil }
	}
	return []reading{
		{"boolean", func(c cell.Cell) bool {
			return c.Kind == cell.Bool || strings.EqualFold(c.Text, "true") || strings.EqualFold(c.Text, "false")
		}},
		{"integer", func(c cell.Cell) bool { r, ok := c.Rat(); return ok && r.IsInt() }},
		{"number", func(c cell.Cell) bool { _, ok := c.Num(); return ok }},
		{"date", layout(time.DateOnly)}, {"time", layout(time.RFC3339)},
		{"nested", func(c cell.Cell) bool { return c.Kind == cell.Nested }},
		{"text", func(cell.Cell) bool { return true }},
	}
}

func (k *column) see(extremes *measure, c cell.Cell, kept *int) {
	if c.Kind == cell.Missing {
		return
	}
	length := utf8.RuneCountInString(c.String())
	if k.extremes.count == 0 || length < k.shortest {
		k.shortest = length
	}
	k.longest = max(k.longest, length)
	extremes.extreme(&k.extremes, c)
	k.extremes.count++
	if n, ok := c.Num(); ok {
		k.sum.Add(n)
	}
	k.reads = slices.DeleteFunc(k.reads, func(r reading) bool { return !r.is(c) }) // never the last
	if k.counts == nil {
		return
	}
	if k.counts[c.String()]++; k.counts[c.String()] == 1 {
		if *kept++; *kept > maxDistinct {
			*kept -= len(k.counts)
			k.counts = nil
		}
	}
}

func (k *column) profile(in ProfileInput, name string, rows int) ColumnProfile {
	n := k.extremes.count
	out := ColumnProfile{Name: name, Type: "empty", Count: n, Missing: rows - n, Shortest: k.shortest, Longest: k.longest}
	if k.counts != nil {
		distinct := len(k.counts)
		out.Distinct, out.Top = &distinct, k.top(in.Top)
	}
	if n == 0 {
		return out
	}
	out.Type = k.reads[0].name
	least, most := k.extremes.least.String(), k.extremes.most.String()
	if k.extremes.texts {
		least, most = k.extremes.leastText.String(), k.extremes.mostText.String()
	} else {
		mean, _ := in.Trimmed(new(big.Rat).Quo(k.sum.Rat(), big.NewRat(int64(n), 1)))
		out.Mean = &mean
	}
	out.Min, out.Max = &least, &most
	return out
}

func (k *column) top(n int) []Count {
	all := make([]Count, 0, len(k.counts))
	for text, count := range k.counts {
		all = append(all, Count{text, count})
	}
	slices.SortFunc(all, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value)) })
	return all[:min(n, len(all))]
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
