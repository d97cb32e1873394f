package markup

import (
	"strings"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/data/value"
)

// The scalars are those of the examples in YAML 1.2.2, chapters 2 and 10.3.
func TestReadYAML(t *testing.T) {
	for text, want := range map[string]string{
		"b: 1.50\na: [0x1F, 0o17, 010, +12, .5, 6., -0]":              `{"b":1.50,"a":[31,15,10,12,0.5,6.0,-0]}`,
		"- null\n- ~\n-\n- NULL\n- True\n- no\n- Off\n- y":            `[null,null,null,null,true,"no","Off","y"]`,
		"- '12'\n- \"1\"\n- 2001-12-14\n- 1_000\n- 12:30:45":          `["12","1","2001-12-14","1_000","12:30:45"]`,
		"- 9007199254740993\n- 123456789012345678901234567890\n- 1e3": `[9007199254740993,123456789012345678901234567890,1e3]`,
		"a: &x {k: 1, l: 2}\nb: *x\nc: {<<: *x, l: 3}":                `{"a":{"k":1,"l":2},"b":{"k":1,"l":2},"c":{"l":3,"k":1}}`,
		"t: |\n  a\n  b\nf: >\n  a\n  b\n":                            `{"t":"a\nb\n","f":"a b\n"}`, "": `null`, "---\n...\n": `null`, "!!str 12": `"12"`, "1: a\ntrue: b": `{"1":"a","true":"b"}`,
		"---\r\na: b\r\n": `{"a":"b"}`, "a: \"\\u263A\"": `{"a":"☺"}`,
	} {
		v, err := ReadYAML([]byte(text))
		if got := string(v.Append(nil)); err != nil || got != want {
			t.Errorf("%q = %s, %v, want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"a: .inf": "line 1", "a: .NaN": "not a number", "a: 1\na: 2": "twice", "? [1]\n: 2": "a key is a list", "--- 1\n--- 2": "second document", "a: !thing 1": "tag",
		"a: b: c": "not allowed", "a: 1\nb: c: d": "line 2", "\t- a": "", "<<: 1": "merge key", "a: &a [*a]": "deeper", "x: 1e99999": "exponent", "a: *b": "anchor",
	} {
		if v, err := ReadYAML([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q = %s, %v, want a fault with %q", text, v.Append(nil), err, want)
		}
	}
}

func TestAliasesAreNotExpandedWithoutBound(t *testing.T) {
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 9; i++ {
		prev, this := string(rune('0'+i-1)), string(rune('0'+i))
		bomb += "a" + this + ": &a" + this + " [" + strings.Repeat("*a"+prev+",", 9) + "*a" + prev + "]\n"
	}
	if _, err := ReadYAML([]byte(bomb)); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Error(err)
	}
}

// FuzzWriteYAML checks that what is written is read back as it was, which is
// where quoting goes wrong.
func FuzzWriteYAML(f *testing.F) {
	for _, s := range []string{"yes", "010", "1e3", "null", "~", "a: b", "- x", "#c", "2001-12-14", "<<", "\ttab", "line\n", " x ", "'", "é\u2028", "0x1F", ".inf", "=", "é\u0085", "\ufeff", "a\r\nb", "%x", "@x", "!x", "&x", "*x", "|", ">"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "")
		want := value.Value{Kind: value.Object, Members: []value.Member{
			{Name: s, Value: value.Of(s)}, {Name: s + "1", Value: value.Value{Kind: value.List, Items: []value.Value{value.Of(s), {Kind: value.Number, Text: "1.50"}, {}}}},
		}}
		text, err := WriteYAML(want)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		got, err := ReadYAML(text)
		if err != nil || string(got.Append(nil)) != string(want.Append(nil)) {
			t.Errorf("%q written as %q comes back as %s, %v", s, text, got.Append(nil), err)
		}
	})
}

func TestWriteYAML(t *testing.T) {
	v, err := value.Parse([]byte(`{"z":[1,{"a":"no","b":"x"}],"e":{},"l":[],"n":null,"d":"2026-01-01"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := "z:\n  - 1\n  - a: \"no\"\n    b: x\ne: {}\nl: []\n\"n\": null\nd: \"2026-01-01\"\n"
	if text, err := WriteYAML(v); err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
}

// The document is after the example on toml.io.
func TestReadTOML(t *testing.T) {
	text := "title = \"x\"\n[owner]\ndob = 1979-05-27T07:32:00-08:00\nday = 1979-05-27\nat = 07:32:00.5\nlocal = 1979-05-27T07:32:00\n" +
		"[[p]]\nid = 9007199254740993\nf = 1e3\n[[p]]\nx = {a = [1, \"b\", 2.50]}\nh = 0xFF\n"
	want := `{"owner":{"at":"07:32:00.5","day":"1979-05-27","dob":"1979-05-27T07:32:00-08:00","local":"1979-05-27T07:32:00"},` +
		`"p":[{"f":1000,"id":9007199254740993},{"h":255,"x":{"a":[1,"b",2.5]}}],"title":"x"}`
	v, err := ReadTOML([]byte(text))
	if got := string(v.Append(nil)); err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
	for text, want := range map[string]string{"a = 1\na = 2": "line 2", "a = inf": "not a number", "a = nan": "not a number", "a = 9223372036854775808": "line 1", "a": "line 1"} {
		if v, err := ReadTOML([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q = %s, %v", text, v.Append(nil), err)
		}
	}
}

func TestWriteTOML(t *testing.T) {
	v, err := value.Parse([]byte(`{"t":{"b":{"c":1.50},"a":"q\"\n"},"x":[{"k":1},{"k":{"l":[{"m":1},2]}}],"top":[1,[true]],"a b":"","e":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := "top = [1, [true]]\n\"a b\" = \"\"\n\n[t]\na = \"q\\\"\\n\"\n\n[t.b]\nc = 1.50\n\n[[x]]\nk = 1\n\n[[x]]\n\n[x.k]\nl = [{ m = 1 }, 2]\n\n[e]\n"
	text, err := WriteTOML(v)
	if err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
	if back, err := ReadTOML(text); err != nil || !value.Equal(back, v) {
		t.Errorf("comes back as %s, %v", back.Append(nil), err)
	}
	for text, want := range map[string]string{`[1]`: "object at the top", `{"a":[null]}`: `"a.0"`, `{"a":9223372036854775808}`: "whole number"} {
		v, _ := value.Parse([]byte(text))
		if b, err := WriteTOML(v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s = %s, %v", text, b, err)
		}
	}
}

// FuzzWriteTOML checks that what is written is read back as it was.
func FuzzWriteTOML(f *testing.F) {
	f.Add("a.b", "x\x7f\ny")
	f.Add("", "é\u0085\U0001f600")
	f.Fuzz(func(t *testing.T, name, s string) {
		name, s = strings.ToValidUTF8(name, ""), strings.ToValidUTF8(s, "")
		inner := value.Value{Kind: value.Object, Members: []value.Member{{Name: name, Value: value.Of(s)}}}
		want := value.Value{Kind: value.Object, Members: []value.Member{{Name: name, Value: inner}, {Name: name + "l", Value: value.Value{Kind: value.List, Items: []value.Value{value.Of(s), inner}}}}}
		text, err := WriteTOML(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ReadTOML(text); err != nil || !value.Equal(got, want) {
			t.Errorf("%q written as %q comes back as %s, %v", s, text, got.Append(nil), err)
		}
	})
}
