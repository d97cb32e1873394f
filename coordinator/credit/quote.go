package credit

import (
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/billing"
)

// Context is the longest prompt, in tokens, that a quote reckons with where a graph
// does not say how long it is: no model in use takes more.
const Context = 131_072

// Quote is the most that a graph can cost.
type Quote struct {
	// Most is what all units can cost together, or the graph's max_cost_usd where
	// that is less.
	Most  billing.Amount
	Units []billing.Amount // in the graph's order
}

// QuoteOf computes the most that a valid graph can cost: every unit succeeds once
// and uses all that it may. A unit that the plan has no price for is NOT_FOUND.
func QuoteOf(p *billing.Plan, g *contracts.TaskGraph) (Quote, error) {
	q := Quote{Units: make([]billing.Amount, len(g.WorkUnits))}
	var cpu, models billing.Amount
	units := 0
	for i := range g.WorkUnits {
		w := &g.WorkUnits[i]
		sum := &models
		if w.Type.CPU() {
			sum = &cpu
			units++
		}
		a, err := UnitMost(p, g, i)
		if err == nil {
			*sum, err = sum.Plus(a)
		}
		if err != nil {
			return Quote{}, contracts.Errorf(contracts.CodeOf(err), string(w.ID), "%w", err)
		}
		q.Units[i] = a
	}
	cpu, err := boundedCPU(p, g, units, cpu)
	if err == nil {
		models, err = boundedModels(p, g, models)
	}
	if err == nil {
		q.Most, err = cpu.Plus(models)
	}
	if err == nil && g.Budgets.MaxCostUSD != "" {
		var limit billing.Amount
		limit, err = billing.ParseAmount(g.Budgets.MaxCostUSD)
		q.Most = min(q.Most, limit)
	}
	return q, err
}

// UnitMost is the most that one unit of a graph can cost.
func UnitMost(p *billing.Plan, g *contracts.TaskGraph, unit int) (billing.Amount, error) {
	w := &g.WorkUnits[unit]
	k := w.Constraints
	if w.Type.CPU() {
		fuel := uint64(contracts.DefaultFuel)
		if k != nil && k.Fuel != nil {
			fuel = uint64(*k.Fuel)
		}
		return p.MostFuel(fuel)
	}
	tokens := Context + w.Model.MaxTokens
	if k != nil && k.BudgetTokens != nil {
		tokens = min(tokens, *k.BudgetTokens)
	}
	if b := g.Budgets.MaxTokens; b != nil {
		tokens = min(tokens, *b)
	}
	return p.MostTokens(w.Model.Tier, tokens)
}

// boundedCPU lowers the cost of a graph's CPU units to what its max_fuel allows.
func boundedCPU(p *billing.Plan, g *contracts.TaskGraph, units int, cpu billing.Amount) (billing.Amount, error) {
	fuel := g.Budgets.MaxFuel
	if fuel == nil || units == 0 {
		return cpu, nil
	}
	most, err := p.MostTogether(units, uint64(*fuel))
	return min(cpu, most), err
}

// boundedModels lowers the cost of a graph's model calls to what its max_tokens
// allows at the dearest of its tiers.
func boundedModels(p *billing.Plan, g *contracts.TaskGraph, models billing.Amount) (billing.Amount, error) {
	tokens := g.Budgets.MaxTokens
	if tokens == nil {
		return models, nil
	}
	var most billing.Amount
	calls := int64(0)
	for i := range g.WorkUnits {
		if m := g.WorkUnits[i].Model; m != nil {
			a, err := p.MostTokens(m.Tier, *tokens)
			if err != nil {
				return 0, err
			}
			most, calls = max(most, a), calls+1
		}
	}
	// Each call may be rounded up by itself.
	most, err := most.Plus(billing.Amount(2 * calls))
	return min(models, most), err
}
