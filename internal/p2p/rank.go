package p2p

import (
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// headStart is what TCP has over QUIC where the peer is near.
const headStart = 30 * time.Millisecond

// rankDials says which addresses of a peer are dialled when. On this machine and
// its local network TCP is first: a packet costs QUIC 2.3 times the processor
// time, and there are no losses that it would do better with. Everywhere else
// QUIC is, after libp2p's rules.
func rankDials(addrs []ma.Multiaddr) []network.AddrDelay {
	var nearTCP, nearQUIC, far []ma.Multiaddr
	for _, a := range addrs {
		switch _, err := a.ValueForProtocol(ma.P_TCP); {
		case !manet.IsPrivateAddr(a):
			far = append(far, a)
		case err == nil:
			nearTCP = append(nearTCP, a)
		default:
			nearQUIC = append(nearQUIC, a)
		}
	}
	ranked := swarm.DefaultDialRanker(nearTCP)
	behind := time.Duration(0)
	for _, r := range ranked {
		behind = max(behind, r.Delay+headStart)
	}
	for _, r := range swarm.DefaultDialRanker(nearQUIC) {
		ranked = append(ranked, network.AddrDelay{Addr: r.Addr, Delay: r.Delay + behind})
	}
	return append(ranked, swarm.DefaultDialRanker(far)...)
}
