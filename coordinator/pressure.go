package coordinator

import (
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/pressure"
	"github.com/krako-labs/krako/coordinator/session"
)

// admit refuses a graph that there is no room for: any whose units do not fit, and
// those that can wait while little is left.
func (st *state) admit(l *live) error {
	n := l.Plan().Len()
	if st.units+n > st.c.cfg.MaxUnits {
		return st.refused(l, pressure.AskAgain, "%d units are open and the graph has %d, the most allowed is %d", st.units, n, st.c.cfg.MaxUnits)
	}
	p := urgency(l)
	if ok, after := st.valve.Admits(p); !ok {
		return st.refused(l, after, "admission is %s and the graph's most urgent unit is %s", st.valve.Mode(), p)
	}
	return st.room(l)
}

func (st *state) refused(l *live, after time.Duration, format string, args ...any) error {
	return &access.Later{After: after, Cause: contracts.Errorf(contracts.CodeResourceExhausted, string(l.Accepted.Tenant), format, args...)}
}

// urgency is the priority of a graph's most urgent unit.
func urgency(l *live) contracts.Priority {
	best := uint8(len(priorities) - 1)
	for i := range l.Plan().Len() {
		best = min(best, levelOf(l.Plan().Unit(i).Priority))
	}
	return priorities[best]
}

var priorities = [...]contracts.Priority{contracts.P0, contracts.P1, contracts.P2, contracts.P3}

// count notes that units were added, or are over, and records when that changes
// who is let in.
func (st *state) count(units int) {
	st.units += units
	st.observe()
}

func (st *state) observe() {
	p := float64(st.units) / float64(st.c.cfg.MaxUnits)
	if !st.valve.Observe(st.now, p) {
		return
	}
	mode := st.valve.Mode()
	st.c.log.Info("admission mode changed", "mode", mode, "pressure", p, "units", st.units)
	st.must(st.commit.add(&session.Record{At: st.now.UnixMicro(), Mode: &session.Mode{Admission: string(mode), Pressure: p}}, nil))
}

// maxBudgets bounds the tenants whose retries are counted; beyond it they begin
// anew.
const maxBudgets = 10_000

func (st *state) retriesOf(t contracts.TenantID) *pressure.Budget {
	b := st.retries[t]
	if b == nil {
		if len(st.retries) >= maxBudgets {
			clear(st.retries)
		}
		b = &pressure.Budget{}
		st.retries[t] = b
	}
	return b
}

// aboutNode reports whether a fault says something about its node. Time that ran
// out and a unit that no node can run say nothing.
func aboutNode(c contracts.Code) bool {
	switch c {
	case contracts.CodeTimeout, contracts.CodeValidation, contracts.CodeCancelled:
		return false
	}
	return true
}

// faulted counts a fault against its node.
func (st *state) faulted(n *node, c contracts.Code) {
	if aboutNode(c) && n.breaker.Failed(st.now) {
		n.tripped = true
		st.c.log.Warn("node gets nothing for a while, it fails what it is given", "node", n.id, "code", c)
		st.rank(n)
		st.diagnose(n)
	}
}

// finished counts a result for its node.
func (st *state) finished(n *node) {
	tried := n.breaker.HalfOpen(st.now)
	n.breaker.Succeeded()
	if tried || n.tripped {
		n.tripped = false
		st.rank(n)
		st.diagnose(n)
	}
}
