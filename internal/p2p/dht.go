package p2p

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts/dagcbor"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

const (
	// maxProviders is how many coordinators one look-up returns.
	maxProviders = 20
	// lookupTime bounds one walk through the network.
	lookupTime = time.Minute
	// firstLookup and lastLookup are the first and the greatest pause between
	// look-ups and between announcements that found nobody.
	firstLookup = 5 * time.Second
	lastLookup  = 10 * time.Minute
	// announceEvery renews the record, whose addresses the network keeps for less
	// than a day.
	announceEvery = time.Hour
)

// startDHT joins the private Kademlia network, in which only providers of a
// rendezvous are stored: no values, nothing of the public network.
func (h *Host) startDHT(ctx context.Context) error {
	mode := dht.ModeClient
	switch h.cfg.DHT {
	case DHTOff:
		return nil
	case DHTServer:
		mode = dht.ModeServer
	case DHTAuto:
		if h.listensPublicly() {
			mode = dht.ModeServer
		}
	}
	entries, err := parsePeers(slices.Concat(h.cfg.Bootstrap, h.cfg.Coordinators))
	if err != nil {
		return err
	}
	h.dht, err = dht.New(h.stack.host,
		dht.ProtocolPrefix(dhtPrefix),
		dht.Mode(mode),
		dht.DisableValues(),
		dht.BootstrapPeers(entries...),
	)
	if err != nil {
		return fmt.Errorf("create DHT: %w", err)
	}
	if err := h.dht.Bootstrap(ctx); err != nil {
		return fmt.Errorf("join DHT: %w", err)
	}
	return nil
}

// rendezvousKey is the DHT key under which the coordinators of a cluster
// provide.
func rendezvousKey(name string) cid.Cid {
	return dagcbor.RawCID([]byte("/krako/rendezvous/1/" + name))
}

// rendezvousTag is the mDNS service of a cluster. RFC 6335 allows a service
// name of 15 characters, so the rendezvous stands as the start of its hash.
func rendezvousTag(name string) string {
	digest := sha256.Sum256([]byte("/krako/rendezvous/1/" + name))
	return fmt.Sprintf("_krako-%x._udp", digest[:4])
}

// announceDHT provides the rendezvous until ctx ends.
func (h *Host) announceDHT(ctx context.Context) {
	pause := newBackoff(firstLookup, lastLookup)
	for {
		wait := announceEvery
		if err := h.provide(ctx); err != nil {
			wait = pause.next()
			h.log.Debug("dht announcement failed", "error", err, "retry_in", wait)
		} else {
			pause.reset()
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

func (h *Host) provide(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	return h.dht.Provide(ctx, rendezvousKey(h.cfg.Rendezvous), true)
}

// searchDHT emits the coordinators found in the DHT until ctx ends.
func (h *Host) searchDHT(ctx context.Context, emit func(PeerHint) bool) {
	pause := newBackoff(firstLookup, lastLookup)
	for {
		if h.lookup(ctx, emit) == 0 && ctx.Err() == nil {
			h.log.Debug("dht has no coordinator", "rendezvous", h.cfg.Rendezvous)
		}
		if !sleep(ctx, pause.next()) {
			return
		}
	}
}

func (h *Host) lookup(ctx context.Context, emit func(PeerHint) bool) (found int) {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	for info := range h.dht.FindProvidersAsync(ctx, rendezvousKey(h.cfg.Rendezvous), maxProviders) {
		if info.ID == h.stack.host.ID() {
			continue
		}
		if hint, ok := hintOf(h.withAddrs(info), SourceDHT); ok {
			found++
			if !emit(hint) {
				cancel() // and read on until the channel is closed
			}
		}
	}
	return found
}

// withAddrs fills in addresses that are known though the answer has none.
func (h *Host) withAddrs(info peer.AddrInfo) peer.AddrInfo {
	if len(info.Addrs) == 0 {
		info.Addrs = h.stack.host.Peerstore().Addrs(info.ID)
	}
	return info
}

func isPublic(a ma.Multiaddr) bool { return manet.IsPublicAddr(a) }
