package coordinator

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
)

func unitName(unit int) contracts.UnitID { return contracts.UnitID(fmt.Sprint("u", unit)) }

// TestAnAnswerPassesFromPodToPod: what one has said under its lease the next goes on
// from, and what comes under a lease that is over is nobody's.
func TestAnAnswerPassesFromPodToPod(t *testing.T) {
	var v voices
	var one, other speakers
	begin := func(s *speakers, lease uint64) *p2p.Resume {
		who := speaker{voices: &v, lease: lease, unit: 3, name: unitName(3)}
		defer s.add(who)
		return v.begins(who)
	}
	ear := &listener{pieces: make(chan contracts.Tokens, maxPieces)}
	if begin(&one, 1) != nil || !v.listen(ear, unitName) {
		t.Fatal("a first answer goes on from something, or nobody may hear it")
	}
	one.hear(&p2p.Tokens{Lease: 1, Text: "on", Tokens: []int{1}})
	one.hear(&p2p.Tokens{Lease: 2, Text: "never given"})
	other.hear(&p2p.Tokens{Lease: 1, Text: "another pod's", At: 1, Tokens: []int{9}})
	one.remove(1)
	one.hear(&p2p.Tokens{Lease: 1, Text: "taken back", At: 1, Tokens: []int{9}})
	if r := begin(&other, 2); r == nil || r.Text != "on" || len(r.Tokens) != 1 {
		t.Fatalf("goes on from %+v", r)
	}
	one.add(speaker{voices: &v, lease: 1, unit: 3, name: unitName(3)}) // as if it had been on its way
	one.hear(&p2p.Tokens{Lease: 1, Text: "late", At: 1, Tokens: []int{9}})
	other.hear(&p2p.Tokens{Lease: 2, Text: "ce", Tokens: []int{2}})
	other.hear(&p2p.Tokens{Lease: 2, Text: "?", At: 7}) // a gap: nobody goes on from here
	if r := begin(&one, 3); r != nil {
		t.Errorf("goes on from %+v", r)
	}
	if s := v.ends(3); s == nil || s.lease != 3 || v.ends(3) != nil {
		t.Errorf("the answer's speech is %+v", s)
	}
	v.deafen()
	var heard strings.Builder
	for p := range ear.pieces {
		if p.WorkUnitID != "u3" {
			t.Errorf("a piece of %s", p.WorkUnitID)
		}
		if p.Restart {
			heard.WriteString("|")
		}
		heard.WriteString(p.Text)
	}
	if heard.String() != "|once?|" { // it begins with what there was, which is nothing
		t.Errorf("heard %q", heard.String())
	}
	if v.listen(ear, unitName) {
		t.Error("one may listen to a session that is over")
	}
}

// TestWhoListensTooSlowlyIsLeftBehind, and whoever speaks meanwhile does not wait. It
// is for the race detector, too.
func TestWhoListensTooSlowlyIsLeftBehind(t *testing.T) {
	var v voices
	var pods [4]speakers
	slow, gone := &listener{pieces: make(chan contracts.Tokens, 1)}, &listener{pieces: make(chan contracts.Tokens, maxPieces)}
	v.listen(slow, unitName)
	v.listen(gone, unitName)
	var all sync.WaitGroup
	for i := range pods {
		who := speaker{voices: &v, lease: uint64(i), unit: i, name: unitName(i)}
		v.begins(who)
		pods[i].add(who)
		all.Go(func() {
			for n := range 100 {
				pods[i].hear(&p2p.Tokens{Lease: uint64(i), At: n, Text: "x", Tokens: []int{n}})
			}
		})
	}
	v.leave(gone)
	all.Wait()
	if n := len(slow.pieces); n != 1 {
		t.Errorf("%d pieces wait for the slow one", n)
	}
	<-slow.pieces
	if _, more := <-slow.pieces; more {
		t.Error("the slow one goes on hearing")
	}
	late := &listener{pieces: make(chan contracts.Tokens, maxPieces)}
	v.listen(late, unitName)
	for range pods {
		if p := <-late.pieces; !p.Restart || len(p.Text) != 100 {
			t.Errorf("who comes late hears %+v first", p)
		}
	}
}
