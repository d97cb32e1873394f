package p2p

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func hintAt(peer string, source Source, addrs ...string) PeerHint {
	return PeerHint{Peer: peer, Source: source, Addrs: addrs}
}

func TestHintsComeAgainAfterGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := make(chan PeerHint)
		f := &finder{out: out, found: make(chan PeerHint), static: 2,
			hints: []PeerHint{hintAt("a", SourceStatic), hintAt("b", SourceStatic)}}
		ctx, cancel := context.WithCancel(t.Context())
		go f.run(ctx)
		var pauses []time.Duration
		for range 10 {
			start := time.Now()
			if got := <-out; got.Peer != "a" {
				t.Fatalf("round begins with %s", got.Peer)
			}
			pauses = append(pauses, time.Since(start))
			if got := <-out; got.Peer != "b" {
				t.Fatalf("round goes on with %s", got.Peer)
			}
		}
		if pauses[0] != 0 || pauses[1] > firstRound || pauses[9] < lastRound/2 || pauses[9] > lastRound {
			t.Errorf("pauses %v", pauses)
		}
		cancel()
		if _, open := <-out; open {
			t.Error("the channel is open after the search")
		}
	})
}

func TestNewHintsAreOfferedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := make(chan PeerHint)
		f := &finder{out: out, found: make(chan PeerHint), static: 1, hints: []PeerHint{hintAt("a", SourceStatic)}}
		news := make(chan PeerHint)
		f.sources = append(f.sources, func(ctx context.Context, emit func(PeerHint) bool) {
			for {
				select {
				case h := <-news:
					emit(h)
				case <-ctx.Done():
					return
				}
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		go f.run(ctx)
		<-out
		start := time.Now()
		for _, h := range []PeerHint{hintAt("b", SourceMDNS, "/1"), hintAt("b", SourceMDNS, "/2"), hintAt("b", SourceDHT, "/1")} {
			news <- h
			if got := <-out; got.Peer != "b" || got.Source != h.Source || !slices.Equal(got.Addrs, h.Addrs) {
				t.Errorf("offered %v, want %v", got, h)
			}
		}
		if time.Since(start) != 0 {
			t.Errorf("news waited %s", time.Since(start))
		}
		news <- hintAt("b", SourceDHT, "/1") // no news: not before the next round
		if got := <-out; got.Peer != "a" || time.Since(start) == 0 {
			t.Errorf("offered %v after %s", got, time.Since(start))
		}
		cancel()
		for range out {
		}
	})
}

func TestHintsAreBounded(t *testing.T) {
	f := &finder{static: 1, hints: []PeerHint{hintAt("a", SourceStatic)}}
	for i := range 3 * maxHints {
		f.learn(hintAt(fmt.Sprint(i), SourceMDNS))
		f.next = len(f.hints)
	}
	if len(f.hints) != 1+maxHints || f.hints[0].Peer != "a" || f.hints[maxHints].Peer != fmt.Sprint(3*maxHints-1) || f.next != len(f.hints) {
		t.Errorf("%d hints from %s to %s, next %d", len(f.hints), f.hints[0].Peer, f.hints[maxHints].Peer, f.next)
	}
}

func TestStaticCoordinatorsAreFoundFirst(t *testing.T) {
	c := newTestHost(t, []string{"quic", "tcp"})
	w := newTestHost(t, nil, func(cfg *Config) { cfg.Coordinators = c.Addrs() })
	ctx, cancel := context.WithCancel(testContext(t))
	hints := w.FindCoordinators(ctx)
	got := <-hints
	if got.Peer != c.ID() || got.Source != SourceStatic || len(got.Addrs) != 2 {
		t.Errorf("hint %v", got)
	}
	connectTo(t, w, got)
	cancel()
	for range hints {
	}
}

func TestClosedHostFindsNobody(t *testing.T) {
	w := newTestHost(t, nil)
	hints := w.FindCoordinators(t.Context())
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for range hints {
		t.Error("a hint from a closed host")
	}
	for range w.FindCoordinators(t.Context()) {
		t.Error("a hint from a closed host")
	}
}

func TestHintsAreCheckedBeforeTheyAreDialled(t *testing.T) {
	w := newTestHost(t, nil)
	for _, h := range []PeerHint{{Peer: "nonsense"}, {Peer: newTestIdentity(t).ID(), Addrs: []string{"nonsense"}}, {Peer: newTestIdentity(t).ID()}} {
		if err := w.Connect(testContext(t), h); err == nil {
			t.Errorf("connected to %v", h)
		}
	}
}
