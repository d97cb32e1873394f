package p2p

import (
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/x/rate"
)

const (
	connsPerPeer   = 8  // two ends that dial each other over several addresses at once
	streamsPerPeer = 64 // one of work, a few of blocks, identify and the DHT
	streamsPerConn = 8  // of all, on average
	workPerPeer    = 4  // the newest and those that it replaces
	connMemory     = 32 << 20
	streamMemory   = 16 << 20 // yamux's greatest window
	minHandshakes  = 1024
	connGrace      = time.Minute
)

// newResourceManager bounds what peers can make the host hold. Everything that
// counts is set here; libp2p's scaled defaults only fill in what cannot bind.
func newResourceManager(cfg Config) (network.ResourceManager, error) {
	v4, v6, rates, err := addressLimits(cfg.Limits)
	if err != nil {
		return nil, err
	}
	limits := scopeLimits(cfg).Build(rcmgr.DefaultLimits.Scale(0, 0))
	return rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits),
		rcmgr.WithMetricsDisabled(),
		rcmgr.WithNetworkPrefixLimit(v4, v6),
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: cfg.Limits.ConnsPerIP}},
			[]rcmgr.ConnLimitPerSubnet{
				{PrefixLength: 64, ConnCount: cfg.Limits.ConnsPerIP},
				{PrefixLength: 48, ConnCount: cfg.Limits.Conns},
			}),
		rcmgr.WithConnRateLimiters(rates),
	)
}

// addressLimits frees the trusted networks from the bounds per address and sets
// the rate of new connections for all others.
func addressLimits(l Limits) (v4, v6 []rcmgr.NetworkPrefixLimit, rates *rate.Limiter, err error) {
	perIP := rate.Limit{RPS: l.DialsPerIP, Burst: l.DialBurst}
	rates = &rate.Limiter{SubnetRateLimiter: rate.SubnetLimiter{
		IPv4SubnetLimits: []rate.SubnetLimit{{PrefixLength: 32, Limit: perIP}},
		IPv6SubnetLimits: []rate.SubnetLimit{{PrefixLength: 64, Limit: perIP}},
		GracePeriod:      time.Minute,
	}}
	for _, s := range append([]string{"127.0.0.0/8", "::1/128"}, l.TrustedNets...) {
		prefix, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("parse trusted network: %w", err)
		}
		free := rcmgr.NetworkPrefixLimit{Network: prefix, ConnCount: math.MaxInt}
		if prefix.Addr().Is4() {
			v4 = append(v4, free)
		} else {
			v6 = append(v6, free)
		}
		rates.NetworkPrefixLimits = append(rates.NetworkPrefixLimits, rate.PrefixLimit{Prefix: prefix})
	}
	return v4, v6, rates, nil
}

// scopeLimits are the bounds of the whole host, of connections in their
// handshake, of each protocol and of each peer.
func scopeLimits(cfg Config) rcmgr.PartialLimitConfig {
	conns := cfg.Limits.Conns
	memory := int64(cfg.Limits.MemoryMB) << 20
	all := bound(conns, conns*streamsPerConn, memory)
	// Handshakes are short, but after a restart everyone comes at once.
	opening := bound(max(conns/4, minHandshakes), max(conns, minHandshakes), memory)
	aPeer := bound(connsPerPeer, streamsPerPeer, memory)
	aPeer.Memory = rcmgr.LimitVal64(min(memory, streamsPerPeer*streamMemory))
	streams := bound(conns, conns*streamsPerConn, memory)
	return rcmgr.PartialLimitConfig{
		System:              all,
		Transient:           opening,
		ServiceDefault:      streams,
		ServicePeerDefault:  aPeer,
		ProtocolDefault:     streams,
		ProtocolPeerDefault: aPeer,
		ProtocolPeer: map[protocol.ID]rcmgr.ResourceLimits{
			workProtocol:  bound(connsPerPeer, workPerPeer, memory),
			blockProtocol: bound(connsPerPeer, 2*cfg.BlockStreams, memory),
		},
		PeerDefault: aPeer,
		Conn:        bound(1, streamsPerPeer, connMemory),
		Stream:      bound(1, 1, streamMemory),
	}
}

func bound(conns, streams int, memory int64) rcmgr.ResourceLimits {
	c, s := rcmgr.LimitVal(conns), rcmgr.LimitVal(streams)
	return rcmgr.ResourceLimits{
		Conns: c, ConnsInbound: c, ConnsOutbound: c, FD: c,
		Streams: s, StreamsInbound: s, StreamsOutbound: s,
		Memory: rcmgr.LimitVal64(memory),
	}
}

// newConnManager closes the least useful connections when nine tenths of what
// is allowed are in use, never those of peers that are protected.
func newConnManager(cfg Config) (*connmgr.BasicConnMgr, error) {
	high := max(cfg.Limits.Conns*9/10, 1)
	return connmgr.NewConnManager(high*9/10, high, connmgr.WithGracePeriod(connGrace))
}
