package contracts

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
)

// FuzzJSONOf holds the hand-written form of values against what encoding/json and
// package jcs make of them.
func FuzzJSONOf(f *testing.F) {
	for _, doc := range []string{
		`{"b":[1,-2,0.5,1e20,-0,999999999999999,1000000000000000],"a":{"z":null,"":true,"A":false}}`,
		`["\u0000\b\t\n\u000b\f\r\u001f\"\\/<>&\u2028é😀"]`, `{"é":1,"z":2}`, `{}`, `[]`, `"x"`, `1`, `[[[[{"a":[{}]}]]]]`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var v any
		if json.Unmarshal(doc, &v) != nil {
			return
		}
		same(t, v)
		if m, ok := v.(map[string]any); ok {
			raw := map[string]json.RawMessage{}
			if json.Unmarshal(doc, &raw) == nil {
				same(t, raw)
			}
			same(t, map[string]any{"raw": json.RawMessage(doc), "n": len(m), "names": []string{"b", "a"}, "j": JSON(doc), "i": int64(len(doc))})
		}
	})
}

func same(t *testing.T, v any) {
	t.Helper()
	got, ok := appendCanonical(nil, v, 0)
	if !ok {
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%q, but %v", got, err)
	}
	if want, err := NewJSON(b); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q, want %q, %v", got, want, err)
	}
}

func TestJSONOfLeavesWhatItDoesNotKnow(t *testing.T) {
	for _, v := range []any{"\xff", math.NaN(), math.Inf(1), 0.1, 1e15, []string{"\xff"}, map[string]any{"é": 1}, json.RawMessage("{"), json.RawMessage(nil), JSON{}, struct{}{}} {
		if b, ok := appendCanonical(nil, v, 0); ok {
			t.Errorf("%#v: %s", v, b)
		}
	}
	for _, v := range []any{map[string]any(nil), []any(nil), []string(nil), math.Copysign(0, -1), map[string]any{"a": []any{1.0, int64(2)}}} {
		if _, ok := appendCanonical(nil, v, 0); !ok {
			t.Errorf("%#v is not known", v)
		}
		same(t, v)
	}
}
