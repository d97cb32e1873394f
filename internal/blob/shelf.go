package blob

import (
	"container/list"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
)

// shelf keeps the accounts of a bounded store: which blocks it holds, how long
// they are, in which order they were last used and which must stay. It holds no
// bytes and does no I/O. The store's own lock guards it.
type shelf struct {
	limit  int64 // bytes
	used   int64 // bytes held and bytes reserved for blocks on their way in
	evicts bool  // make room by forgetting, or refuse

	books map[cid.Cid]*list.Element // of book
	order *list.List                // most recently used first
	pins  map[cid.Cid]int           // how many want the block to stay
}

type book struct {
	cid  cid.Cid
	size int64
}

func newShelf(limit int64, evicts bool) *shelf {
	return &shelf{
		limit: limit, evicts: evicts,
		books: make(map[cid.Cid]*list.Element), order: list.New(), pins: make(map[cid.Cid]int),
	}
}

// find returns the length of a block on the shelf and counts as its use.
func (s *shelf) find(c cid.Cid) (size int64, ok bool) {
	e, ok := s.books[c]
	if !ok {
		return 0, false
	}
	s.order.MoveToFront(e)
	return e.Value.(book).size, true
}

// reserve makes room for a block of size bytes and takes it. The victims are
// off the shelf already; the caller removes their bytes. When there is no room
// to be made the error is RESOURCE_EXHAUSTED and nothing has changed.
func (s *shelf) reserve(c cid.Cid, size int64) (victims []cid.Cid, err error) {
	excess := s.used + size - s.limit
	if excess > 0 && s.evicts {
		victims, excess = s.leastUsed(excess)
	}
	if excess > 0 {
		return nil, contracts.Errorf(contracts.CodeResourceExhausted, c.String(),
			"no room for a block of %d bytes: %d of %d are taken", size, s.used, s.limit)
	}
	for _, v := range victims {
		s.drop(v)
	}
	s.used += size
	return victims, nil
}

// leastUsed picks unpinned blocks, least recently used first, until want bytes
// are together; missing is what could not be found.
func (s *shelf) leastUsed(want int64) (victims []cid.Cid, missing int64) {
	for e := s.order.Back(); e != nil && want > 0; e = e.Prev() {
		b := e.Value.(book)
		if s.pins[b.cid] > 0 {
			continue
		}
		victims = append(victims, b.cid)
		want -= b.size
	}
	return victims, want
}

// release gives back what reserve took for a block that did not arrive.
func (s *shelf) release(size int64) { s.used -= size }

// place puts a block on the shelf in the room that was reserved for it.
func (s *shelf) place(c cid.Cid, size int64) {
	s.books[c] = s.order.PushFront(book{cid: c, size: size})
}

// admit places a block that was there before the shelf was, whatever the limit.
func (s *shelf) admit(c cid.Cid, size int64) {
	s.used += size
	s.place(c, size)
}

// drop takes a block off the shelf; it is well if it is not there.
func (s *shelf) drop(c cid.Cid) {
	if e, ok := s.books[c]; ok {
		s.used -= s.order.Remove(e).(book).size
		delete(s.books, c)
	}
}

func (s *shelf) pin(c cid.Cid) { s.pins[c]++ }

func (s *shelf) unpin(c cid.Cid) {
	if s.pins[c]--; s.pins[c] <= 0 {
		delete(s.pins, c)
	}
}
