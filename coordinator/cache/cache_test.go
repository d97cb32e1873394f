package cache_test

import (
	"encoding/binary"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/cache"
)

func unit(n byte) cid.Cid { return dagcbor.CID([]byte{n}) }

func TestWhoMayUseWhat(t *testing.T) {
	shares := func(t contracts.TenantID) bool { return t == "a" || t == "b" }
	for _, c := range []struct {
		name    string
		from    contracts.TenantID
		trusted bool
		to      contracts.TenantID
		want    bool
		// public is what its caller says when the result is made, and when it is asked for.
		public, asked bool
	}{
		{"its own", "a", false, "a", true, false, false},
		{"its own, of one who does not share", "c", true, "c", true, false, false},
		{"another's, both share, trusted node", "a", true, "b", true, false, false},
		{"another's, both share, any node", "a", false, "b", false, false, false},
		{"of one who does not share", "c", true, "a", false, false, false},
		{"for one who does not share", "a", true, "c", false, false, false},
		{"public", "c", true, "d", true, true, true},
		{"public, of any node", "c", false, "d", false, true, true},
		{"public when it was made", "c", true, "d", false, true, false},
		{"public when it is asked for", "c", true, "d", false, false, true},
		{"public, of any node, its own", "c", false, "c", true, true, true},
	} {
		x := cache.New(10, shares)
		x.Put(c.from, unit(1), cache.Known{Node: "n", Trusted: c.trusted}, c.public)
		if k, got := x.Get(c.to, unit(1), c.asked); got != c.want || got && k.Node != "n" {
			t.Errorf("%s: %t by %q, want %t", c.name, got, k.Node, c.want)
		}
		if _, got := x.Get(c.from, unit(2), false); got {
			t.Errorf("%s: another computation is known", c.name)
		}
	}
}

// What was proved wrong is put right for everybody who may use it.
func TestCorrectedForAll(t *testing.T) {
	x := cache.New(10, func(t contracts.TenantID) bool { return t == "a" || t == "b" })
	x.Put("a", unit(1), cache.Known{Node: "wrong", Trusted: true}, true)
	x.Correct("a", unit(1), cache.Known{Node: "right", Trusted: true})
	for _, who := range []contracts.TenantID{"a", "b", "c"} {
		if k, ok := x.Get(who, unit(1), true); !ok || k.Node != "right" {
			t.Errorf("%s is given %+v, %t", who, k, ok)
		}
	}
}

func TestTheFirstExecutorKeepsTheCredit(t *testing.T) {
	x := cache.New(10, nil)
	x.Put("a", unit(1), cache.Known{Node: "first"}, false)
	x.Put("a", unit(1), cache.Known{Node: "second"}, false)
	if k, _ := x.Get("a", unit(1), false); k.Node != "first" {
		t.Errorf("credited to %s", k.Node)
	}
}

func TestBound(t *testing.T) {
	x := cache.New(3, nil)
	for n := range byte(5) {
		x.Put("a", unit(n), cache.Known{Index: int(n)}, false)
	}
	for n := range byte(5) {
		if k, ok := x.Get("a", unit(n), false); ok != (n >= 2) || ok && k.Index != int(n) {
			t.Errorf("result %d is known: %t", n, ok)
		}
	}
	if x.Len() != 3 {
		t.Errorf("%d are kept, the bound is 3", x.Len())
	}
	none := cache.New(0, nil)
	none.Put("a", unit(1), cache.Known{}, false)
	if _, ok := none.Get("a", unit(1), false); ok || none.Len() > 0 {
		t.Error("a cache of none remembers")
	}
}

// What is not addressed as blocks are is not remembered, and takes nothing else's
// place.
func TestOtherAddressesAreNotRemembered(t *testing.T) {
	c := cache.New(2, nil)
	odd, err := cid.Decode("QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKj6Wb") // version 0
	if err != nil {
		t.Fatal(err)
	}
	good := cache.Known{Node: "n", Result: unit(2), Output: unit(3), Batch: unit(4), Index: 5, MediaType: "text/plain", Bytes: 6, Fuel: 7, Trusted: true}
	c.Put("t", unit(1), good, false)
	c.Put("t", odd, good, false)
	c.Put("t", unit(9), cache.Known{Node: "n", Result: odd, Output: unit(3), Batch: unit(4)}, false)
	if c.Len() != 1 {
		t.Errorf("%d results are remembered", c.Len())
	}
	if k, ok := c.Get("t", unit(1), false); !ok || k != good {
		t.Errorf("found %+v, %v, want %+v", k, ok, good)
	}
	c.Correct("t", unit(1), cache.Known{Node: "n", Result: odd})
	if _, ok := c.Get("t", unit(1), false); ok {
		t.Error("a result that was proved wrong is still there")
	}
}

// A coordinator remembers tens of thousands of results: what one takes is what
// counts.
func BenchmarkPut(b *testing.B) {
	b.ReportAllocs()
	c := cache.New(1<<16, nil)
	var buf [8]byte
	for i := 0; b.Loop(); i++ {
		binary.BigEndian.PutUint64(buf[:], uint64(i))
		u := dagcbor.CID(buf[:])
		c.Put("tenant", u, cache.Known{Node: "n", Result: u, Output: u, Batch: u}, false)
	}
}
