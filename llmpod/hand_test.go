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
		pieces, _, _ := h.collect()
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
