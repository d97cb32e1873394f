package node

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
	"golang.org/x/sync/singleflight"
)

// fetchTime bounds one download: the largest block at 100 kB/s.
const fetchTime = 10 * time.Minute

// fetchFunc gets a block of at most so many bytes, verified, from the cluster's
// coordinator.
type fetchFunc func(ctx context.Context, c cid.Cid, most int64) ([]byte, error)

// blocks are the blocks that one cluster has let this node have: a cache in
// memory over one on disk over the coordinator. Whatever it returns hashes to
// its CID. Safe for concurrent use.
type blocks struct {
	hot     *blob.Memory
	disk    *blob.Cache
	fetch   fetchFunc
	flights singleflight.Group
}

func openBlocks(dir string, cfg *Config, fetch fetchFunc) (*blocks, error) {
	disk, err := blob.OpenCache(dir, blob.CacheOptions{MaxBytes: int64(cfg.CacheMB) << 20})
	if err != nil {
		return nil, err
	}
	hot := blob.NewMemory(blob.MemoryOptions{MaxBytes: int64(cfg.HotMB) << 20, Evict: true})
	return &blocks{hot: hot, disk: disk, fetch: fetch}, nil
}

// has reports whether a block is here. It may be gone again before it is used.
func (b *blocks) has(c cid.Cid) bool {
	if ok, err := b.hot.Has(context.Background(), c); ok && err == nil {
		return true
	}
	ok, err := b.disk.Has(context.Background(), c)
	return ok && err == nil
}

// get returns a block that several units may share and keeps it hot.
func (b *blocks) get(ctx context.Context, c cid.Cid, most int64) ([]byte, error) {
	if data, err := b.hot.Get(ctx, c); err == nil {
		return atMost(c, data, most)
	}
	data, err := b.load(ctx, c, most)
	if err != nil {
		return nil, err
	}
	// A block that does not fit is read again each time.
	_ = b.hot.Put(ctx, blob.Block{CID: c, Data: data})
	return data, nil
}

// load returns a block from the disk or else from the coordinator. However many
// ask for one at once, it is fetched once; who waits no longer does not end the
// fetch for the others.
func (b *blocks) load(ctx context.Context, c cid.Cid, most int64) ([]byte, error) {
	data, err := b.disk.Get(ctx, c)
	if err == nil {
		return atMost(c, data, most)
	}
	if _, damaged := errors.AsType[*blob.CorruptError](err); !damaged && !blob.IsNotFound(err) {
		return nil, err
	}
	flight := c.KeyString() + strconv.FormatInt(most, 10)
	done := b.flights.DoChan(flight, func() (any, error) { return b.download(context.WithoutCancel(ctx), c, most) })
	select {
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return atMost(c, r.Val.([]byte), most)
	case <-ctx.Done():
		return nil, interrupted(ctx, c)
	}
}

func (b *blocks) download(ctx context.Context, c cid.Cid, most int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	// A flight that landed between the caller's look at the disk and this one has
	// left the block there.
	if data, err := b.disk.Get(ctx, c); err == nil {
		return data, nil
	}
	data, err := b.fetch(ctx, c, most)
	if err != nil {
		return nil, err
	}
	// A block that does not fit on the disk can be used all the same.
	_ = b.disk.Put(ctx, blob.Block{CID: c, Data: data})
	return data, nil
}

// atMost refuses a block that is longer than the caller can use.
func atMost(c cid.Cid, data []byte, most int64) ([]byte, error) {
	if int64(len(data)) > most {
		return nil, contracts.Errorf(contracts.CodeResourceExhausted, c.String(), "block of %d bytes exceeds %d", len(data), most)
	}
	return data, nil
}

func interrupted(ctx context.Context, c cid.Cid) error {
	code := contracts.CodeCancelled
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		code = contracts.CodeTimeout
	}
	return contracts.Errorf(code, c.String(), "wait for block: %w", ctx.Err())
}
