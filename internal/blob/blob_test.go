package blob_test

import (
	"context"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/blob/blobtest"
)

const roomy = 64 << 20

func TestMemoryConforms(t *testing.T) {
	for _, evict := range []bool{false, true} {
		blobtest.Run(t, func(*testing.T) blobtest.Harness {
			return blobtest.Harness{Store: blob.NewMemory(blob.MemoryOptions{MaxBytes: roomy, Evict: evict})}
		})
	}
}

func TestDirConforms(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobtest.Harness {
		path := t.TempDir()
		open := func() blob.Store {
			d, err := blob.OpenDir(path, blob.DirOptions{MaxBytes: roomy})
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		return blobtest.Harness{Store: open(), Reopen: open}
	})
}

func TestCacheConforms(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobtest.Harness {
		path := t.TempDir()
		open := func() blob.Store { return openCache(t, path, roomy) }
		return blobtest.Harness{Store: open(), Reopen: open}
	})
}

func openCache(t *testing.T, path string, limit int64) *blob.Cache {
	t.Helper()
	c, err := blob.OpenCache(path, blob.CacheOptions{MaxBytes: limit})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// kilobyte returns the i-th of a series of blocks of 1000 bytes.
func kilobyte(i int) blob.Block { return blob.Raw(blobtest.Sample(uint64(i), 1000)) }

func put(t *testing.T, s blob.Store, blocks ...blob.Block) {
	t.Helper()
	if err := s.Put(t.Context(), blocks...); err != nil {
		t.Fatal(err)
	}
}

// held lists which of the first n kilobytes a store holds.
func held(t *testing.T, s blob.Store, n int) []int {
	t.Helper()
	var have []int
	for i := range n {
		ok, err := s.Has(t.Context(), kilobyte(i).CID)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			have = append(have, i)
		}
	}
	return have
}

// A store that does not forget says RESOURCE_EXHAUSTED, names the block, and
// takes a smaller one still.
func TestFullStoreRefuses(t *testing.T) {
	dir, err := blob.OpenDir(t.TempDir(), blob.DirOptions{MaxBytes: 2500})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]blob.Store{"dir": dir, "memory": blob.NewMemory(blob.MemoryOptions{MaxBytes: 2500})} {
		t.Run(name, func(t *testing.T) {
			put(t, s, kilobyte(0), kilobyte(1))
			err := s.Put(t.Context(), kilobyte(2))
			if contracts.CodeOf(err) != contracts.CodeResourceExhausted {
				t.Fatalf("third kilobyte of 2.5: %v, want RESOURCE_EXHAUSTED", err)
			}
			put(t, s, kilobyte(0), blob.Raw(blobtest.Sample(9, 500)))
			if err := s.Put(t.Context(), blob.Raw([]byte{1})); contracts.CodeOf(err) != contracts.CodeResourceExhausted {
				t.Fatalf("one byte too many: %v", err)
			}
		})
	}
}

type pinner interface {
	blob.Store
	Pin(c cid.Cid) (unpin func())
}

// Stores that forget: the least recently used block goes first, a pinned one
// never, and when all are pinned the store is full.
func TestEviction(t *testing.T) {
	stores := map[string]pinner{
		"cache":  openCache(t, t.TempDir(), 3500),
		"memory": blob.NewMemory(blob.MemoryOptions{MaxBytes: 3500, Evict: true}),
	}
	for name, s := range stores {
		t.Run(name, func(t *testing.T) {
			put(t, s, kilobyte(0), kilobyte(1), kilobyte(2))
			if _, err := s.Get(t.Context(), kilobyte(0).CID); err != nil {
				t.Fatal(err)
			}
			put(t, s, kilobyte(3))
			wantHeld(t, s, 0, 2, 3)

			unpin := s.Pin(kilobyte(2).CID)
			put(t, s, kilobyte(4))
			wantHeld(t, s, 2, 3, 4)

			defer s.Pin(kilobyte(3).CID)()
			defer s.Pin(kilobyte(4).CID)()
			if err := s.Put(t.Context(), kilobyte(5)); contracts.CodeOf(err) != contracts.CodeResourceExhausted {
				t.Fatalf("put with everything pinned: %v, want RESOURCE_EXHAUSTED", err)
			}
			wantHeld(t, s, 2, 3, 4)

			unpin()
			unpin() // the second call must not take another's pin
			put(t, s, kilobyte(5))
			wantHeld(t, s, 3, 4, 5)
		})
	}
}

func wantHeld(t *testing.T, s blob.Store, want ...int) {
	t.Helper()
	have := held(t, s, 10)
	if len(have) != len(want) {
		t.Fatalf("store holds %v, want %v", have, want)
	}
	for i := range want {
		if have[i] != want[i] {
			t.Fatalf("store holds %v, want %v", have, want)
		}
	}
}

// A cache that is opened with a lower bound keeps to it.
func TestCacheShrinksAtOpen(t *testing.T) {
	path := t.TempDir()
	put(t, openCache(t, path, roomy), kilobyte(0), kilobyte(1), kilobyte(2), kilobyte(3))
	small := openCache(t, path, 2000)
	if have := held(t, small, 4); len(have) != 2 {
		t.Fatalf("cache of 2000 bytes holds kilobytes %v", have)
	}
	put(t, small, kilobyte(7))
	if got, err := small.Get(context.Background(), kilobyte(7).CID); err != nil || len(got) != 1000 {
		t.Fatalf("get: %d bytes, %v", len(got), err)
	}
}
