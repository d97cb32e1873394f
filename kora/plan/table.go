package plan

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// tableRules read questions about a table that is attached. A column must be one
// of the table's, by its name.
var tableRules = []rule{
	newRule("table.count", tableCount, "how many (rows|records|entries|lines|items) (are there|are in|does) [in] [the|this] [table|file|csv|data|dataset|attachment] [have|contain]", "how many (rows|records|entries) (are there|does it have|are in it|are there in it)", "(count|number of) [the] (rows|records|entries) [in the table|in the file]", "<what> [the] number of (rows|records|entries) [in] [the|this] [table|file|csv|data]"),
	newRule("table.columns", tableColumns, "(what are|list|show|name|what) [the] (columns|column names|headers|fields) [are there|are in the table|of the table|of the file|in the file|in the table|does it have]", "how many columns (are there|are in the table|does it have|does the table have|are there in the table)"),
	newRule("table.aggregate", tableAggregate, "<what> [the] {f:measure} [of|of the|in|in the|for the|for] {c:column} [column|values|value] [per|by|for each|grouped by|in each] {g:column}", "{f:measure} [of|of the] {c:column} (per|by|for each|grouped by|in each) {g:column}"),
	newRule("table.aggregate_all", tableAggregateAll, "<what> [the] {f:measure} [of|of the|of all|in|in the|for] {c:column} [column|values|value|of all rows] [in the table|in the file|overall]", "{f:measure} [of|of the|of all] {c:column} [column|values] [in the table|in the file|overall]", "(sum|total|add) [up] [the|all the] {s:column} [column|values]"),
	newRule("table.aggregate_where", tableAggregateWhere, "<what> [the] {f:measure} [of|of the|in the|for] {c:column} (where|for|when|with) [the] {w:column} (is|=|equals|of|) {x:value}", "<what> [the] {f:measure} [of|of the] {c:column} (for|of|in) {x:valueof}"),
	newRule("table.count_where", tableCountWhere, "how many (rows|records|entries|items) (have|are there with|with|where|are) [the|there where] {w:column} (is|=|equals|of|) {x:value}", "how many (rows|records|entries|items) (have|are there with|with|where) [the] {w:column} {o:compare} {n:number}"),
	newRule("table.group_count", tableGroupCount, "how many (rows|records|entries|items) [are there] (per|for each|by|in each) {g:column}", "(count|number of) (rows|records|entries|items) (per|by|for each) {g:column}", "count by {g:column}"),
	newRule("table.distinct", tableDistinct, "(how many) (different|distinct|unique) {c:column} [values] [are there|are in the table]", "<what> [the] number of (different|distinct|unique) {c:column} [values]"),
	newRule("table.which", tableWhich, "(which|what) {r:column} has the {e:extreme} {c:column}", "(which|what) row has the {e:extreme} {c:column}"),
	newRule("table.lookup", tableLookup, "<what> [the] {c:column} (of|for|where|when) [the] [{w:column}] [is|=] {x:value}"),
}

// peek is what a table's head says.
type peek struct {
	names []string
	rows  [][]string
	a     *Attachment
}

// columns are what the attached table's head says, nil where there is not exactly
// one table. It is read once.
func columns(c *context) (names []string, rows [][]string, a *Attachment) {
	if c.table == nil {
		names, rows, a := readHead(c)
		c.table = &peek{names, rows, a}
	}
	return c.table.names, c.table.rows, c.table.a
}

func readHead(c *context) (names []string, rows [][]string, a *Attachment) {
	for i := range c.req.Attachments {
		if tableFormat(&c.req.Attachments[i]) == "" {
			continue
		}
		if a != nil {
			return nil, nil, nil // which table is meant is a guess
		}
		a = &c.req.Attachments[i]
	}
	if a == nil {
		return nil, nil, nil
	}
	if tableFormat(a) == "jsonl" || tableFormat(a) == "json" {
		return jsonColumns(a)
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(a.Head), "\ufeff")))
	r.FieldsPerRecord = -1
	if tableFormat(a) == "tsv" {
		r.Comma = '\t'
	}
	names, err := r.Read()
	if err != nil {
		return nil, nil, nil
	}
	for len(rows) < maxPeek {
		row, err := r.Read()
		if err != nil {
			break // the head may end within a row
		}
		rows = append(rows, row)
	}
	return names, rows, a
}

// maxPeek bounds the rows that are looked at for values.
const maxPeek = 1000

func tableFormat(a *Attachment) string {
	name := strings.ToLower(a.Name)
	switch {
	case strings.HasSuffix(name, ".csv") || a.MediaType == "text/csv":
		return "csv"
	case strings.HasSuffix(name, ".tsv") || a.MediaType == "text/tab-separated-values":
		return "tsv"
	case strings.HasSuffix(name, ".jsonl") || a.MediaType == "application/jsonl" || a.MediaType == "application/x-ndjson":
		return "jsonl"
	case (strings.HasSuffix(name, ".json") || a.MediaType == "application/json") && strings.HasPrefix(strings.TrimSpace(string(a.Head)), "["):
		return "json"
	}
	return ""
}

