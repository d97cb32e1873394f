package p2p

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	ma "github.com/multiformats/go-multiaddr"
)

func TestDefaultConfigNeedsOnlyAnIdentity(t *testing.T) {
	cfg := DefaultConfig()
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "identity") || strings.Contains(err.Error(), "\n") {
		t.Errorf("without identity: %v", err)
	}
	cfg.Identity = newTestIdentity(t)
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidateReportsEveryProblem(t *testing.T) {
	id := newTestIdentity(t).ID()
	cfg := Config{
		Listen:       []string{"nonsense", "/ip4/1.2.3.4/udp/1/webrtc-direct", "/ip4/1.2.3.4/tcp/1/p2p/" + id},
		Announce:     []string{"/ip4/1.2.3.4"},
		Coordinators: []string{"/ip4/1.2.3.4/tcp/1", "/ip4/1.2.3.4/tcp/1/p2p/" + id + "/p2p-circuit"},
		Bootstrap:    []string{"/p2p/" + id},
		MDNS:         true, DHT: "sometimes",
		Limits: Limits{TrustedNets: []string{"10.0.0.0/33"}},
	}
	err := cfg.Validate()
	if err == nil {
		t.Fatal("valid")
	}
	for _, want := range []string{
		"identity is missing", `listen: "nonsense"`, "webrtc-direct", "must not name a peer",
		`announce: "/ip4/1.2.3.4"`, `coordinators: "/ip4/1.2.3.4/tcp/1"`, "p2p-circuit", "bootstrap",
		"rendezvous is missing", `dht is "sometimes"`, "heartbeat_misses", "dial_timeout", "block_patience",
		"block_streams", "block_reads", "conns is 0", "conns_per_ip", "dials_per_ip", "dial_burst", "memory_mb", "10.0.0.0/33",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %q in:\n%v", want, err)
		}
	}
	if _, err := NewHost(t.Context(), cfg); err == nil {
		t.Error("host of an invalid config")
	}
}

func TestListenAddrs(t *testing.T) {
	got := slices.Concat(ListenAddrs(netip.MustParseAddr("0.0.0.0"), 4545), ListenAddrs(netip.MustParseAddr("::1"), 0))
	want := []string{"/ip4/0.0.0.0/udp/4545/quic-v1", "/ip4/0.0.0.0/tcp/4545", "/ip6/::1/udp/0/quic-v1", "/ip6/::1/tcp/0"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func limited(t *testing.T, change func(*Limits)) network.ResourceManager {
	t.Helper()
	cfg := DefaultConfig()
	change(&cfg.Limits)
	rm, err := newResourceManager(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rm.Close() })
	return rm
}

// admitted counts how many of n connections the resource manager lets in from
// the address that from makes of their number.
func admitted(t *testing.T, rm network.ResourceManager, n int, from func(i int) string) int {
	t.Helper()
	in := 0
	for i := range n {
		scope, err := rm.OpenConnection(network.DirInbound, false, ma.StringCast(from(i)))
		if err != nil {
			continue
		}
		in++
		t.Cleanup(scope.Done)
	}
	return in
}

func oneAddress(address string) func(int) string {
	return func(i int) string { return fmt.Sprintf("/%s/udp/%d/quic-v1", address, 1+i) }
}

func TestConnectionLimits(t *testing.T) {
	const nat = "ip4/203.0.113.7"
	for name, c := range map[string]struct {
		limits func(*Limits)
		from   func(int) string
		n      int
		want   int
	}{
		"a lab behind one NAT":     {func(*Limits) {}, oneAddress(nat), 300, 300},
		"an address at its bound":  {func(l *Limits) { l.ConnsPerIP = 20 }, oneAddress(nat), 30, 20},
		"a burst at its bound":     {func(l *Limits) { l.DialBurst, l.DialsPerIP = 15, 1e-6 }, oneAddress(nat), 30, 15},
		"a host at its bound":      {func(l *Limits) { l.Conns = 25 }, func(i int) string { return fmt.Sprintf("/ip4/10.0.0.%d/tcp/1", i) }, 30, 25},
		"an IPv6 lab":              {func(l *Limits) { l.ConnsPerIP = 20 }, func(i int) string { return fmt.Sprintf("/ip6/2001:db8::%x/tcp/1", i+1) }, 30, 20},
		"IPv6 labs of one site":    {func(l *Limits) { l.ConnsPerIP = 20 }, func(i int) string { return fmt.Sprintf("/ip6/2001:db8:0:%x::1/tcp/1", i+1) }, 30, 30},
		"loopback":                 {func(l *Limits) { l.ConnsPerIP, l.DialBurst = 1, 1 }, oneAddress("ip4/127.0.0.1"), 300, 300},
		"a trusted network":        {func(l *Limits) { l.ConnsPerIP, l.DialBurst, l.TrustedNets = 1, 1, []string{"203.0.113.0/24"} }, oneAddress(nat), 300, 300},
		"an untrusted one besides": {func(l *Limits) { l.ConnsPerIP, l.TrustedNets = 1, []string{"198.51.100.0/24"} }, oneAddress(nat), 30, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := admitted(t, limited(t, c.limits), c.n, c.from); got != c.want {
				t.Errorf("%d of %d connections admitted, want %d", got, c.n, c.want)
			}
		})
	}
}

