package p2p

import (
	"context"
	"slices"
	"strings"
	"testing"
)

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
			connectTo(t, from, h)
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
	found, ctx := make(map[string]bool), testContext(t)
	for !found[mine.ID()] { // a look that finds nobody says nothing of others
		if ctx.Err() != nil {
			t.Fatal("no coordinator is found a second time")
		}
		w.lookup(ctx, func(h PeerHint) bool { found[h.Peer] = true; return true })
	}
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
