package worker

import (
	"container/list"

	"github.com/ipfs/go-cid"
)

// shelf is what the agent knows of the blocks that a worker process has: the
// process does as it is told, so both agree.
type shelf struct {
	size  int64
	order list.List // of *shelved, most recently used first
	byCID map[cid.Cid]*list.Element
}

type shelved struct {
	id   cid.Cid
	size int64
	used uint64 // the batch that last named it
}

// find returns the size of a block that is there and notes that a batch uses it.
func (s *shelf) find(id cid.Cid, batch uint64) (size int64, ok bool) {
	e, ok := s.byCID[id]
	if !ok {
		return 0, false
	}
	s.order.MoveToFront(e)
	b := e.Value.(*shelved)
	b.used = batch
	return b.size, true
}

// put notes a block that a batch brings.
func (s *shelf) put(id cid.Cid, size int64, batch uint64) {
	if s.byCID == nil {
		s.byCID = map[cid.Cid]*list.Element{}
	}
	s.byCID[id] = s.order.PushFront(&shelved{id, size, batch})
	s.size += size
}

// trim takes away the blocks used longest ago until the rest fits limit, but none
// that the batch uses, and returns them.
func (s *shelf) trim(limit int64, batch uint64) (gone []cid.Cid) {
	for e := s.order.Back(); e != nil && s.size > limit; e = s.order.Back() {
		b := e.Value.(*shelved)
		if b.used == batch {
			break
		}
		s.order.Remove(e)
		delete(s.byCID, b.id)
		s.size -= b.size
		gone = append(gone, b.id)
	}
	return gone
}
