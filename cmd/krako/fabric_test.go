package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/krako-labs/krako/contracts"
)

func TestStatesAreShort(t *testing.T) {
	n := contracts.NodeView{Connected: true, Paused: strings.Repeat("ü", 200)}
	if got := stateOf(&n); utf8.RuneCountInString(got) != len("paused: ")+60 || !strings.HasSuffix(got, "ü…") {
		t.Errorf("a long reason is shown as %q", got)
	}
	n.Paused = "on battery"
	if got := stateOf(&n); got != "paused: on battery" {
		t.Errorf("a short one as %q", got)
	}
}
