package contracts

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzEachMember holds the members found by hand against encoding/json's.
func FuzzEachMember(f *testing.F) {
	for _, doc := range []string{
		``, ` `, `null`, ` null `, `nul`, `{}`, ` { } `, `[]`, `"{}"`, `1`, `{"a":1}`, ` {"a" : 1 , "b":null}`, `{"a":null,"a":2}`, `{"a":2,"a":null}`,
		`{"a":{"b":null,"c":[1,2,{"d":"}"}]},"e":"x,\"y\":{"}`, `{"\u0061":1,"b\"":2,"":3}`, `{"a":[],"b":{}}`, `{"a":1}x`, `{"a":1`, `{"a":"\\"}`, `{"é":"𝄞"}`,
		"{\n\t\"amount\": \"1\",\r\n\"more\": [ ]\n}",
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var want map[string]json.RawMessage
		err := json.Unmarshal(doc, &want)
		got := map[string]json.RawMessage{}
		ok := eachMember(doc, func(name, value []byte) {
			var s string // names that are no UTF-8 are made to be
			if b, e := json.Marshal(string(name)); e != nil || json.Unmarshal(b, &s) != nil {
				t.Fatal("a name that is none")
			}
			got[s] = bytes.Clone(value)
		})
		if ok != (err == nil) {
			t.Fatalf("%q is an object: %t, encoding/json says %v", doc, ok, err)
		}
		if err == nil && (len(want) != len(got) || len(want) > 0 && cmp.Diff(want, got) != "") {
			t.Errorf("%q has %v, not %v", doc, got, want)
		}
	})
}
