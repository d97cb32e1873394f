package node

import (
	"slices"
	"sync"

	"github.com/ipfs/go-cid"
)

// outbox keeps sealed batches, in the order of their numbers, and the outputs
// that the coordinator fetches, until it has recorded them. It is bounded by
// whoever asks full before adding. Safe for concurrent use.
type outbox struct {
	most int // batches

	mu      sync.Mutex
	batches []*sealed
	large   map[cid.Cid]*large
}

// large is an output that more than one batch may name.
type large struct {
	data  []byte
	users int
}

func newOutbox(most int) *outbox { return &outbox{most: most, large: make(map[cid.Cid]*large)} }

// full reports whether no more should be sealed.
func (o *outbox) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.batches) >= o.most
}

func (o *outbox) empty() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.batches) == 0
}

// add keeps a batch, whose number must be greater than all before.
func (o *outbox) add(s *sealed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.batches = append(o.batches, s)
	for _, r := range s.large {
		l := o.large[r.outputID]
		if l == nil {
			l = &large{data: r.output}
			o.large[r.outputID] = l
		}
		l.users++
	}
}

// unsent returns the batches that were not sent on the present stream.
func (o *outbox) unsent() []*sealed {
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []*sealed
	for _, s := range o.batches {
		if !s.sent {
			list = append(list, s)
		}
	}
	return list
}

// markSent notes that a batch is on its way.
func (o *outbox) markSent(s *sealed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s.sent = true
}

// rewind makes every batch unsent again, for a new stream.
func (o *outbox) rewind() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.batches {
		s.sent = false
	}
}

// ack drops the batches up to seq, which are recorded, and returns how many
// results and bytes of output that were.
func (o *outbox) ack(seq uint64) (results int, bytes int64) {
	return o.drop(func(s *sealed) bool { return s.seq <= seq })
}

// reject drops the batch seq, which will never be recorded.
func (o *outbox) reject(seq uint64) (results int, bytes int64) {
	return o.drop(func(s *sealed) bool { return s.seq == seq })
}

// clear drops everything.
func (o *outbox) clear() (results int, bytes int64) {
	return o.drop(func(*sealed) bool { return true })
}

func (o *outbox) drop(gone func(*sealed) bool) (results int, bytes int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.batches = slices.DeleteFunc(o.batches, func(s *sealed) bool {
		if !gone(s) {
			return false
		}
		results += len(s.leases)
		bytes += s.kept
		o.release(s)
		return true
	})
	return results, bytes
}

func (o *outbox) release(s *sealed) {
	for _, r := range s.large {
		if l := o.large[r.outputID]; l.users > 1 {
			l.users--
		} else {
			delete(o.large, r.outputID)
		}
	}
}

// get returns an output that the coordinator fetches.
func (o *outbox) get(c cid.Cid) ([]byte, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.large[c]
	if l == nil {
		return nil, false
	}
	return l.data, true
}

// leases appends the leases of the batches that were not sent on the present
// stream: their units are not lost.
func (o *outbox) leases(list []uint64) []uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.batches {
		if !s.sent {
			list = append(list, s.leases...)
		}
	}
	return list
}

// len returns how many batches wait.
func (o *outbox) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.batches)
}
