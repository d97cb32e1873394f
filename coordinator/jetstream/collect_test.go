package jetstream_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/coordinator/jetstream"
	"github.com/krako-labs/krako/coordinator/jetstream/natstest"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/blob/blobtest"
)

// objects lists what the bucket has.
func objects(t *testing.T, b *jetstream.Blocks) (all []blob.Held) {
	t.Helper()
	must(t, b.Each(t.Context(), func(h blob.Held) error {
		if h.Revision > 0 {
			all = append(all, h)
		}
		return nil
	}))
	return all
}

// collectable is a store of this coordinator's own that forgets when told to.
type collectable struct {
	*local
	mu   sync.Mutex
	gone map[cid.Cid]bool
}

func (c *collectable) Get(ctx context.Context, id cid.Cid) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone[id] {
		return nil, blob.NotFound(id)
	}
	return c.local.Get(ctx, id)
}

func (c *collectable) Has(ctx context.Context, id cid.Cid) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone[id] {
		return false, nil
	}
	return c.local.Has(ctx, id)
}

func (c *collectable) Each(context.Context, func(blob.Held) error) error { return nil }

func (c *collectable) Erase(_ context.Context, blocks ...blob.Held) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range blocks {
		c.gone[h.CID] = true
	}
	return len(blocks), nil
}

// Objects go when they are told to, with all their bytes, and come again. One that
// somebody holds on to after it was looked at stays, and so does what is stored anew.
func TestObjectsAreErased(t *testing.T) {
	s := natstest.Start(t)
	own := &collectable{local: newLocal(t), gone: map[cid.Cid]bool{}}
	c := config(s.URL(), "erase", own.local)
	c.Blocks = own
	db, err := jetstream.Open(t.Context(), c)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	b := db.Blocks()
	var long []blob.Block
	for i := range 4 {
		long = append(long, blob.Raw(blobtest.Sample(uint64(i), 1<<20)))
	}
	must(t, b.Put(t.Context(), append(long, blob.Raw([]byte("short")))...))
	held := objects(t, b)
	if len(held) != len(long) {
		t.Fatalf("%d objects are listed, want %d", len(held), len(long))
	}
	for _, h := range held {
		if h.Bytes != 1<<20 || time.Since(h.Since) > time.Hour || h.Since.IsZero() {
			t.Errorf("listed as %+v", h)
		}
	}
	var told uint64
	for again, want := range []int{len(long), 0} { // whoever tries again has heard of the first
		n := 0
		must(t, b.EachObject(t.Context(), &told, func(blob.Held) error { n++; return nil }))
		if n != want {
			t.Errorf("time %d: told of %d objects, want %d", again, n, want)
		}
	}
	of := func(block blob.Block) blob.Held {
		return held[slices.IndexFunc(held, func(h blob.Held) bool { return h.CID.Equals(block.CID) })]
	}
	// Another coordinator relies on the first since; the second was put again.
	b.HoldFor(0)
	if ok, err := b.Keep(t.Context(), long[0].CID); !ok || err != nil {
		t.Fatalf("keep: %v, %v", ok, err)
	}
	must(t, b.Put(t.Context(), long[1]))
	n, err := b.Erase(t.Context(), of(long[0]), of(long[1]), of(long[2]))
	if want := (blob.Erased{Blocks: 1, Bytes: of(long[2]).Bytes}); n != want || err != nil {
		t.Errorf("erased %+v (%v), want the third: %+v", n, err, want)
	}
	// A crash leaves the fourth half erased: the next collection finishes it.
	must(t, b.BeginErase(t.Context(), long[3].CID))
	if left := objects(t, b); len(left) != 2 {
		t.Errorf("%d objects are left, want 2", len(left))
	}
	if size, err := b.BucketBytes(t.Context()); err != nil || size < 2<<20 || size > 2<<20+64<<10 {
		t.Errorf("two objects of a megabyte take %d bytes (%v)", size, err)
	}
	for i := range long {
		own.gone[long[i].CID] = true // the copies here
		ok, err := b.Has(t.Context(), long[i].CID)
		if want := i < 2; ok != want || err != nil {
			t.Errorf("object %d is there: %v (%v)", i, ok, err)
		}
	}
	own.gone = map[cid.Cid]bool{}
	must(t, b.Put(t.Context(), long[2]))
	// What others let go while there is a copy here is brought back to be named.
	if ok, err := b.Keep(t.Context(), long[3].CID); !ok || err != nil {
		t.Errorf("keep what only is here: %v, %v", ok, err)
	}
	for i := 2; i < 4; i++ {
		own.gone[long[i].CID] = true
		if data, err := b.Get(t.Context(), long[i].CID); err != nil || !bytes.Equal(data, long[i].Data) {
			t.Errorf("object %d, stored again: %d bytes, %v", i, len(data), err)
		}
	}
	if ok, err := b.Keep(t.Context(), blob.Raw([]byte("nobody's")).CID); ok || err != nil {
		t.Errorf("keep what nobody has: %v, %v", ok, err)
	}
}
