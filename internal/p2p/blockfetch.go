package p2p

import (
	"context"
	"errors"
	"fmt"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/libp2p/go-libp2p/core/network"
)

// FetchBlock is FetchBlocks for one block.
func (h *Host) FetchBlock(ctx context.Context, peerID string, c cid.Cid, most int64) ([]byte, error) {
	var data []byte
	var failure error
	err := h.FetchBlocks(ctx, peerID, []cid.Cid{c}, most, func(_ cid.Cid, b []byte, err error) error {
		data, failure = b, err
		return nil
	})
	return data, firstError(err, failure)
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
	if err = b.ask(s, cids, most); err != nil {
		err = blockError(cids[0], peerID, firstError(ctx.Err(), err))
	} else {
		answered, err = s.answers(ctx, peerID, cids, most, each)
	}
	if !watch() && err == nil {
		err = blockError(cids[0], peerID, ctx.Err())
	}
	if err != nil {
		_ = s.conn.ResetWithError(network.StreamShutdown)
	}
	return answered, err
}

func (b *blockClient) ask(s *blockStream, cids []cid.Cid, most int64) error {
	w := want{Max: most}
	for _, c := range cids {
		w.CIDs = append(w.CIDs, dagcbor.Link{Cid: c})
	}
	frame, err := encodeBlockFrame(typeWant, &w)
	if err != nil {
		return err
	}
	_, err = patientWriter{s.conn, b.patience}.Write(frame)
	return err
}

// answers reads what the peer says of each block and hands it on.
func (s *blockStream) answers(ctx context.Context, peerID string, cids []cid.Cid, most int64, each func(cid.Cid, []byte, error) error) (started bool, err error) {
	for _, c := range cids {
		data, refusal, err := s.next(c, most)
		if err != nil {
			return started, blockError(c, peerID, firstError(ctx.Err(), err))
		}
		started = true
		if refusal != nil {
			refusal = blockError(c, peerID, refusal)
		}
		if err := each(c, data, refusal); err != nil {
			return started, err
		}
	}
	return started, nil
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

// blockError names the block and the peer.
func blockError(c cid.Cid, peerID string, err error) *contracts.Error {
	switch {
	case isEnd(err) && !isKnown(err), errors.Is(err, ErrFrameTruncated):
		err = fmt.Errorf("%w: %w", ErrBlockTruncated, err)
	case !isKnown(err):
		err = fmt.Errorf("%w: %w", ErrLost, err)
	}
	return contracts.Errorf(codeFor(err), c.String(), "fetch block from %s: %w", peerID, err)
}

// isGone reports whether the stream ended, as against was misused.
func isGone(err error) bool { return errors.Is(err, ErrLost) || errors.Is(err, ErrBlockTruncated) }
