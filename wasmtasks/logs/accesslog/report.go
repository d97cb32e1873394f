package accesslog

import (
	"cmp"
	"errors"
	"slices"
)

// Report is the summary of a whole log.
type Report struct {
	// Lines counts all lines. Malformed counts those that are no log lines and
	// InvalidRequests the log lines whose request was not HTTP; such a line is
	// in every figure except methods and paths.
	Lines           int64 `json:"lines"`
	Malformed       int64 `json:"malformed"`
	InvalidRequests int64 `json:"invalid_requests"`
	// Bytes is the sum of all response sizes.
	Bytes int64 `json:"bytes"`
	// UniqueVisitors is the exact number of distinct client addresses.
	UniqueVisitors int64 `json:"unique_visitors"`
	// Sizes is absent when the log has no log line.
	Sizes    *Sizes `json:"sizes,omitempty"`
	Methods  Table  `json:"methods"`
	Statuses Table  `json:"statuses"`
	Paths    Table  `json:"paths"`
	// Agents leaves out lines without an agent.
	Agents Table `json:"agents"`
	// Hours is chronological, in UTC; the other tables begin with the most
	// frequent value.
	Hours Table `json:"hours"`
	// MalformedLines are the first malformed lines, numbered in the whole log.
	MalformedLines []BadLine `json:"malformed_lines"`
}

// newReport returns the report of nothing, whose lists are empty and not null.
func newReport() Report {
	none := func() Table { return Table{Rows: []Row{}} }
	return Report{
		Methods: none(), Statuses: none(), Paths: none(), Agents: none(), Hours: none(),
		MalformedLines: []BadLine{},
	}
}

// Sizes are percentiles of the response size in bytes by nearest rank: the
// smallest size that is not below p percent of all sizes.
type Sizes struct {
	P50 int64 `json:"p50"`
	P95 int64 `json:"p95"`
	P99 int64 `json:"p99"`
	Max int64 `json:"max"`
}

// Table lists values with their counts. What the rows leave out is in Other, so
// that nothing is lost.
type Table struct {
	Rows []Row `json:"rows"`
	// Distinct is the number of values, listed or not.
	Distinct int64 `json:"distinct"`
	// Other is the sum of the counts that Rows leaves out.
	Other int64 `json:"other"`
}

// Row is one value of a table.
type Row struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// maxExact is the largest integer that every JSON reader keeps exactly.
const maxExact = 1<<53 - 1

var errInexact = errors.New("a count exceeds 2^53-1")

// plus adds counts of at most maxExact.
func plus(a, b int64) (int64, error) {
	if a+b > maxExact {
		return 0, errInexact
	}
	return a + b, nil
}

// rank adds a value to a table of the limit most frequent ones, equally
// frequent ones in text order.
func (t *Table) rank(key []byte, count int64, limit int) {
	t.Distinct++
	if len(t.Rows) == limit {
		last := &t.Rows[limit-1]
		if count < last.Count || (count == last.Count && string(key) > last.Value) {
			t.Other += count // without making a string of the key
			return
		}
	}
	row := Row{Value: string(key), Count: count}
	at, _ := slices.BinarySearchFunc(t.Rows, row, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	t.Rows = slices.Insert(t.Rows, at, row)
	if len(t.Rows) > limit {
		t.Other += t.Rows[limit].Count
		t.Rows = t.Rows[:limit]
	}
}

// percentiles finds nearest ranks in sizes that come in ascending order.
type percentiles struct {
	total, seen int64
	sizes       Sizes
}

// add takes the next larger size. Sections are in key order and sizes are
// decimal, so that is the order in which they come.
func (p *percentiles) add(size, count int64) {
	for _, rank := range []struct {
		percent int64
		to      *int64
	}{{50, &p.sizes.P50}, {95, &p.sizes.P95}, {99, &p.sizes.P99}} {
		// ceil(total·percent/100) without overflow
		nearest := p.total/100*rank.percent + (p.total%100*rank.percent+99)/100
		if p.seen < nearest && nearest <= p.seen+count {
			*rank.to = size
		}
	}
	p.seen += count
	p.sizes.Max = size
}
