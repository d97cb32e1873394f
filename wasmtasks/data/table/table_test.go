package table

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/exact"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

var (
	ctx  = context.Background()
	four = exact.Format{Digits: 4, Rounding: exact.HalfEven}
	all  = Page{Limit: 100_000}
)

func csvText(text string) Source { return Source{Format: "csv", Text: text} }

// oracle is what testdata/oracle.py says of sales.csv.
type oracle struct {
	Aggregate, Revenue, Pivot, Join [][]any
	Order, Anti                     []any
	PivotColumns                    []string `json:"pivot_columns"`
	Regions                         json.RawMessage
}

// sales are the same table in all forms.
func sales(t *testing.T) (map[string]Source, context.Context, oracle) {
	t.Helper()
	text, err := os.ReadFile("testdata/sales.csv")
	if err != nil {
		t.Fatal(err)
	}
	expected, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var want oracle
	if err := json.Unmarshal(expected, &want); err != nil {
		t.Fatal(err)
	}
	blobs := fstest.MapFS{"sales": {Data: text}}
	ctx := sdk.NewContext(ctx, blobs, nil)
	sources := map[string]Source{"csv": {Format: "csv", Text: string(text)}, "blob": {Format: "csv", Blob: "sales"}}
	for _, form := range []string{"jsonl", "json", "tsv"} {
		out, err := Convert(ctx, ConvertInput{Table: sources["csv"], To: form, Types: "infer"})
		if err != nil || out.RowCount != 600 {
			t.Fatalf("%s: %d rows, %v", form, out.RowCount, err)
		}
		sources[form] = Source{Format: form, Text: out.Text}
		if form == "json" {
			sources["data"] = Source{Data: json.RawMessage(out.Text)}
		}
	}
	return sources, ctx, want
}

func same(t *testing.T, what string, got [][]any, want any) {
	t.Helper()
	g, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	w, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	// Whether a cell that is passed on is a number or a text depends on the form.
	plain := strings.NewReplacer(`"`, "", "\\", "")
	if a, b := plain.Replace(string(g)), plain.Replace(string(w)); a != b {
		i := 0
		for i < min(len(a), len(b)) && a[i] == b[i] {
			i++
		}
		t.Errorf("%s: from byte %d on %.200q, want %.200q", what, i, a[max(i-40, 0):], b[max(i-40, 0):])
	}
}

