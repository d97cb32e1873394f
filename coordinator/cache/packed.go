package cache

import (
	"strings"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
)

// Entries are packed: addresses as the bytes they are instead of strings of their
// own, which would keep alive what they were cut from, and names once for all. An
// entry takes some 250 bytes with its key, a third of what Known and its strings do.

// address is a CID of the one form that blocks have: version 1, SHA-256.
type address [addressBytes]byte

const addressBytes = 36

// pack returns the address of a CID, false if it is of another form. The undefined
// CID is the zero address.
func pack(c cid.Cid) (a address, ok bool) {
	if !c.Defined() {
		return a, true
	}
	s := c.KeyString()
	if len(s) != addressBytes || s[0] != 1 {
		return a, false
	}
	copy(a[:], s)
	return a, true
}

func (a *address) cid() cid.Cid {
	if *a == (address{}) {
		return cid.Undef
	}
	_, c, err := cid.CidFromBytes(a[:])
	if err != nil {
		return cid.Undef // it was a CID when it was packed
	}
	return c
}

// entry is a Known and the key it stands under.
type entry struct {
	at                    key
	result, output, batch address
	node                  contracts.NodeID
	mediaType             string
	bytes, fuel           uint64
	index                 int32
	trusted               bool
}

func (c *Cache) entry(at key, k *Known) (e entry, ok bool) {
	e = entry{
		at: at, node: contracts.NodeID(c.name(string(k.Node))), mediaType: c.name(k.MediaType), bytes: k.Bytes, fuel: k.Fuel,
		index: int32(k.Index), trusted: k.Trusted,
	}
	var good [3]bool
	e.result, good[0] = pack(k.Result)
	e.output, good[1] = pack(k.Output)
	e.batch, good[2] = pack(k.Batch)
	return e, good == [3]bool{true, true, true} && int(e.index) == k.Index
}

func (e *entry) known() Known {
	return Known{
		Node: e.node, Result: e.result.cid(), Output: e.output.cid(), Batch: e.batch.cid(), Index: int(e.index), MediaType: e.mediaType,
		Bytes: e.bytes, Fuel: e.fuel, Trusted: e.trusted,
	}
}

// maxNames bounds the names that are kept once for all.
const maxNames = 4096

// name returns an equal string that many entries share.
func (c *Cache) name(s string) string {
	if n, ok := c.names[s]; ok {
		return n
	}
	s = strings.Clone(s)
	if len(c.names) < maxNames {
		c.names[s] = s
	}
	return s
}
