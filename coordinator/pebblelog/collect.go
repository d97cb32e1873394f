package pebblelog

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/internal/blob"
)

var _ blob.Collectable = (*Blocks)(nil)

// pageBlocks is how many blocks Each looks at with one iterator: one that stays open
// keeps tables alive that are merged into others meanwhile.
const pageBlocks = 1024

// Each implements blob.Collectable.
func (b *Blocks) Each(ctx context.Context, fn func(blob.Held) error) error {
	from := []byte{spaceBlock}
	for from != nil {
		page, next, err := b.page(ctx, from)
		if err != nil {
			return err
		}
		for _, h := range page {
			if err := fn(h); err != nil {
				return err
			}
		}
		from = next
	}
	if files, ok := b.db.files.(blob.Collectable); ok {
		return files.Each(ctx, fn)
	}
	return nil
}

// page lists the blocks of the database from a key on, and returns where the next page
// begins, nil behind the last.
func (b *Blocks) page(ctx context.Context, from []byte) (page []blob.Held, next []byte, err error) {
	if err := b.db.enter(ctx); err != nil {
		return nil, nil, err
	}
	defer b.db.gate.leave()
	it, err := b.db.pebble.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: []byte{spaceBlock + 1}})
	if err != nil {
		return nil, nil, fmt.Errorf("list blocks: %w", err)
	}
	defer closeIter(it, &err)
	for ok := it.First(); ok; ok = it.Next() {
		if len(page) == pageBlocks {
			return page, append([]byte{}, it.Key()...), nil
		}
		c, err := cid.Cast(it.Key()[1:])
		if err != nil {
			return nil, nil, fmt.Errorf("list blocks: key %q: %w", it.Key(), err)
		}
		page = append(page, blob.Held{CID: c, Bytes: int64(len(it.Value()))})
	}
	return page, nil, it.Error()
}

// Erase implements blob.Collectable. Blocks of the database go together or not at all.
func (b *Blocks) Erase(ctx context.Context, blocks ...blob.Held) (erased blob.Erased, err error) {
	var (
		long  []blob.Held
		short blob.Erased
	)
	r := &request{}
	for _, h := range blocks {
		if h.Bytes > MaxSmallBlock {
			long = append(long, h)
			continue
		}
		r.pairs = append(r.pairs, pair{key: blockKey(h.CID), delete: true})
		short.Add(h)
	}
	if len(r.pairs) > 0 {
		if err := b.db.submit(ctx, r); err != nil {
			return blob.Erased{}, err
		}
		erased = short
	}
	files, ok := b.db.files.(blob.Collectable)
	if !ok || len(long) == 0 {
		return erased, nil
	}
	more, err := files.Erase(ctx, long...)
	return erased.Plus(more), err
}

// Size returns about how many bytes the blocks take on the disk. What was written or
// erased in the last moments is not in it.
func (b *Blocks) Size(ctx context.Context) (int64, error) {
	if err := b.db.enter(ctx); err != nil {
		return 0, err
	}
	defer b.db.gate.leave()
	n, err := b.db.pebble.EstimateDiskUsage([]byte{spaceBlock}, []byte{spaceBlock + 1})
	if err != nil {
		return 0, fmt.Errorf("measure blocks: %w", err)
	}
	if files, ok := b.db.files.(interface{ Used() int64 }); ok {
		n += uint64(files.Used())
	}
	return int64(n), nil
}
