package coordinator

import (
	"sync"

	"github.com/ipfs/go-cid"
)

// maxOutputs is how many outputs are remembered as stored.
const maxOutputs = 4096

// outputs remembers which small blocks were handed to the store lately, so that
// an output that many units share is written once and not for each. It forgets
// the oldest. What it names is at least staged, and so durable no later than
// what is appended next: a block is added after the store has taken it, not
// before. It is safe for concurrent use.
type outputs struct {
	mu   sync.Mutex
	seen map[cid.Cid]struct{}
	ring []cid.Cid
	next int
}

// has reports whether a block is remembered.
func (r *outputs) has(id cid.Cid) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.seen[id]
	return ok
}

// add remembers a block that the store has taken.
func (r *outputs) add(id cid.Cid) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.seen[id]; ok {
		return
	}
	if r.seen == nil {
		r.seen, r.ring = make(map[cid.Cid]struct{}, maxOutputs), make([]cid.Cid, maxOutputs)
	}
	delete(r.seen, r.ring[r.next])
	r.seen[id], r.ring[r.next] = struct{}{}, id
	r.next = (r.next + 1) % maxOutputs
}

// forget forgets a block that the store is to let go of.
func (r *outputs) forget(id cid.Cid) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.seen, id)
}
