package jcs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/contracts/jcs"
)

type embedded struct {
	Kind string `json:"kind"`
	Name int    `json:"name"` // hidden by unit.Name
}

type picky string

func (p *picky) UnmarshalText(b []byte) error {
	if string(b) != "ok" {
		return fmt.Errorf("%q is not ok", b)
	}
	*p = picky(b)
	return nil
}

type unit struct {
	embedded
	Name     string            `json:"name"`
	Size     uint64            `json:"size,omitempty"`
	Quoted   int               `json:"quoted,string"`
	Next     *unit             `json:"next,omitempty"`
	Units    []unit            `json:"units"`
	ByName   map[string]unit   `json:"by_name"`
	Extra    any               `json:"extra"`
	Raw      json.RawMessage   `json:"raw"`
	Picky    map[string]*picky `json:"picky"`
	Hidden   int               `json:"-"`
	Untagged bool
}

func TestDecodeStrict(t *testing.T) {
	const doc = `{"kind":"k","name":"n","size":3.0,"quoted":"7","next":{"name":"m"},"units":[{"name":"u"},{}],
		"by_name":{"x":{"size":1e2}},"extra":{"anything":[{"Name":1}]},"raw":{"b":1,"a":1.0},"picky":{"p":"ok"},"Untagged":true}`
	ok := picky("ok")
	want := unit{
		embedded: embedded{Kind: "k"}, Name: "n", Size: 3, Quoted: 7, Next: &unit{Name: "m"},
		Units: []unit{{Name: "u"}, {}}, ByName: map[string]unit{"x": {Size: 100}},
		Extra: map[string]any{"anything": []any{map[string]any{"Name": 1.0}}},
		Raw:   json.RawMessage(`{"a":1,"b":1}`), Picky: map[string]*picky{"p": &ok}, Untagged: true,
	}
	var got unit
	if err := jcs.DecodeStrict([]byte(doc), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(unit{})); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeStrictNamesThePath(t *testing.T) {
	for doc, pointer := range map[string]string{
		`{"nam":"n"}`:                            "/nam",
		`{"Name":"n"}`:                           "/Name",
		`{"untagged":true}`:                      "/untagged",
		`{"Hidden":1}`:                           "/Hidden",
		`{"-":1}`:                                "/-",
		`{"units":[{},{"x/y":1}]}`:               "/units/1/x~1y",
		`{"next":{"next":{"by_name":{"q":[]}}}}`: "/next/next/by_name/q",
		`{"by_name":{"a":{"name":7}}}`:           "/by_name/a/name",
		`{"units":[{"size":-1}]}`:                "/units/0/size",
		`{"units":[{"size":1.5}]}`:               "/units/0/size",
		`{"quoted":7}`:                           "",
		`{"picky":{"p":"no"}}`:                   "/picky/p",
		`{"units":{}}`:                           "/units",
		`{"units":[{"name":"a","name":"b"}]}`:    "/units/0/name",
		`{"name":"a"} x`:                         "",
		`[]`:                                     "",
	} {
		err := jcs.DecodeStrict([]byte(doc), &unit{})
		e, ok := errors.AsType[*jcs.Error](err)
		if !ok || e.Pointer != pointer {
			t.Errorf("%s: got %v, want a *jcs.Error at %q", doc, err, pointer)
		}
	}
}

type order struct {
	Limits struct {
		Units *int `json:"units,omitempty"`
	} `json:"limits" jcs:"required"`
	Note  string          `json:"note,omitempty"`
	Picky *picky          `json:"picky,omitempty"`
	Any   any             `json:"any,omitempty"`
	Raw   json.RawMessage `json:"raw,omitempty"`
	Parts []order         `json:"parts,omitempty"`
}

func TestDecodeStrictRefusesNullAndAbsence(t *testing.T) {
	for doc, pointer := range map[string]string{
		`null`:                         "",
		`{}`:                           "/limits",
		`{"limits":null}`:              "/limits",
		`{"limits":{"units":null}}`:    "/limits/units",
		`{"limits":{},"note":null}`:    "/note",
		`{"limits":{},"picky":null}`:   "/picky",
		`{"limits":{},"parts":null}`:   "/parts",
		`{"limits":{},"parts":[null]}`: "/parts/0",
		`{"limits":{},"parts":[{}]}`:   "/parts/0/limits",
		`{"note":"n","parts":[]}`:      "/limits",
	} {
		err := jcs.DecodeStrict([]byte(doc), &order{})
		e, ok := errors.AsType[*jcs.Error](err)
		if !ok || e.Pointer != pointer {
			t.Errorf("%s: got %v, want a *jcs.Error at %q", doc, err, pointer)
		}
	}
	for _, doc := range []string{`{"limits":{}}`, `{"limits":{},"any":null,"raw":null,"parts":[{"limits":{}}]}`} {
		if err := jcs.DecodeStrict([]byte(doc), &order{}); err != nil {
			t.Errorf("%s: %v", doc, err)
		}
	}
	if err := jcs.DecodeStrict([]byte(`null`), new(any)); err != nil {
		t.Errorf("null into any: %v", err)
	}
}

func TestDecodeStrictKeepsTheCause(t *testing.T) {
	err := jcs.DecodeStrict([]byte(`{"size":"x"}`), &unit{})
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
		t.Errorf("got %v, want a *json.UnmarshalTypeError inside", err)
	}
	if err := jcs.DecodeStrict([]byte(`{}`), nil); err == nil {
		t.Error("decoding into nil: no error")
	}
}

func TestValue(t *testing.T) {
	got, err := jcs.Value([]byte(`{"i":[1.0,1e2,-3,9007199254740992,-9007199254740992,-0],"f":[0.5,1e16,1e300],"s":"\u00e9\"","n":null,"b":[true,false],"e":[{},[]]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"i": []any{int64(1), int64(100), int64(-3), int64(1 << 53), int64(-1 << 53), int64(0)},
		"f": []any{0.5, 1e16, 1e300},
		"s": "é\"", "n": nil, "b": []any{true, false},
		"e": []any{map[string]any{}, []any{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzDecodeStrict checks that it accepts no document that encoding/json, with
// unknown fields disallowed, refuses, and always says where.
func FuzzDecodeStrict(f *testing.F) {
	f.Add([]byte(`{"kind":"k","name":"n","size":3.0,"quoted":"7","units":[{}],"by_name":{"x":{}},"extra":{},"picky":{"p":"ok"}}`))
	f.Add([]byte(`{"units":[{"size":-1}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var v unit
		err := jcs.DecodeStrict(doc, &v)
		if err == nil {
			canonical, err := jcs.Canonicalize(doc)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(canonical, new(unit)); err != nil {
				t.Fatal(err)
			}
			return
		}
		if _, ok := errors.AsType[*jcs.Error](err); !ok {
			t.Fatalf("got %T", err)
		}
	})
}
