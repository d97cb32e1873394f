package p2p

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"net"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/core/transport"
	bhost "github.com/libp2p/go-libp2p/p2p/host/basic"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/host/peerstore/pstoremem"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	tls "github.com/libp2p/go-libp2p/p2p/security/tls"
	libp2pquic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
	"github.com/quic-go/quic-go"
)

// stack is libp2p as this package uses it: swarm, identify and two transports,
// put together by hand. libp2p.New would link WebRTC, WebTransport, WebSocket
// and relays (37 modules, 7 MB) that nothing here may listen on or dial.
type stack struct {
	host *bhost.BasicHost
	quic *quicreuse.ConnManager
}

// assemble builds the stack and starts it, without listening. The closers of
// what was built are run when a later part fails.
func assemble(cfg Config) (s *stack, err error) {
	var undo []func() error
	defer func() {
		for i := len(undo) - 1; err != nil && i >= 0; i-- {
			_ = undo[i]()
		}
	}()
	key, err := crypto.UnmarshalEd25519PrivateKey(cfg.Identity.key)
	if err != nil {
		return nil, fmt.Errorf("read identity: %w", err)
	}
	limits, err := newResourceManager(cfg)
	if err != nil {
		return nil, fmt.Errorf("create resource manager: %w", err)
	}
	undo = append(undo, limits.Close)
	sw, err := newSwarm(cfg, key, limits)
	if err != nil {
		return nil, err
	}
	undo = append(undo, sw.Peerstore().Close, sw.Close)
	quicConns, err := addTransports(sw, key, limits)
	if err != nil {
		return nil, err
	}
	undo = append(undo, quicConns.Close)
	conns, err := newConnManager(cfg)
	if err != nil {
		return nil, fmt.Errorf("create connection manager: %w", err)
	}
	undo = append(undo, conns.Close)
	opts := &bhost.HostOpts{ConnManager: conns, UserAgent: cfg.UserAgent}
	if len(cfg.Announce) > 0 {
		announced, err := parseAddrs(cfg.Announce)
		if err != nil {
			return nil, err
		}
		opts.AddrsFactory = func([]ma.Multiaddr) []ma.Multiaddr { return announced }
	}
	host, err := bhost.NewHost(sw, opts)
	if err != nil {
		return nil, fmt.Errorf("create host: %w", err)
	}
	host.Start()
	return &stack{host: host, quic: quicConns}, nil
}

func newSwarm(cfg Config, key crypto.PrivKey, limits network.ResourceManager) (*swarm.Swarm, error) {
	peers, err := pstoremem.NewPeerstore()
	if err != nil {
		return nil, fmt.Errorf("create peer store: %w", err)
	}
	id := cfg.Identity.id
	if err := peers.AddPrivKey(id, key); err != nil {
		return nil, fmt.Errorf("store identity: %w", err)
	}
	if err := peers.AddPubKey(id, key.GetPublic()); err != nil {
		return nil, fmt.Errorf("store identity: %w", err)
	}
	s, err := swarm.NewSwarm(id, peers, eventbus.NewBus(),
		swarm.WithResourceManager(limits),
		swarm.WithDialTimeout(cfg.DialTimeout),
		// libp2p's 5 s for private addresses is too short for the last of a lab that
		// reconnects all at once.
		swarm.WithDialTimeoutLocal(cfg.DialTimeout),
		swarm.WithDialRanker(rankDials),
		// Black-hole detection would stop dialling UDP or IPv6 for good after
		// failures that say nothing about the coordinator to be reached next.
		swarm.WithUDPBlackHoleSuccessCounter(nil),
		swarm.WithIPv6BlackHoleSuccessCounter(nil),
	)
	if err != nil {
		return nil, fmt.Errorf("create swarm: %w", err)
	}
	return s, nil
}

