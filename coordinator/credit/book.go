package credit

import (
	"bytes"
	"maps"
	"slices"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/billing"
)

// Book is the fold of facts. It is owned by one goroutine; a Clone belongs to
// another.
type Book struct {
	plan     *billing.Plan
	plans    map[string]priced
	order    []string // versions, oldest first
	accounts map[contracts.TenantID]account
	// grants are the ids of the latest grants, oldest first.
	grants []Grant
}

type priced struct {
	plan *billing.Plan
	doc  []byte
	at   int64
}

// account is what is known of one tenant's money.
type account struct {
	granted, spent billing.Amount
	overdraft      bool
	suspended      bool
	reason         string
}

func (a account) balance() billing.Amount { return a.granted - a.spent }

// Bounds of what is kept.
const (
	maxPlans    = 1000
	maxGrants   = 10_000
	maxAccounts = 100_000
	maxReason   = 1024
)

// NewBook returns a book without prices: nothing costs anything.
func NewBook() *Book {
	return &Book{plans: map[string]priced{}, accounts: map[contracts.TenantID]account{}}
}

// Clone returns a book that later facts of b do not change.
func (b *Book) Clone() *Book {
	return &Book{
		plan: b.plan, plans: maps.Clone(b.plans), order: slices.Clip(b.order),
		accounts: maps.Clone(b.accounts), grants: slices.Clip(b.grants),
	}
}

// Plan returns the prices in force, nil if there are none.
func (b *Book) Plan() *billing.Plan { return b.plan }

// PlanOf returns the price plan of a version that is or was in force, nil for the
// version "".
func (b *Book) PlanOf(version string) (*billing.Plan, error) {
	if version == "" {
		return nil, nil
	}
	p, ok := b.plans[version]
	if !ok {
		return nil, contracts.Errorf(contracts.CodeInternal, version, "no such price plan was ever in force")
	}
	return p.plan, nil
}

// Document returns the JSON document of the plan in force, nil if there is none.
func (b *Book) Document() []byte {
	if b.plan == nil {
		return nil
	}
	return b.plans[b.plan.Version].doc
}

// Apply folds a fact. Facts of the log were decided before, so that none is
// refused; one that makes no sense is an INTERNAL error.
func (b *Book) Apply(f Fact) error {
	switch {
	case f.Prices != nil:
		p, err := billing.ReadPlan(bytes.NewReader(f.Prices.Plan))
		if err != nil {
			return contracts.Errorf(contracts.CodeInternal, f.Prices.Version, "price plan of the log: %w", err)
		}
		b.plan, b.plans[p.Version] = &p, priced{&p, f.Prices.Plan, f.At}
		b.order = append(b.order, p.Version)
	case f.Grant != nil:
		b.change(f.Grant.Tenant, func(a *account) {
			a.granted += billing.Amount(f.Grant.Amount)
			a.overdraft = a.overdraft || f.Grant.Overdraft
		})
		if f.Grant.ID == "" {
			break // a sum of those that are forgotten
		}
		if b.grants = append(b.grants, *f.Grant); len(b.grants) > maxGrants {
			b.grants = slices.Clone(b.grants[maxGrants/10:])
		}
	case f.Suspended != nil:
		b.change(f.Suspended.Tenant, func(a *account) { a.suspended, a.reason = f.Suspended.On, f.Suspended.Reason })
	case f.Spent != nil:
		b.Spend(f.Spent.Tenant, billing.Amount(f.Spent.Amount))
	}
	return nil
}

// Spend takes what an ended session has cost out of its tenant's credit.
func (b *Book) Spend(t contracts.TenantID, a billing.Amount) {
	if a != 0 {
		b.change(t, func(x *account) { x.spent += a })
	}
}

func (b *Book) change(t contracts.TenantID, change func(*account)) {
	a := b.accounts[t]
	change(&a)
	b.accounts[t] = a
}

// Facts returns facts that fold to this book, so that a snapshot can stand in for
// the log's beginning.
func (b *Book) Facts() []Fact {
	var facts []Fact
	for _, v := range b.order {
		p := b.plans[v]
		facts = append(facts, Fact{At: p.at, Prices: &Prices{v, p.doc}})
	}
	known := map[contracts.TenantID]billing.Amount{}
	for i := range b.grants {
		g := &b.grants[i]
		known[g.Tenant] += billing.Amount(g.Amount)
		facts = append(facts, Fact{Grant: g})
	}
	for _, t := range slices.Sorted(maps.Keys(b.accounts)) {
		a := b.accounts[t]
		if rest := a.granted - known[t]; rest != 0 || a.overdraft {
			facts = append(facts, Fact{Grant: &Grant{Tenant: t, Amount: int64(rest), Overdraft: a.overdraft}}) // forgotten ones
		}
		if a.spent != 0 {
			facts = append(facts, Fact{Spent: &Spent{t, int64(a.spent)}})
		}
		if a.suspended || a.reason != "" {
			facts = append(facts, Fact{Suspended: &Suspended{t, a.suspended, a.reason}})
		}
	}
	return facts
}
