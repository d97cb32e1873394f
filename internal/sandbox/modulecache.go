package sandbox

import (
	"container/list"
	"sync"

	"github.com/ipfs/go-cid"
)

// moduleCache keeps the most recently used modules ready, bounded by their
// estimated resident size. A module that is pushed out stays usable by whoever
// holds it and is released when nobody does.
type moduleCache struct {
	mu    sync.Mutex
	limit int64
	size  int64
	order *list.List // of *Module, most recently used first
	byCID map[cid.Cid]*list.Element
}

func newModuleCache(limit int64) *moduleCache {
	return &moduleCache{limit: limit, order: list.New(), byCID: map[cid.Cid]*list.Element{}}
}

func (c *moduleCache) get(id cid.Cid) (*Module, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byCID[id]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*Module), true
}

// add keeps m and lets the least recently used go while over the limit. The
// newest always stays, however large.
func (c *moduleCache) add(m *Module) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byCID[m.id]; ok {
		return
	}
	c.byCID[m.id] = c.order.PushFront(m)
	c.size += m.resident
	for c.size > c.limit && c.order.Len() > 1 {
		c.drop(c.order.Back())
	}
}

func (c *moduleCache) drop(e *list.Element) {
	m := c.order.Remove(e).(*Module)
	delete(c.byCID, m.id)
	c.size -= m.resident
	m.pool.close()
}

func (c *moduleCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := c.order.Front(); e != nil; e = c.order.Front() {
		c.drop(e)
	}
}
