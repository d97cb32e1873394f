package main

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// TestAnswersAreComparedOnlyWithinAClass: a difference is evidence only where
// there is a promise.
func TestAnswersAreComparedOnlyWithinAClass(t *testing.T) {
	answer := func(text, class string, resumed int64) *contracts.Verified {
		return &contracts.Verified{
			Result: contracts.Result{Outcome: contracts.Succeeded, Output: &contracts.Link{Cid: dagcbor.RawCID([]byte(text))}},
			Model:  &contracts.ModelUse{Model: "m", Class: class, Resumed: resumed},
		}
	}
	const class, other = "aaaa/bbbb/replay/amd64+avx2", "aaaa/bbbb/replay/amd64+avx512f"
	bad := answer("x", class, 0)
	bad.Result = contracts.Result{Outcome: contracts.Failed}
	for name, c := range map[string]struct {
		was, is *contracts.Verified
		want    string
	}{
		"the same":          {answer("x", class, 0), answer("x", class, 0), same},
		"another answer":    {answer("x", class, 0), answer("y", class, 0), differs},
		"another outcome":   {answer("x", class, 0), bad, differs},
		"another processor": {answer("x", class, 0), answer("y", other, 0), incomparable},
	} {
		if got, _ := compare(c.was, c.is); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	for name, c := range map[string]struct {
		of   *contracts.Verified
		want bool
	}{
		"replay":   {answer("x", class, 0), true},
		"resumed":  {answer("x", class, 3), false},
		"fast":     {answer("x", "aaaa/bbbb/fast/amd64+avx2", 0), false},
		"attached": {answer("x", "attached/m", 0), false},
	} {
		if got := notPromised(c.of) == ""; got != c.want {
			t.Errorf("%s: promised %t, want %t", name, got, c.want)
		}
	}
}
