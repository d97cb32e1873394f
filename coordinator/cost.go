package coordinator

import "github.com/krako-labs/krako/contracts"

// What a unit counts for in the sharing between tenants: the fuel that the
// tenant's units used lately. It is not known before a unit has run, and what it
// may use at most says little.
const (
	costUnknown = 1e6
	costMemory  = 0.05 // the weight of the latest unit
	maxCosts    = 10_000
)

// cost is about what one more unit of a tenant costs.
func (st *state) cost(t contracts.TenantID) float64 {
	if c, ok := st.costs[t]; ok {
		return c
	}
	return costUnknown
}

// spent learns from a unit that has ended.
func (st *state) spent(t contracts.TenantID, fuel uint64) {
	c, ok := st.costs[t]
	if !ok {
		if len(st.costs) >= maxCosts {
			clear(st.costs) // they are learned again
		}
		c = float64(fuel)
	}
	st.costs[t] = max(1, c+costMemory*(float64(fuel)-c))
}