// jsonColumns are the members of the first row.
func jsonColumns(a *Attachment) ([]string, [][]string, *Attachment) {
	text := strings.TrimSpace(string(a.Head))
	d := json.NewDecoder(strings.NewReader(strings.TrimPrefix(text, "[")))
	var row map[string]any
	if d.Decode(&row) != nil || len(row) == 0 {
		return nil, nil, nil
	}
	var names []string
	for n := range row {
		names = append(names, n)
	}
	slices.Sort(names)
	return names, nil, a
}

// readColumn reads the name of a column, in words or as it is written, in the
// singular or plural.
func readColumn(m *matcher, from int, yield func(int, any) bool) bool {
	names, _, _ := columns(m.c)
	if len(names) == 0 || from >= len(m.tokens) {
		return true
	}
	for end := min(from+5, len(m.tokens)); end > from; end-- {
		said := columnKey(m.raw(from, end))
		var found []string
		for _, n := range names {
			if k := columnKey(n); k != "" && (k == said || k+"s" == said || k == said+"s" || k+"es" == said || strings.TrimSuffix(k, "y")+"ies" == said) {
				found = append(found, n)
			}
		}
		if len(found) == 1 && !yield(end, found[0]) {
			return false
		}
	}
	return true
}

func columnKey(s string) string {
	return strings.Join(strings.FieldsFunc(fold(strings.Trim(s, `"'`)), func(r rune) bool { return r == '_' || r == '-' || r == ' ' || r == '.' }), " ")
}

// readValue reads a quoted text, a number or up to four words as they stand.
func readValue(m *matcher, from int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && m.tokens[from].kind == quoted {
		return yield(from+1, m.tokens[from].text)
	}
	for end := min(from+5, len(m.tokens)); end > from; end-- {
		if !yield(end, m.raw(from, end)) {
			return false
		}
	}
	return true
}

// cell finds a value among a column's, in any case; the spelling is the table's.
func cell(c *context, column, said string) (string, bool) {
	names, rows, _ := columns(c)
	at := slices.Index(names, column)
	found := ""
	for _, r := range rows {
		if at >= 0 && at < len(r) && fold(strings.TrimSpace(r[at])) == fold(said) {
			if found != "" && found != r[at] {
				return "", false
			}
			found = r[at]
		}
	}
	return found, found != ""
}

// readValueOf reads a value that is in exactly one column, as column and value.
func readValueOf(m *matcher, from int, yield func(int, any) bool) bool {
	names, _, _ := columns(m.c)
	return readValue(m, from, func(end int, v any) bool {
		var where [][2]string
		for _, n := range names {
			if x, ok := cell(m.c, n, v.(string)); ok {
				where = append(where, [2]string{n, x})
			}
		}
		return len(where) != 1 || yield(end, where[0])
	})
}

// table is the input of a task on the attached table.
func table(c *context, in map[string]any) (map[string]any, map[string]contracts.Link, bool) {
	_, _, a := columns(c)
	if a == nil || !a.CID.Defined() {
		return nil, nil, false
	}
	in["table"] = map[string]any{"format": tableFormat(a), "blob": "table"}
	return in, map[string]contracts.Link{"table": {Cid: a.CID}}, true
}

func onTable(c *context, task, reading, answer string, in map[string]any) (step, bool) {
	if task != "table/sort@1" {
		in["digits"], in["rounding"] = 10, "half_even"
	}
	in, blobs, ok := table(c, in)
	return step{task: task, reading: reading, answer: answer, input: in, blobs: blobs}, ok
}

// aggregated answers with the rows of an aggregate, one a line.
func aggregated(c *context, reading string, in map[string]any) ([]step, bool) {
	s, ok := onTable(c, "table/aggregate@1", reading, "", in)
	if !ok {
		return nil, false
	}
	return []step{s, query(`if .out.truncated then error("there are more rows") else [.out.rows[] | map(if . == null then "none" else tostring end) | join(": ")] | join("\n") end`, "", reading)}, true
}

var measures = map[string]string{
	"average": "mean", "mean": "mean", "avg": "mean", "median": "median", "sum": "sum", "total": "sum", "minimum": "min", "lowest": "min", "smallest": "min", "cheapest": "min", "min": "min",
	"maximum": "max", "highest": "max", "largest": "max", "biggest": "max", "max": "max", "greatest": "max", "standard deviation": "stdev",
}

func measured(f, column string) []map[string]any {
	return []map[string]any{{"fn": f, "column": column}}
}

func tableAggregate(c *context, v values) ([]step, bool) {
	f, col, g := get[string](v, "f"), get[string](v, "c"), get[string](v, "g")
	return aggregated(c, f+" of "+col+" by "+g, map[string]any{"group_by": []string{g}, "measures": measured(f, col), "sort_by": []map[string]any{{"column": g}}})
}

func tableAggregateAll(c *context, v values) ([]step, bool) {
	f, col := get[string](v, "f"), get[string](v, "c")
	if s := get[string](v, "s"); s != "" {
		f, col = "sum", s
	}
	return aggregated(c, f+" of "+col, map[string]any{"measures": measured(f, col)})
}

