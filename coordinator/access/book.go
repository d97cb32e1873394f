package access

import (
	"maps"
	"slices"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
)

// Book is the fold of facts: keys, quotas, what tenants have used, who was let in to
// work, and what is public. It is owned by one goroutine; a Clone belongs to another.
type Book struct {
	order   []string // ids of keys, oldest first
	keys    map[string]entry
	tenants map[contracts.TenantID]tenant
	roster  roster
	public  map[contracts.Publication]published
	blocks  map[cid.Cid]int // blocks that are public, by how many publications
	initial contracts.Quota
}

type entry struct {
	Key
	made    int64
	revoked int64 // 0 = not
}

// tenant is what is known of one tenant. used counts for the UTC day, stored for
// ever.
type tenant struct {
	quota  *contracts.Quota
	stored int64
	day    int64
	fuel   uint64
	tokens uint64
}

// NewBook returns an empty book. A tenant whose quota nobody has set has the
// initial one.
func NewBook(initial contracts.Quota) *Book {
	return &Book{keys: map[string]entry{}, tenants: map[contracts.TenantID]tenant{}, roster: newRoster(), public: map[contracts.Publication]published{}, blocks: map[cid.Cid]int{}, initial: initial}
}

// With returns a clone whose tenants have another initial quota.
func (b *Book) With(initial contracts.Quota) *Book {
	c := b.Clone()
	c.initial = initial
	return c
}

// Clone returns a book that later facts of b do not change.
func (b *Book) Clone() *Book {
	return &Book{
		order: slices.Clip(b.order), keys: maps.Clone(b.keys), tenants: maps.Clone(b.tenants), roster: b.roster.clone(),
		public: maps.Clone(b.public), blocks: maps.Clone(b.blocks), initial: b.initial,
	}
}

// Apply folds a fact. Facts of the log were decided before, so that none is
// refused; one about a key that is not known is an INTERNAL error.
func (b *Book) Apply(f Fact) error {
	if ok, err := b.roster.apply(f); ok {
		return err
	}
	switch {
	case f.Key != nil:
		if _, ok := b.keys[f.Key.ID]; !ok {
			b.order = append(b.order, f.Key.ID)
		}
		b.keys[f.Key.ID] = entry{Key: *f.Key, made: f.At}
	case f.Revoked != nil:
		e, ok := b.keys[f.Revoked.ID]
		if !ok {
			return contracts.Errorf(contracts.CodeInternal, f.Revoked.ID, "a key was revoked that was never made")
		}
		e.revoked = f.At
		b.keys[e.ID] = e
	case f.Quota != nil:
		limits := f.Quota.Limits
		b.change(f.Quota.Tenant, func(t *tenant) { t.quota = &limits })
	case f.Stored != nil:
		b.change(f.Stored.Tenant, func(t *tenant) { t.stored += f.Stored.Bytes })
	case f.Used != nil:
		b.change(f.Used.Tenant, func(t *tenant) {
			t.turn(dayOf(f.At))
			t.fuel += f.Used.Fuel
			t.tokens += f.Used.Tokens
		})
	case f.Published != nil:
		b.publish(f.At, f.Published)
	}
	return nil
}

func (b *Book) change(id contracts.TenantID, change func(*tenant)) {
	t := b.tenants[id]
	change(&t)
	b.tenants[id] = t
}

const dayMicros = int64(24 * time.Hour / time.Microsecond)

func dayOf(micros int64) int64 { return micros / dayMicros }

// turn begins a new day. A clock that was set back does not bring an old one
// again.
func (t *tenant) turn(day int64) {
	if day > t.day {
		t.day, t.fuel, t.tokens = day, 0, 0
	}
}

// Facts returns facts that fold to this book, so that a snapshot can stand in
// for the log's beginning.
func (b *Book) Facts() []Fact {
	var facts []Fact
	for _, id := range b.order {
		e := b.keys[id]
		facts = append(facts, Fact{At: e.made, Key: &e.Key})
		if e.revoked != 0 {
			facts = append(facts, Fact{At: e.revoked, Revoked: &Revoked{id}})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(b.tenants)) {
		t := b.tenants[id]
		if t.quota != nil {
			facts = append(facts, Fact{Quota: &Quota{id, *t.quota}})
		}
		if t.stored != 0 {
			facts = append(facts, Fact{Stored: &Stored{id, t.stored}})
		}
		if t.fuel != 0 || t.tokens != 0 {
			facts = append(facts, Fact{At: t.day * dayMicros, Used: &Used{id, t.fuel, t.tokens}})
		}
	}
	for _, p := range b.publications() {
		facts = append(facts, Fact{At: p.PublishedAt.UnixMicro(), Published: &Published{As: p.As, Block: p.Block, Name: p.Name, By: b.public[p.Publication].by}})
	}
	return append(facts, b.roster.facts()...)
}
