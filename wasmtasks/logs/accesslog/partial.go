package accesslog

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// section is one table of a partial: how often each value occurred.
type section int

// The sections, in the order in which a partial holds them.
const (
	agents section = iota
	clients
	hours
	methods
	paths
	sizes
	statuses
	sectionCount
)

func (s section) String() string {
	return [...]string{"agents", "clients", "hours", "methods", "paths", "sizes", "statuses"}[s]
}

// version is the form of a partial.
const version = 1

// maxExamples is how many malformed lines a partial shows, and so the most a
// report can.
const maxExamples = 100

// header is the part of a partial that is small whatever the log is.
type header struct {
	Version int `json:"version"`
	// Lines counts all lines, Malformed those that are not log lines and
	// InvalidRequests the log lines whose request was not HTTP.
	Lines           int64 `json:"lines"`
	Malformed       int64 `json:"malformed"`
	InvalidRequests int64 `json:"invalid_requests"`
	Bytes           int64 `json:"bytes"`
	// Examples are the first malformed lines, numbered from 1 in the chunk.
	Examples []BadLine `json:"examples"`
}

// BadLine shows one malformed line.
type BadLine struct {
	// Line is its number, from 1.
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
	// Text is its beginning, control characters and bytes that are not UTF-8
	// written as \xHH.
	Text string `json:"text"`
}

// compareKeys orders a section: shorter keys first, then bytewise. Decimal
// numbers are thereby in numeric order.
func compareKeys[S ~string | ~[]byte](a, b S) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(string(a), string(b)))
}

// encodePartial writes the JSON form
//
//	{"header":{…},"agents":[["curl/8.5.0",3],…],"clients":[…],…}
//
// without insignificant space and with every section in key order, which is
// what lets Reduce merge partials without holding them.
func encodePartial(h header, tables *[sectionCount]table) ([]byte, error) {
	head, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode header: %w", err)
	}
	b := append([]byte(`{"header":`), head...)
	for s := range sectionCount {
		b = append(b, `,"`...)
		b = append(b, s.String()...)
		b = append(b, `":[`...)
		b = tables[s].appendJSON(b)
		b = append(b, ']')
	}
	return append(b, '}'), nil
}

// table counts values.
type table map[string]*int64

func (t table) add(key []byte) {
	if n := t[string(key)]; n != nil { // this lookup does not allocate
		*n++
		return
	}
	n := int64(1)
	t[string(key)] = &n
}

func (t table) appendJSON(b []byte) []byte {
	keys := make([]string, 0, len(t))
	for key := range t {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, compareKeys[string])
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[', '"')
		for _, c := range []byte(key) { // keys hold neither control characters nor broken UTF-8
			if c == '"' || c == '\\' {
				b = append(b, '\\')
			}
			b = append(b, c)
		}
		b = append(b, '"', ',')
		b = strconv.AppendInt(b, *t[key], 10)
		b = append(b, ']')
	}
	return b
}
