package p2p

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/libp2p/go-libp2p/core/network"
)

// ReadBlockFunc returns a block for a peer, or the *contracts.Error whose code
// the peer is to see. It decides whether the peer may have the block: a CID is
// no permission, and NOT_FOUND is the answer that tells nothing. The returned
// bytes are not changed.
type ReadBlockFunc func(ctx context.Context, peer string, c cid.Cid) ([]byte, error)

// blockServer answers the requests of all peers.
type blockServer struct {
	read     ReadBlockFunc
	reads    chan struct{} // a token for each block in memory
	patience time.Duration
	log      *slog.Logger
}

// ServeBlocks answers other hosts' FetchBlocks. It may be called once.
func (h *Host) ServeBlocks(read ReadBlockFunc) {
	b := &blockServer{read: read, reads: make(chan struct{}, h.cfg.BlockReads), patience: h.cfg.BlockPatience, log: h.log}
	h.handle(blockProtocol, func(s network.Stream) {
		b.handle(h.ctx, s, s.Conn().RemotePeer().String())
	})
}

// handle answers the requests of one stream, one after the other, until the
// client closes it or asks nothing for too long.
func (b *blockServer) handle(ctx context.Context, c conn, peer string) {
	defer context.AfterFunc(ctx, func() { _ = c.ResetWithError(network.StreamShutdown) })()
	reader := newPatientReader(c, b.patience)
	in := frameReader{r: reader.buffered(), max: maxWantFrame}
	out := bufio.NewWriterSize(patientWriter{c, b.patience}, writeChunk)
	for {
		reader.renew()
		err := b.answer(ctx, &in, out, peer)
		switch {
		case err == nil:
			continue
		case errors.Is(err, io.EOF), errors.Is(err, ErrSilent):
			_ = c.Close()
		case isViolation(err):
			b.log.Warn("block request refused", "peer", peer, "error", err)
			_ = c.ResetWithError(network.StreamProtocolViolation)
		default:
			b.log.Debug("block stream lost", "peer", peer, "error", err)
			_ = c.ResetWithError(network.StreamShutdown)
		}
		return
	}
}

// answer answers one request in full.
func (b *blockServer) answer(ctx context.Context, in *frameReader, out *bufio.Writer, peer string) error {
	var w want
	if err := readBlockFrame(in, typeWant, &w); err != nil {
		return err
	}
	for _, l := range w.CIDs {
		if err := b.send(ctx, out, peer, l, w.Max); err != nil {
			return err
		}
	}
	return out.Flush()
}

// send answers for one block. The token covers the block until it is written,
// so that slow peers cannot make the host hold more than its share.
func (b *blockServer) send(ctx context.Context, out *bufio.Writer, peer string, l dagcbor.Link, most int64) error {
	select {
	case b.reads <- struct{}{}:
		defer func() { <-b.reads }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	head := blockHead{CID: l}
	data, err := b.read(ctx, peer, l.Cid)
	switch head.Size = int64(len(data)); {
	case err != nil:
		head.Code, _ = describe(err)
		head.Size, data = 0, nil
	case head.Size > most:
		head.Code, data = contracts.CodeResourceExhausted, nil
	}
	frame, err := encodeBlockFrame(typeBlock, &head)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	if _, err := out.Write(frame); err != nil {
		return err
	}
	_, err = out.Write(data)
	return err
}
