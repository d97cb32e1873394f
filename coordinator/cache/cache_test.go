package cache_test

import (
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
	}{
		{"its own", "a", false, "a", true},
		{"its own, of one who does not share", "c", true, "c", true},
		{"another's, both share, trusted node", "a", true, "b", true},
		{"another's, both share, any node", "a", false, "b", false},
		{"of one who does not share", "c", true, "a", false},
		{"for one who does not share", "a", true, "c", false},
	} {
		x := cache.New(10, shares)
		x.Put(c.from, unit(1), cache.Known{Node: "n", Trusted: c.trusted})
		if k, got := x.Get(c.to, unit(1)); got != c.want || got && k.Node != "n" {
			t.Errorf("%s: %t by %q, want %t", c.name, got, k.Node, c.want)
		}
		if _, got := x.Get(c.from, unit(2)); got {
			t.Errorf("%s: another computation is known", c.name)
		}
	}
}

func TestTheFirstExecutorKeepsTheCredit(t *testing.T) {
	x := cache.New(10, nil)
	x.Put("a", unit(1), cache.Known{Node: "first"})
	x.Put("a", unit(1), cache.Known{Node: "second"})
	if k, _ := x.Get("a", unit(1)); k.Node != "first" {
		t.Errorf("credited to %s", k.Node)
	}
}

func TestBound(t *testing.T) {
	x := cache.New(3, nil)
	for n := range byte(5) {
		x.Put("a", unit(n), cache.Known{Index: int(n)})
	}
	for n := range byte(5) {
		if k, ok := x.Get("a", unit(n)); ok != (n >= 2) || ok && k.Index != int(n) {
			t.Errorf("result %d is known: %t", n, ok)
		}
	}
	if x.Len() != 3 {
		t.Errorf("%d are kept, the bound is 3", x.Len())
	}
	none := cache.New(0, nil)
	none.Put("a", unit(1), cache.Known{})
	if _, ok := none.Get("a", unit(1)); ok || none.Len() > 0 {
		t.Error("a cache of none remembers")
	}
}
