package coordinator

import (
	"context"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/placement"
)

// Explain says where a unit of a running session could go now and why not
// elsewhere. It looks at every worker, for somebody who asks; placing a unit does
// not.
func (c *Coordinator) Explain(ctx context.Context, id contracts.SessionID, unit contracts.UnitID) (contracts.UnitPlacement, error) {
	var (
		view    contracts.UnitPlacement
		failure error
	)
	err := c.do(ctx, func(st *state) { view, failure = st.explain(id, unit) })
	if err == nil {
		err = failure
	}
	return view, err
}

func (st *state) explain(id contracts.SessionID, unit contracts.UnitID) (contracts.UnitPlacement, error) {
	l, ok := st.sessions[id]
	if !ok {
		return contracts.UnitPlacement{}, contracts.Errorf(contracts.CodeNotFound, string(id), "no such session is running")
	}
	i, ok := l.Plan().Index(unit)
	if !ok {
		return contracts.UnitPlacement{}, contracts.Errorf(contracts.CodeNotFound, string(unit), "session %s has no such unit", id)
	}
	v := contracts.UnitPlacement{
		SessionID: id, UnitID: unit, State: l.Run().State(i), Total: st.index.Len(), Candidates: []contracts.PlacementCandidate{},
	}
	if held, ok := l.LeaseOf(i); ok {
		v.Node = held.Node
	}
	need := st.need(l, i)
	for _, k := range st.index.Explain(&need) {
		if k.Verdict == placement.Eligible {
			v.Eligible++
		}
		if len(v.Candidates) < contracts.MaxCandidates {
			v.Candidates = append(v.Candidates, candidateView(k))
		}
	}
	v.Reason = st.reasonOf(l, i, v.Eligible)
	return v, nil
}

func candidateView(k placement.Candidate) contracts.PlacementCandidate {
	return contracts.PlacementCandidate{
		NodeID: k.Node, Verdict: string(k.Verdict), Score: k.Score, Held: k.Held,
		Headroom: k.Parts.Headroom, Load: k.Parts.Load, Reliability: k.Parts.Reliability, Locality: k.Parts.Locality,
	}
}

// reasonOf says what a unit waits for.
func (st *state) reasonOf(l *live, unit, eligible int) string {
	switch s := l.Run().State(unit); {
	case s == contracts.UnitQueued:
		return "it waits for the units it depends on"
	case s.Final():
		return "it has ended"
	case s != contracts.UnitReady:
		return "it is out under a lease"
	}
	for _, w := range l.parked {
		if int(w.unit) == unit {
			return "it waits for budget that units in flight have reserved"
		}
	}
	for _, w := range st.delayed {
		if w.live == l && int(w.unit) == unit {
			return "it backs off until " + contracts.Time{Time: w.at}.String()
		}
	}
	if eligible == 0 {
		return "no connected worker can take it now"
	}
	return "it waits for its turn"
}
