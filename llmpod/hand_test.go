package llmpod

import (
	"testing"

	"github.com/krako-labs/krako/internal/p2p"
)

// TestGapsShow: a frame behind tokens that the server did not name begins at a
// number that does not follow, whether or not it was still waiting to be sent.
func TestGapsShow(t *testing.T) {
	h := newHand(8)
	u := &unit{lease: 7}
	h.take(u)
	sent := func() *p2p.Tokens {
		t.Helper()
		pieces, _, _, _ := h.collect()
		if len(pieces) != 1 {
			t.Fatalf("%d frames wait", len(pieces))
		}
		return pieces[0]
	}
	h.say(u, Piece{Text: "a", Tokens: []int{1}})
	h.say(u, Piece{Text: "b", Tokens: []int{2}})
	if f := sent(); f.At != 0 || f.Text != "ab" || len(f.Tokens) != 2 {
		t.Errorf("without a gap: %+v", f)
	}
	h.say(u, Piece{Text: "c", Tokens: []int{3}})
	h.say(u, Piece{Text: "é", Tokens: []int{5}, Missing: 1})
	if f := sent(); f.At == 2 || f.Text != "cé" {
		t.Errorf("a gap within a frame: %+v", f)
	}
	h.say(u, Piece{Text: "d", Tokens: []int{6}})
	if f := sent(); f.At != 5 {
		t.Errorf("behind it: %+v", f)
	}
	h.say(u, Piece{Text: "ü", Tokens: []int{8}, Missing: 1})
	if f := sent(); f.At != 7 {
		t.Errorf("a gap before a frame: %+v", f)
	}
	h.say(u, Piece{Restart: true})
	h.say(u, Piece{Text: "x", Tokens: []int{1}})
	if f := sent(); f.At != 0 || !f.Restart || f.Text != "x" {
		t.Errorf("from nothing again: %+v", f)
	}
}

// TestWhatSharesAStepTravelsTogether: pieces wait for those of the other slots, but
// nobody's first words do, and no result; an answer that is alone waits for nobody.
func TestWhatSharesAStepTravelsTogether(t *testing.T) {
	h := newHand(8)
	units := map[string]*unit{}
	say := func(who string, ready bool) {
		t.Helper()
		h.say(units[who], Piece{Text: who, Tokens: []int{1}})
		if h.ready() != ready {
			t.Errorf("after %s has spoken: ready is %v", who, !ready)
		}
	}
	sent := func(pieces int) {
		t.Helper()
		h.gather(t.Context()) // returns, whoever is silent
		if got, _, _, _ := h.collect(); len(got) != pieces {
			t.Errorf("%d frames are sent together, want %d", len(got), pieces)
		}
	}
	for i, who := range []string{"a", "b", "c"} {
		units[who] = &unit{lease: uint64(i + 1), stop: func(error) {}}
		h.take(units[who])
		say(who, true)
		sent(1)
	}
	say("a", false)
	say("b", false)
	say("a", false)
	say("c", true)
	sent(3)
	say("b", false)
	sent(1)
	say("a", false)
	h.finish(units["a"], &report{lease: 1}, nil)
	if !h.ready() {
		t.Error("a result waits")
	}
	sent(1)
	say("b", false) // for c, and no longer for a
	h.cancel([]uint64{3}, nil)
	sent(1)
	say("b", true)
	sent(1)
}
