package p2p

import (
	"bufio"
	"context"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// blockClient keeps the streams on which blocks are asked for.
type blockClient struct {
	host     *Host
	width    int // exchanges with one peer at a time
	patience time.Duration

	mu    sync.Mutex
	peers map[string]*blockPeer
}

// blockPeer is what is under way with one peer. It is forgotten when that is
// nothing.
type blockPeer struct {
	turns chan struct{} // a token for each exchange
	users int           // callers in FetchBlocks; guarded by blockClient.mu
	idle  []*blockStream
}

// blockStream is one stream, used by one caller at a time.
type blockStream struct {
	conn   conn
	reader *patientReader
	buf    *bufio.Reader
	in     frameReader
	used   bool // it has answered before
}

func newBlockClient(h *Host, width int, patience time.Duration) *blockClient {
	return &blockClient{host: h, width: width, patience: patience, peers: make(map[string]*blockPeer)}
}

// enter waits for a turn with the peer.
func (b *blockClient) enter(ctx context.Context, peerID string) (*blockPeer, error) {
	b.mu.Lock()
	p := b.peers[peerID]
	if p == nil {
		p = &blockPeer{turns: make(chan struct{}, b.width)}
		b.peers[peerID] = p
	}
	p.users++
	b.mu.Unlock()
	select {
	case p.turns <- struct{}{}:
		return p, nil
	case <-ctx.Done():
		b.forget(peerID, p)
		return nil, ctx.Err()
	}
}

func (b *blockClient) leave(peerID string, p *blockPeer) {
	<-p.turns
	b.forget(peerID, p)
}

// forget drops the peer when nobody fetches from it and no stream is kept.
func (b *blockClient) forget(peerID string, p *blockPeer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.users--; p.users == 0 && len(p.idle) == 0 {
		delete(b.peers, peerID)
	}
}

// stream returns an idle stream to the peer or opens one.
func (b *blockClient) stream(ctx context.Context, peerID string, p *blockPeer) (*blockStream, error) {
	b.mu.Lock()
	if n := len(p.idle); n > 0 {
		s := p.idle[n-1]
		p.idle = p.idle[:n-1]
		b.mu.Unlock()
		return s, nil
	}
	b.mu.Unlock()
	c, err := b.host.open(ctx, peerID, blockProtocol)
	if err != nil {
		return nil, err
	}
	return newBlockStream(c, b.patience), nil
}

func newBlockStream(c conn, patience time.Duration) *blockStream {
	r := newPatientReader(c, patience)
	buf := r.buffered()
	return &blockStream{conn: c, reader: r, buf: buf, in: frameReader{r: buf, max: maxBlockFrame}}
}

func (b *blockClient) put(p *blockPeer, s *blockStream) {
	s.used = true
	b.mu.Lock()
	defer b.mu.Unlock()
	p.idle = append(p.idle, s)
}

// drop forgets the idle streams of a peer that is gone.
func (b *blockClient) drop(peerID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.peers[peerID]
	if p == nil {
		return
	}
	for _, s := range p.idle {
		_ = s.conn.ResetWithError(network.StreamShutdown)
	}
	if p.idle = nil; p.users == 0 {
		delete(b.peers, peerID)
	}
}
