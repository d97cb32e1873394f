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
	if held, ok := l.CopyOf(i); ok {
		v.Copy = held.Node
	}
	need := st.need(l, i)
	for _, k := range st.index.Explain(&need) {
		if k.Verdict == placement.Eligible {
			v.Eligible++
		}
		if len(v.Candidates) < contracts.MaxCandidates {
			v.Candidates = append(v.Candidates, candidateView(k, &need))
		}
	}
	v.Reason = st.reasonOf(l, i, v.Eligible)
	v.Ahead, v.QueuedMS = st.turnOf(l, i)
	return v, nil
}

func candidateView(k placement.Candidate, need *placement.Need) contracts.PlacementCandidate {
	return contracts.PlacementCandidate{
		NodeID: k.Node, Verdict: string(k.Verdict), Score: k.Score, Held: k.Held, Free: k.Free,
		Headroom: k.Parts.Headroom, Load: k.Parts.Load, Reliability: k.Parts.Reliability, Locality: k.Parts.Locality,
		Continues: !need.Type.CPU() && k.Parts.Locality > 0,
	}
}

// turnOf says how many units of its queue are given out before a unit, and how long
// it has waited, in milliseconds; 0 for one that does not wait for a place.
func (st *state) turnOf(l *live, unit int) (ahead int, ms int64) {
	if l.Run().State(unit) != contracts.UnitReady {
		return 0, 0
	}
	key := st.laneOf(waiting{live: l, unit: int32(unit)})
	st.queue.Lanes(func(lane *lane) bool {
		if lane.Key != key {
			return true
		}
		var since int64
		n, ok := lane.Find(func(w *waiting) bool {
			since = w.since
			return w.live == l && int(w.unit) == unit
		})
		if ok {
			ahead, ms = n, max(0, st.now.UnixMicro()-since)/1000
		}
		return false
	})
	return ahead, ms
}

// reasonOf says what a unit waits for.
func (st *state) reasonOf(l *live, unit, eligible int) string {
	switch s := l.Run().State(unit); {
	case s == contracts.UnitQueued:
		return "it waits for the units it depends on"
	case s.Final():
		return "it has ended"
	case s != contracts.UnitReady:
		return st.progressOf(l, unit)
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
