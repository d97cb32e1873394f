package worker

import (
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

func TestBlameNeedsOneModule(t *testing.T) {
	a, b := dagcbor.RawCID([]byte("a")), dagcbor.RawCID([]byte("b"))
	for _, c := range []struct {
		name   string
		deaths [][]cid.Cid
		after  uint64 // completed tasks between them
		a, b   bool
	}{
		{"once", [][]cid.Cid{{a}}, 0, false, false},
		{"twice", [][]cid.Cid{{a}, {a}}, 0, true, false},
		{"twice in company of its own", [][]cid.Cid{{a, a}, {a}}, 0, true, false},
		{"among others", [][]cid.Cid{{a, b}, {a, b}, {b, a, a}}, 0, false, false},
		{"by turns", [][]cid.Cid{{a}, {b}, {b}}, 0, false, true},
		{"with nothing to do", [][]cid.Cid{{}, nil}, 0, false, false},
		{"rarely", [][]cid.Cid{{a}, {a}, {a}}, forgiven + 1, false, false},
		{"not rarely enough", [][]cid.Cid{{a}, {a}}, forgiven, true, false},
	} {
		var s suspects
		for _, modules := range c.deaths {
			s.blame(modules)
			s.completed += c.after
		}
		if s.refuses(a) != c.a || s.refuses(b) != c.b {
			t.Errorf("%s: a refused %t, b refused %t", c.name, s.refuses(a), s.refuses(b))
		}
		if want := map[bool]int{true: 1}[c.a] + map[bool]int{true: 1}[c.b]; s.refused() != want {
			t.Errorf("%s: %d refused, want %d", c.name, s.refused(), want)
		}
	}
}

func TestRefusedStaysRefused(t *testing.T) {
	var s suspects
	a := dagcbor.RawCID([]byte("a"))
	s.blame([]cid.Cid{a})
	s.blame([]cid.Cid{a})
	s.completed += 100 * forgiven
	s.blame([]cid.Cid{a}) // one that ran while it was refused
	if !s.refuses(a) {
		t.Error("a module is forgiven that was refused")
	}
}
