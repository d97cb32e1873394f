package text

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

var ctx = context.Background()

func TestStats(t *testing.T) {
	in := StatsInput{"Don't panic! The well-known ship—the Heart of Gold—left at 5.30.\r\n\r\nDid it? It's \"true.\" the", 2}
	got, err := Stats(ctx, in)
	if err != nil || got.Words != 18 || got.Sentences != 5 || got.Lines != 3 || got.Paragraphs != 2 || got.Bytes != len(in.Text) || got.Characters != got.Bytes-4 {
		t.Errorf("%+v, %v", got, err)
	}
	if !slices.Equal(got.TopWords, []WordCount{{"the", 3}, {"30", 1}}) {
		t.Errorf("top words %v", got.TopWords)
	}
}

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"a-b c--d 'e' f-": "a-b|c|d|e|f", "l’été d'or": "l’été|d'or", "": "", "x\xffy": "x|y", "日本 3.5": "日本|3|5", "a- b": "a|b", "rock'n'roll": "rock'n'roll",
	} {
		var got []string
		words(text, func(w string) { got = append(got, w) })
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %s", text, got, want)
		}
	}
}

func TestCase(t *testing.T) {
	for _, tc := range []struct{ text, to, language, want string }{
		{"straße", "upper", "any", "STRASSE"[:4] + "ßE"}, {"ISTANBUL", "lower", "turkic", "ıstanbul"}, {"istanbul", "title", "turkic", "İstanbul"},
		{"the KING's speech", "title", "any", "The King's Speech"}, {"HELLO. how ARE you?", "sentence", "any", "Hello. How are you?"},
		{"parseHTTPRequest v2", "snake", "any", "parse_http_request_v2"}, {"Don't stop", "kebab", "any", "dont-stop"}, {"max value", "constant", "any", "MAX_VALUE"},
		{"some-text here", "camel", "any", "someTextHere"}, {"some text", "pascal", "any", "SomeText"}, {"--", "snake", "any", ""},
	} {
		if out, err := Case(ctx, CaseInput{tc.text, tc.to, tc.language}); err != nil || out.Text != tc.want {
			t.Errorf("%q to %s = %q, %v, want %q", tc.text, tc.to, out.Text, err, tc.want)
		}
	}
}

func TestNormalize(t *testing.T) {
	for _, tc := range []struct {
		in   NormalizeInput
		want string
	}{
		{NormalizeInput{"e\u0301", "NFC", "keep", "keep", "keep"}, "é"}, {NormalizeInput{"é", "NFD", "keep", "keep", "keep"}, "e\u0301"},
		{NormalizeInput{"ﬁ①", "NFKC", "keep", "keep", "keep"}, "fi1"}, {NormalizeInput{"“a” – ‘b’…", "keep", "keep", "ascii", "keep"}, `"a" - 'b'...`},
		{NormalizeInput{" a  b \r\n c\t\r\n", "keep", "collapse", "keep", "lf"}, "a b\nc"}, {NormalizeInput{" a  b \n", "keep", "trim", "keep", "keep"}, "a  b"},
		{NormalizeInput{"a\nb\r\nc\r", "keep", "keep", "keep", "crlf"}, "a\r\nb\r\nc\r\n"},
	} {
		if out, err := Normalize(ctx, tc.in); err != nil || out.Text != tc.want {
			t.Errorf("%+v = %q, %v", tc.in, out.Text, err)
		}
	}
}

func TestSort(t *testing.T) {
	for _, tc := range []struct {
		in   SortInput
		want string
	}{
		{SortInput{[]string{"b", "B", "a", "ä"}, "code_point", false, false}, "B a b ä"}, {SortInput{[]string{"b", "B", "a", "A"}, "code_point", true, false}, "a A b B"},
		{SortInput{[]string{"b", "B", "a", "A"}, "code_point", true, true}, "b B a A"}, {SortInput{[]string{"f10", "f9", "f010", "f1"}, "natural", false, false}, "f1 f9 f10 f010"},
		{SortInput{[]string{"10", "-2", "1e1", "0.5"}, "number", false, false}, "-2 0.5 10 1e1"}, {SortInput{[]string{"ccc", "ä", "bb"}, "length", false, true}, "ccc bb ä"},
	} {
		if out, err := Sort(ctx, tc.in); err != nil || strings.Join(out.Items, " ") != tc.want {
			t.Errorf("%+v = %q, %v", tc.in, out.Items, err)
		}
	}
}

