package p2p

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/libp2p/go-libp2p/core/network"
)

// Memory is the network around one coordinator within a process: the work stream's
// whole protocol over pipes, without sockets and transports, so that a simulated
// cluster lives in virtual time. Peers are whoever they say they are. Its methods
// may be called concurrently.
type Memory struct {
	// Misses is how many heartbeats of silence a stream outlives, by default as many
	// as a Host's. It is set before anybody serves.
	Misses int

	id     string
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelCauseFunc
	tasks  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	server *workServer
	wires  map[string][]*wire
}

// NewMemory returns the network of the coordinator with the given peer id.
func NewMemory(id string, log *slog.Logger) *Memory {
	m := &Memory{id: id, Misses: DefaultConfig().HeartbeatMisses, log: log, wires: map[string][]*wire{}}
	m.ctx, m.cancel = context.WithCancelCause(context.Background())
	return m
}

// ID returns the coordinator's peer id.
func (m *Memory) ID() string { return m.id }

// ServeWork admits and serves workers from now on, as Host.ServeWork does.
func (m *Memory) ServeWork(admit AdmitFunc, serve ServeFunc) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.server = &workServer{admit: admit, serve: serve, misses: m.Misses, log: m.log, turns: make(map[string]*turn)}
}

// ServeBlocks does nothing: no blocks move on this network.
func (m *Memory) ServeBlocks(ReadBlockFunc) {}

// FetchBlock returns NOT_FOUND: results travel with their outputs.
func (m *Memory) FetchBlock(_ context.Context, peer string, c cid.Cid, _ int64) ([]byte, error) {
	return nil, contracts.Errorf(contracts.CodeNotFound, c.String(), "no blocks move on a network in memory: %s sent none along", peer)
}

// OpenWork opens the work stream of a peer, as Host.OpenWork does. The error is
// NETWORK_ERROR while nobody serves.
func (m *Memory) OpenWork(ctx context.Context, peer string, hello Hello, status func() Heartbeat) (*WorkStream, error) {
	near, far := newWire()
	m.mu.Lock()
	if m.closed || m.server == nil {
		m.mu.Unlock()
		return nil, contracts.Errorf(contracts.CodeNetwork, m.id, "nobody serves")
	}
	server := m.server
	m.wires[peer] = append(m.wires[peer], near)
	m.tasks.Go(func() {
		server.handle(m.ctx, far, peer)
		m.forget(peer, near)
	})
	m.mu.Unlock()
	hello.V = WorkVersion
	return openWork(ctx, near, terms{peer: m.id, hello: hello, misses: m.Misses, status: status})
}

func (m *Memory) forget(peer string, w *wire) {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := m.wires[peer][:0]
	for _, other := range m.wires[peer] {
		if other != w {
			left = append(left, other)
		}
	}
	if m.wires[peer] = left; len(left) == 0 {
		delete(m.wires, peer)
	}
}

// Cut swallows all that a peer's streams carry from now on, in both directions, so
// that each end finds out by the other's silence. New streams are whole.
func (m *Memory) Cut(peer string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range m.wires[peer] {
		w.cut.Store(true)
	}
}

// Close ends all streams and waits until they have been served.
func (m *Memory) Close() {
	m.mu.Lock()
	m.closed = true
	for _, list := range m.wires {
		for _, w := range list {
			_ = w.Close() // a peer that is cut off would not hear of it
		}
	}
	m.mu.Unlock()
	m.cancel(ErrClosed)
	m.tasks.Wait()
}

// wire is one end of a pipe.
type wire struct {
	net.Conn
	cut *atomic.Bool // shared by both ends
}

func newWire() (near, far *wire) {
	a, b := net.Pipe()
	cut := new(atomic.Bool)
	return &wire{a, cut}, &wire{b, cut}
}

func (w *wire) Write(b []byte) (int, error) {
	if w.cut.Load() {
		return len(b), nil
	}
	return w.Conn.Write(b)
}

// CloseWrite does nothing: a pipe has no half of it, and the other end closes it when
// it has read the goodbye.
func (w *wire) CloseWrite() error { return nil }

func (w *wire) ResetWithError(network.StreamErrorCode) error { return w.Close() }
