package jetstream

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/krako-labs/krako/internal/blob"
)

// Blocks is the DB as a blob.Store: this coordinator's own store, whose contents
// are on the servers before anything refers to them.
type Blocks struct{ db *DB }

var _ blob.Store = (*Blocks)(nil)

// Put implements blob.Store: durable is what the servers have.
func (b *Blocks) Put(ctx context.Context, blocks ...blob.Block) error {
	return b.write(ctx, blocks, b.db.submit)
}

// Stage is Put for the hot path: small blocks travel with the next append or an
// earlier one, and can be read at once.
func (b *Blocks) Stage(ctx context.Context, blocks ...blob.Block) error {
	return b.write(ctx, blocks, b.db.enqueue)
}

func (b *Blocks) write(ctx context.Context, blocks []blob.Block, send func(context.Context, *request) error) error {
	if err := b.db.usable(ctx); err != nil {
		return err
	}
	if err := b.db.cfg.Blocks.Stage(ctx, blocks...); err != nil { // which checks them
		return err
	}
	r, size := &request{}, 0
	for _, block := range blocks {
		if len(block.Data) > maxSmall {
			if err := b.upload(ctx, block); err != nil {
				return err
			}
			continue
		}
		if n := len(block.Data) + blockOverhead; size+n > maxBlocks {
			if err := send(ctx, r); err != nil {
				return err
			}
			r, size = &request{}, 0
		}
		r.blocks, size = append(r.blocks, block), size+len(block.Data)+blockOverhead
	}
	if len(r.blocks) == 0 {
		return nil
	}
	return send(ctx, r)
}

// upload keeps a long block as an object, unless it is there.
func (b *Blocks) upload(ctx context.Context, block blob.Block) error {
	name := block.CID.String()
	return b.ask(ctx, "upload block "+name, func(ctx context.Context) error {
		o, err := b.object(ctx, block.CID)
		if err == nil && o != nil && o.Size == uint64(len(block.Data)) {
			return b.hold(ctx, o)
		}
		if err == nil {
			_, err = b.db.objects.PutBytes(ctx, name, block.Data)
		}
		return err
	})
}

// objectFor bounds one attempt at an object of the bucket.
const objectFor = 30 * time.Second

// ask does something with an object, again while the servers do not answer and the
// patience lasts.
func (b *Blocks) ask(ctx context.Context, what string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, b.db.cfg.Patience)
	defer cancel()
	return b.db.retry(ctx, what, func() error {
		ctx, cancel := context.WithTimeout(ctx, objectFor)
		defer cancel()
		return do(ctx)
	})
}

// fetch reads a long block from the servers, nil if they have none. The bytes are as
// they came.
func (b *Blocks) fetch(ctx context.Context, c cid.Cid) (data []byte, err error) {
	err = b.ask(ctx, "fetch block "+c.String(), func(ctx context.Context) error {
		object, err := b.db.objects.Get(ctx, c.String())
		if errors.Is(err, jetstream.ErrObjectNotFound) {
			data = nil
			return nil
		}
		if err != nil {
			return err
		}
		data, err = io.ReadAll(io.LimitReader(object, blob.MaxBlockSize+1))
		return errors.Join(err, object.Close())
	})
	return data, err
}

// Get implements blob.Store. A long block that is not here is fetched from the
// servers; short ones are all here.
func (b *Blocks) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	if err := b.db.usable(ctx); err != nil {
		return nil, err
	}
	data, err := b.db.cfg.Blocks.Get(ctx, c)
	if !blob.IsNotFound(err) {
		return data, err
	}
	data, failure := b.fetch(ctx, c)
	if failure != nil || data == nil {
		return nil, cmp.Or(failure, err)
	}
	return data, b.db.cfg.Blocks.Put(ctx, blob.Block{CID: c, Data: data}) // which checks it
}

// Has implements blob.Store.
func (b *Blocks) Has(ctx context.Context, c cid.Cid) (bool, error) {
	if err := b.db.usable(ctx); err != nil {
		return false, err
	}
	ok, err := b.db.cfg.Blocks.Has(ctx, c)
	if ok || err != nil {
		return ok, err
	}
	err = b.ask(ctx, "look for block "+c.String(), func(ctx context.Context) error {
		o, err := b.object(ctx, c)
		ok = o != nil
		return err
	})
	return ok, err
}

const (
	// markKey is where the local store remembers the last message whose blocks it
	// has, per log.
	markKey = "jetstream/"
	// markEvery is how many messages there are between two marks.
	markEvery = 1024
)

func (db *DB) markName() string { return markKey + db.cluster }

// mark notes that the blocks of all messages up to seq are here. It lands behind
// what was staged before.
func (db *DB) mark(ctx context.Context, seq uint64) error {
	return db.cfg.Marks.Set(ctx, db.markName(), binary.BigEndian.AppendUint64(nil, seq))
}

// markSometimes marks the committer's own progress.
func (db *DB) markSometimes(ctx context.Context) error {
	if db.place.seq < db.marked+markEvery {
		return nil
	}
	db.marked = db.place.seq
	return db.mark(ctx, db.place.seq)
}

// copyBlocks brings into the local store what other coordinators have put into the
// stream: until ctx ends if it is to follow, or else as far as the stream goes now.
func (db *DB) copyBlocks(ctx context.Context, follow bool) error {
	value, err := db.cfg.Marks.Get(ctx, db.markName())
	if err != nil {
		return err
	}
	if len(value) == 8 {
		db.copied = max(db.copied, binary.BigEndian.Uint64(value))
	}
	last := db.place.seq
	if !follow && db.copied >= last {
		return db.mark(ctx, last)
	}
	return db.messages(ctx, db.copied+1, func(m jetstream.Msg, seq uint64) error {
		_, blocks, claims, err := decodeBody(m.Data())
		if err != nil {
			return err
		}
		for _, c := range claims {
			if err := db.cfg.Claims.Stage(ctx, c.tenant, c.blocks...); err != nil {
				return err
			}
		}
		if len(blocks) > 0 {
			if err := db.cfg.Blocks.Stage(ctx, blocks...); err != nil {
				return err
			}
		}
		db.copied = seq
		if !follow && seq >= last {
			if err := db.mark(ctx, seq); err != nil {
				return err
			}
			return errEnough
		}
		if seq%markEvery == 0 {
			return db.mark(ctx, seq)
		}
		return nil
	})
}
