package billing

import (
	"github.com/cockroachdb/apd/v3"

	"github.com/krako-labs/krako/contracts"
)

// Use is what a unit used, as far as it costs something.
type Use struct {
	Node contracts.NodeID
	Fuel uint64
	// Cached is set for a result that another session computed before.
	Cached bool
	// Tier, In and Out are of a model call.
	Tier    contracts.ModelTier
	In, Out int64
}

// Charge is what a unit costs that succeeded. It is what a Book charges for it,
// unless less was reserved for a model call.
func (p *Plan) Charge(u Use) (Amount, error) {
	if u.Tier != "" {
		return p.tokens(u.Tier, u.In, u.Out)
	}
	full, err := p.cpu(u.Fuel, p.CPU.Nodes[u.Node])
	if err != nil || !u.Cached {
		return full, err
	}
	return part(full, &p.CachedShare)
}

// MostFuel is the most that a unit can cost which may use so much fuel, wherever
// it runs.
func (p *Plan) MostFuel(fuel uint64) (Amount, error) {
	most, err := p.cpu(fuel, "")
	for class := range p.CPU.Classes {
		a, bad := p.cpu(fuel, class)
		if bad != nil {
			return 0, bad
		}
		most = max(most, a)
	}
	return most, err
}

// MostTokens is the most that a model call can cost which may take so many tokens
// for prompt and answer together.
func (p *Plan) MostTokens(tier contracts.ModelTier, tokens int64) (Amount, error) {
	in, err := p.tokens(tier, tokens, 0)
	if err != nil {
		return 0, err
	}
	out, err := p.tokens(tier, 0, tokens)
	// One more, for both parts of a real call may be rounded up.
	if most := max(in, out); err == nil && most < maxAmount && most > 0 {
		return most + 1, nil
	}
	return max(in, out), err
}

// MostTogether is the most that so many units can cost which may use so much fuel
// together.
func (p *Plan) MostTogether(units int, fuel uint64) (Amount, error) {
	least, err := roundToLedger(&p.CPU.Minimum.Decimal)
	if err != nil {
		return 0, err
	}
	var d apd.Decimal
	if _, err := exact.Mul(&d, apd.New(int64(least)+1, -6), apd.New(int64(units), 0)); err != nil {
		return 0, err
	}
	each, err := roundToLedger(&d)
	if err != nil {
		return 0, err
	}
	all, err := p.MostFuel(fuel)
	if err != nil {
		return 0, err
	}
	return each.Plus(all)
}

// Plus adds two amounts. Beyond the largest one it is RESOURCE_EXHAUSTED.
func (a Amount) Plus(b Amount) (Amount, error) {
	sum, ok := a.plus(b)
	if !ok {
		return 0, contracts.Errorf(contracts.CodeResourceExhausted, "amount", "%s and %s are more than %s together", a, b, maxAmount)
	}
	return sum, nil
}
