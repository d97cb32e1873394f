package text

import (
	"fmt"
	"strings"
	"testing"
)

func TestCount(t *testing.T) {
	for _, tc := range []struct {
		in   CountInput
		want int
	}{
		{CountInput{"Mississippi", "s", false, false}, 4}, {CountInput{"The theory of the thing", "the", false, true}, 3}, {CountInput{"The theory of the thing", "the", true, true}, 2}, {CountInput{"aaaa", "aa", false, false}, 2},
	} {
		if out, err := Count(ctx, tc.in); err != nil || out.Count != tc.want {
			t.Errorf("%+v = %d, %v", tc.in, out.Count, err)
		}
	}
	if _, err := Count(ctx, CountInput{Text: "a"}); err == nil || !strings.HasPrefix(err.Error(), "find: ") {
		t.Error(err)
	}
}

func TestReplace(t *testing.T) {
	if out, err := Replace(ctx, ReplaceInput{"a.b.c", ".", "$1"}); err != nil || out != (ReplaceOutput{"a$1b$1c", 2}) {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := Replace(ctx, ReplaceInput{strings.Repeat("a", 1<<20), "a", "bbbbbbbb"}); err == nil || !strings.HasPrefix(err.Error(), "with: ") {
		t.Error(err)
	}
}

func TestSplit(t *testing.T) {
	for _, tc := range []struct {
		in   SplitInput
		want string
	}{
		{SplitInput{"añ", "characters", "reverse"}, "ñ|a"}, {SplitInput{"Don't stop, now", "words", ""}, "Don't|stop|now"}, {SplitInput{" a,b  c ", "fields", "keep"}, "a,b|c"}, {SplitInput{"a\r\nb\n", "lines", ""}, "a|b"},
		{SplitInput{`He said "Go." Then 3.5 left! `, "sentences", ""}, `He said "Go."|Then 3.5 left!`}, {SplitInput{"a flute, two lamps, and a trumpet", "commas", ""}, "a flute|two lamps|a trumpet"},
		{SplitInput{"salt and pepper", "commas", ""}, "salt|pepper"}, {SplitInput{"x; y\nz", "commas", ""}, "x|y|z"}, {SplitInput{"", "words", ""}, ""},
	} {
		out, err := Split(ctx, tc.in)
		if err != nil || strings.Join(out.Parts, "|") != tc.want || out.Count != len(out.Parts) || out.Parts == nil {
			t.Errorf("%+v = %q, %v", tc.in, out.Parts, err)
		}
	}
	if out, err := Split(ctx, SplitInput{Text: "a", Into: "x"}); err == nil {
		t.Error(fmt.Sprint(out))
	}
}