func TestTasksAgreeWithTheOracle(t *testing.T) {
	sources, ctx, want := sales(t)
	var first []byte
	for form, s := range sources {
		t.Run(form, func(t *testing.T) {
			out, err := Aggregate(ctx, AggregateInput{
				Table: s, GroupBy: []string{"city", "kind"}, Page: all, Format: four,
				Measures: []Measure{{Fn: "count"}, {Fn: "count", Column: "price"}, {Fn: "count_distinct", Column: "price"}, {Fn: "sum", Column: "price"}, {Fn: "mean", Column: "price"}, {Fn: "median", Column: "price"}, {Fn: "p95", Column: "price"}, {Fn: "min", Column: "price"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			same(t, "aggregate", out.Rows, want.Aggregate)
			out, err = Query(ctx, QueryInput{
				Table: s, Where: "price > 100 and city != 'Oslo'", Select: []Item{{Column: "id"}, {Formula: "price * qty", As: "revenue"}},
				SortBy: []Key{{Column: "revenue", Descending: true}}, Page: all, Format: four,
			})
			if err != nil {
				t.Fatal(err)
			}
			same(t, "query", out.Rows, want.Revenue)
			out, err = Sort(ctx, SortInput{s, []Key{{Column: "price"}, {Column: "city"}}, all})
			if err != nil {
				t.Fatal(err)
			}
			var ids [][]any
			for _, r := range out.Rows {
				ids = append(ids, r[:1])
			}
			same(t, "sort", ids, single(want.Order))
			out, err = Pivot(ctx, PivotInput{Table: s, Rows: []string{"kind"}, Column: "city", Measure: Measure{Fn: "sum", Column: "price"}, Page: all, Format: four})
			if err != nil || strings.Join(out.Columns, "|") != strings.Join(want.PivotColumns, "|") {
				t.Fatalf("columns %q, %v", out.Columns, err)
			}
			same(t, "pivot", out.Rows, want.Pivot)
			on := []Pair{{"city", "city"}}
			out, err = Join(ctx, JoinInput{Left: s, Right: Source{Data: want.Regions}, On: on, Kind: "inner", Page: all})
			if err != nil {
				t.Fatal(err)
			}
			var pairs [][]any
			for _, r := range out.Rows {
				pairs = append(pairs, []any{r[0], r[5]})
			}
			same(t, "join", pairs, want.Join)
			out, err = Join(ctx, JoinInput{Left: s, Right: Source{Data: want.Regions}, On: on, Kind: "anti", Page: all})
			if err != nil {
				t.Fatal(err)
			}
			ids = nil
			for _, r := range out.Rows {
				ids = append(ids, r[:1])
			}
			same(t, "anti", ids, single(want.Anti))
			profile, err := Profile(ctx, ProfileInput{s, 3, four})
			if err != nil {
				t.Fatal(err)
			}
			text, _ := json.Marshal(profile)
			if first == nil {
				first = text
			} else if !bytes.Equal(first, text) {
				t.Errorf("profile %s, of another form %s", text, first)
			}
		})
	}
}

func single(list []any) [][]any {
	var out [][]any
	for _, x := range list {
		out = append(out, []any{x})
	}
	return out
}

func TestCSVDialects(t *testing.T) {
	for _, tc := range []struct {
		s    Source
		want string
	}{
		{csvText("a,b\n1,2\n"), `[["1","2"]]`}, {csvText("\ufeffa,b\r\n1,\r\n\r\n\"x,\"\"y\"\"\",\" z \"\r\n"), `[["1",null],["x,\"y\""," z "]]`},
		{Source{Format: "csv", Text: "a;b\n1,5;2", Delimiter: ";"}, `[["1,5","2"]]`}, {Source{Format: "tsv", Text: "a\tb\n1\t2"}, `[["1","2"]]`},
		{Source{Format: "csv", Text: "1,2\n3,4", NoHeader: true}, `[["1","2"],["3","4"]]`}, {Source{Format: "csv", Text: "a , b\n 1 ,2 ", Trim: true}, `[["1","2"]]`},
		{Source{Format: "csv", Text: "a,b\n1\n", Ragged: "pad"}, `[["1",null]]`}, {csvText("a\n\"\"\n"), `[[null]]`}, {csvText("a\n\"x\r\ny\"\n"), `[["x\ny"]]`},
		{Source{Format: "jsonl", Text: "{\"a\":1}\n\n{\"b\":\"x\",\"a\":9007199254740993}\r\n"}, `[[1,null],["9007199254740993","x"]]`},
		{Source{Data: json.RawMessage(`{"columns":["a"],"rows":[["1.50"],[null]],"row_count":2,"truncated":false}`)}, `[["1.50"],[null]]`},
		{Source{Data: json.RawMessage(`[{"a":{"b":[1]}},{"a":true}]`)}, `[[{"b":[1]}],[true]]`}, {csvText("a,b\n"), `[]`},
	} {
		out, err := Query(ctx, QueryInput{Table: tc.s, Format: four})
		got, _ := json.Marshal(out.Rows)
		if err != nil || string(got) != tc.want {
			t.Errorf("%+v = %s, %v, want %s", tc.s, got, err, tc.want)
		}
	}
	for want, s := range map[string]Source{
		"table: is empty": csvText("\n"), "table: line 2 has 1 fields": csvText("a,b\n1\n"), "table: line 3 has 3 fields": {Format: "csv", Text: "a,b\n1,2\n1,2,3\n", Ragged: "pad"},
		"table: column 2 has no name": csvText("a,\n1,2"), `table: there are two columns "a"`: csvText("a,a\n"), "table.format: is required": {Text: "a"}, "table: has 0": {}, "table.format: is for text": {Data: json.RawMessage("[]"), Format: "csv"},
		"table: parse error on line 2": csvText("a\n\"x"), "table.delimiter": {Format: "csv", Text: "a", Delimiter: "ab"}, "table: line 2, column 1: the field is not UTF-8": csvText("a\n\xe9\n"),
		"table: line 2 has a list": {Format: "jsonl", Text: "{}\n[]"}, "table: record on line 1": {Format: "jsonl", Text: "{"}, "table.data[0]: is a number": {Data: json.RawMessage("[1]")}, "table.data.rows[0]": {Data: json.RawMessage(`{"columns":["a"],"rows":[[]]}`)},
		"table.blob: blob": {Format: "csv", Blob: "none"}, "table.ragged": {Format: "csv", Text: "a", Ragged: "x"},
	} {
		out, err := Query(ctx, QueryInput{Table: s, Format: four})
		if err == nil || !strings.HasPrefix(err.Error(), strings.Split(want, ";")[0]) {
			t.Errorf("%+v = %v, %v, want %s", s, out.Rows, err, want)
		}
	}
}

// FuzzConvert checks that what is written as CSV is read back as it was.
func FuzzConvert(f *testing.F) {
	f.Add("a", "x,\"y\"\r\nz", "\ufeff ")
	f.Add("#", `\.`, "")
	f.Fuzz(func(t *testing.T, name, x, y string) {
		data, err := json.Marshal([]map[string]string{{name: x}, {name: y}, {}})
		if err != nil || name == "" {
			return
		}
		a, err := Convert(ctx, ConvertInput{Table: Source{Data: data}, To: "csv", CRLF: true})
		if err != nil {
			return // not UTF-8
		}
		b, err := Query(ctx, QueryInput{Table: Source{Data: data}, Format: four})
		if err != nil {
			t.Fatal(err)
		}
		c, err := Query(ctx, QueryInput{Table: csvText(a.Text), Format: four})
		if err != nil {
			if strings.Contains(err.Error(), "no name") || strings.Contains(name, "\ufeff") {
				return // a name of line ends only, or a mark that is taken for that of the file
			}
			t.Fatalf("%q: %v", a.Text, err)
		}
		p, _ := json.Marshal(b.Rows)
		q, _ := json.Marshal(c.Rows)
		crlf := strings.NewReplacer(`\r\n`, `\n`)
		if crlf.Replace(string(p)) != crlf.Replace(string(q)) {
			t.Errorf("%s as %q comes back as %s", p, a.Text, q)
		}
	})
}

func TestConvert(t *testing.T) {
	s := csvText("n,t,b\n1.50,007,true\n,\"a|b\nc\",x\n")
	for _, tc := range []struct {
		in   ConvertInput
		want string
	}{
		{ConvertInput{Table: s, To: "json"}, `[{"n":"1.50","t":"007","b":"true"},` + "\n" + `{"t":"a|b\nc","b":"x"}]`}, {ConvertInput{Table: s, To: "jsonl", Types: "infer"}, `{"n":1.50,"t":"007","b":true}` + "\n" + `{"t":"a|b\nc","b":"x"}` + "\n"},
		{ConvertInput{Table: s, To: "markdown"}, "| n | t | b |\n| --- | --- | --- |\n| 1.50 | 007 | true |\n|  | a\\|b<br>c | x |\n"}, {ConvertInput{Table: s, To: "tsv"}, "n\tt\tb\n1.50\t007\ttrue\n\t\"a|b\nc\"\tx\n"},
		{ConvertInput{Table: csvText("a,b\n1,\n"), To: "csv", Delimiter: ";", CRLF: true}, "a;b\r\n1;\r\n"}, {ConvertInput{Table: Source{Data: []byte(`[{"a":"x\ry\nz"}]`)}, To: "csv", CRLF: true}, "a\r\n\"x\ry\nz\"\r\n"},
		{ConvertInput{Table: csvText("a\n"), To: "json"}, "[]"}, {ConvertInput{Table: csvText("a\n"), To: "jsonl"}, ""},
	} {
		if out, err := Convert(ctx, tc.in); err != nil || out.Text != tc.want {
			t.Errorf("%s: %q, %v, want %q", tc.in.To, out.Text, err, tc.want)
		}
	}
}

func TestAggregateOfFewRows(t *testing.T) {
	s := csvText("g,v,d\na,1,2026-02-01\na,x,2025-12-31\nb,,\n")
	list := []Measure{{Fn: "count"}, {Fn: "sum", Column: "v"}, {Fn: "mean", Column: "v"}, {Fn: "stdev", Column: "v"}, {Fn: "min", Column: "d"}, {Fn: "max", Column: "v", As: "most"}, {Fn: "last", Column: "v"}}
	out, err := Aggregate(ctx, AggregateInput{Table: s, GroupBy: []string{"g"}, Measures: list, NotANumber: "skip", Having: "count >= 1", SortBy: []Key{{Column: "count"}}, Format: four})
	got, _ := json.Marshal(out)
	want := `{"columns":["g","count","sum_v","mean_v","stdev_v","min_d","most","last_v"],"rows":[["b",1,"0",null,null,null,null,null],["a",2,"1","1",null,"2025-12-31","x","x"]],"row_count":2,"truncated":false}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	out, err = Aggregate(ctx, AggregateInput{Table: csvText("v\n"), Measures: []Measure{{Fn: "count"}, {Fn: "sum", Column: "v"}}, Format: four})
	if got, _ := json.Marshal(out.Rows); err != nil || string(got) != `[[0,"0"]]` {
		t.Errorf("of no rows %s, %v", got, err)
	}
	// R: sd(c(2,4,4,4,5,5,7,9)), quantile(…, .9)
	out, err = Aggregate(ctx, AggregateInput{Table: csvText("v\n2\n4\n4\n4\n5\n5\n7\n9\n"), Measures: []Measure{{Fn: "stdev", Column: "v"}, {Fn: "percentile", Percent: "90", Column: "v"}}, Format: four})
	if got, _ := json.Marshal(out.Rows); err != nil || string(got) != `[["2.1381","7.6"]]` {
		t.Errorf("%s, %v", got, err)
	}
}

// However many rows are kept, they are the first of all in order.
func TestPagesOfASort(t *testing.T) {
	var text strings.Builder
	text.WriteString("n,i\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "%d,%d\n", i*7919%101, i)
	}
	whole, err := Sort(ctx, SortInput{csvText(text.String()), []Key{{Column: "n"}}, all})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []Page{{0, 1}, {0, 10}, {95, 10}, {1990, 20}, {4990, 50}} {
		part, err := Sort(ctx, SortInput{csvText(text.String()), []Key{{Column: "n"}}, p})
		want := whole.Rows[p.Offset:min(p.Offset+p.Limit, 5000)]
		if err != nil || fmt.Sprint(part.Rows) != fmt.Sprint(want) || part.RowCount != 5000 {
			t.Errorf("%+v: %v, %v, want %v", p, part.Rows, err, want)
		}
	}
}

func TestPivotWithTotals(t *testing.T) {
	s := csvText("r,c,v\nx,10,1\ny,9,2\nx,9,3\nx,,4\n")
	out, err := Pivot(ctx, PivotInput{Table: s, Rows: []string{"r"}, Column: "c", Measure: Measure{Fn: "sum", Column: "v"}, Totals: true, Format: four})
	got, _ := json.Marshal(out)
	want := `{"columns":["r","9","10","(missing)","total"],"rows":[["x","3","1","4","8"],["y","2",null,null,"2"],["total","5","1","4","10"]],"row_count":3,"truncated":false}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestJoinOfNumbersAndNames(t *testing.T) {
	left, right := csvText("id,n\n7,a\n8,b\n7,c\n"), Source{Data: json.RawMessage(`[{"id":7.0,"n":"x","m":1},{"id":7,"n":"y"}]`)}
	out, err := Join(ctx, JoinInput{Left: left, Right: right, On: []Pair{{"id", "id"}}, Kind: "left", SortBy: []Key{{Column: "right_n", Descending: true}}, Page: Page{Limit: 3}})
	got, _ := json.Marshal(out)
	want := `{"columns":["id","n","right_n","m"],"rows":[["7","a","y",null],["7","c","y",null],["7","a","x",1]],"row_count":5,"truncated":true}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	out, err = Join(ctx, JoinInput{Left: csvText("k\n A \nb\n"), Right: csvText("k,v\na,1\n"), On: []Pair{{"k", "k"}}, Kind: "inner", IgnoreCase: true})
	if got, _ := json.Marshal(out.Rows); err != nil || string(got) != `[[" A ","1"]]` {
		t.Errorf("%s, %v", got, err)
	}
}

// A join of which every row matches every row is counted and not made.
func TestJoinIsBounded(t *testing.T) {
	many := csvText("k\n" + strings.Repeat("x\n", 20_000))
	out, err := Join(ctx, JoinInput{Left: many, Right: many, On: []Pair{{"k", "k"}}, Kind: "inner", Page: Page{Limit: 1}})
	if err != nil || out.RowCount != 400_000_000 || len(out.Rows) != 1 {
		t.Errorf("%d rows of %d, %v", len(out.Rows), out.RowCount, err)
	}
}

func TestQueryOptions(t *testing.T) {
	s := csvText("a,b\n3,x\n1,y\n,x\n2,x\n3,x\n")
	for _, tc := range []struct {
		in   QueryInput
		want string
	}{
		{QueryInput{Distinct: true}, `[["3","x"],["1","y"],[null,"x"],["2","x"]]`}, {QueryInput{SortBy: []Key{{Column: "a"}}, Page: Page{Offset: 1, Limit: 2}}, `[["2","x"],["3","x"]]`},
		{QueryInput{SortBy: []Key{{Column: "a", Descending: true, Missing: "first"}}, Page: Page{Limit: 2}}, `[[null,"x"],["3","x"]]`}, {QueryInput{Select: []Item{{Formula: "a / 3"}}, Where: "a < 3"}, `[["0.3333"],["0.6667"]]`},
		{QueryInput{Select: []Item{{Column: "b"}}, SortBy: []Key{{Column: "a", As: "text", Descending: true}}, Where: "a is not missing", Page: Page{Limit: 1}}, `[["x"]]`},
	} {
		tc.in.Table, tc.in.Format = s, four
		out, err := Query(ctx, tc.in)
		if got, _ := json.Marshal(out.Rows); err != nil || string(got) != tc.want {
			t.Errorf("%+v = %s, %v", tc.in, got, err)
		}
	}
}

func TestFaultsNameTheField(t *testing.T) {
	s := csvText("a,b\n1,x\n")
	run := func(_ any, err error) error { return err }
	q := func(in QueryInput) error { in.Table, in.Format = s, four; return run(Query(ctx, in)) }
	a := func(in AggregateInput) error { in.Table, in.Format = s, four; return run(Aggregate(ctx, in)) }
	for want, err := range map[string]error{
		"where: row 1": q(QueryInput{Where: "b > 1"}), "where: there is no column": q(QueryInput{Where: "c > 1"}), "select[0].column": q(QueryInput{Select: []Item{{Column: "c"}}}), "select[0]: wants one": q(QueryInput{Select: []Item{{}}}),
		"select[0].formula": q(QueryInput{Select: []Item{{Formula: "a +"}}}), "select[0]: row 1": q(QueryInput{Select: []Item{{Formula: "b + 1"}}}), "select: there are two": q(QueryInput{Select: []Item{{Column: "a"}, {Column: "a"}}}),
		"sort_by[0].column": q(QueryInput{SortBy: []Key{{Column: "c"}}}), "sort_by[0]: column \"b\" has": q(QueryInput{SortBy: []Key{{Column: "b", As: "number"}}}), "sort_by[0].as": q(QueryInput{SortBy: []Key{{Column: "b", As: "x"}}}), "limit": q(QueryInput{Page: Page{Limit: -1}}),
		"group_by[0]": a(AggregateInput{GroupBy: []string{"c"}, Measures: []Measure{{Fn: "count"}}}), "measures: 0": a(AggregateInput{}), "measures[0].fn": a(AggregateInput{Measures: []Measure{{Fn: "avg", Column: "a"}}}), "measures[0].column": a(AggregateInput{Measures: []Measure{{Fn: "sum", Column: "c"}}}),
		"measures[0]: row 1": a(AggregateInput{Measures: []Measure{{Fn: "sum", Column: "b"}}}), "measures[0].percent": a(AggregateInput{Measures: []Measure{{Fn: "percentile", Column: "a", Percent: "101"}}}), "having": a(AggregateInput{Measures: []Measure{{Fn: "count"}}, Having: "x"}),
		"not_a_number": a(AggregateInput{Measures: []Measure{{Fn: "count"}}, NotANumber: "x"}), "rounding": run(Query(ctx, QueryInput{Table: s})), "kind": run(Join(ctx, JoinInput{Left: s, Right: s, On: []Pair{{"a", "a"}}})), "on[0].right": run(Join(ctx, JoinInput{Left: s, Right: s, On: []Pair{{"a", "c"}}, Kind: "inner"})),
		"column": run(Pivot(ctx, PivotInput{Table: s, Rows: []string{"a"}, Column: "c", Measure: Measure{Fn: "count"}, Format: four})), "to": run(Convert(ctx, ConvertInput{Table: s, To: "xml"})), "top": run(Profile(ctx, ProfileInput{s, -1, four})), "sort_by: is required": run(Sort(ctx, SortInput{Table: s})),
	} {
		if fault, ok := errors.AsType[*field.Error](err); !ok || !strings.HasPrefix(fault.Error(), want) {
			t.Errorf("%v, want one about %s", err, want)
		}
	}
}
