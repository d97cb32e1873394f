package credit

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/billing"
)

// SetPrices puts a price plan into force. The same document again is not worth a
// fact, ok is false then; another one under a version that was in force is a
// CONFLICT, for what a version means is for ever.
func (b *Book) SetPrices(now time.Time, by access.Caller, doc []byte) (f Fact, ok bool, err error) {
	if err := Operates(by); err != nil {
		return Fact{}, false, err
	}
	p, err := billing.ReadPlan(bytes.NewReader(doc))
	if err != nil {
		return Fact{}, false, err
	}
	if doc, err = json.Marshal(p); err != nil {
		return Fact{}, false, err
	}
	old, known := b.plans[p.Version]
	switch {
	case known && bytes.Equal(old.doc, doc) && b.plan.Version == p.Version:
		return Fact{}, false, nil
	case known:
		return Fact{}, false, contracts.Errorf(contracts.CodeConflict, p.Version, "a price plan of this version was in force before; give the new one another version")
	case b.plan != nil && b.plan.Currency != p.Currency:
		return Fact{}, false, contracts.Errorf(contracts.CodeConflict, p.Currency, "credit is in %s, and so must prices be", b.plan.Currency)
	case len(b.order) >= maxPlans:
		return Fact{}, false, access.Full(p.Version, "there were %d price plans, the most allowed", maxPlans)
	}
	return Fact{At: now.UnixMicro(), Prices: &Prices{p.Version, doc}}, true, nil
}

// Grant gives a tenant credit. The same grant again is not worth a fact, ok is
// false then; another one under its id is a CONFLICT.
func (b *Book) Grant(now time.Time, by access.Caller, t contracts.TenantID, r contracts.CreditGrant) (f Fact, ok bool, err error) {
	if err := Operates(by); err != nil {
		return Fact{}, false, err
	}
	if err := b.named(t); err != nil {
		return Fact{}, false, err
	}
	amount, err := billing.ParseAmount(r.Amount)
	switch {
	case err != nil:
		return Fact{}, false, err
	case amount <= 0:
		return Fact{}, false, contracts.Errorf(contracts.CodeValidation, r.Amount, "amount is not positive")
	case r.GrantID == "" || len(r.GrantID) > 128:
		return Fact{}, false, contracts.Errorf(contracts.CodeValidation, "grant_id", "must have 1 to 128 bytes")
	case len(r.Reason) > maxReason:
		return Fact{}, false, contracts.Errorf(contracts.CodeValidation, "reason", "has more than %d bytes", maxReason)
	}
	g := Grant{r.GrantID, t, int64(amount), r.Reason, r.Overdraft}
	for _, old := range b.grants {
		if old.ID == g.ID && old == g {
			return Fact{}, false, nil
		}
		if old.ID == g.ID {
			return Fact{}, false, contracts.Errorf(contracts.CodeConflict, g.ID, "another grant has this id")
		}
	}
	if _, err := b.accounts[t].granted.Plus(amount); err != nil {
		return Fact{}, false, err
	}
	return Fact{At: now.UnixMicro(), Grant: &g}, true, nil
}

// Suspend closes a tenant's account to new graphs, or opens it again. Graphs that
// run go on: what they may cost is promised.
func (b *Book) Suspend(now time.Time, by access.Caller, t contracts.TenantID, r contracts.AccountSuspended) (Fact, error) {
	if err := Operates(by); err != nil {
		return Fact{}, err
	}
	if err := b.named(t); err != nil {
		return Fact{}, err
	}
	if len(r.Reason) > maxReason {
		return Fact{}, contracts.Errorf(contracts.CodeValidation, "reason", "has more than %d bytes", maxReason)
	}
	return Fact{At: now.UnixMicro(), Suspended: &Suspended{t, r.Suspended, r.Reason}}, nil
}

// Operates refuses whoever is no operator: money is not a tenant's own affair.
func Operates(by access.Caller) error {
	if err := by.Must(contracts.ScopeAdmin); err != nil {
		return err
	}
	if !by.Sees(contracts.EveryTenant) {
		return contracts.Errorf(contracts.CodeAuth, string(by.Tenant), "only an operator, whose key is of tenant *, may do this")
	}
	return nil
}

// named refuses what is no tenant, and one more account than are kept.
func (b *Book) named(t contracts.TenantID) error {
	if !t.Valid() || t == contracts.EveryTenant {
		return contracts.Errorf(contracts.CodeValidation, string(t), "is no tenant")
	}
	if _, known := b.accounts[t]; !known && len(b.accounts) >= maxAccounts {
		return access.Full(string(t), "there are %d accounts, the most that are kept", maxAccounts)
	}
	return nil
}

// MayRun checks whether a tenant may start a graph that costs most at most, while
// its running graphs may cost promised yet. The error is BUDGET_EXCEEDED.
func (b *Book) MayRun(t contracts.TenantID, most, promised billing.Amount) error {
	a := b.accounts[t]
	free := a.balance() - promised
	switch {
	case b.plan == nil:
		return nil
	case a.suspended:
		return contracts.Errorf(contracts.CodeBudgetExceeded, string(t), "account is suspended: %s", a.reason)
	case a.overdraft || most <= free:
		return nil
	}
	return contracts.Errorf(contracts.CodeBudgetExceeded, string(t),
		"the graph may cost %s, of a credit of %s there is %s left beside running graphs; a lower max_cost_usd, max_fuel or max_tokens bounds what it may cost", most, a.balance(), max(0, free))
}

// View is a tenant's wallet, beside what its running graphs may cost yet.
func (b *Book) View(t contracts.TenantID, promised billing.Amount) contracts.WalletView {
	a := b.accounts[t]
	v := contracts.WalletView{
		Tenant: t, Granted: a.granted.String(), Spent: a.spent.String(), Balance: a.balance().String(), Promised: promised.String(),
		Available: (a.balance() - promised).String(), Overdraft: a.overdraft, Suspended: a.suspended, Reason: a.reason,
	}
	if b.plan != nil {
		v.Currency, v.Prices = b.plan.Currency, b.plan.Version
	}
	return v
}

// Tenants returns who has an account, in no order.
func (b *Book) Tenants() []contracts.TenantID {
	list := make([]contracts.TenantID, 0, len(b.accounts))
	for t := range b.accounts {
		list = append(list, t)
	}
	return list
}
