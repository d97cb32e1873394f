package jetstream

import (
	"context"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/internal/blob"
)

// HoldFor sets for how long an object counts as held on to.
func (b *Blocks) HoldFor(d time.Duration) { b.db.heldFor = d }

// BeginErase erases an object as far as a crash may leave it.
func (b *Blocks) BeginErase(ctx context.Context, c cid.Cid) error {
	o, err := b.object(ctx, c)
	if err != nil {
		return err
	}
	return b.condemn(ctx, o)
}

// BucketBytes is what the bucket of objects takes on the servers.
func (b *Blocks) BucketBytes(ctx context.Context) (uint64, error) {
	info, err := b.db.bucket.Info(ctx)
	if err != nil {
		return 0, err
	}
	return info.State.Bytes, nil
}

// EachObject lists the objects from the one after told on.
func (b *Blocks) EachObject(ctx context.Context, told *uint64, fn func(blob.Held) error) error {
	return b.eachObject(ctx, told, fn)
}
