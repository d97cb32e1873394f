package eval

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora/local"
)

func TestSame(t *testing.T) {
	for _, c := range []struct {
		answer, expect string
		same           bool
	}{
		{"351", "351.0", true}, {"2,340", "2340", true}, {" Tuesday.", "tuesday", true}, {"1/4", "0.25", true}, {"(A)", "(a)", true}, {"22.046 pounds", "22.046", true}, {"b\na", "b, a", true}, {"259 days", "259", true},
		{"22.046 pounds", "22.046 kilograms", false}, {"259 days", "258", false}, {"7 of 9", "7", false},
		{"351", "352", false}, {"", "0", false}, {"1e3", "1000", false}, {"-4", "4", false}, {"5%", "5", false}, {"(A)", "(B)", false},
	} {
		if Same(c.answer, c.expect) != c.same {
			t.Errorf("%q and %q: want same %v", c.answer, c.expect, c.same)
		}
	}
}

func TestRead(t *testing.T) {
	items, err := Read(strings.NewReader(`{"id":"a","message":"2+2","expect":4}` + "\n\n" + `{"message":"hi","must_abstain":true}`))
	if err != nil || len(items) != 2 || *items[0].Expect != "4" || items[1].ID != "line-3" {
		t.Errorf("%+v, %v", items, err)
	}
	for _, bad := range []string{`{"message":1}`, `{"messages":"x"}`, `{"message":"x","expect":[1]}`} {
		if _, err := Read(strings.NewReader("\n" + bad)); contracts.CodeOf(err) != contracts.CodeValidation || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestRun(t *testing.T) {
	l, err := local.Open(t.Context(), local.Options{CacheDir: sandboxtest.CodeCache(filepath.Join(t.TempDir(), "compiled"))})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(context.WithoutCancel(t.Context()))
	items, err := Read(strings.NewReader(strings.Join([]string{
		`{"id":"right","message":"what is 15% of 2,340","expect":"351"}`,
		`{"id":"wrong","message":"what is 2 + 2","expect":"5"}`,
		`{"id":"fire","message":"what is 3 + 4","must_abstain":true}`,
		`{"id":"left","message":"why is the sky blue","must_abstain":true}`,
		`{"id":"refused","message":"what is 1 / 0","expect":"0"}`,
	}, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Detail{}
	s, err := (&Runner{Engine: l.Engine}).Run(t.Context(), items, func(d Detail) error { got[d.ID] = d; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if s.Items != 5 || s.Answered != 3 || s.Abstained != 2 || s.Correct != 1 || s.Wrong != 2 || s.FalseFires != 1 || s.ByHandler["num/eval@1"] != 3 {
		t.Errorf("%+v", s)
	}
	if d := got["refused"]; d.Answered || d.Reason == "" {
		t.Errorf("%+v", d)
	}
	if s.Wilson95[0] <= 0 || s.Wilson95[1] >= 1000 || s.P50US <= 0 {
		t.Errorf("%+v", s)
	}
}
