package p2p

import (
	"errors"
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// Source says how an address was learned.
type Source string

const (
	// SourceStatic is the configuration.
	SourceStatic Source = "static"
	// SourceMDNS is multicast on the local network.
	SourceMDNS Source = "mdns"
	// SourceDHT is the private Kademlia network.
	SourceDHT Source = "dht"
)

// maxHintAddrs bounds the addresses of one hint.
const maxHintAddrs = 16

// PeerHint says where a peer may be. It is unauthenticated and may be stale or
// a lie: the peer id is proved only by connecting, and that the peer speaks for
// the cluster only by what it then shows.
type PeerHint struct {
	Peer string
	// Addrs are multiaddrs without the /p2p part.
	Addrs  []string
	Source Source
}

// checkTransport accepts the addresses that the host's two transports speak.
func checkTransport(s string) error {
	a, err := ma.NewMultiaddr(s)
	if err != nil {
		return err
	}
	if _, err := a.ValueForProtocol(ma.P_P2P); err == nil {
		return errors.New("must not name a peer")
	}
	return checkSpoken(a)
}

// checkSpoken refuses addresses of relays, WebRTC and other transports that
// the host does not have.
func checkSpoken(a ma.Multiaddr) error {
	last := 0
	for _, component := range a {
		last = component.Protocol().Code
	}
	if last != ma.P_QUIC_V1 && last != ma.P_TCP {
		return errors.New("must be …/udp/<port>/quic-v1 or …/tcp/<port>")
	}
	return nil
}

func checkPeerAddr(s string) error {
	_, err := parsePeerAddr(s)
	return err
}

// parsePeerAddr reads one address that ends in /p2p/<peer id>.
func parsePeerAddr(s string) (peer.AddrInfo, error) {
	info, err := peer.AddrInfoFromString(s)
	if err != nil {
		return peer.AddrInfo{}, err
	}
	if len(info.Addrs) == 0 {
		return peer.AddrInfo{}, errors.New("names a peer but no address")
	}
	return *info, checkSpoken(info.Addrs[0])
}

// parsePeers reads addresses that Validate has accepted and joins those of one
// peer, in order.
func parsePeers(addrs []string) ([]peer.AddrInfo, error) {
	var peers []peer.AddrInfo
	index := make(map[peer.ID]int)
	for _, s := range addrs {
		info, err := parsePeerAddr(s)
		if err != nil {
			return nil, fmt.Errorf("parse address %q: %w", s, err)
		}
		i, seen := index[info.ID]
		if !seen {
			i = len(peers)
			index[info.ID] = i
			peers = append(peers, peer.AddrInfo{ID: info.ID})
		}
		peers[i].Addrs = append(peers[i].Addrs, info.Addrs...)
	}
	return peers, nil
}

// hintOf keeps of info what this host can dial. It returns false when that is
// nothing.
func hintOf(info peer.AddrInfo, source Source) (PeerHint, bool) {
	hint := PeerHint{Peer: info.ID.String(), Source: source}
	for _, a := range info.Addrs {
		if len(hint.Addrs) < maxHintAddrs && a != nil && checkSpoken(a) == nil {
			hint.Addrs = append(hint.Addrs, a.String())
		}
	}
	return hint, len(hint.Addrs) > 0
}

// info is the inverse of hintOf.
func (h PeerHint) info() (peer.AddrInfo, error) {
	id, err := parseID(h.Peer)
	if err != nil {
		return peer.AddrInfo{}, err
	}
	info := peer.AddrInfo{ID: id}
	for _, s := range h.Addrs[:min(len(h.Addrs), maxHintAddrs)] {
		a, err := ma.NewMultiaddr(s)
		if err != nil {
			return peer.AddrInfo{}, contracts.Errorf(contracts.CodeValidation, h.Peer, "parse address %q: %w", s, err)
		}
		info.Addrs = append(info.Addrs, a)
	}
	return info, nil
}

func parseID(s string) (peer.ID, error) {
	id, err := peer.Decode(s)
	if err != nil {
		return "", contracts.Errorf(contracts.CodeValidation, s, "parse peer id: %w", err)
	}
	return id, nil
}
