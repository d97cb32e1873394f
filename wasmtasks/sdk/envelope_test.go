package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"
)

func TestOpenEnvelope(t *testing.T) {
	for _, tc := range []struct{ envelope, entry, input string }{
		{`{"entry":"sum","input":{"a":1}}`, "sum", `{"a":1}`},
		{`{"entry":"","input":null}`, "", "null"},
		{`{"entry":"a\"b\\","input":"}"}`, `a"b\`, `"}"`},
		{`{"entry":"\\\"","input":[]}`, `\"`, `[]`},
		{`{"entry":"größe","input":0}`, "größe", "0"},
	} {
		entry, input, err := openEnvelope([]byte(tc.envelope))
		if err != nil || entry != tc.entry || string(input) != tc.input {
			t.Errorf("%s: %q, %s, %v", tc.envelope, entry, input, err)
		}
	}
}

func TestMalformedEnvelopes(t *testing.T) {
	for _, b := range []string{
		``, `{}`, `{"entry":"a"}`, `{"entry":"a","input":}`, `{"entry":"a","input":1`, `{"entry":"a`, `{"entry":"a\`,
		`{"entry":"a\n","input":1}`, `{"entry": "a","input":1}`, `{"input":1,"entry":"a"}`,
	} {
		if entry, input, err := openEnvelope([]byte(b)); !errors.Is(err, errEnvelope) {
			t.Errorf("%s: %q, %s, %v", b, entry, input, err)
		}
	}
}

// FuzzOpenEnvelope checks that an envelope with a JSON input is read as JSON
// would be, and that others do no harm.
func FuzzOpenEnvelope(f *testing.F) {
	f.Add([]byte(`{"entry":"sum","input":{"a":1}}`))
	f.Add([]byte(`{"entry":"a\"b\\","input":"}"}`))
	f.Add([]byte(`{"entry":"\`))
	f.Fuzz(func(t *testing.T, b []byte) {
		entry, input, err := openEnvelope(b)
		var want struct {
			Entry string          `json:"entry"`
			Input json.RawMessage `json:"input"`
		}
		if err != nil || !utf8.Valid(b) || !json.Valid(input) || json.Unmarshal(b, &want) != nil {
			return
		}
		if entry != want.Entry || string(bytes.TrimSpace(input)) != string(want.Input) {
			t.Errorf("%s: %q, %s; JSON has %q, %s", b, entry, input, want.Entry, want.Input)
		}
	})
}
