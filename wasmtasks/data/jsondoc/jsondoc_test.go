package jsondoc

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

var ctx = context.Background()

func of(text string) value.Source { return value.Source{Text: text} }

func raw(list []json.RawMessage) string {
	var b strings.Builder
	for i, r := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.Write(r)
	}
	return b.String()
}

func TestDiff(t *testing.T) {
	for _, tc := range []struct{ from, to, want string }{
		{`{"a":1,"b":[1,2,3]}`, `{"b":[2,3,4],"a":1.0,"c":null}`, `{"op":"remove","path":"/b/0"} {"op":"add","path":"/b/2","value":4} {"op":"add","path":"/c","value":null}`},
		{`[{"id":1,"n":"a"},{"id":2}]`, `[{"id":1,"n":"b"},{"id":2}]`, `{"op":"replace","path":"/0/n","value":"b"}`}, {`1`, `"1"`, `{"op":"replace","path":"","value":"1"}`},
		{`{"a/b":{"~":1}}`, `{"a/b":{}}`, `{"op":"remove","path":"/a~1b/~0"}`}, {`[1,2]`, `[1,2]`, ``},
	} {
		out, err := Diff(ctx, DiffInput{of(tc.from), of(tc.to)})
		if got := raw(out.Patch); err != nil || got != tc.want || out.Equal != (tc.want == "") || len(out.Changes) != len(out.Patch) {
			t.Errorf("%s to %s: %s, %v", tc.from, tc.to, got, err)
		}
	}
	if _, err := Diff(ctx, DiffInput{of(`1`), of(`9007199254740993`)}); err == nil {
		t.Error("a patch with a number that canonical JSON changes")
	}
}

// Whatever two documents are, the patch makes one of the other.
func TestPatchesOfDiffsLeadToTheOther(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		a, b := document(random, 4), document(random, 4)
		out, err := Diff(ctx, DiffInput{of(a), of(b)})
		if err != nil {
			t.Fatal(err)
		}
		patch, err := json.Marshal(out.Patch)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Patch(ctx, PatchInput{Document: of(a), Patch: of(string(patch))})
		if err != nil {
			t.Fatalf("%s to %s by %s: %v", a, b, patch, err)
		}
		x, _ := value.Parse(got.Value)
		y, _ := value.Parse([]byte(b))
		if !value.Equal(x, y) {
			t.Fatalf("%s by %s = %s, want %s", a, patch, got.Value, b)
		}
	}
}

