package referee_test

import (
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/referee"
)

func TestWeightsAreNamedByClassesOfFilesOnly(t *testing.T) {
	for class, want := range map[string]string{
		"0123456789abcdef/0123456789ab/replay/amd64+avx512f": "0123456789abcdef", "0123456789abcdef/0123456789ab/fast/amd64+gpu": "0123456789abcdef",
		"attached/m": "", "download/a/b": "", "download/a/fast/b": "", "": "",
	} {
		if got := referee.Weights(class); got != want {
			t.Errorf("%q is of weights %q, want %q", class, got, want)
		}
	}
}

func TestScorable(t *testing.T) {
	free := func(change func(*contracts.ModelCall)) *contracts.WorkUnit {
		m := &contracts.ModelCall{Operation: contracts.Generate, Tier: contracts.TierSmall, Prompt: "q", FreeText: true}
		if change != nil {
			change(m)
		}
		return &contracts.WorkUnit{Type: contracts.LLM, Model: m}
	}
	said := func(change func(*referee.Said)) *referee.Said {
		s := &referee.Said{Answer: *answer("a", nil), Text: "a b", Tokens: []int{1, 2, 3, 4}}
		if change != nil {
			change(s)
		}
		return s
	}
	top := 0.9
	for name, c := range map[string]struct {
		said *referee.Said
		unit *contracts.WorkUnit
		want bool
	}{
		"free text":                {said(nil), free(nil), true},
		"another unit":             {said(nil), &contracts.WorkUnit{Type: contracts.Deterministic}, false},
		"a document":               {said(nil), free(func(m *contracts.ModelCall) { m.FreeText = false }), false},
		"a part of the words":      {said(nil), free(func(m *contracts.ModelCall) { m.TopP = &top }), false},
		"stop sequences":           {said(nil), free(func(m *contracts.ModelCall) { m.Stop = []string{"."} }), false},
		"an embedding":             {said(nil), free(func(m *contracts.ModelCall) { m.Operation = contracts.Embed }), false},
		"tokens without a name":    {said(func(s *referee.Said) { s.Tokens = s.Tokens[:3] }), free(nil), false},
		"no tokens":                {said(func(s *referee.Said) { s.Tokens = nil; s.Use.TokensOut = 1 }), free(nil), false},
		"too long":                 {said(func(s *referee.Said) { s.Tokens = make([]int, 5000) }), free(nil), false},
		"unknown weights":          {said(func(s *referee.Said) { s.Use.Class = "attached/m" }), free(nil), false},
		"gone on with":             {said(func(s *referee.Said) { s.Use.Resumed = 1 }), free(nil), false},
		"a second call":            {said(func(s *referee.Said) { s.Use.Calls = 2 }), free(nil), false},
		"half a character":         {said(func(s *referee.Said) { s.Text = "a" + strings.ToValidUTF8("\xc3", "\uFFFD") }), free(nil), false},
		"an answer that is no one": {said(func(s *referee.Said) { s.Outcome = contracts.Failed }), free(nil), false},
	} {
		if got := c.said.Scorable(c.unit); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
