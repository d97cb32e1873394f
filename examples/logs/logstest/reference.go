// Package logstest computes what the logs example must report, in the most
// obvious way: it holds the whole log, matches every line against one regular
// expression and sorts every list. It shares no code with the task.
package logstest

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Report is the part of the example's report that is checked.
type Report struct {
	Lines           int       `json:"lines"`
	Malformed       int       `json:"malformed"`
	InvalidRequests int       `json:"invalid_requests"`
	Bytes           int       `json:"bytes"`
	UniqueVisitors  int       `json:"unique_visitors"`
	Sizes           refSizes  `json:"sizes"`
	Methods         refTable  `json:"methods"`
	Statuses        refTable  `json:"statuses"`
	Paths           refTable  `json:"paths"`
	Agents          refTable  `json:"agents"`
	Hours           refTable  `json:"hours"`
	MalformedLines  []refLine `json:"malformed_lines"`
}

type refSizes struct {
	P50 int `json:"p50"`
	P95 int `json:"p95"`
	P99 int `json:"p99"`
	Max int `json:"max"`
}

type refTable struct {
	Rows     []refRow `json:"rows"`
	Distinct int      `json:"distinct"`
	Other    int      `json:"other"`
}

type refRow struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// refLine leaves out the reason, which is the task's to word.
type refLine struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}

var refForm = regexp.MustCompile(`(?s)^([^ ]+) [^\[]+ \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] ` +
	`"((?:[^"\\]|\\.)*)" ([1-5]\d\d) (\d{1,13}|-)( "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)"( .*)?)?$`)

var refRequest = regexp.MustCompile(`(?s)^([A-Z]{1,20}) (.+) HTTP/`)

// Reference returns the report of a log, with at most top entries a table and
// examples malformed lines.
func Reference(log []byte, top, examples int) Report {
	var r Report
	var sizes []int
	visitors := map[string]bool{}
	tables := map[string]map[string]int{}
	count := func(table, value string) {
		if tables[table] == nil {
			tables[table] = map[string]int{}
		}
		tables[table][value]++
	}
	for line := range bytes.Lines(log) {
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		r.Lines++
		m := refForm.FindStringSubmatch(string(line))
		var at time.Time
		if m != nil {
			var err error
			if at, err = time.Parse("02/Jan/2006:15:04:05 -0700", m[2]); err != nil {
				m = nil
			}
		}
		if m == nil || len(line) > 65536 {
			r.Malformed++
			if len(r.MalformedLines) < examples {
				r.MalformedLines = append(r.MalformedLines, refLine{r.Lines, refText(string(line[:min(160, len(line))]))})
			}
			continue
		}
		size, _ := strconv.Atoi(m[5])
		sizes = append(sizes, size)
		r.Bytes += size
		client := strings.ToLower(m[1])
		if ip := net.ParseIP(client); ip != nil {
			client = ip.String()
		}
		visitors[client] = true
		count("hours", at.UTC().Truncate(time.Hour).Format(time.RFC3339))
		count("statuses", m[4])
		if m[7] != "" && m[7] != "-" {
			count("agents", refText(m[7]))
		}
		request := refRequest.FindStringSubmatch(m[3])
		if request == nil {
			r.InvalidRequests++
			continue
		}
		path, _, _ := strings.Cut(request[2], "?")
		count("methods", request[1])
		count("paths", refText(path))
	}
	r.UniqueVisitors = len(visitors)
	slices.Sort(sizes)
	rank := func(p float64) int { return sizes[int(p*float64(len(sizes))+0.9999999)-1] }
	r.Sizes = refSizes{rank(0.50), rank(0.95), rank(0.99), sizes[len(sizes)-1]}
	r.Methods, r.Statuses = refTop(tables["methods"], top), refTop(tables["statuses"], top)
	r.Paths, r.Agents = refTop(tables["paths"], top), refTop(tables["agents"], top)
	r.Hours = refTop(tables["hours"], len(tables["hours"]))
	slices.SortFunc(r.Hours.Rows, func(a, b refRow) int { return cmp.Compare(a.Value, b.Value) })
	return r
}

func refTop(counts map[string]int, n int) refTable {
	t := refTable{Distinct: len(counts)}
	values := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	})
	for i, v := range values {
		if i < n {
			t.Rows = append(t.Rows, refRow{v, counts[v]})
		} else {
			t.Other += counts[v]
		}
	}
	return t
}

// refText shows raw bytes as \xHH and takes the escape from \" and \\.
func refText(s string) string {
	s = regexp.MustCompile(`\\(["\\])`).ReplaceAllString(s, "$1")
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r < ' ' || r == 0x7f || (r == utf8.RuneError && n == 1) {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
