package p2p

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
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

// FetchBlock is FetchBlocks for one block.
func (h *Host) FetchBlock(ctx context.Context, peerID string, c cid.Cid, most int64) ([]byte, error) {
	var data []byte
	var failure error
	err := h.FetchBlocks(ctx, peerID, []cid.Cid{c}, most, func(_ cid.Cid, b []byte, err error) error {
		data, failure = b, err
		return nil
	})
	return data, firstOf(err, failure)
}

// FetchBlocks asks a connected peer for blocks of up to most bytes each and
// calls each for every one, in order: with bytes that hash to the CID, or with
// a *contracts.Error (ErrBlockRefused, ErrBlockTooLarge) when the peer does not
// give that one. An error that ends the exchange is returned instead, and so is
// one that each returns. All errors of the exchange are *contracts.Error that
// name the CID and the peer: ErrBlockTruncated, ErrBlockTampered,
// ErrBlockTooLarge and ErrBlockMismatch accuse the peer of nothing less than
// what their names say. Exchanges with one peer beyond Config.BlockStreams wait.
func (h *Host) FetchBlocks(ctx context.Context, peerID string, cids []cid.Cid, most int64, each func(cid.Cid, []byte, error) error) error {
	for _, c := range cids {
		if err := dagcbor.CheckCID(c); err != nil {
			return &contracts.Error{Code: contracts.CodeValidation, Message: err.Error(), Offender: c.String(), Cause: err}
		}
	}
	for len(cids) > 0 {
		n := min(len(cids), MaxWant)
		if err := h.blocks.fetch(ctx, peerID, cids[:n], most, each); err != nil {
			return err
		}
		cids = cids[n:]
	}
	return nil
}

// fetch runs one request on a stream of its own for the time. A stream that was
// used before may have been closed by the server since; the request then is
// made again on a new one, as nothing of an answer has come.
func (b *blockClient) fetch(ctx context.Context, peerID string, cids []cid.Cid, most int64, each func(cid.Cid, []byte, error) error) error {
	p, err := b.enter(ctx, peerID)
	if err != nil {
		return blockError(cids[0], peerID, err)
	}
	defer b.leave(peerID, p)
	for {
		s, err := b.stream(ctx, peerID, p)
		if err != nil {
			return blockError(cids[0], peerID, err)
		}
		answered, err := b.exchange(ctx, s, peerID, cids, most, each)
		if err == nil {
			b.put(p, s)
			return nil
		}
		if stale := s.used && !answered && ctx.Err() == nil && isGone(err); !stale {
			return err
		}
	}
}

// exchange sends the request and reads all answers. It resets the stream on
// error. answered says that the peer answered anything.
func (b *blockClient) exchange(ctx context.Context, s *blockStream, peerID string, cids []cid.Cid, most int64, each func(cid.Cid, []byte, error) error) (answered bool, err error) {
	watch := context.AfterFunc(ctx, func() { _ = s.conn.ResetWithError(network.StreamShutdown) })
	defer func() {
		watch()
		if err != nil {
			_ = s.conn.ResetWithError(network.StreamShutdown)
		}
	}()
	w := want{Max: most}
	for _, c := range cids {
		w.CIDs = append(w.CIDs, dagcbor.Link{Cid: c})
	}
	frame, err := encodeBlockFrame(typeWant, &w)
	if err != nil {
		return false, blockError(cids[0], peerID, err)
	}
	if _, err := (patientWriter{s.conn, b.patience}).Write(frame); err != nil {
		return false, blockError(cids[0], peerID, firstOf(ctx.Err(), err))
	}
	for _, c := range cids {
		data, refusal, err := s.next(c, most)
		if err != nil {
			return answered, blockError(c, peerID, firstOf(ctx.Err(), err))
		}
		answered = true
		if refusal != nil {
			refusal = refused(c, peerID, refusal)
		}
		if err := each(c, data, refusal); err != nil {
			return answered, err
		}
	}
	if !watch() {
		return answered, blockError(cids[0], peerID, ctx.Err())
	}
	return answered, nil
}

// next reads the answer for c: its bytes or why the peer does not give them.
func (s *blockStream) next(c cid.Cid, most int64) (data []byte, refusal, err error) {
	s.reader.renew()
	var head blockHead
	if err := readBlockFrame(&s.in, typeBlock, &head); err != nil {
		return nil, nil, err
	}
	switch {
	case head.CID.Cid != c:
		return nil, nil, fmt.Errorf("%w: %s", ErrBlockMismatch, head.CID)
	case head.Code != "" && head.Size > most:
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrBlockTooLarge, head.Size, most), nil
	case head.Code != "":
		return nil, &contracts.Error{Code: head.Code, Message: ErrBlockRefused.Error(), Cause: ErrBlockRefused}, nil
	case head.Size > most:
		return nil, nil, fmt.Errorf("%w: %d bytes, at most %d", ErrBlockTooLarge, head.Size, most)
	}
	data, err = readBlock(s.buf, c, int(head.Size))
	return data, nil, err
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

// blockError names the block and the peer.
func blockError(c cid.Cid, peerID string, err error) *contracts.Error {
	switch {
	case errors.Is(err, context.Canceled):
		return contracts.Errorf(contracts.CodeCancelled, c.String(), "fetch block from %s: %w", peerID, err)
	case errors.Is(err, context.DeadlineExceeded):
		return contracts.Errorf(contracts.CodeTimeout, c.String(), "fetch block from %s: %w", peerID, err)
	case isEnd(err) && !isKnown(err), errors.Is(err, ErrFrameTruncated):
		err = fmt.Errorf("%w: %w", ErrBlockTruncated, err)
	case !isKnown(err):
		err = fmt.Errorf("%w: %w", ErrLost, err)
	}
	return contracts.Errorf(codeFor(err), c.String(), "fetch block from %s: %w", peerID, err)
}

// refused names the block and the peer in what the peer answered.
func refused(c cid.Cid, peerID string, refusal error) error {
	code := codeFor(refusal)
	if e, ok := errors.AsType[*contracts.Error](refusal); ok {
		code = e.Code
	}
	return contracts.Errorf(code, c.String(), "fetch block from %s: %w", peerID, refusal)
}

// isGone reports whether the stream ended, as against was misused.
func isGone(err error) bool { return errors.Is(err, ErrLost) || errors.Is(err, ErrBlockTruncated) }

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
