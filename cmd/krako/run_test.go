package main

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
)

func TestFilesGetWhatTheGraphSelects(t *testing.T) {
	for _, tc := range []struct{ whole, final, want string }{
		{`{ "a": 1 }`, `{"a":1}`, `{ "a": 1 }`}, {`{"a":{"b":2}}`, `{"b":2}`, `{"b":2}`}, {"\x89PNG", "null", "\x89PNG"}, {"\x89PNG", "", "\x89PNG"},
	} {
		if got := selected([]byte(tc.whole), contracts.JSON(tc.final)); string(got) != tc.want {
			t.Errorf("%s of %s: %s", tc.final, tc.whole, got)
		}
	}
}
