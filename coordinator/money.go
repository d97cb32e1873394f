package coordinator

import (
	"context"
	"slices"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/billing"
	"github.com/krako-labs/krako/coordinator/credit"
	"github.com/krako-labs/krako/coordinator/session"
)

// SetPrices puts a price plan into force and returns when that is durable. Graphs
// that run keep the prices that they were accepted at.
func (c *Coordinator) SetPrices(ctx context.Context, by access.Caller, doc []byte) error {
	return c.reckon(ctx, func(st *state) (credit.Fact, bool, error) { return st.credit.SetPrices(st.now, by, doc) })
}

// Prices returns the price plan in force, NOT_FOUND if there is none.
func (c *Coordinator) Prices(ctx context.Context) (contracts.JSON, error) {
	var doc []byte
	if err := c.do(ctx, func(st *state) { doc = st.credit.Document() }); err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, contracts.Errorf(contracts.CodeNotFound, "prices", "no prices are in force: nothing costs anything")
	}
	return contracts.JSON(doc), nil
}

// Grant gives a tenant credit, once per grant id, and returns the wallet when it is
// durable.
func (c *Coordinator) Grant(ctx context.Context, by access.Caller, t contracts.TenantID, r contracts.CreditGrant) (contracts.WalletView, error) {
	err := c.reckon(ctx, func(st *state) (credit.Fact, bool, error) { return st.credit.Grant(st.now, by, t, r) })
	if err != nil {
		return contracts.WalletView{}, err
	}
	return c.Wallet(ctx, by, t)
}

// Suspend closes a tenant's account to new graphs, or opens it again.
func (c *Coordinator) Suspend(ctx context.Context, by access.Caller, t contracts.TenantID, r contracts.AccountSuspended) error {
	return c.reckon(ctx, func(st *state) (credit.Fact, bool, error) {
		f, err := st.credit.Suspend(st.now, by, t, r)
		return f, err == nil, err
	})
}

// Wallet returns a tenant's money. A tenant that by may not see is NOT_FOUND.
func (c *Coordinator) Wallet(ctx context.Context, by access.Caller, t contracts.TenantID) (contracts.WalletView, error) {
	if !by.Sees(t) || !t.Valid() {
		return contracts.WalletView{}, contracts.Errorf(contracts.CodeNotFound, string(t), "no such tenant")
	}
	var v contracts.WalletView
	err := c.do(ctx, func(st *state) { v = st.credit.View(t, st.promised(t)) })
	return v, err
}

// Wallets lists the wallets that by may see.
func (c *Coordinator) Wallets(ctx context.Context, by access.Caller) (contracts.WalletList, error) {
	var l contracts.WalletList
	err := c.do(ctx, func(st *state) {
		for _, t := range st.credit.Tenants() {
			if by.Sees(t) {
				l.Wallets = append(l.Wallets, st.credit.View(t, st.promised(t)))
			}
		}
	})
	slices.SortFunc(l.Wallets, func(a, b contracts.WalletView) int {
		if a.Tenant < b.Tenant {
			return -1
		}
		return 1
	})
	return l, err
}

// Quote is the most that a graph costs at the prices in force. Without prices it
// costs nothing.
func (c *Coordinator) Quote(ctx context.Context, g *contracts.TaskGraph) (contracts.Quote, error) {
	if _, err := g.Admit(c.cfg.Limits); err != nil {
		return contracts.Quote{}, err
	}
	var (
		plan   *billing.Plan
		wallet contracts.WalletView
	)
	if err := c.do(ctx, func(st *state) { plan, wallet = st.credit.Plan(), st.credit.View(g.TenantID, st.promised(g.TenantID)) }); err != nil {
		return contracts.Quote{}, err
	}
	q := contracts.Quote{Most: billing.Amount(0).String(), Units: map[contracts.UnitID]string{}, Available: wallet.Available, Affordable: true}
	if plan == nil {
		return q, nil
	}
	most, err := credit.QuoteOf(plan, g)
	if err != nil {
		return contracts.Quote{}, err
	}
	q.Currency, q.Prices, q.Most = plan.Currency, plan.Version, most.Most.String()
	for i, a := range most.Units {
		q.Units[g.WorkUnits[i].ID] = a.String()
	}
	free, err := billing.ParseAmount(wallet.Available)
	q.Affordable = !wallet.Suspended && (wallet.Overdraft || most.Most <= free)
	return q, err
}

