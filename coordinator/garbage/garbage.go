// Package garbage says which blocks nobody names any more, so that they can be let go.
//
// It is made to err on one side only. Sets of addresses are Bloom filters: they may
// hold what was never added, and never lack what was. Links are found by their bytes,
// wherever in a block or record these stand: what only looks like a link names
// nothing, and what is one is never missed for being of a kind that is new. A block
// that nobody names may so be kept a while longer; one that somebody names never goes.
//
// The package reads no clock, starts no goroutine and does no I/O. Memory is bounded by
// what a caller asks for.
package garbage

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"

	"github.com/ipfs/go-cid"
)

// Set is a set of addresses that may hold more than was added. It is safe for
// concurrent use.
type Set struct {
	words []atomic.Uint64
	seed  uint64
	added atomic.Uint64
}

// Bounds of a set, in bits.
const (
	leastBits = 1 << 16
	mostBits  = 1 << 29 // 64 MiB
	// bitsEach is how many are taken for each address, probes how many of them are
	// set: of what was never added a fiftieth is held then.
	bitsEach = 10
	probes   = 3
)

// NewSet returns a set for about n addresses; with many more it holds nearly
// everything. Sets of other seeds hold other things that were never added, so that
// what one of them keeps by chance the next does not.
func NewSet(n int, seed uint64) *Set {
	want := uint64(mostBits)
	if n < mostBits/bitsEach {
		want = max(leastBits, uint64(1)<<bits.Len64(uint64(max(n, 1))*bitsEach-1))
	}
	return &Set{words: make([]atomic.Uint64, want/64), seed: seed}
}

// place returns where the first bit of an address stands and how far it is to the
// next. Addresses are digests, as good as random.
func (s *Set) place(c cid.Cid) (first, step uint64) {
	key := c.KeyString()
	if len(key) < 16 {
		return s.seed, 1 // no address of ours
	}
	digest := []byte(key[len(key)-16:])
	first = (binary.LittleEndian.Uint64(digest) ^ s.seed) * 0x9e3779b97f4a7c15
	return first ^ first>>32, binary.LittleEndian.Uint64(digest[8:]) | 1
}

// Add puts an address in.
func (s *Set) Add(c cid.Cid) {
	at, step := s.place(c)
	for range probes {
		bit := at % (uint64(len(s.words)) * 64)
		s.words[bit/64].Or(1 << (bit % 64))
		at += step
	}
	s.added.Add(1)
}

// Has reports whether an address may have been added; false is certain.
func (s *Set) Has(c cid.Cid) bool {
	at, step := s.place(c)
	for range probes {
		bit := at % (uint64(len(s.words)) * 64)
		if s.words[bit/64].Load()&(1<<(bit%64)) == 0 {
			return false
		}
		at += step
	}
	return true
}

// Added returns how often something was added.
func (s *Set) Added() uint64 { return s.added.Load() }

// Recent holds addresses for at least as long as it is between two turns. It is safe
// for concurrent use; one goroutine turns it.
type Recent struct {
	size      int
	turns     uint64
	now, then atomic.Pointer[Set]
}

// NewRecent returns a Recent for about n addresses between two turns.
func NewRecent(n int) *Recent {
	r := &Recent{size: n}
	r.now.Store(NewSet(n, 0))
	r.then.Store(NewSet(0, 0))
	return r
}

// Add puts an address in, until the turn after the next.
func (r *Recent) Add(c cid.Cid) { r.now.Load().Add(c) }

// Has reports whether an address may have been added since the turn before the last.
func (r *Recent) Has(c cid.Cid) bool { return r.now.Load().Has(c) || r.then.Load().Has(c) }

// Empty reports whether nothing has been added since the turn before the last.
func (r *Recent) Empty() bool { return r.now.Load().Added()+r.then.Load().Added() == 0 }

// Turn forgets what was added before the last turn.
func (r *Recent) Turn() {
	r.turns++
	fresh := NewSet(r.size, r.turns)
	r.then.Store(r.now.Load()) // held twice for a moment, never not at all
	r.now.Store(fresh)
}
