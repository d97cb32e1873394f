package billing

import "github.com/krako-labs/krako/contracts"

// Quote is an upper bound of what a graph costs at the plan in force.
type Quote struct {
	Plan     string `json:"plan"`
	Currency string `json:"currency"`
	// Most is what it costs if every unit runs once to its limits.
	Most  Amount                      `json:"most"`
	Units map[contracts.UnitID]Amount `json:"units"`
}

// Bound is the most that a unit may use.
type Bound struct {
	Unit contracts.UnitID
	// Fuel bounds CPU units; Class is the dearest class of node that may run it.
	Fuel  uint64
	Class string
	// Tier, In and Out bound model calls.
	Tier    contracts.ModelTier
	In, Out int64
}

// Price is the most that a unit can cost.
func (p *Plan) Price(b Bound) (Amount, error) {
	if b.Tier != "" {
		return p.tokens(b.Tier, b.In, b.Out)
	}
	return p.cpu(b.Fuel, b.Class)
}

// Quote adds up what units can cost at most.
func (p *Plan) Quote(bounds []Bound) (Quote, error) {
	q := Quote{Plan: p.Version, Currency: p.Currency, Units: make(map[contracts.UnitID]Amount, len(bounds))}
	for _, b := range bounds {
		a, err := p.Price(b)
		if err != nil {
			return Quote{}, err
		}
		sum, ok := q.Most.plus(a)
		if !ok {
			return Quote{}, contracts.Errorf(contracts.CodeResourceExhausted, string(b.Unit), "the quote is beyond %s", maxAmount)
		}
		q.Most, q.Units[b.Unit] = sum, a
	}
	return q, nil
}
