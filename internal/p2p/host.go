package p2p

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/krako-labs/krako/contracts"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	ma "github.com/multiformats/go-multiaddr"
)

// The protocols that a host speaks besides libp2p's identify.
const (
	workProtocol  protocol.ID = "/krako/work/1"
	blockProtocol protocol.ID = "/krako/block/1"
	dhtPrefix     protocol.ID = "/krako" // speaks /krako/kad/1.0.0
)

// keepTag protects the connections of peers that the operator named.
const keepTag = "known"

// Host is this process's presence on the network. Its methods may be called
// concurrently.
type Host struct {
	cfg    Config
	log    *slog.Logger
	stack  *stack
	dht    *dht.IpfsDHT // nil when off
	known  []peer.AddrInfo
	blocks *blockClient

	ctx    context.Context // the host's life
	cancel context.CancelCauseFunc

	mu     sync.Mutex
	closed bool
	tasks  sync.WaitGroup
}

// NewHost checks cfg, builds the host and listens on every address of
// cfg.Listen, or fails with all addresses free again. ctx bounds the start
// only; the host lives until Close.
func NewHost(ctx context.Context, cfg Config) (*Host, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("check p2p config: %w", err)
	}
	known, err := parsePeers(cfg.Coordinators)
	if err != nil {
		return nil, err
	}
	s, err := assemble(cfg)
	if err != nil {
		return nil, err
	}
	h := &Host{cfg: cfg, log: cfg.Log, stack: s, known: known}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.ctx, h.cancel = context.WithCancelCause(context.Background())
	h.blocks = newBlockClient(h, cfg.BlockStreams, cfg.BlockPatience)
	s.host.Network().Notify(&network.NotifyBundle{DisconnectedF: h.disconnected})
	for _, p := range known {
		h.Protect(p.ID.String())
	}
	if err := h.start(ctx); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

func (h *Host) start(ctx context.Context) error {
	if err := h.listen(); err != nil {
		return err
	}
	if err := h.startDHT(ctx); err != nil {
		return err
	}
	return ctx.Err()
}

// listen takes every address: a host that listens on some of them would be
// found by some of its peers.
func (h *Host) listen() error {
	addrs, err := parseAddrs(h.cfg.Listen)
	if err != nil {
		return err
	}
	for _, a := range addrs {
		if err := h.stack.host.Network().Listen(a); err != nil {
			return fmt.Errorf("listen on %s: %w", a, err)
		}
	}
	return nil
}

// disconnected lets go of what was kept for a peer that has no connection left.
func (h *Host) disconnected(n network.Network, c network.Conn) {
	if n.Connectedness(c.RemotePeer()) == network.NotConnected {
		h.blocks.drop(c.RemotePeer().String())
	}
}

// ID returns the host's peer id.
func (h *Host) ID() string { return h.cfg.Identity.ID() }

// Addrs returns the addresses under which others reach the host, each ending in
// /p2p/ and its peer id: fit for another host's Config.Coordinators.
func (h *Host) Addrs() []string {
	suffix := "/p2p/" + h.ID()
	var addrs []string
	for _, a := range h.stack.host.Addrs() {
		addrs = append(addrs, a.String()+suffix)
	}
	return addrs
}

// Connect dials the peer at the hint's addresses, QUIC first, unless it is
// connected, and proves its peer id. Errors are *contracts.Error: NETWORK_ERROR
// when no address answers as that peer.
func (h *Host) Connect(ctx context.Context, hint PeerHint) error {
	info, err := hint.info()
	if err != nil {
		return err
	}
	if err := h.stack.host.Connect(ctx, info); err != nil {
		return contracts.Errorf(contracts.CodeNetwork, hint.Peer, "connect: %w", err)
	}
	return nil
}

// Disconnect closes all connections to a peer, and with them its streams.
func (h *Host) Disconnect(peerID string) error {
	id, err := parseID(peerID)
	if err != nil {
		return err
	}
	return h.stack.host.Network().ClosePeer(id)
}

// Remote returns the multiaddr at which a connected peer is, "" for another. Of
// several connections it is the oldest's.
func (h *Host) Remote(peerID string) string {
	id, err := parseID(peerID)
	if err != nil {
		return ""
	}
	conns := h.stack.host.Network().ConnsToPeer(id)
	if len(conns) == 0 {
		return ""
	}
	return conns[0].RemoteMultiaddr().String()
}

// Conns returns the number of open connections.
func (h *Host) Conns() int { return len(h.stack.host.Network().Conns()) }

// Protect keeps the connections of a peer when there are too many. A peer with
// an open work stream is protected without it. It ignores what is no peer id.
func (h *Host) Protect(peerID string) {
	if id, err := parseID(peerID); err == nil {
		h.stack.host.ConnManager().Protect(id, keepTag)
	}
}

// Unprotect undoes Protect.
func (h *Host) Unprotect(peerID string) {
	if id, err := parseID(peerID); err == nil {
		h.stack.host.ConnManager().Unprotect(id, keepTag)
	}
}

// begin enters a task that Close waits for. It returns false once the host
// closes.
func (h *Host) begin() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.tasks.Add(1)
	return true
}

// Close says goodbye on every work stream, waits for their ServeFuncs and for
// all else that the host started, and releases the addresses. It may be called
// more than once.
func (h *Host) Close() error {
	h.mu.Lock()
	again := h.closed
	h.closed = true
	h.mu.Unlock()
	if again {
		return nil
	}
	h.cancel(ErrClosed)
	h.tasks.Wait()
	var err error
	if h.dht != nil {
		err = h.dht.Close()
	}
	return errors.Join(err, h.stack.host.Close(), h.stack.quic.Close())
}

// listensPublicly reports whether others can be expected to dial the host.
func (h *Host) listensPublicly() bool {
	return len(h.cfg.Announce) > 0 || anyPublic(h.stack.host.Addrs())
}

func anyPublic(addrs []ma.Multiaddr) bool {
	for _, a := range addrs {
		if isPublic(a) {
			return true
		}
	}
	return false
}
