package accesslog

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Options shape a report.
type Options struct {
	// Top is how many paths, agents, methods and statuses are listed, 1–1000.
	Top int `json:"top"`
	// Examples is how many malformed lines are shown, 0–100.
	Examples int `json:"examples"`
}

// maxHours is how many hours a report lists: a leap year.
const maxHours = 366 * 24

// Source is one partial to reduce.
type Source struct {
	Name   string
	Reader io.Reader
}

// Reduce merges partials, given in the order of their chunks in the log, into
// the report of the whole log. It holds one item of each partial at a time. A
// partial that Map cannot have written is an error naming it.
func Reduce(opts Options, sources []Source) (Report, error) {
	if opts.Top < 1 || opts.Top > 1000 {
		return Report{}, fmt.Errorf("top: %d is not 1 to 1000", opts.Top)
	}
	if opts.Examples < 0 || opts.Examples > maxExamples {
		return Report{}, fmt.Errorf("examples: %d is not 0 to %d", opts.Examples, maxExamples)
	}
	// 8 MiB of buffers in all, however many partials there are
	buffer := max(256, min(64<<10, (8<<20)/max(1, len(sources))))
	partials := make([]*puller, len(sources))
	r := reducer{opts: opts, report: newReport()}
	for i, s := range sources {
		p, err := newPuller(s.Name, s.Reader, buffer)
		if err != nil {
			return Report{}, err
		}
		if err := r.addHeader(&p.header); err != nil {
			return Report{}, p.broken("%w", err)
		}
		partials[i] = p
	}
	if err := r.addSections(partials); err != nil {
		return Report{}, err
	}
	return r.report, nil
}

// reducer fills a report.
type reducer struct {
	opts   Options
	report Report
}

func (r *reducer) addHeader(h *header) error {
	for _, bad := range h.Examples {
		if len(r.report.MalformedLines) < r.opts.Examples {
			bad.Line += r.report.Lines // lines of the chunks before
			r.report.MalformedLines = append(r.report.MalformedLines, bad)
		}
	}
	h.Examples = nil
	var err error
	for _, sum := range []struct {
		to *int64
		n  int64
	}{
		{&r.report.Lines, h.Lines}, {&r.report.Malformed, h.Malformed},
		{&r.report.InvalidRequests, h.InvalidRequests}, {&r.report.Bytes, h.Bytes},
	} {
		if *sum.to, err = plus(*sum.to, sum.n); err != nil {
			return err
		}
	}
	return nil
}

// addSections merges every section and checks that its counts add up to the
// lines that belong in it.
func (r *reducer) addSections(partials []*puller) error {
	rep := &r.report
	parsed := rep.Lines - rep.Malformed
	ranks := percentiles{total: parsed}
	var errNumber error
	number := func(key []byte) int64 {
		n, ok := digits(key)
		if !ok {
			errNumber = fmt.Errorf("%q is not a number", key)
		}
		return n
	}
	into := func(t *Table) func([]byte, int64) {
		return func(key []byte, n int64) { t.rank(key, n, r.opts.Top) }
	}
	add := [sectionCount]func(key []byte, count int64){
		agents:   into(&rep.Agents),
		clients:  func([]byte, int64) { rep.UniqueVisitors++ },
		hours:    func(key []byte, n int64) { rep.addHour(number(key), n) },
		methods:  into(&rep.Methods),
		paths:    into(&rep.Paths),
		sizes:    func(key []byte, n int64) { ranks.add(number(key), n) },
		statuses: into(&rep.Statuses),
	}
	for s := range sectionCount {
		total, err := merge(partials, s, add[s])
		if err := errors.Join(err, errNumber); err != nil {
			return err
		}
		if err := checkTotal(s, total, parsed, rep.InvalidRequests); err != nil {
			return err
		}
	}
	for _, p := range partials {
		if err := p.end(); err != nil {
			return err
		}
	}
	if parsed > 0 {
		rep.Sizes = &ranks.sizes
	}
	return nil
}

// checkTotal compares the sum of a section with the lines that belong in it.
func checkTotal(s section, total, parsed, invalid int64) error {
	want, exact := parsed, true
	switch s {
	case methods, paths:
		want = parsed - invalid
	case agents:
		exact = false // not every client names one
	}
	if total > want || (exact && total < want) {
		return fmt.Errorf("%s: %s counted, %s lines", s, strconv.FormatInt(total, 10), strconv.FormatInt(want, 10))
	}
	return nil
}

func (rep *Report) addHour(hour, count int64) {
	rep.Hours.Distinct++
	if len(rep.Hours.Rows) == maxHours {
		rep.Hours.Other += count
		return
	}
	rep.Hours.Rows = append(rep.Hours.Rows, Row{Value: hourText(hour), Count: count})
}
