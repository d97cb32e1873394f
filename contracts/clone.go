package contracts

import (
	"maps"
	"slices"
)

// Clone returns a copy of g that shares nothing with it that can be changed.
// TestCloneSharesNothing finds a field that is forgotten here.
func (g *TaskGraph) Clone() *TaskGraph {
	c := *g
	b := &c.Budgets
	renew(&b.MaxLatencyMS, &b.MaxTokens, &b.MaxLLMCalls, &b.MaxCPUUnits, &b.MaxFuel)
	if renew(&c.Policies); c.Policies != nil {
		renew(&c.Policies.MaxLLMInvocations)
	}
	c.Outputs.Final = slices.Clone(g.Outputs.Final)
	if c.Ext = maps.Clone(g.Ext); c.Ext != nil {
		for name, j := range c.Ext {
			c.Ext[name] = slices.Clone(j)
		}
	}
	c.WorkUnits = slices.Clone(g.WorkUnits)
	for i := range c.WorkUnits {
		c.WorkUnits[i].renew()
	}
	return &c
}

// renew puts in the place of each pointer one to a copy of what it points to.
func renew[T any](all ...**T) {
	for _, p := range all {
		if *p != nil {
			*p = new(**p)
		}
	}
}

// renew copies whatever the unit leads to.
func (u *WorkUnit) renew() {
	u.Dependencies, u.Bind, u.When = slices.Clone(u.Dependencies), slices.Clone(u.Bind), slices.Clone(u.When)
	u.Blobs = maps.Clone(u.Blobs)
	u.Input, u.OutputSchema = slices.Clone(u.Input), slices.Clone(u.OutputSchema)
	renew(&u.Program, &u.VerifyWith)
	for _, p := range []*Program{u.Program, u.VerifyWith} {
		if p != nil {
			renew(&p.Module)
		}
	}
	if renew(&u.Model); u.Model != nil {
		u.Model.renew()
	}
	if renew(&u.Constraints); u.Constraints != nil {
		k := u.Constraints
		renew(&k.LatencyMS, &k.BudgetTokens, &k.Fuel, &k.MemoryMB)
	}
	if renew(&u.ExecutionHint); u.ExecutionHint != nil {
		h := u.ExecutionHint
		h.NodeTags = slices.Clone(h.NodeTags)
		if renew(&h.Requires); h.Requires != nil {
			h.Requires.Accelerators = slices.Clone(h.Requires.Accelerators)
		}
	}
	renew(&u.Idempotent, &u.Critical)
	if renew(&u.Timeouts); u.Timeouts != nil {
		renew(&u.Timeouts.DispatchMS, &u.Timeouts.RunMS)
	}
	renew(&u.Retries)
	for i := range u.When {
		c := &u.When[i]
		renew(&c.Threshold)
		c.Value = slices.Clone(c.Value)
	}
}

func (m *ModelCall) renew() {
	renew(&m.Temperature, &m.TopP)
	renew(&m.Seed)
	m.Stop, m.Messages, m.Evidence = slices.Clone(m.Stop), slices.Clone(m.Messages), slices.Clone(m.Evidence)
	m.Tools = slices.Clone(m.Tools)
	for i := range m.Tools {
		m.Tools[i] = slices.Clone(m.Tools[i])
	}
}
