// Package cache remembers results of computations that have been run, so that an
// equal one need not be run again. A computation is equal when its unit_cid is.
//
// Whose result may be used by whom: a tenant uses what was released to itself
// before, whoever computed it. Between tenants a result is only used if a node of the
// trusted zone computed it, and both allow it or the computation is public: its caller
// says so, when the result is made and again when it is asked for. Units that are
// local_only carry their tenant's salt, so that their unit_cids are equal for no one
// else.
// Only successes are remembered: a failure costs little to have again.
//
// The package is pure and bounded: beyond its bound it forgets what it learned
// first. It remembers where an output is, not what it is, and does not say
// whether the block is still there. A Cache is owned by one goroutine.
package cache

import (
	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
)

// Known is a result that was released, and to whom it is credited.
type Known struct {
	Node      contracts.NodeID
	Result    cid.Cid
	Output    cid.Cid
	Batch     cid.Cid
	Index     int
	MediaType string
	Bytes     uint64
	Fuel      uint64
	// Trusted is set when the node is of the trusted zone.
	Trusted bool
}

// key names a computation for one tenant, for all who share if Tenant is "", or for
// everybody if it is everybody.
type key struct {
	tenant contracts.TenantID
	unit   address
}

// everybody is the name of no tenant.
const everybody = contracts.EveryTenant

// Cache holds results.
type Cache struct {
	most   int
	shares func(contracts.TenantID) bool
	// known is where an entry stands among the chunks; the next one goes to next once
	// there are most.
	known  map[key]int32
	chunks [][]entry
	next   int
	names  map[string]string
}

// perChunk is how many entries are made room for at once: nothing is ever copied
// to grow.
const perChunk = 1024

// New returns a cache of at most most results; 0 remembers nothing. shares says
// which tenants give results to each other; nil means none.
func New(most int, shares func(contracts.TenantID) bool) *Cache {
	if shares == nil {
		shares = func(contracts.TenantID) bool { return false }
	}
	return &Cache{most: most, shares: shares, known: map[key]int32{}, names: map[string]string{}}
}

// Len returns how many results are remembered; one that is shared counts more than once.
func (c *Cache) Len() int { return len(c.known) }

// Put remembers a result that was released to a tenant. public says that everything it
// was computed from is public.
func (c *Cache) Put(t contracts.TenantID, unit cid.Cid, k Known, public bool) {
	a, ok := pack(unit)
	if c.most == 0 || !ok {
		return
	}
	c.put(key{t, a}, &k)
	if k.Trusted && t != "" && c.shares(t) {
		c.put(key{"", a}, &k)
	}
	if k.Trusted && public {
		c.put(key{everybody, a}, &k)
	}
}

// Correct replaces a result that is remembered and was proved wrong.
func (c *Cache) Correct(t contracts.TenantID, unit cid.Cid, k Known) {
	a, ok := pack(unit)
	if !ok {
		return
	}
	for _, at := range []key{{t, a}, {"", a}, {everybody, a}} {
		i, ok := c.known[at]
		if !ok {
			continue
		}
		old := c.slot(int(i))
		if e, ok := c.entry(old.at, &k); ok {
			*old = e
		} else {
			delete(c.known, at) // wrong is worse than forgotten
		}
	}
}

func (c *Cache) slot(i int) *entry { return &c.chunks[i/perChunk][i%perChunk] }

func (c *Cache) put(at key, k *Known) {
	if _, ok := c.known[at]; ok {
		return // the first executor keeps the credit
	}
	at.tenant = contracts.TenantID(c.name(string(at.tenant)))
	e, ok := c.entry(at, k)
	if !ok {
		return
	}
	if c.next/perChunk == len(c.chunks) {
		c.chunks = append(c.chunks, make([]entry, 0, min(perChunk, c.most-c.next)))
	}
	chunk := &c.chunks[c.next/perChunk]
	if i := c.next % perChunk; i == len(*chunk) {
		*chunk = append(*chunk, e)
	} else {
		old := &(*chunk)[i]
		if held, ok := c.known[old.at]; ok && int(held) == c.next {
			delete(c.known, old.at)
		}
		*old = e
	}
	c.known[at] = int32(c.next)
	c.next = (c.next + 1) % c.most
}

// Get returns a result that the tenant may use. public says that everything the
// computation is made of is public now.
func (c *Cache) Get(t contracts.TenantID, unit cid.Cid, public bool) (Known, bool) {
	a, ok := pack(unit)
	if c.most == 0 || !ok {
		return Known{}, false
	}
	if i, ok := c.known[key{t, a}]; ok {
		return c.slot(int(i)).known(), true
	}
	if i, ok := c.known[key{everybody, a}]; ok && public {
		return c.slot(int(i)).known(), true
	}
	if i, ok := c.known[key{"", a}]; ok && c.shares(t) {
		return c.slot(int(i)).known(), true
	}
	return Known{}, false
}

// Named calls f with the addresses of up to most results from a place on, and returns
// the next place, 0 behind the last. A result that comes or goes meanwhile may be left
// out.
func (c *Cache) Named(from, most int, f func(cid.Cid)) (next int) {
	for i := from; i < from+most; i++ {
		if i/perChunk >= len(c.chunks) || i%perChunk >= len(c.chunks[i/perChunk]) {
			return 0
		}
		e := c.slot(i)
		for _, a := range []*address{&e.at.unit, &e.result, &e.output, &e.batch} {
			if id := a.cid(); id.Defined() {
				f(id)
			}
		}
	}
	return from + most
}
