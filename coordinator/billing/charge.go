package billing

import (
	"cmp"
	"maps"
	"slices"

	"github.com/krako-labs/krako/contracts"
)

// completed charges a unit whose result was released.
func (b *Book) completed(e *contracts.Event) error {
	d, err := data[contracts.UnitEnded](e)
	if err != nil {
		return err
	}
	s := b.session(e)
	u := contracts.UnitID(e.Subject)
	if s == nil {
		return nil
	}
	if _, again := s.Charges[u]; again || s.Closed {
		return b.letGo(e, s, u) // it runs again for a result that was superseded
	}
	call, isCall := s.Calls[u]
	delete(s.Calls, u)
	p, err := b.planOf(s)
	if err != nil {
		return err
	}
	if p == nil {
		return b.letGo(e, s, u)
	}
	t := transaction(e, Charge)
	t.Node, t.Result, t.Batch, t.Plan = d.Node, d.ResultCID, d.BatchCID, p.Version
	var price Amount
	if isCall {
		t.Node, t.Tokens = call.Pod, &Tokens{call.Tier, call.TokensIn, call.TokensOut}
		if price, err = p.tokens(call.Tier, call.TokensIn, call.TokensOut); s.Held[u] > 0 {
			price = min(price, s.Held[u]) // what was reserved is the most that it can cost
		}
	} else {
		t.Fuel = d.Fuel
		price, err = p.cpu(d.Fuel, b.classOf(p, d.Node))
	}
	if err != nil {
		return err
	}
	return b.bill(s, p, t, price)
}

// classOf is a node's class: what the plan says, or else what it registered with.
func (b *Book) classOf(p *Plan, n contracts.NodeID) string {
	return cmp.Or(p.CPU.Nodes[n], b.state.Nodes[n].Class)
}

// cached charges a result that another session computed before.
func (b *Book) cached(e *contracts.Event) error {
	d, err := data[contracts.UnitEnded](e)
	if err != nil {
		return err
	}
	s := b.session(e)
	if s == nil {
		return nil
	}
	p, err := b.planOf(s)
	if err != nil {
		return err
	}
	if _, again := s.Charges[contracts.UnitID(e.Subject)]; again || s.Closed {
		return b.letGo(e, s, contracts.UnitID(e.Subject))
	}
	if p == nil {
		return b.letGo(e, s, contracts.UnitID(e.Subject))
	}
	full, err := p.cpu(d.Fuel, b.classOf(p, d.Node))
	if err != nil {
		return err
	}
	price, err := part(full, &p.CachedShare)
	if err != nil {
		return err
	}
	t := transaction(e, Charge)
	t.Node, t.Result, t.Batch, t.Plan, t.Fuel = d.Node, d.ResultCID, d.BatchCID, p.Version, d.Fuel
	return b.bill(s, p, t, price)
}

// bill moves a price from the tenant to whoever ran the unit and the protocol.
// What was reserved pays first. A tenant without overdraft pays no more than it
// has: whoever did the work has its share all the same, and the protocol bears
// what is missing, for it gave the work out without credit behind it.
func (b *Book) bill(s *sessionBook, p *Plan, t Transaction, price Amount) error {
	share, err := part(price, &p.OperatorShare)
	if err != nil {
		return err
	}
	w, held := b.wallet(s.Tenant), s.Held[t.Unit]
	paid := price
	if !w.Overdraft {
		paid = min(price, held+max(0, w.Balance))
	}
	operator := cmp.Or(b.state.Nodes[t.Node].Operator, "node:"+string(t.Node))
	t.Postings = postings(
		Posting{reservedOf(s.Tenant), -held}, Posting{walletOf(s.Tenant), held - paid},
		Posting{earnedBy(operator), share}, Posting{protocolAccount, paid - share},
	)
	delete(s.Held, t.Unit)
	if s.Charges == nil {
		s.Charges = map[contracts.UnitID]charge{}
	}
	s.Charges[t.Unit] = charge{ID: t.ID, Total: price, Paid: paid, Earned: share, Operator: operator, Version: t.Plan}
	w.Spent += paid
	if len(t.Postings) == 0 {
		return nil // free of charge: nothing moves
	}
	return b.post(t)
}

// postings leaves out what is zero.
func postings(all ...Posting) []Posting {
	return slices.DeleteFunc(all, func(p Posting) bool { return p.Amount == 0 })
}

// superseded takes a charge back and makes it anew for whoever was right. What a
// tenant pays stays what it was: the same unit has the same price.
func (b *Book) superseded(e *contracts.Event) error {
	d, err := data[contracts.UnitSuperseded](e)
	if err != nil {
		return err
	}
	if b.state.Once[e.ID] {
		return nil
	}
	s := b.session(e)
	u := contracts.UnitID(e.Subject)
	if s == nil {
		return contracts.Errorf(contracts.CodeNotFound, string(e.SessionID), "session is too old for its charges to be taken back")
	}
	c, ok := s.Charges[u]
	if !ok && s.Begun && s.Prices == "" && b.state.Assumed == nil {
		return nil // it was never to be paid for
	}
	if !ok {
		return contracts.Errorf(contracts.CodeNotFound, string(u), "unit has no charge to take back")
	}
	b.once(e)
	back := transaction(e, Reversal, postings(
		Posting{walletOf(s.Tenant), c.Paid}, Posting{earnedBy(c.Operator), -c.Earned}, Posting{protocolAccount, c.Earned - c.Paid},
	)...)
	back.Reverses, back.Plan, back.Node = c.ID, c.Version, d.OldNode
	b.wallet(s.Tenant).Spent -= c.Paid
	if len(back.Postings) > 0 {
		if err := b.post(back); err != nil {
			return err
		}
	}
	operator := cmp.Or(b.state.Nodes[d.Node].Operator, "node:"+string(d.Node))
	anew := transaction(e, Charge, postings(
		Posting{walletOf(s.Tenant), -c.Paid}, Posting{earnedBy(operator), c.Earned}, Posting{protocolAccount, c.Paid - c.Earned},
	)...)
	anew.Node, anew.Result, anew.Batch, anew.Plan, anew.Fuel = d.Node, d.ResultCID, d.BatchCID, c.Version, d.Fuel
	b.wallet(s.Tenant).Spent += c.Paid
	s.Charges[u] = charge{ID: anew.ID, Total: c.Total, Paid: c.Paid, Earned: c.Earned, Operator: operator, Version: c.Version}
	if len(anew.Postings) == 0 {
		return nil
	}
	return b.post(anew)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