// reckon appends the fact that f comes to, if any, and returns when it is durable.
func (c *Coordinator) reckon(ctx context.Context, f func(*state) (credit.Fact, bool, error)) error {
	var failure error
	durable := make(chan struct{})
	err := c.do(ctx, func(st *state) {
		fact, fresh, err := f(st)
		if err == nil && fresh {
			err = st.money(fact)
		}
		if failure = err; err == nil {
			st.commit.then(func() { close(durable) })
		}
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return err
	}
	return c.awaitDurable(ctx, durable)
}

// money appends a fact of money to this turn's batch and applies it.
func (st *state) money(f credit.Fact) error {
	b, err := f.Encode()
	if err != nil {
		return err
	}
	if err := st.credit.Apply(f); err != nil {
		return err
	}
	return st.commit.add(&session.Record{At: f.At, Credit: b}, nil)
}

// promised adds up what a tenant's running graphs may cost.
func (st *state) promised(t contracts.TenantID) billing.Amount {
	var sum billing.Amount
	for _, l := range st.sessions {
		if l.Accepted.Tenant == t {
			sum += l.purse.Promised()
		}
	}
	return sum
}

// promise checks that a new session's tenant can pay for it and sets that much
// aside, for as long as it runs.
func (st *state) promise(rec *session.Record, fresh *live) error {
	plan, a := st.credit.Plan(), rec.Accepted
	a.Prices, a.Cost = "", 0
	if plan == nil {
		return nil
	}
	q, err := credit.QuoteOf(plan, fresh.Plan().Graph)
	if err != nil {
		return err
	}
	if err := st.credit.MayRun(a.Tenant, q.Most, st.promised(a.Tenant)); err != nil {
		return err
	}
	a.Prices, a.Cost = plan.Version, int64(q.Most)
	fresh.Accepted.Prices, fresh.Accepted.Cost = a.Prices, a.Cost
	fresh.purse, err = st.purseOf(a)
	return err
}

// purseOf is what an accepted session may cost, at the prices it was accepted at.
func (st *state) purseOf(a *session.Accepted) (credit.Purse, error) {
	plan, err := st.credit.PlanOf(a.Prices)
	return credit.Purse{Plan: plan, Limit: billing.Amount(a.Cost)}, err
}

// pays adds to a verdict on budgets whether the session's purse covers a unit, and
// to what it may take what is set aside for it.
func (l *live) pays(unit int, m most, v dag.Verdict) (most, dag.Verdict, error) {
	if l.purse.Plan == nil || v != dag.Granted {
		return m, v, nil
	}
	a, err := l.mostOf(unit, m.fuel, m.calls)
	if err != nil {
		return m, v, err
	}
	switch l.purse.Check(a) {
	case credit.NotYet:
		return m, dag.Wait, nil
	case credit.Never:
		return m, dag.Exhausted, nil
	}
	if m.calls != nil && a > 0 {
		m.hold = a.String()
	}
	return m, v, nil
}

// mostOf is the most that a unit can cost that is given out.
func (l *live) mostOf(unit int, fuel uint64, calls *dag.Calls) (billing.Amount, error) {
	if calls == nil {
		return l.purse.Plan.MostFuel(fuel)
	}
	most, err := credit.UnitMost(l.purse.Plan, l.Plan().Graph, unit)
	if err != nil {
		return 0, err
	}
	a, err := l.purse.Plan.MostTokens(l.Plan().Unit(unit).Model.Tier, calls.Tokens)
	return min(a, most), err
}

// Apply folds one record of the session, and what it means to its purse.
func (l *live) Apply(r *session.Record) error {
	if err := l.Session.Apply(r); err != nil || l.purse.Plan == nil {
		return err
	}
	switch {
	case r.Dispatched != nil && r.Dispatched.Replica == 0:
		d := r.Dispatched
		a, err := l.mostOf(d.Unit, d.Fuel, d.Calls)
		if err != nil {
			return err
		}
		l.purse.Hold(d.Unit, a)
	case r.Returned != nil && !r.Returned.GoesOn:
		l.purse.Release(r.Returned.Unit)
	case r.Ended != nil:
		return l.pay(r.Ended)
	case r.Superseded != nil:
		l.purse.Sweep(func(unit int) bool {
			s := l.Run().State(unit)
			return s == contracts.UnitDispatched || s == contracts.UnitRunning
		})
	case r.Closed != nil:
		l.purse.Close()
	}
	return nil
}

// pay charges a unit that has ended with success. A model call costs no more than
// was set aside for it.
func (l *live) pay(e *session.Ended) error {
	held := l.purse.Release(e.Unit)
	if e.State != contracts.UnitSuccess {
		return nil
	}
	u := credit.UseOf(l.Plan().Unit(e.Unit), l.NodeOf(e.Unit), e.Fuel, e.By != "", e.Model)
	a, err := l.purse.Plan.Charge(u)
	if err != nil {
		return err
	}
	if u.Tier != "" {
		a = min(a, held)
	}
	l.purse.Pay(e.Unit, a)
	return nil
}

// settleCost settles a session's cost at its end.
func (st *state) settleCost(l *live, end *session.Closed) {
	due := l.purse.Due()
	end.Cost = int64(due)
	st.credit.Spend(l.Accepted.Tenant, due)
}

// billed adds to a result what it has cost.
func (l *live) billed(r *contracts.ExecutionResult) *contracts.ExecutionResult {
	if l.purse.Plan != nil {
		r.Telemetry.BillingID, r.Telemetry.CostUSD = string(l.ID), l.purse.Spent().String()
	}
	return r
}
