package credit

import (
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/billing"
)

// Purse is what one graph may cost, and costs. The zero Purse is of a graph that
// costs nothing.
type Purse struct {
	Plan *billing.Plan
	// Limit is what is promised to the graph.
	Limit billing.Amount
	spent billing.Amount
	held  billing.Amount
	holds map[int]billing.Amount
	paid  map[int]bool
	// settled is what its tenant was charged for at its end. What runs again after
	// that, because a result was superseded, costs nothing.
	settled billing.Amount
	closed  bool
}

// Fit is the answer to whether a unit's cost fits into a purse.
type Fit int

// The answers. NotYet means that units that are out may leave enough.
const (
	Fits Fit = iota
	NotYet
	Never
)

// Check says whether a unit that costs most at most fits.
func (p *Purse) Check(most billing.Amount) Fit {
	switch {
	case p.Plan == nil || p.closed || most <= p.Limit-p.spent-p.held:
		return Fits
	case p.held > 0:
		return NotYet
	}
	return Never
}

// Hold sets aside what a unit that goes out may cost.
func (p *Purse) Hold(unit int, most billing.Amount) {
	if p.Plan == nil || most == 0 {
		return
	}
	p.Release(unit)
	if p.holds == nil {
		p.holds = map[int]billing.Amount{}
	}
	p.holds[unit] = most
	p.held += most
}

// Release gives back what is set aside for a unit, and returns it.
func (p *Purse) Release(unit int) billing.Amount {
	most := p.holds[unit]
	delete(p.holds, unit)
	p.held -= most
	return most
}

// Pay adds what a unit has cost. A unit is paid for once, however often it runs.
func (p *Purse) Pay(unit int, a billing.Amount) {
	if p.closed || p.paid[unit] {
		return
	}
	if p.paid == nil {
		p.paid = map[int]bool{}
	}
	p.paid[unit] = true
	p.spent += a
}

// Sweep gives back what is set aside for units that are not out.
func (p *Purse) Sweep(out func(unit int) bool) {
	for unit := range p.holds {
		if !out(unit) {
			p.Release(unit)
		}
	}
}

// Due is what is to be settled.
func (p *Purse) Due() billing.Amount { return p.spent - p.settled }

// Close settles it.
func (p *Purse) Close() { p.settled, p.closed = p.spent, true }

// Spent is what units have cost so far.
func (p *Purse) Spent() billing.Amount { return p.spent }

// Promised is what the graph may cost yet, and has cost since its beginning: it is
// settled at its end.
func (p *Purse) Promised() billing.Amount {
	if p.Plan == nil || p.closed {
		return 0
	}
	return p.Limit
}

// UseOf is what a unit used that ended with success.
func UseOf(w *contracts.WorkUnit, node contracts.NodeID, fuel uint64, cached bool, model *contracts.ModelUse) billing.Use {
	u := billing.Use{Node: node, Fuel: fuel, Cached: cached}
	if w.Model != nil && model != nil {
		u.Tier, u.In, u.Out = w.Model.Tier, model.TokensIn, model.TokensOut
	}
	return u
}
