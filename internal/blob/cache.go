package blob

import (
	"context"
	"fmt"

	"github.com/ipfs/go-cid"
)

// CacheOptions bounds a Cache.
type CacheOptions struct {
	// MaxBytes is the greatest sum of block lengths. The least recently used
	// blocks that are not pinned make room for new ones.
	MaxBytes int64
}

// Cache is a Dir that forgets, for blocks that can be fetched again. It is no
// place of record: nothing is synced, and a power cut may cost blocks or damage
// them, which the next Get notices. After a restart the order of use begins as
// the order of arrival.
type Cache struct{ dir *Dir }

// OpenCache opens the cache directory at path, making it if it is not there. If
// it holds more than o.MaxBytes, the oldest blocks are removed.
func OpenCache(path string, o CacheOptions) (*Cache, error) {
	dir, err := openDir(path, osDisk{lazy: true}, newShelf(o.MaxBytes, true))
	if err != nil {
		return nil, err
	}
	if err := dir.makeRoom(cid.Undef, 0); err != nil {
		return nil, fmt.Errorf("open cache %s: %w", path, err)
	}
	return &Cache{dir: dir}, nil
}

// Put implements Store but for durability. RESOURCE_EXHAUSTED means that the
// block is longer than all that is not pinned.
func (c *Cache) Put(ctx context.Context, blocks ...Block) error { return c.dir.Put(ctx, blocks...) }

// Get implements Store and counts as a use.
func (c *Cache) Get(ctx context.Context, id cid.Cid) ([]byte, error) { return c.dir.Get(ctx, id) }

// Has implements Store. It does not count as a use.
func (c *Cache) Has(ctx context.Context, id cid.Cid) (bool, error) { return c.dir.Has(ctx, id) }

// Pin keeps a block from being evicted until unpin is called, which may be done
// more than once. Pins count, end with the process, and a pin on an absent
// block takes effect when the block comes.
func (c *Cache) Pin(id cid.Cid) (unpin func()) { return pinOn(&c.dir.mu, c.dir.shelf, id) }
