package referee_test

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/referee"
)

const class = "0123456789abcdef/0123456789ab/replay/amd64+avx512f"

func answer(text string, change func(*referee.Answer)) *referee.Answer {
	a := &referee.Answer{
		Outcome: contracts.Succeeded, Output: dagcbor.RawCID([]byte(text)),
		Use: contracts.ModelUse{Model: "m", Class: class, TokensIn: 10, TokensOut: 5, Calls: 1},
	}
	if change != nil {
		change(a)
	}
	return a
}

func TestOnlyClassesThatReplayAreCompared(t *testing.T) {
	for name, want := range map[string]bool{
		class: true, "0123456789abcdef/0123456789ab/fast/amd64+avx512f": false, "0123456789abcdef/0123456789ab/replay/amd64+gpu": false,
		"attached/m": false, "download/a/b": false, "download/a/replay/b": false, "": false, "0123456789abcdef/0123456789ab/replay/": false,
	} {
		if got := referee.Replays(name); got != want {
			t.Errorf("%q replays: %t", name, got)
		}
	}
}

func TestCompare(t *testing.T) {
	for name, c := range map[string]struct {
		first, second *referee.Answer
		want          referee.Verdict
	}{
		"the same":           {answer("a", nil), answer("a", nil), referee.Same},
		"another text":       {answer("a", nil), answer("b", nil), referee.Different},
		"no answer at all":   {answer("a", nil), &referee.Answer{Outcome: contracts.Failed, Use: answer("", nil).Use}, referee.Different},
		"another count":      {answer("a", nil), answer("a", func(a *referee.Answer) { a.Use.TokensOut = 6 }), referee.Different},
		"another class":      {answer("a", nil), answer("b", func(a *referee.Answer) { a.Use.Class = class + "2" }), referee.Void},
		"another model":      {answer("a", nil), answer("b", func(a *referee.Answer) { a.Use.Model = "n" }), referee.Void},
		"gone on with":       {answer("a", func(a *referee.Answer) { a.Use.Resumed = 2 }), answer("b", nil), referee.Void},
		"an answer too many": {&referee.Answer{Outcome: contracts.Failed, Use: answer("", nil).Use}, answer("a", nil), referee.Void},
	} {
		if got := referee.Compare(c.first, c.second); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestShareIsKept(t *testing.T) {
	const n = 1 << 16
	drawn := 0
	for i := range uint64(n) {
		if referee.Drawn(i<<48, 0.25) {
			drawn++
		}
	}
	if drawn != n/4 || referee.Drawn(0, 0) || !referee.Drawn(1<<64-1, 1) {
		t.Errorf("of %d coins %d are drawn", n, drawn)
	}
}
