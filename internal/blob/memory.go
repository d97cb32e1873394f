package blob

import (
	"context"
	"sync"

	"github.com/ipfs/go-cid"
)

// MemoryOptions bounds a Memory.
type MemoryOptions struct {
	// MaxBytes is the greatest sum of block lengths.
	MaxBytes int64
	// Evict makes room by forgetting the least recently used blocks that are
	// not pinned. Without it a full store refuses with RESOURCE_EXHAUSTED.
	Evict bool
}

// Memory is a Store in the process's memory: its Put is durable for the life of
// the process only. It keeps the slices it is given and hands them out.
type Memory struct {
	mu    sync.Mutex
	shelf *shelf
	data  map[cid.Cid][]byte
}

// NewMemory makes an empty Memory.
func NewMemory(o MemoryOptions) *Memory {
	return &Memory{shelf: newShelf(o.MaxBytes, o.Evict), data: make(map[cid.Cid][]byte)}
}

// Put implements Store.
func (m *Memory) Put(ctx context.Context, blocks ...Block) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := Check(blocks...); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range blocks {
		if err := m.put(b); err != nil {
			return err
		}
	}
	return nil
}

// put stores one verified block. m.mu is held.
func (m *Memory) put(b Block) error {
	if _, ok := m.shelf.find(b.CID); ok {
		return nil
	}
	size := int64(len(b.Data))
	victims, err := m.shelf.reserve(b.CID, size)
	if err != nil {
		return err
	}
	for _, v := range victims {
		delete(m.data, v)
	}
	m.shelf.place(b.CID, size)
	m.data[b.CID] = b.Data
	return nil
}

// Get implements Store. The bytes were verified by Put and have not left the
// process since.
func (m *Memory) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := CheckCID(c); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.shelf.find(c); !ok {
		return nil, NotFound(c)
	}
	return m.data[c], nil
}

// Has implements Store. It does not count as a use.
func (m *Memory) Has(ctx context.Context, c cid.Cid) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if err := CheckCID(c); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.data[c]
	return ok, nil
}

// Pin keeps a block from being evicted until unpin is called, which may be done
// more than once. Pins count, and a pin on an absent block takes effect when
// the block comes.
func (m *Memory) Pin(c cid.Cid) (unpin func()) {
	return pinOn(&m.mu, m.shelf, c)
}

// pinOn pins c on a shelf that mu guards.
func pinOn(mu *sync.Mutex, s *shelf, c cid.Cid) (unpin func()) {
	mu.Lock()
	defer mu.Unlock()
	s.pin(c)
	return sync.OnceFunc(func() {
		mu.Lock()
		defer mu.Unlock()
		s.unpin(c)
	})
}