func TestPeerLimits(t *testing.T) {
	rm, peer := limited(t, func(*Limits) {}), newTestIdentity(t).id
	open := func() error {
		s, err := rm.OpenStream(peer, network.DirInbound)
		if err != nil {
			return err
		}
		t.Cleanup(s.Done)
		return s.SetProtocol(workProtocol)
	}
	for range workPerPeer {
		if err := open(); err != nil {
			t.Fatal(err)
		}
	}
	if open() == nil {
		t.Errorf("a peer has more than %d work streams", workPerPeer)
	}
}

func TestConnManagerKeepsKnownPeers(t *testing.T) {
	known := newTestIdentity(t).ID()
	h := newTestHost(t, nil, func(c *Config) { c.Coordinators = []string{"/ip4/203.0.113.7/tcp/1/p2p/" + known} })
	other := newTestIdentity(t)
	h.Protect(other.ID())
	for id, want := range map[string]bool{known: true, other.ID(): true, newTestIdentity(t).ID(): false} {
		p, err := parseID(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.stack.host.ConnManager().IsProtected(p, keepTag); got != want {
			t.Errorf("%s protected: %t, want %t", id, got, want)
		}
	}
	h.Unprotect(other.ID())
	if h.stack.host.ConnManager().IsProtected(other.id, keepTag) {
		t.Error("still protected")
	}
}

func TestDialsTCPFirstNearbyAndQUICFirstElsewhere(t *testing.T) {
	for ip, first := range map[string]string{"127.0.0.1": "/tcp/4545", "192.168.1.2": "/tcp/4545", "203.0.113.7": "/udp/4545/quic-v1"} {
		ranked := rankDials([]ma.Multiaddr{
			ma.StringCast("/ip4/" + ip + "/udp/4545/quic-v1"), ma.StringCast("/ip4/" + ip + "/tcp/4545"),
		})
		if len(ranked) != 2 || !strings.HasSuffix(ranked[0].Addr.String(), first) || ranked[0].Delay != 0 || ranked[0].Delay >= ranked[1].Delay {
			t.Errorf("dial order of %s is %v", ip, ranked)
		}
	}
	for _, only := range []string{"/ip4/127.0.0.1/udp/1/quic-v1", "/ip4/127.0.0.1/tcp/1"} {
		if ranked := rankDials([]ma.Multiaddr{ma.StringCast(only)}); len(ranked) != 1 || ranked[0].Delay != 0 {
			t.Errorf("dial order of %s alone is %v", only, ranked)
		}
	}
}
