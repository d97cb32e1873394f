package p2p

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

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
