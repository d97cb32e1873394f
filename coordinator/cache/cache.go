// Package cache remembers results of computations that have been run, so that an
// equal one need not be run again. A computation is equal when its unit_cid is.
//
// Whose result may be used by whom: a tenant uses what was released to itself
// before, whoever computed it. Between tenants a result is only used if both
// allow it and a node of the trusted zone computed it. Units that are local_only
// carry their tenant's salt, so that their unit_cids are equal for no one else.
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

// key names a computation for one tenant, or for all who share if Tenant is "".
type key struct {
	tenant contracts.TenantID
	unit   cid.Cid
}

// Cache holds results.
type Cache struct {
	most   int
	shares func(contracts.TenantID) bool
	known  map[key]Known
	keys   []key
	next   int
}

// New returns a cache of at most most results; 0 remembers nothing. shares says
// which tenants give results to each other; nil means none.
func New(most int, shares func(contracts.TenantID) bool) *Cache {
	if shares == nil {
		shares = func(contracts.TenantID) bool { return false }
	}
	return &Cache{most: most, shares: shares, known: map[key]Known{}}
}

// Len returns how many results are remembered; one that is shared counts twice.
func (c *Cache) Len() int { return len(c.known) }

// Put remembers a result that was released to a tenant.
func (c *Cache) Put(t contracts.TenantID, unit cid.Cid, k Known) {
	if c.most == 0 {
		return
	}
	c.put(key{t, unit}, k)
	if k.Trusted && t != "" && c.shares(t) {
		c.put(key{"", unit}, k)
	}
}

// Correct replaces a result that is remembered and was proved wrong.
func (c *Cache) Correct(t contracts.TenantID, unit cid.Cid, k Known) {
	for _, at := range []key{{t, unit}, {"", unit}} {
		if _, ok := c.known[at]; ok {
			c.known[at] = k
		}
	}
}

func (c *Cache) put(at key, k Known) {
	if _, ok := c.known[at]; ok {
		return // the first executor keeps the credit
	}
	if len(c.keys) < c.most {
		c.keys = append(c.keys, at)
	} else {
		delete(c.known, c.keys[c.next])
		c.keys[c.next] = at
		c.next = (c.next + 1) % c.most
	}
	c.known[at] = k
}

// Get returns a result that the tenant may use.
func (c *Cache) Get(t contracts.TenantID, unit cid.Cid) (Known, bool) {
	if c.most == 0 {
		return Known{}, false
	}
	if k, ok := c.known[key{t, unit}]; ok {
		return k, true
	}
	if !c.shares(t) {
		return Known{}, false
	}
	k, ok := c.known[key{"", unit}]
	return k, ok
}