func TestDedupe(t *testing.T) {
	items := []string{"a", " A ", "b", "a"}
	for _, tc := range []struct {
		in   DedupeInput
		want string
	}{
		{DedupeInput{items, false, false, "first"}, "a| A |b"}, {DedupeInput{items, true, true, "first"}, "a|b"}, {DedupeInput{items, true, true, "last"}, "b|a"},
	} {
		out, err := Dedupe(ctx, tc.in)
		if err != nil || strings.Join(out.Items, "|") != tc.want || out.Removed != 4-len(out.Items) {
			t.Errorf("%+v = %+v, %v", tc.in, out, err)
		}
	}
}

// The diff is what "diff -U1" prints.
func TestDiff(t *testing.T) {
	out, err := Diff(ctx, DiffInput{"a\nb\nc\nd\ne\nf\n", "a\nB\nc\nd\ne\nf\ng\n", 1})
	want := "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -6 +6,2 @@\n f\n+g\n"
	if err != nil || out.Unified != want || out.Added != 2 || out.Removed != 1 || out.Equal {
		t.Errorf("%+v, %v", out, err)
	}
	if out, err := Diff(ctx, DiffInput{"", "x", 0}); err != nil || out.Unified != "@@ -0,0 +1 @@\n+x\n" {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := Diff(ctx, DiffInput{strings.Repeat("a\n", 3000), strings.Repeat("b\n", 3000), 0}); err == nil {
		t.Error("6000 changes are not refused")
	}
}

// FuzzCompare checks that a script makes one text of the other, and its length
// against the longest common subsequence by the textbook's table.
func FuzzCompare(f *testing.F) {
	f.Add("abcabba", "cbabac")
	f.Fuzz(func(t *testing.T, x, y string) {
		if len(x) > 60 || len(y) > 60 {
			return
		}
		a, b := strings.Split(x, ""), strings.Split(y, "")
		script, ok := compare(a, b)
		var before, after []string
		changes := 0
		for _, e := range script {
			if e.kind != '+' {
				before = append(before, e.line)
			}
			if e.kind != '-' {
				after = append(after, e.line)
			}
			if e.kind != ' ' {
				changes++
			}
		}
		if !ok || !slices.Equal(before, a) || !slices.Equal(after, b) || changes != len(a)+len(b)-2*common(a, b) {
			t.Errorf("%q to %q: %v", x, y, script)
		}
	})
}

func common(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			if row[j+1] = max(above, row[j]); x == y {
				row[j+1] = diagonal + 1
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

func TestExtract(t *testing.T) {
	in := ExtractInput{"Mail a.b@c.example, see (https://x.example/p?q=1). On 2026-03-01 -5.5 of 1e3; call +49 30 901820!", []string{"email", "url", "date", "number", "phone"}, 100}
	out, err := NewExtractor().Extract(ctx, in)
	byKind := map[string][]string{}
	for _, m := range out.Matches {
		byKind[m.Kind] = append(byKind[m.Kind], m.Value)
		if in.Text[m.Start:m.End] != m.Value {
			t.Errorf("%+v is not there", m)
		}
	}
	want := map[string]string{"email": "a.b@c.example", "url": "https://x.example/p?q=1", "date": "2026-03-01", "phone": "+49 30 901820"}
	for kind, w := range want {
		if strings.Join(byKind[kind], "|") != w {
			t.Errorf("%s: %q, %v", kind, byKind[kind], err)
		}
	}
	if !slices.Contains(byKind["number"], "-5.5") || !slices.Contains(byKind["number"], "1e3") {
		t.Errorf("numbers %q", byKind["number"])
	}
}

func TestExtractAddresses(t *testing.T) {
	out, err := NewExtractor().Extract(ctx, ExtractInput{"from 10.0.0.1 to 255.255.255.255, not 256.1.1.1 or 1.2.3", []string{"ip"}, 9})
	if err != nil || len(out.Matches) != 2 || out.Matches[1].Value != "255.255.255.255" {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestRegex(t *testing.T) {
	out, err := Regex(ctx, RegexInput{"k1=v1, k2=v2", `(\w+)=(?P<v>\w+)`, "replace", "${v}:$1", 10})
	if err != nil || *out.Text != "v1:k1, v2:k2" || out.Count != 2 {
		t.Errorf("%+v, %v", out, err)
	}
	out, err = Regex(ctx, RegexInput{"a,b,c", ",", "split", "", 1})
	if err != nil || !slices.Equal(out.Parts, []string{"a", "b,c"}) || !out.Truncated {
		t.Errorf("%+v, %v", out, err)
	}
	out, err = Regex(ctx, RegexInput{"äb", "(b)|(c)", "match", "", 9})
	if err != nil || len(out.Matches) != 1 || out.Matches[0].Start != 2 || !slices.Equal(out.Matches[0].Groups, []string{"b", ""}) {
		t.Errorf("%+v, %v", out, err)
	}
}

// The cases are after the specification of Mustache.
func TestTemplate(t *testing.T) {
	for _, tc := range []struct{ template, data, want string }{
		{"Hello, {{name}}!", `{"name":"<World>"}`, "Hello, &lt;World&gt;!"}, {"{{{a}}}{{&a}}", `{"a":"&"}`, "&&"}, {"{{a.b.c}}", `{"a":{"b":{"c":1.20}}}`, "1.20"},
		{"{{#l}}<{{.}}>{{/l}}{{^l}}none{{/l}}", `{"l":[1,"b",true]}`, "<1><b><true>"}, {"{{#l}}x{{/l}}{{^l}}none{{/l}}", `{"l":[]}`, "none"},
		{"{{#o}}{{n}}{{up}}{{/o}}", `{"o":{"n":1},"up":2}`, "12"}, {"{{! no }}{{#t}}y{{/t}}{{#f}}n{{/f}}", `{"t":true,"f":false}`, "y"}, {"{{a}}", `{"a":null}`, ""},
	} {
		out, err := Template(ctx, TemplateInput{tc.template, json.RawMessage(tc.data), "html", "refuse"})
		if err != nil || out.Text != tc.want {
			t.Errorf("%s with %s = %q, %v, want %q", tc.template, tc.data, out.Text, err, tc.want)
		}
	}
	if out, err := Template(ctx, TemplateInput{"[{{x.y}}]", json.RawMessage(`{}`), "none", "empty"}); err != nil || out.Text != "[]" {
		t.Errorf("%+v, %v", out, err)
	}
	for _, bad := range []string{"{{a", "{{#a}}", "{{/a}}", "{{#a}}{{/b}}", "{{}}", "{{> p}}", "{{=<% %>=}}", "{{{a}}", strings.Repeat("{{#a}}", 30) + strings.Repeat("{{/a}}", 30)} {
		if _, err := Template(ctx, TemplateInput{bad, json.RawMessage(`{"a":1}`), "none", "empty"}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("{{#a}}{{b}}{{/a}}{{^c}}x{{/c}}")
	f.Fuzz(func(t *testing.T, template string) {
		data := json.RawMessage(`{"a":[{"b":1},{"b":"<"}],"c":false}`)
		_, _ = Template(ctx, TemplateInput{template, data, "html", "empty"})
		if !strings.Contains(template, "{{") {
			if out, err := Template(ctx, TemplateInput{template, data, "html", "refuse"}); len(template) <= 100_000 && (err != nil || out.Text != template) {
				t.Errorf("%q = %q, %v", template, out.Text, err)
			}
		}
	})
}

func TestFaultsNameTheField(t *testing.T) {
	run := func(_ any, err error) error { return err }
	for want, err := range map[string]error{
		"text":        run(Stats(ctx, StatsInput{Text: strings.Repeat("a", maxText+1)})),
		"top":         run(Stats(ctx, StatsInput{Top: -1})),
		"language":    run(Case(ctx, CaseInput{"a", "upper", ""})),
		"to":          run(Case(ctx, CaseInput{"a", "UPPER", "any"})),
		"form":        run(Normalize(ctx, NormalizeInput{})),
		"order":       run(Sort(ctx, SortInput{})),
		"items[1]":    run(Sort(ctx, SortInput{Items: []string{"1", "x"}, Order: "number"})),
		"keep":        run(Dedupe(ctx, DedupeInput{})),
		"kinds[0]":    run(NewExtractor().Extract(ctx, ExtractInput{"", []string{"names"}, 1})),
		"limit":       run(NewExtractor().Extract(ctx, ExtractInput{"", []string{"url"}, 0})),
		"pattern":     run(Regex(ctx, RegexInput{"", "(", "match", "", 1})),
		"replacement": run(Regex(ctx, RegexInput{"", "a", "match", "x", 1})),
		"do":          run(Regex(ctx, RegexInput{"", "a", "find", "", 1})),
		"data":        run(Template(ctx, TemplateInput{"{{x}}", json.RawMessage(`{}`), "none", "refuse"})),
		"template":    run(Template(ctx, TemplateInput{"{{x", json.RawMessage(`{}`), "none", "refuse"})),
		"missing":     run(Template(ctx, TemplateInput{"", json.RawMessage(`{}`), "none", ""})),
	} {
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != want {
			t.Errorf("%v, want one about %s", err, want)
		}
	}
}
