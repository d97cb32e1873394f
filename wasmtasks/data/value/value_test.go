package value

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

func TestOrderAndDigitsAreKept(t *testing.T) {
	for text, want := range map[string]string{
		"\ufeff {\"b\" : 1.50, \"a\":[9007199254740993, null,true,\"\\u00e9\\/\"]} ": `{"b":1.50,"a":[9007199254740993,null,true,"é/"]}`,
		`"\ud83d\ude00\u0000\n"`: `"😀\u0000\n"`, `[]`: `[]`, `{}`: `{}`, `-0.0e-5`: `-0.0e-5`, `"\\ud800"`: `"\\ud800"`,
	} {
		v, err := Parse([]byte(text))
		if got := string(v.Append(nil)); err != nil || got != want {
			t.Errorf("%s = %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		``: "line 1, column 1", `[1,]`: "column 4", "{\n\"a\":1\n\"b\":2}": "line 3, column 1", `{"a":1,"a":2}`: `"a" is there twice`, `1 2`: "column 3",
		"\"a\xff\"": "column 3: is not UTF-8", `"\ud800"`: "half of a surrogate", `"\udc00\ud800"`: "half of a surrogate", `[`: "unexpected end",
		`1e99999`: "exponent", `01`: "", `'a'`: "", `nul`: "", `{"a"}`: "", `[1 2]`: "", `{1:2}`: "", strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1): "deeper",
	} {
		v, err := Parse([]byte(text))
		if _, ok := errors.AsType[*SyntaxError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q = %v, %v, want a fault with %q", text, v, err, want)
		}
	}
}

// FuzzParse compares with encoding/json and the canonical form of contracts: what
// is taken means the same, and little is refused that they take.
func FuzzParse(f *testing.F) {
	f.Add(`{"a":[1,-2.5e3,"x\u00e9",null,true],"b":{}}`)
	f.Add(`"\ud83d\ude00"`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse([]byte(text))
		want, theirs := jcs.Canonicalize([]byte(text))
		if err != nil {
			if theirs == nil && !strings.Contains(err.Error(), "deeper") && !strings.Contains(err.Error(), "exponent") && !strings.Contains(err.Error(), "1000 bytes") {
				t.Errorf("%q is refused: %v", text, err)
			}
			return
		}
		if !json.Valid([]byte(strings.TrimPrefix(text, "\ufeff"))) {
			t.Fatalf("%q is taken", text)
		}
		again, err := Parse([]byte(v.Indented(2)))
		if err != nil || !Equal(v, again) || !Equal(v, v.Sorted()) {
			t.Errorf("%q comes back as %s, %v", text, again.Append(nil), err)
		}
		if theirs == nil {
			if got, err := jcs.Canonicalize(v.Append(nil)); err != nil || string(got) != string(want) {
				t.Errorf("%q means %s, not %s (%v)", text, got, want, err)
			}
		}
	})
}

func TestIndented(t *testing.T) {
	v, err := Parse([]byte(`{"b":[1,{}],"a":{"x":[]}}`))
	want := "{\n  \"b\": [\n    1,\n    {}\n  ],\n  \"a\": {\n    \"x\": []\n  }\n}"
	if got := v.Indented(2); err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
	if got := v.Sorted().Indented(0); got != `{"a":{"x":[]},"b":[1,{}]}` || v.Members[0].Name != "b" {
		t.Errorf("sorted %s of %s", got, v.Append(nil))
	}
}

func TestEqual(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{`1`, `1.0`, true}, {`100`, `1e2`, true}, {`0.1`, `0.10000000000000000001`, false}, {`{"a":1,"b":2}`, `{"b":2,"a":1}`, true}, {`{"a":1}`, `{"b":1}`, false},
		{`[1,2]`, `[2,1]`, false}, {`null`, `false`, false}, {`"1"`, `1`, false}, {`{"a":null}`, `{}`, false}, {`true`, `false`, false},
	} {
		a, _ := Parse([]byte(tc.a))
		b, _ := Parse([]byte(tc.b))
		if Equal(a, b) != tc.want || Equal(b, a) != tc.want {
			t.Errorf("%s = %s is not %v", tc.a, tc.b, tc.want)
		}
	}
}

// The pointers are those of RFC 6901, section 5.
func TestPointers(t *testing.T) {
	for pointer, want := range map[string]string{"": "", "/foo/0": "foo|0", "/a~1b": "a/b", "/m~0n": "m~n", "/": "", "/~01": "~1"} {
		tokens, ok := Tokens(pointer)
		back := ""
		for _, token := range tokens {
			back = Pointer(back, token)
		}
		if !ok || strings.Join(tokens, "|") != want || back != pointer {
			t.Errorf("%q = %q, back %q", pointer, tokens, back)
		}
	}
	for _, bad := range []string{"a", "/~", "/~2"} {
		if tokens, ok := Tokens(bad); ok {
			t.Errorf("%q = %q", bad, tokens)
		}
	}
}

func TestSource(t *testing.T) {
	ctx := sdk.NewContext(context.Background(), fstest.MapFS{"b": {Data: []byte("\ufeff[1]")}}, nil)
	for _, s := range []Source{{Value: json.RawMessage("[1]")}, {Text: " [1]"}, {Blob: "b"}} {
		if v, err := s.Read(ctx, "document"); err != nil || string(v.Append(nil)) != "[1]" {
			t.Errorf("%+v = %v, %v", s, v, err)
		}
	}
	if v, err := (Source{Value: json.RawMessage("null")}).Read(ctx, "document"); err != nil || v.Kind != Null {
		t.Errorf("null = %v, %v", v, err)
	}
	for want, s := range map[string]Source{"document": {}, "document.blob": {Blob: "c"}} {
		_, err := s.Read(ctx, "document")
		if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != want {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestNumbersThatWouldChangeAreNotGiven(t *testing.T) {
	for text, want := range map[string]string{`{"a":[1,9007199254740993]}`: "/a/1", `1e999`: "", `{"x/y":-9007199254740992}`: "/x~1y"} {
		v, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if at, changed := v.Changed(); !changed || at != want {
			t.Errorf("%s: %q, %v", text, at, changed)
		}
		if out, err := (Form{}).Give(v); err == nil {
			t.Errorf("%s is given as %s", text, out.Value)
		}
		if out, err := (Form{As: "text"}).Give(v); err != nil || out.Text != text {
			t.Errorf("%s is given as %q, %v", text, out.Text, err)
		}
	}
	v, _ := Parse([]byte(`[9007199254740991,0.1000000000000000055,1e3]`))
	if at, changed := v.Changed(); changed {
		t.Errorf("%s changes", at)
	}
}
