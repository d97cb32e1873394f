package p2p

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
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
	if err := w.Connect(ctx, got); err != nil {
		t.Error(err)
	}
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

// An entry of mDNS is whatever somebody on the network sent.
func TestParseEntry(t *testing.T) {
	a, b := newTestIdentity(t).ID(), newTestIdentity(t).ID()
	quic, tcp := "/ip4/192.0.2.1/udp/1/quic-v1", "/ip4/192.0.2.1/tcp/1"
	for name, c := range map[string]struct {
		records []string
		want    []PeerHint
	}{
		"nothing":       {nil, nil},
		"two addresses": {[]string{"dnsaddr=" + quic + "/p2p/" + a, "dnsaddr=" + tcp + "/p2p/" + a}, []PeerHint{hintAt(a, SourceMDNS, quic, tcp)}},
		"two peers":     {[]string{"dnsaddr=" + quic + "/p2p/" + a, "dnsaddr=" + tcp + "/p2p/" + b}, []PeerHint{hintAt(a, SourceMDNS, quic), hintAt(b, SourceMDNS, tcp)}},
		"noise":         {[]string{"", "x=y", "dnsaddr=", "dnsaddr=/p2p/" + a, "dnsaddr=" + quic, "dnsaddr=\x00\xff", "dnsaddr=" + quic + "/p2p/" + a + "/p2p-circuit"}, nil},
		"other transports": {[]string{"dnsaddr=/ip4/192.0.2.1/udp/1/quic-v1/webtransport/p2p/" + a,
			"dnsaddr=/ip4/192.0.2.1/tcp/1/ws/p2p/" + a}, nil},
	} {
		got := parseEntry(c.records)
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	many := slices.Repeat([]string{"dnsaddr=" + quic + "/p2p/" + a}, 10*maxHintAddrs)
	if got := parseEntry(many); len(got) != 1 || len(got[0].Addrs) > maxHintAddrs {
		t.Errorf("%d addresses of one entry", len(got[0].Addrs))
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add("dnsaddr=/ip4/192.0.2.1/udp/1/quic-v1/p2p/12D3KooWGRUdZ2hYkvmvZYmbwHDjUhVVG7iKf6FUv6EaKyCKrhCm", "x=y")
	f.Fuzz(func(t *testing.T, one, other string) {
		for _, h := range parseEntry([]string{one, other}) {
			if _, err := h.info(); err != nil || len(h.Addrs) == 0 {
				t.Fatalf("hint %v: %v", h, err)
			}
		}
	})
}

func TestRendezvousNames(t *testing.T) {
	if got := rendezvousTag("lab"); got != "_krako-ee8cb779._udp" || len(strings.Split(got, ".")[0]) > 16 {
		t.Errorf("mDNS tag %s", got)
	}
	if got := rendezvousKey("lab").String(); got != "bafkreihors3xtfti6r7anplgywvjyb6cwxfhv7ab7mqrn42o7rfthjr3de" {
		t.Errorf("DHT key %s", got)
	}
}

// lookFor waits until from finds want by the given way, and can connect there.
func lookFor(t *testing.T, from, want *Host, source Source) {
	t.Helper()
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	for h := range from.FindCoordinators(ctx) {
		if h.Peer == want.ID() && h.Source == source {
			if err := from.Connect(ctx, h); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no %s hint of %s", source, want.ID())
}

// The worker knows one entry to the DHT, which is not the coordinator, and asks
// for the coordinators of its own cluster among two.
func TestDHTFindsTheCoordinator(t *testing.T) {
	dhtHost := func(mode DHTMode, rendezvous string, listen []string, entries ...*Host) *Host {
		return newTestHost(t, listen, func(c *Config) {
			c.DHT, c.Rendezvous = mode, rendezvous
			for _, e := range entries {
				c.Bootstrap = append(c.Bootstrap, e.Addrs()...)
			}
		})
	}
	listen := []string{"quic", "tcp"}
	entry := dhtHost(DHTServer, "entry", listen)
	mine := dhtHost(DHTServer, "lab", listen, entry)
	other := dhtHost(DHTClient, "community", listen, entry)
	w := dhtHost(DHTClient, "lab", nil, entry)
	for _, h := range []*Host{mine, other, w} {
		connect(t, h, entry)
	}
	for _, h := range []*Host{mine, other} {
		// Until the entry is in its routing table a host has nobody to tell.
		ctx := testContext(t)
		for err := h.provide(ctx); err != nil; err = h.provide(ctx) {
			if ctx.Err() != nil {
				t.Fatal(err)
			}
		}
	}
	lookFor(t, w, mine, SourceDHT)
	found := make(map[string]bool)
	w.lookup(testContext(t), func(h PeerHint) bool { found[h.Peer] = true; return true })
	if found[other.ID()] {
		t.Error("found the coordinator of another cluster")
	}
}

func TestAdvertiseProvidesInTheDHT(t *testing.T) {
	inDHT := func(c *Config) { c.DHT, c.Rendezvous = DHTServer, "lab" }
	entry := newTestHost(t, []string{"tcp"}, inDHT)
	c := newTestHost(t, []string{"tcp"}, inDHT, func(c *Config) { c.Bootstrap = entry.Addrs() })
	connect(t, c, entry)
	c.Advertise(t.Context())
	lookFor(t, entry, c, SourceDHT)
}

func TestDHTIsPrivate(t *testing.T) {
	h := newTestHost(t, []string{"tcp"}, func(c *Config) { c.DHT, c.Rendezvous = DHTServer, "lab" })
	var kad []string
	for _, p := range h.stack.host.Mux().Protocols() {
		if strings.Contains(string(p), "kad") {
			kad = append(kad, string(p))
		}
	}
	if !slices.Equal(kad, []string{"/krako/kad/1.0.0"}) {
		t.Errorf("speaks %v", kad)
	}
}

func TestDHTAutoServesWhereItCanBeDialled(t *testing.T) {
	for _, c := range []struct {
		announce []string
		serves   bool
	}{{nil, false}, {[]string{"/dns4/coord.example/tcp/4545"}, true}} {
		h := newTestHost(t, []string{"tcp"}, func(cfg *Config) { cfg.DHT, cfg.Rendezvous, cfg.Announce = DHTAuto, "lab", c.announce })
		if got := slices.Contains(h.stack.host.Mux().Protocols(), dhtPrefix+"/kad/1.0.0"); got != c.serves {
			t.Errorf("announcing %v: serves %t", c.announce, got)
		}
	}
}

// logBuffer is a log that may be written and read at once.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
	line chan struct{}
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() {
		select {
		case l.line <- struct{}{}:
		default:
		}
	}()
	return l.text.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Without multicast, or without an address to announce, a host works on and
// says so once.
func TestMDNSFailureIsAWarning(t *testing.T) {
	logged := &logBuffer{line: make(chan struct{}, 1)}
	h := newTestHost(t, nil, func(c *Config) { // listens nowhere: nothing to announce
		c.MDNS, c.Rendezvous = true, "lab"
		c.Log = slog.New(slog.NewTextHandler(logged, nil))
	})
	h.Advertise(t.Context())
	for !strings.Contains(logged.String(), "mdns announcement failed") {
		<-logged.line
	}
	warned := false
	h.complain(&warned, "again", net.ErrClosed)
	h.complain(&warned, "again", net.ErrClosed)
	if got := strings.Count(logged.String(), "msg=again"); got != 1 {
		t.Errorf("complained %d times", got)
	}
}

// multicast reports whether this machine hears its own multicast, which is
// what mDNS within one machine needs. A CI runner with an ethernet interface
// and no packet filter does.
func multicast(t *testing.T) bool {
	group := &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 0}
	in, err := net.ListenMulticastUDP("udp4", nil, group)
	if err != nil {
		return false
	}
	defer in.Close()
	group.Port = in.LocalAddr().(*net.UDPAddr).Port
	out, err := net.DialUDP("udp4", nil, group)
	if err != nil {
		return false
	}
	defer out.Close()
	if _, err := out.Write([]byte("probe")); err != nil {
		return false
	}
	if err := in.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err = in.Read(make([]byte, 16))
	return err == nil
}

func TestMDNSFindsTheCoordinator(t *testing.T) {
	if !multicast(t) {
		t.Skip("no interface carries multicast back to this machine; run with an ethernet interface up and UDP 5353 open")
	}
	// A name of its own, so that hosts of other tests on the network do not meet.
	rendezvous := newTestIdentity(t).ID()
	onLAN := func(c *Config) { c.MDNS, c.Rendezvous = true, rendezvous }
	c := newTestHost(t, []string{"quic", "tcp"}, onLAN)
	w := newTestHost(t, nil, onLAN)
	stranger := newTestHost(t, []string{"tcp"}, func(c *Config) { c.MDNS, c.Rendezvous = true, rendezvous+"'" })
	stranger.Advertise(t.Context())
	c.Advertise(t.Context())
	lookFor(t, w, c, SourceMDNS)
}
