package program

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

var ctx = context.Background()

func of(text string) value.Source { return value.Source{Text: text} }

func raw(list []json.RawMessage) string {
	texts := make([]string, len(list))
	for i, r := range list {
		texts[i] = string(r)
	}
	return strings.Join(texts, " ")
}

// The results are what jq 1.7 prints with -c.
func TestQuery(t *testing.T) {
	doc := `{"items":[{"n":"a","p":1.50},{"n":"b","p":2}],"id":9007199254740993,"t":"2015-03-05T23:51:47Z"}`
	for query, want := range map[string]string{
		".items[].n": `"a" "b"`, ".items|map(.p)|add": "3.5", ".items[0].p": "1.50", "[.items[]|select(.p>1.7)|.n]": `["b"]`, ".id|tostring": `"9007199254740993"`,
		"keys": `["id","items","t"]`, ".missing": "null", "empty": "", ".t|fromdate": "1425599507", "[limit(3;repeat(1))]": "[1,1,1]", "$x+1": "42", ".items|length": "2",
		"1,halt,2": "1", `"a-b"|test("^a.b$")`: "true", "{b:1,a:2}": `{"a":2,"b":1}`, "try error(\"x\") catch .": `"x"`, ".items|sort_by(-.p)|.[0].n": `"b"`, "env|length": "0",
	} {
		out, err := Query(ctx, QueryInput{Document: of(doc), Query: query, Variables: map[string]json.RawMessage{"x": json.RawMessage("41")}})
		if got := raw(out.Results); err != nil || got != want || out.Count != len(out.Results) {
			t.Errorf("%s = %s, %v, want %s", query, got, err, want)
		}
	}
	out, err := Query(ctx, QueryInput{Document: of(doc), Query: ".id,.id+1", Form: value.Form{As: "text"}})
	if err != nil || strings.Join(out.Texts, " ") != "9007199254740993 9007199254740994" {
		t.Errorf("%+v, %v", out, err)
	}
	out, err = Query(ctx, QueryInput{Document: of(doc), Query: "repeat(1)", Limit: 3})
	if err != nil || raw(out.Results) != "1 1 1" || !out.Truncated {
		t.Errorf("%+v, %v", out, err)
	}
	for query, want := range map[string]string{
		"": "required", ".[": "unexpected", "nope": "not defined", "now": "no clock", "localtime": "no local zone", ".items.a": "expected an object", "error(\"x\")": "x", "input": "",
		`import "a" as a; .`: "modules", "$y": "not defined", `"now"|fromdate`: "", "def f: now; f": "no clock",
	} {
		_, err := Query(ctx, QueryInput{Document: of(doc), Query: query})
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != "query" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want one about %q", query, err, want)
		}
	}
	if _, err := Query(ctx, QueryInput{Document: of(doc), Query: ".id"}); err == nil || !strings.Contains(err.Error(), "as: ") {
		t.Errorf("a large number as a value: %v", err)
	}
}

func TestFaultsNameTheField(t *testing.T) {
	for want, in := range map[string]QueryInput{
		"document": {Query: "."}, "document.blob": {Document: value.Source{Blob: "b"}, Query: "."}, "limit": {Document: of("1"), Query: ".", Limit: -1},
		"as": {Document: of("1"), Query: ".", Form: value.Form{As: "x"}}, "query": {Document: of("1"), Query: strings.Repeat(" ", 10_001)},
		"variables.x": {Document: of("1"), Query: ".", Variables: map[string]json.RawMessage{"x": json.RawMessage(`{"a":1,"a":2}`)}},
	} {
		_, err := Query(ctx, in)
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != want {
			t.Errorf("%v, want one about %s", err, want)
		}
	}
}