func tableAggregateWhere(c *context, v values) ([]step, bool) {
	f, col, w := get[string](v, "f"), get[string](v, "c"), get[string](v, "w")
	where, ok := equal(c, w, get[string](v, "x"))
	if pair, found := v["x"].([2]string); found {
		where, ok = equal(c, pair[0], pair[1])
	}
	if !ok {
		return nil, false
	}
	return aggregated(c, f+" of "+col+" where "+where, map[string]any{"where": where, "measures": measured(f, col)})
}

// equal is a condition that a column has one of its values.
func equal(c *context, column, said string) (string, bool) {
	value, ok := cell(c, column, said)
	if !ok || strings.ContainsAny(value, "'\\") || !plainName(column) {
		return "", false
	}
	if isNumber(value) {
		return column + " == " + value, true
	}
	return column + " == '" + value + "'", true
}

// plainName reports whether a column can be named in a condition as it is.
func plainName(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789_") == "" && !strings.ContainsAny(s[:1], "0123456789")
}

func tableCount(c *context, _ values) ([]step, bool) {
	return aggregated(c, "number of rows", map[string]any{"measures": []map[string]any{{"fn": "count"}}})
}

var comparisons = map[string]string{
	"above": ">", "over": ">", "greater than": ">", "more than": ">", ">": ">", "below": "<", "under": "<", "less than": "<", "<": "<", "at least": ">=", "at most": "<=",
}

func tableCountWhere(c *context, v values) ([]step, bool) {
	w := get[string](v, "w")
	where, ok := "", false
	if o := get[string](v, "o"); o != "" {
		where, ok = w+" "+o+" "+num(v, "n"), plainName(w)
	} else {
		where, ok = equal(c, w, get[string](v, "x"))
	}
	if !ok {
		return nil, false
	}
	return aggregated(c, "number of rows where "+where, map[string]any{"where": where, "measures": []map[string]any{{"fn": "count"}}})
}

func tableGroupCount(c *context, v values) ([]step, bool) {
	g := get[string](v, "g")
	return aggregated(c, "rows by "+g, map[string]any{"group_by": []string{g}, "measures": []map[string]any{{"fn": "count"}}, "sort_by": []map[string]any{{"column": g}}})
}

func profiled(c *context, program, reading string) ([]step, bool) {
	s, ok := onTable(c, "table/profile@1", reading, "", map[string]any{"top": 1})
	if !ok {
		return nil, false
	}
	return []step{s, query(program, "", reading)}, true
}

func tableColumns(c *context, _ values) ([]step, bool) {
	if strings.Contains(fold(c.req.Message), "how many") {
		return profiled(c, `.out.columns | length`, "number of columns")
	}
	return profiled(c, `[.out.columns[].name] | join(", ")`, "columns")
}

func tableDistinct(c *context, v values) ([]step, bool) {
	col := get[string](v, "c")
	return profiled(c, `.out.columns[] | select(.name == `+string(quote(col))+`) | .distinct`, "different "+col)
}

func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic("plan: text: " + err.Error()) // a string always encodes
	}
	return b
}

var extremes = map[string]string{
	"highest": "max", "largest": "max", "biggest": "max", "greatest": "max", "most": "max", "maximum": "max", "lowest": "min", "smallest": "min", "least": "min", "minimum": "min", "fewest": "min",
}

func tableWhich(c *context, v values) ([]step, bool) {
	r, col, e := get[string](v, "r"), get[string](v, "c"), get[string](v, "e")
	if r == "" || r == col {
		return nil, false
	}
	s, ok := onTable(c, "table/query@1", "rows by "+col, "", map[string]any{
		"select": []map[string]any{{"column": r}, {"column": col}}, "sort_by": []map[string]any{{"column": col, "descending": e == "max"}}, "limit": 2,
	})
	if !ok {
		return nil, false
	}
	return []step{s, query(`.out.rows as $r | if ($r | length) == 0 or $r[0][1] == null then error("there is none") elif ($r | length) > 1 and $r[0][1] == $r[1][1] then error("there are several") else $r[0][0] end`, "", r+" with the "+e+" "+col)}, true
}

func tableLookup(c *context, v values) ([]step, bool) {
	col, w, x := get[string](v, "c"), get[string](v, "w"), get[string](v, "x")
	names, _, _ := columns(c)
	var where []string
	for _, n := range names {
		if n == col || w != "" && n != w {
			continue
		}
		if cond, ok := equal(c, n, x); ok {
			where = append(where, cond)
		}
	}
	if len(where) != 1 {
		return nil, false
	}
	s, ok := onTable(c, "table/query@1", col+" where "+where[0], "", map[string]any{"where": where[0], "select": []map[string]any{{"column": col}}, "limit": 2})
	if !ok {
		return nil, false
	}
	return []step{s, query(`.out.rows as $r | if ($r | length) == 1 and $r[0][0] != null then $r[0][0] else error("it is not one row") end`, "", col+" where "+where[0])}, true
}
