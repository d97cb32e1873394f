package jetstream

import (
	"fmt"
	"strconv"

	"github.com/ipfs/go-cid"
	"github.com/nats-io/nats.go"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/internal/blob"
)

// Headers say of every message where the log stands behind it.
const (
	headerNext    = "Krako-Next"    // the offset of the next record
	headerEpoch   = "Krako-Epoch"   // of the writer
	headerSegment = "Krako-Segment" // sequence number of the last message with a segment, 0 for none
	headerWriter  = "Krako-Writer"  // this opening of the log, like no other
)

const (
	// maxSmall is the longest block that travels in messages.
	maxSmall = 64 << 10
	// maxBlocks bounds the blocks of one message in bytes, so that with the
	// longest segment it stays below 1 MB, the usual limit of servers.
	maxBlocks = 400 << 10
	// blockOverhead is what a block takes beside its bytes, generously.
	blockOverhead = 64
)

// body is a message: strict DAG-CBOR. A claim has neither segment nor blocks.
type body struct {
	Segment []byte      `cbor:"seg,omitempty"`
	Blocks  []wireBlock `cbor:"blk,omitempty"`
	Claims  []wireClaim `cbor:"clm,omitempty"`
}

type wireBlock struct {
	CID  []byte `cbor:"c"`
	Data []byte `cbor:"d"`
}

// wireClaim lets a tenant read blocks.
type wireClaim struct {
	Tenant contracts.TenantID `cbor:"t"`
	CIDs   [][]byte           `cbor:"c"`
}

// claim is the same in memory.
type claim struct {
	tenant contracts.TenantID
	blocks []cid.Cid
}

// size is about what the claim takes in a message.
func (c claim) size() int { return len(c.tenant) + blockOverhead*(1+len(c.blocks)) }

// place is where the log stands behind a message.
type place struct {
	seq     uint64 // of the message
	next    eventlog.Offset
	epoch   uint64
	segment uint64 // sequence number of the last message with a segment
}

func (p place) header(writer string) nats.Header {
	h := nats.Header{}
	h.Set(headerNext, strconv.FormatUint(uint64(p.next), 10))
	h.Set(headerEpoch, strconv.FormatUint(p.epoch, 10))
	h.Set(headerSegment, strconv.FormatUint(p.segment, 10))
	h.Set(headerWriter, writer)
	return h
}

// placeOf reads the headers of the message with the given sequence number.
func placeOf(seq uint64, h nats.Header) (place, error) {
	p := place{seq: seq}
	for key, to := range map[string]*uint64{headerNext: (*uint64)(&p.next), headerEpoch: &p.epoch, headerSegment: &p.segment} {
		v, err := strconv.ParseUint(h.Get(key), 10, 64)
		if err != nil {
			return place{}, &eventlog.CorruptError{Segment: p.next, Reason: fmt.Sprintf("message %d has no %s", seq, key)}
		}
		*to = v
	}
	if p.next == 0 || p.epoch == 0 || p.segment > seq {
		return place{}, &eventlog.CorruptError{Segment: p.next, Reason: fmt.Sprintf("message %d says that it is nowhere", seq)}
	}
	return p, nil
}

func encodeBody(segment []byte, blocks []blob.Block, claims []claim) ([]byte, error) {
	b := body{Segment: segment}
	for _, c := range claims {
		w := wireClaim{Tenant: c.tenant}
		for _, id := range c.blocks {
			w.CIDs = append(w.CIDs, id.Bytes())
		}
		b.Claims = append(b.Claims, w)
	}
	for _, block := range blocks {
		b.Blocks = append(b.Blocks, wireBlock{block.CID.Bytes(), block.Data})
	}
	return dagcbor.Marshal(b)
}

// decodeBody reads a message. Blocks are held against their addresses by whoever
// stores them.
func decodeBody(data []byte) (segment []byte, blocks []blob.Block, claims []claim, err error) {
	var b body
	if err := dagcbor.Unmarshal(data, &b); err != nil {
		return nil, nil, nil, fmt.Errorf("decode message: %w", err)
	}
	for _, w := range b.Blocks {
		id, err := cid.Cast(w.CID)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("decode message: %w", err)
		}
		blocks = append(blocks, blob.Block{CID: id, Data: w.Data})
	}
	for _, w := range b.Claims {
		c := claim{tenant: w.Tenant}
		for _, raw := range w.CIDs {
			id, err := cid.Cast(raw)
			if err != nil {
				return nil, nil, nil, fmt.Errorf("decode message: %w", err)
			}
			c.blocks = append(c.blocks, id)
		}
		claims = append(claims, c)
	}
	return b.Segment, blocks, claims, nil
}
