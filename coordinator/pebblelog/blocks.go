package pebblelog

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/internal/blob"
)

// MaxSmallBlock is the greatest length in bytes of a block that is kept in the
// database and written in the same commit as records. Longer ones are files: to
// carry them through the write-ahead log would hold up everybody's appends.
const MaxSmallBlock = 64 << 10

// putBytes is about how much one request of Put carries, so that a large Put
// takes its turns with the others.
const putBytes = 1 << 20

// Blocks is the DB as a blob.Store.
type Blocks struct{ db *DB }

var _ blob.Store = (*Blocks)(nil)

// Put implements blob.Store. Small blocks share the sync of whatever else is
// committed, and are written again when they are there already: that is cheaper
// than to look. Long ones are synced one by one.
func (b *Blocks) Put(ctx context.Context, blocks ...blob.Block) error {
	return b.write(ctx, toBegin, blocks, b.db.submit)
}

// Stage is Put for the hot path: it does not wait until small blocks are
// durable. They are no later than the next Append or Put that is called after
// Stage has returned and itself returns nil, and are written in the same commit
// or an earlier one; an Append that refers to staged blocks is therefore never
// found without them. Until then a crash loses them whole. They can be read at
// once. Errors are those of Put.
func (b *Blocks) Stage(ctx context.Context, blocks ...blob.Block) error {
	return b.write(ctx, toFinish, blocks, b.db.enqueue)
}

// write verifies blocks, stores the long ones, and hands the small ones to send
// in requests of bounded length.
func (b *Blocks) write(ctx context.Context, p purpose, blocks []blob.Block, send func(context.Context, *request) error) error {
	if err := b.db.enter(ctx); err != nil {
		return err
	}
	defer b.db.gate.leave()
	if err := blob.Check(blocks...); err != nil {
		return err
	}
	if err := b.db.space.check(p); err != nil {
		return err
	}
	r, size := &request{purpose: p}, 0
	for _, block := range blocks {
		if len(block.Data) > MaxSmallBlock {
			if err := b.db.files.Put(ctx, block); err != nil {
				return err
			}
			continue
		}
		one := pair{key: blockKey(block.CID), value: block.Data, block: true}
		r.pairs, size = append(r.pairs, one), size+len(block.Data)
		if size >= putBytes || len(r.pairs) >= eventlog.MaxBatchRecords {
			if err := send(ctx, r); err != nil {
				return err
			}
			r, size = &request{purpose: p}, 0
		}
	}
	if len(r.pairs) == 0 {
		return nil
	}
	return send(ctx, r)
}

// Get implements blob.Store.
func (b *Blocks) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	if err := blob.CheckCID(c); err != nil {
		return nil, err
	}
	if err := b.db.enter(ctx); err != nil {
		return nil, err
	}
	defer b.db.gate.leave()
	key := blockKey(c)
	if data, ok := b.db.queue.inFlight(key); ok {
		return data, nil
	}
	data, err := b.db.value(key)
	if err == nil && data == nil {
		return b.db.files.Get(ctx, c)
	}
	if err == nil {
		if err = dagcbor.Verify(c, data); err == nil {
			return data, nil
		}
	} else if !pebble.IsCorruptionError(err) {
		return nil, err
	}
	// Damaged: written over by a deletion, so that a Put finds it absent.
	gone := b.db.submit(ctx, &request{pairs: []pair{{key: key, delete: true}}})
	return nil, &blob.CorruptError{CID: c, Cause: errors.Join(err, gone)}
}

// Has implements blob.Store.
func (b *Blocks) Has(ctx context.Context, c cid.Cid) (bool, error) {
	if err := blob.CheckCID(c); err != nil {
		return false, err
	}
	if err := b.db.enter(ctx); err != nil {
		return false, err
	}
	defer b.db.gate.leave()
	key := blockKey(c)
	if _, ok := b.db.queue.inFlight(key); ok {
		return true, nil
	}
	if ok, err := b.db.has(key); ok || err != nil {
		return ok, err
	}
	return b.db.files.Has(ctx, c)
}

// has reports whether the database shows a key. One whose table is damaged is
// not there: a Put then heals it.
func (db *DB) has(key []byte) (bool, error) {
	_, closer, err := db.pebble.Get(key)
	if errors.Is(err, pebble.ErrNotFound) || pebble.IsCorruptionError(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up key %q: %w", key, err)
	}
	return true, closer.Close()
}
