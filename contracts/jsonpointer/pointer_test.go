package jsonpointer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/contracts/jsonpointer"
)

func parse(t testing.TB, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// The document and the pointers of RFC 6901, section 5.
const rfcDocument = `{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}`

func TestGetRFCExamples(t *testing.T) {
	doc := parse(t, rfcDocument)
	for ptr, want := range map[string]any{
		"":       doc,
		"/foo":   []any{"bar", "baz"},
		"/foo/0": "bar",
		"/":      0.0,
		"/a~1b":  1.0,
		"/c%d":   2.0,
		"/e^f":   3.0,
		"/g|h":   4.0,
		"/i\\j":  5.0,
		"/k\"l":  6.0,
		"/ ":     7.0,
		"/m~0n":  8.0,
	} {
		got, err := jsonpointer.Get(doc, ptr)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%q: got %v (%v), want %v", ptr, got, err, want)
		}
	}
}

func TestGetRefuses(t *testing.T) {
	doc := parse(t, `{"list":[1,2],"deep":{"n":null,"~1":5},"07":1}`)
	for ptr, want := range map[string]struct {
		cause error
		at    string
	}{
		"list":                    {jsonpointer.ErrSyntax, "list"},
		"/list/0/~2":              {jsonpointer.ErrSyntax, "/list/0/~2"},
		"/~":                      {jsonpointer.ErrSyntax, "/~"},
		"/list/2":                 {jsonpointer.ErrNotFound, "/list/2"},
		"/list/-":                 {jsonpointer.ErrNotFound, "/list/-"},
		"/list/99999999999999999": {jsonpointer.ErrNotFound, "/list/99999999999999999"},
		"/list/00":                {jsonpointer.ErrIndex, "/list/00"},
		"/list/01/x":              {jsonpointer.ErrIndex, "/list/01"},
		"/list/+1":                {jsonpointer.ErrIndex, "/list/+1"},
		"/list/-1":                {jsonpointer.ErrIndex, "/list/-1"},
		"/list/":                  {jsonpointer.ErrIndex, "/list/"},
		"/list/1e0":               {jsonpointer.ErrIndex, "/list/1e0"},
		"/deep/x/y":               {jsonpointer.ErrNotFound, "/deep/x"},
		"/deep/n/y":               {jsonpointer.ErrNotInto, "/deep/n/y"},
		"/list/0/y":               {jsonpointer.ErrNotInto, "/list/0/y"},
	} {
		_, err := jsonpointer.Get(doc, ptr)
		e, ok := errors.AsType[*jsonpointer.Error](err)
		if !ok || !errors.Is(err, want.cause) || e.At != want.at {
			t.Errorf("%q: got %v, want %v at %q", ptr, err, want.cause, want.at)
		}
	}
}

