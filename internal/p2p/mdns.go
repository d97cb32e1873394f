package p2p

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/zeroconf/v2"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// mDNS as in libp2p's specification (discovery/mdns.md): the addresses are TXT
// records. Unlike libp2p's own service only coordinators answer and only
// workers ask, and an entry starts no goroutine.
const (
	mdnsDomain  = "local"
	mdnsRecord  = "dnsaddr="
	mdnsPort    = 4001 // required by DNS-SD, without meaning here
	mdnsEntries = 64   // waiting for the reader
	// mdnsCheck is how often an announcement is compared with the addresses.
	mdnsCheck = time.Minute
	// firstMDNS and lastMDNS are the first and the greatest pause after a failure.
	firstMDNS = 5 * time.Second
	lastMDNS  = 10 * time.Minute
)

// announceMDNS answers for this host's addresses until ctx ends, anew when they
// change.
func (h *Host) announceMDNS(ctx context.Context) {
	pause, warned := newBackoff(firstMDNS, lastMDNS), false
	for ctx.Err() == nil {
		records, ips := h.mdnsRecords()
		server, err := registerMDNS(rendezvousTag(h.cfg.Rendezvous), records, ips)
		if err != nil {
			h.complain(&warned, "mdns announcement failed", err)
			sleep(ctx, pause.next())
			continue
		}
		pause.reset()
		h.waitForChange(ctx, records)
		server.Shutdown()
	}
}

// waitForChange returns when the records are no longer right, or ctx ends.
func (h *Host) waitForChange(ctx context.Context, records []string) {
	for sleep(ctx, mdnsCheck) {
		if now, _ := h.mdnsRecords(); !slices.Equal(now, records) {
			return
		}
	}
}

// complain warns once: that multicast still does not work is no news.
func (h *Host) complain(warned *bool, message string, err error) {
	if *warned {
		h.log.Debug(message, "error", err)
		return
	}
	*warned = true
	h.log.Warn(message, "error", err)
}

func registerMDNS(tag string, records, ips []string) (*zeroconf.Server, error) {
	if len(records) == 0 {
		return nil, errors.New("no address to announce")
	}
	instance := strings.ToLower(rand.Text())
	return zeroconf.RegisterProxy(instance, tag, mdnsDomain, mdnsPort, instance, ips, records, nil)
}

// mdnsRecords returns the TXT records of the host's addresses, and its IP
// addresses, which DNS-SD wants as well.
func (h *Host) mdnsRecords() (records, ips []string) {
	for _, s := range h.Addrs() {
		a, err := ma.NewMultiaddr(s)
		if err != nil {
			continue // Addrs made it, so this is none of ours
		}
		ip, err := manet.ToIP(a)
		if err != nil {
			continue // a name, which mDNS clients could not resolve in time
		}
		records = append(records, mdnsRecord+s)
		if !slices.Contains(ips, ip.String()) {
			ips = append(ips, ip.String())
		}
	}
	records = records[:min(len(records), maxHintAddrs)]
	return records, ips
}

// searchMDNS emits the coordinators that answer on the local network.
func (h *Host) searchMDNS(ctx context.Context, emit func(PeerHint) bool) {
	pause, warned := newBackoff(firstMDNS, lastMDNS), false
	for {
		err := h.browse(ctx, emit)
		if ctx.Err() != nil {
			return
		}
		h.complain(&warned, "mdns search failed", err)
		if !sleep(ctx, pause.next()) {
			return
		}
	}
}

// browse asks until ctx ends. It falls back to one family where the other has
// no multicast.
func (h *Host) browse(ctx context.Context, emit func(PeerHint) bool) (err error) {
	tag := rendezvousTag(h.cfg.Rendezvous)
	for _, family := range []zeroconf.IPType{zeroconf.IPv4AndIPv6, zeroconf.IPv4, zeroconf.IPv6} {
		entries := make(chan *zeroconf.ServiceEntry, mdnsEntries)
		failed := make(chan error, 1)
		go func() { failed <- zeroconf.Browse(ctx, tag, mdnsDomain, entries, zeroconf.SelectIPTraffic(family)) }()
		if err = h.readEntries(entries, failed, emit); err == nil {
			return nil
		}
	}
	return err
}

// readEntries reads until Browse has returned and closed entries, or could not
// start and never will.
func (h *Host) readEntries(entries <-chan *zeroconf.ServiceEntry, done <-chan error, emit func(PeerHint) bool) error {
	for {
		select {
		case entry, ok := <-entries:
			if !ok {
				return <-done
			}
			for _, hint := range parseEntry(entry.Text) {
				if hint.Peer != h.ID() {
					emit(hint)
				}
			}
		case err := <-done:
			return err
		}
	}
}

// parseEntry reads the TXT records of one answer, which anyone on the network
// may have sent.
func parseEntry(records []string) []PeerHint {
	var hints []PeerHint
	for _, r := range records[:min(len(records), maxHintAddrs)] {
		s, ok := strings.CutPrefix(r, mdnsRecord)
		if !ok {
			continue
		}
		info, err := parsePeerAddr(s)
		if err != nil {
			continue
		}
		hints = addHint(hints, info)
	}
	return hints
}

// addHint joins the addresses of one peer.
func addHint(hints []PeerHint, info peer.AddrInfo) []PeerHint {
	hint, ok := hintOf(info, SourceMDNS)
	if !ok {
		return hints
	}
	for i := range hints {
		if hints[i].Peer == hint.Peer {
			hints[i].Addrs = append(hints[i].Addrs, hint.Addrs...)
			return hints
		}
	}
	return append(hints, hint)
}