func document(r *rand.Rand, depth int) string {
	switch n := r.IntN(8); {
	case depth > 0 && n < 3:
		var parts []string
		for range r.IntN(5) {
			parts = append(parts, document(r, depth-1))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case depth > 0 && n < 6:
		var parts []string
		for name := range 4 {
			if r.IntN(2) == 0 {
				parts = append(parts, strconv.Quote(string(rune('a'+name)))+":"+document(r, depth-1))
			}
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	return []string{"0", "1", "null", "true", `"x"`, "1.5"}[r.IntN(6)]
}

// The cases are those of RFC 6902, appendix A.
func TestPatch(t *testing.T) {
	for _, tc := range []struct{ doc, patch, want string }{
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux"}]`, `{"foo":"bar","baz":"qux"}`},
		{`{"foo":["bar","baz"]}`, `[{"op":"add","path":"/foo/1","value":"qux"}]`, `{"foo":["bar","qux","baz"]}`},
		{`{"baz":"qux","foo":"bar"}`, `[{"op":"remove","path":"/baz"}]`, `{"foo":"bar"}`},
		{`{"foo":["bar","qux","baz"]}`, `[{"op":"remove","path":"/foo/1"}]`, `{"foo":["bar","baz"]}`},
		{`{"baz":"qux","foo":"bar"}`, `[{"op":"replace","path":"/baz","value":"boo"}]`, `{"baz":"boo","foo":"bar"}`},
		{`{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}`, `[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]`, `{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}`},
		{`{"foo":["all","grass","cows","eat"]}`, `[{"op":"move","from":"/foo/1","path":"/foo/3"}]`, `{"foo":["all","cows","eat","grass"]}`},
		{`{"baz":"qux","foo":["a",2,"c"]}`, `[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]`, `{"baz":"qux","foo":["a",2,"c"]}`},
		{`{"foo":"bar"}`, `[{"op":"add","path":"/child","value":{"grandchild":{}}}]`, `{"foo":"bar","child":{"grandchild":{}}}`},
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux","xyz":123}]`, `{"foo":"bar","baz":"qux"}`},
		{`{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":10}]`, `{"/":9,"~1":10}`},
		{`{"foo":["bar"]}`, `[{"op":"add","path":"/foo/-","value":["abc","def"]}]`, `{"foo":["bar",["abc","def"]]}`},
		{`{"a":[1]}`, `[{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/0","value":0}]`, `{"a":[1],"b":[0,1]}`},
		{`1`, `[{"op":"replace","path":"","value":[]}]`, `[]`},
	} {
		out, err := Patch(ctx, PatchInput{Document: of(tc.doc), Patch: of(tc.patch), Form: value.Form{As: "text"}})
		if err != nil || out.Text != tc.want {
			t.Errorf("%s by %s = %s, %v", tc.doc, tc.patch, out.Text, err)
		}
	}
	for want, patch := range map[string]string{
		"patch[0].path: the value": `[{"op":"test","path":"/baz","value":"bar"}]`, "patch[0].path: there is no member": `[{"op":"add","path":"/bat/x","value":1}]`,
		"patch[1].op": `[{"op":"test","path":"/baz","value":"qux"},{"op":"zap","path":""}]`, "patch[0].value": `[{"op":"add","path":"/a"}]`, "patch[0].path: \"a\"": `[{"op":"remove","path":"a"}]`,
		"patch[0].path: is inside": `[{"op":"move","from":"/l","path":"/l/0"}]`, "patch[0].path: no element": `[{"op":"add","path":"/l/01","value":1}]`, "patch: is a": `{}`, "patch[0].from": `[{"op":"copy","from":"/x","path":"/y"}]`,
		"patch[0].path: the whole": `[{"op":"remove","path":""}]`,
	} {
		out, err := Patch(ctx, PatchInput{Document: of(`{"baz":"qux","l":[1]}`), Patch: of(patch)})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s = %s, %v, want %s", patch, out.Value, err, want)
		}
	}
}

// The cases are those of RFC 7396, appendix A.
func TestMerge(t *testing.T) {
	for _, tc := range []struct{ a, b, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`}, {`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`}, {`{"a":"b"}`, `{"a":null}`, `{}`}, {`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`}, {`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`}, {`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`}, {`["a","b"]`, `["c","d"]`, `["c","d"]`}, {`{"a":"b"}`, `["c"]`, `["c"]`}, {`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`}, {`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`}, {`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`}, {`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		out, err := Merge(ctx, MergeInput{of(tc.a), of(tc.b), "replace", "remove", value.Form{As: "text"}})
		if err != nil || out.Text != tc.want {
			t.Errorf("%s with %s = %s, %v, want %s", tc.a, tc.b, out.Text, err, tc.want)
		}
	}
	for lists, want := range map[string]string{"append": `{"l":[1,{"a":1,"b":2},1.0,{"b":2,"a":1},3],"n":null}`, "union": `{"l":[1,{"a":1,"b":2},3],"n":null}`} {
		out, err := Merge(ctx, MergeInput{of(`{"l":[1,{"a":1,"b":2}],"n":1}`), of(`{"l":[1.0,{"b":2,"a":1},3],"n":null}`), lists, "keep", value.Form{As: "text"}})
		if err != nil || out.Text != want {
			t.Errorf("%s: %s, %v", lists, out.Text, err)
		}
	}
}

func TestCheckAndFormat(t *testing.T) {
	for text, want := range map[string]CheckOutput{
		`{"a":[1]}`: {Valid: true, Kind: "object"}, "[\n1,\n]": {Line: 3, Column: 1, Problem: "invalid character ']' looking for beginning of value"},
		``: {Line: 1, Column: 1, Problem: "unexpected end of JSON input"}, `{"a":1,"a":1}`: {Line: 1, Column: 10, Problem: `member "a" is there twice`},
	} {
		if out, err := Check(ctx, CheckInput{Text: text}); err != nil || out != want {
			t.Errorf("%s: %+v, %v", text, out, err)
		}
	}
	out, err := Format(ctx, FormatInput{of(`{"b":1.50,"a":"<é>"}`), 1, true})
	if err != nil || out.Text != "{\n \"a\": \"<é>\",\n \"b\": 1.50\n}" {
		t.Errorf("%s, %v", out.Text, err)
	}
}

func TestConvert(t *testing.T) {
	doc := `{"b":[1.50,"no"],"a":{"n":9007199254740993}}`
	yaml, err := Convert(ctx, ConvertInput{Document: of(doc), From: "json", To: "yaml"})
	if err != nil || yaml.Text != "b:\n  - 1.50\n  - \"no\"\na:\n  \"n\": 9007199254740993\n" {
		t.Errorf("%q, %v", yaml.Text, err)
	}
	toml, err := Convert(ctx, ConvertInput{Document: of(yaml.Text), From: "yaml", To: "toml"})
	if err != nil || toml.Text != "b = [1.50, \"no\"]\n\n[a]\nn = 9007199254740993\n" {
		t.Errorf("%q, %v", toml.Text, err)
	}
	back, err := Convert(ctx, ConvertInput{Document: of(toml.Text), From: "toml", To: "json", Indent: 1})
	if err != nil || back.Text != "{\n \"a\": {\n  \"n\": 9007199254740993\n },\n \"b\": [\n  1.5,\n  \"no\"\n ]\n}" {
		t.Errorf("%q, %v", back.Text, err)
	}
	table := "a,b\n1,x\n,007\n"
	list, err := Convert(ctx, ConvertInput{Document: of(table), From: "csv", To: "value", Types: "infer"})
	if err != nil || string(list.Value) != `[{"a":1,"b":"x"},{"b":"007"}]` {
		t.Errorf("%s, %v", list.Value, err)
	}
	csv, err := Convert(ctx, ConvertInput{Document: value.Source{Value: list.Value}, From: "json", To: "csv"})
	if err != nil || csv.Text != table {
		t.Errorf("%q, %v", csv.Text, err)
	}
	for want, in := range map[string]ConvertInput{
		"to: the number": {Document: of(doc), From: "json", To: "value"}, "to: csv wants": {Document: of(doc), From: "json", To: "csv"}, "to: TOML wants": {Document: of("[1]"), From: "json", To: "toml"}, "from: a value": {Document: value.Source{Value: json.RawMessage("1")}, From: "csv", To: "json"},
		"document: line 1": {Document: of("a: .inf"), From: "yaml", To: "json"}, "from: is required": {}, "document: is empty": {Document: of("\n"), From: "csv", To: "json"}, "types": {Document: of("1"), From: "json", To: "json", Types: "x"}, "to: table.data[0]": {Document: of("[1]"), From: "json", To: "csv"},
	} {
		if out, err := Convert(ctx, in); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v = %+v, %v, want %s", in, out, err, want)
		}
	}
}

func TestFaultsNameTheField(t *testing.T) {
	run := func(_ any, err error) error { return err }
	for want, err := range map[string]error{
		"document":      run(Format(ctx, FormatInput{})),
		"document.blob": run(Format(ctx, FormatInput{Document: value.Source{Blob: "b"}})),
		"as":            run(Patch(ctx, PatchInput{Document: of("1"), Patch: of("[]"), Form: value.Form{As: "x"}})),
		"lists":         run(Merge(ctx, MergeInput{Document: of("1"), With: of("1")})),
		"nulls":         run(Merge(ctx, MergeInput{Document: of("1"), With: of("1"), Lists: "union"})),
		"indent":        run(Format(ctx, FormatInput{Document: of("1"), Indent: 9})),
		"to":            run(Diff(ctx, DiffInput{of("1"), of("x")})),
	} {
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != want {
			t.Errorf("%v, want one about %s", err, want)
		}
	}
}