func TestBounds(t *testing.T) {
	for name, ptr := range map[string]string{
		"length": "/" + strings.Repeat("a", jsonpointer.MaxLength),
		"tokens": strings.Repeat("/", jsonpointer.MaxTokens+1),
	} {
		if err := jsonpointer.Check(ptr); !errors.Is(err, jsonpointer.ErrSyntax) {
			t.Errorf("%s: got %v, want ErrSyntax", name, err)
		}
	}
	for name, ptr := range map[string]string{
		"length": "/" + strings.Repeat("a", jsonpointer.MaxLength-1),
		"tokens": strings.Repeat("/", jsonpointer.MaxTokens),
	} {
		if err := jsonpointer.Check(ptr); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSet(t *testing.T) {
	for _, c := range []struct{ doc, ptr, want string }{
		{`{"a":1}`, "", `"v"`},
		{`null`, "", `"v"`},
		{`null`, "/a/b", `{"a":{"b":"v"}}`},
		{`{}`, "/", `{"":"v"}`},
		{`{"a":1}`, "/a", `{"a":"v"}`},
		{`{"a":{"x":1}}`, "/a/b/c", `{"a":{"x":1,"b":{"c":"v"}}}`},
		{`{"a~/b":1}`, "/a~0~1b", `{"a~/b":"v"}`},
		{`[1,2]`, "/0", `["v",2]`},
		{`[1,2]`, "/2", `[1,2,"v"]`},
		{`[1,2]`, "/-", `[1,2,"v"]`},
		{`{"l":[]}`, "/l/-/x", `{"l":[{"x":"v"}]}`},
		{`{}`, "/0", `{"0":"v"}`},
		{`{}`, "/-", `{"-":"v"}`},
	} {
		doc := parse(t, c.doc)
		got, err := jsonpointer.Set(doc, c.ptr, "v")
		if err != nil {
			t.Errorf("%s at %q: %v", c.doc, c.ptr, err)
			continue
		}
		if diff := cmp.Diff(parse(t, c.want), got); diff != "" {
			t.Errorf("%s at %q:\n%s", c.doc, c.ptr, diff)
		}
		if diff := cmp.Diff(parse(t, c.doc), doc); diff != "" {
			t.Errorf("%s at %q changed its argument:\n%s", c.doc, c.ptr, diff)
		}
	}
}

func TestSetRefuses(t *testing.T) {
	for _, c := range []struct {
		doc, ptr string
		cause    error
		at       string
	}{
		{`{"a":1}`, "/a/b", jsonpointer.ErrNotInto, "/a/b"},
		{`{"a":null}`, "/a/b", jsonpointer.ErrNotInto, "/a/b"},
		{`"s"`, "/a", jsonpointer.ErrNotInto, "/a"},
		{`[1]`, "/2", jsonpointer.ErrNotFound, "/2"},
		{`[1]`, "/01", jsonpointer.ErrIndex, "/01"},
		{`[1]`, "/x/y", jsonpointer.ErrIndex, "/x"},
		{`{}`, "a", jsonpointer.ErrSyntax, "a"},
	} {
		_, err := jsonpointer.Set(parse(t, c.doc), c.ptr, "v")
		e, ok := errors.AsType[*jsonpointer.Error](err)
		if !ok || !errors.Is(err, c.cause) || e.At != c.at {
			t.Errorf("%s at %q: got %v, want %v at %q", c.doc, c.ptr, err, c.cause, c.at)
		}
	}
}

// A value may be bound into many documents; a later change below it must not
// reach the others.
func TestEditorSharesWithoutChanging(t *testing.T) {
	shared := parse(t, `{"x":{"y":[1]}}`)
	e := jsonpointer.NewEditor(nil)
	for _, step := range []struct {
		ptr string
		v   any
	}{{"/a", shared}, {"/b", shared}, {"/a/x/y/-", "new"}, {"/a/x/y/-", "newer"}} {
		if err := e.Set(step.ptr, step.v); err != nil {
			t.Fatal(err)
		}
	}
	first := e.Document()
	if err := e.Set("/a/x/y/0", "later"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(parse(t, `{"x":{"y":[1]}}`), shared); diff != "" {
		t.Errorf("the value put in was changed:\n%s", diff)
	}
	if diff := cmp.Diff(parse(t, `{"a":{"x":{"y":[1,"new","newer"]}},"b":{"x":{"y":[1]}}}`), first); diff != "" {
		t.Errorf("document:\n%s", diff)
	}
}

func TestEditorKeepsDocumentOnError(t *testing.T) {
	e := jsonpointer.NewEditor(parse(t, `{"a":{"leaf":1}}`))
	if err := e.Set("/a/leaf/b", 1.0); err == nil {
		t.Fatal("no error")
	}
	if err := e.Set("/c/d", 1.0); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(parse(t, `{"a":{"leaf":1},"c":{"d":1}}`), e.Document()); diff != "" {
		t.Error(diff)
	}
}

// FuzzSetGet checks that what Set put, Get finds, and that both refuse the same
// malformed pointers.
func FuzzSetGet(f *testing.F) {
	for _, ptr := range []string{"", "/", "/foo/0", "/foo/-", "/a~1b", "/m~0n/x", "/~", "/foo/00"} {
		f.Add(rfcDocument, ptr)
	}
	f.Fuzz(func(t *testing.T, text, ptr string) {
		var doc any
		if json.Unmarshal([]byte(text), &doc) != nil {
			return
		}
		out, err := jsonpointer.Set(doc, ptr, "put")
		if again := parse(t, text); !cmp.Equal(doc, again) {
			t.Fatal("Set changed its argument")
		}
		if checked := jsonpointer.Check(ptr); errors.Is(err, jsonpointer.ErrSyntax) != (checked != nil) {
			t.Fatalf("Set says %v, Check says %v", err, checked)
		}
		if err != nil {
			return
		}
		if got, err := jsonpointer.Get(out, ptr); err == nil && got != "put" {
			t.Fatalf("got %v", got)
		} else if err != nil && !strings.Contains(ptr, "/-") {
			t.Fatal(err)
		}
	})
}

func ExampleEscape() {
	fmt.Println("/inputs/" + jsonpointer.Escape("a/b~c"))
	// Output: /inputs/a~1b~0c
}

// BenchmarkEditorFanIn binds many values into one array, as a unit with a large
// fan-in does; the time for one must not grow with their number.
func BenchmarkEditorFanIn(b *testing.B) {
	e := jsonpointer.NewEditor(map[string]any{"items": []any{}})
	for b.Loop() {
		if err := e.Set("/items/-", 1.0); err != nil {
			b.Fatal(err)
		}
	}
}
