package ir

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/krako-labs/krako/contracts"
)

// TestWrapIsTheObject holds wrap against the same put together of values.
func TestWrapIsTheObject(t *testing.T) {
	names := rapid.SampledFrom([]string{"$id", "$schema", "$ref", "$comment", "", "!", "#", "$", "$i", "$idx", "type", "é", "a\"b", "\n"})
	values := rapid.SampledFrom([]any{"x", 1.0, nil, true, map[string]any{"$id": "y"}, []any{"z"}})
	rapid.Check(t, func(t *rapid.T) {
		var all []json.RawMessage
		var parts []any
		for i := range rapid.IntRange(0, 3).Draw(t, "schemas") {
			if rapid.IntRange(0, 4).Draw(t, "none") == 0 {
				all = append(all, rapid.SampledFrom([]json.RawMessage{nil, json.RawMessage("null"), json.RawMessage("[]")}).Draw(t, "no object"))
				continue
			}
			m := rapid.MapOf(names, values).Draw(t, "schema")
			all = append(all, json.RawMessage(object(m)))
			if _, ok := m["$id"]; !ok {
				m["$id"] = fmt.Sprintf("urn:kora:output:%d", i)
			}
			delete(m, "$schema")
			parts = append(parts, m)
		}
		var want contracts.JSON
		if len(parts) > 0 {
			want = object(map[string]any{
				"type": "object", "required": []string{"results"},
				"properties": map[string]any{"results": map[string]any{"type": "array", "minItems": 1, "prefixItems": []any{map[string]any{"allOf": parts}}}},
			})
		}
		if got := wrap(all...); string(got) != string(want) {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}