// addTransports gives the swarm QUIC v1 and TCP, the latter with TLS 1.3 or,
// for peers that do not speak it, Noise, and yamux in either.
func addTransports(s *swarm.Swarm, key crypto.PrivKey, limits network.ResourceManager) (*quicreuse.ConnManager, error) {
	quicConns, err := newQUIC(key, limits)
	if err != nil {
		return nil, err
	}
	quicTransport, err := libp2pquic.NewTransport(key, quicConns, nil, nil, limits)
	if err != nil {
		return nil, fmt.Errorf("create QUIC transport: %w", err)
	}
	muxers := []upgrader.StreamMuxer{{ID: yamux.ID, Muxer: yamux.DefaultTransport}}
	withTLS, err := tls.New(tls.ID, key, muxers)
	if err != nil {
		return nil, fmt.Errorf("create TLS: %w", err)
	}
	withNoise, err := noise.New(noise.ID, key, muxers)
	if err != nil {
		return nil, fmt.Errorf("create Noise: %w", err)
	}
	up, err := upgrader.New([]sec.SecureTransport{hushed{withTLS}, hushed{withNoise}}, muxers, nil, limits, nil)
	if err != nil {
		return nil, fmt.Errorf("create upgrader: %w", err)
	}
	// With SO_REUSEPORT a second coordinator on the same port would take half of
	// the first one's connections instead of failing to start.
	tcpTransport, err := tcp.NewTCPTransport(up, limits, nil, tcp.DisableReuseport())
	if err != nil {
		return nil, fmt.Errorf("create TCP transport: %w", err)
	}
	for _, t := range []transport.Transport{quicTransport, tcpTransport} {
		if err := s.AddTransport(t); err != nil {
			return nil, fmt.Errorf("add transport: %w", err)
		}
	}
	return quicConns, nil
}

// newQUIC makes the sockets' owner. Incoming connections are charged to the
// resource manager before their handshake, and sources that it does not know
// prove their address when too many come. The keys are derived from the
// identity, so that after a restart peers learn at once that their connection
// is gone.
func newQUIC(key crypto.PrivKey, limits network.ResourceManager) (*quicreuse.ConnManager, error) {
	var resets quic.StatelessResetKey
	var tokens quic.TokenGeneratorKey
	if err := deriveKey(key, "krako quic stateless reset", resets[:]); err != nil {
		return nil, err
	}
	if err := deriveKey(key, "krako quic address token", tokens[:]); err != nil {
		return nil, err
	}
	m, err := quicreuse.NewConnManager(resets, tokens,
		quicreuse.VerifySourceAddress(func(a net.Addr) bool { return limits.VerifySourceAddress(a) }),
		quicreuse.ConnContext(func(ctx context.Context, client *quic.ClientInfo) (context.Context, error) {
			remote, err := quicreuse.ToQuicMultiaddr(client.RemoteAddr, quic.Version1)
			if err != nil {
				return ctx, fmt.Errorf("read remote address: %w", err)
			}
			scope, err := limits.OpenConnection(network.DirInbound, false, remote)
			if err != nil {
				return ctx, err
			}
			context.AfterFunc(ctx, scope.Done)
			return network.WithConnManagementScope(ctx, scope), nil
		}))
	if err != nil {
		return nil, fmt.Errorf("create QUIC sockets: %w", err)
	}
	return m, nil
}

func deriveKey(key crypto.PrivKey, purpose string, out []byte) error {
	secret, err := key.Raw()
	if err != nil {
		return fmt.Errorf("read identity: %w", err)
	}
	derived, err := hkdf.Key(sha256.New, secret, nil, purpose, len(out))
	if err != nil {
		return fmt.Errorf("derive key: %w", err)
	}
	copy(out, derived)
	return nil
}

func parseAddrs(list []string) ([]ma.Multiaddr, error) {
	addrs := make([]ma.Multiaddr, len(list))
	for i, s := range list {
		a, err := ma.NewMultiaddr(s)
		if err != nil {
			return nil, fmt.Errorf("parse address %q: %w", s, err)
		}
		addrs[i] = a
	}
	return addrs, nil
}
