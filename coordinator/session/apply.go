package session

import (
	"fmt"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
)

// Listen makes the session build events while records are applied and hand
// them to fn, in order. A nil fn makes it silent again, which is how a session
// begins. Listening has no effect on state or on the ids of events.
func (s *Session) Listen(fn func(contracts.Event)) {
	s.listener, s.told.Mute = fn, fn == nil
}

// TellStart tells the events of the Accepted record that opened the session. It
// is called once, before any Apply.
func (s *Session) TellStart() {
	p := s.Plan()
	s.tell(s.told.Event(s.opened, contracts.EventSessionStarted, "", 0, contracts.SessionStarted{
		GraphCID: s.Accepted.Graph.String(), RequestID: s.Accepted.RequestID, Units: p.Len(),
		Prices: s.Accepted.Prices, MaxCost: costOf(&s.Accepted),
	}))
	for i := range p.Len() {
		s.tell(s.told.Event(s.opened, contracts.EventUnitQueued, p.Unit(i).ID, 0, nil))
	}
	for i := range p.Len() {
		if len(p.Unit(i).Dependencies) == 0 {
			s.tell(s.told.Event(s.opened, contracts.EventUnitReady, p.Unit(i).ID, 0, nil))
		}
	}
}

func (s *Session) tell(events ...contracts.Event) {
	if s.listener == nil {
		return
	}
	for _, e := range events {
		s.listener(e)
	}
}

// Apply folds one record of this session into its state and tells what it
// means. The record must come from one of the session's commands or from the
// log; one that does not fit the state is an *Error with CodeConflict and
// changes nothing.
func (s *Session) Apply(r *Record) error {
	switch {
	case r.Dispatched != nil:
		return s.dispatched(r)
	case r.Ended != nil:
		return s.unitEnds(r)
	case r.Returned != nil:
		return s.returned(r)
	case r.Held != nil:
		return s.hold(r)
	case r.Superseded != nil:
		return s.supersede(r)
	case r.Stopped != nil:
		st := r.Stopped
		s.halted = true
		changes := s.run.Stop(dag.Ending{Reason: st.Reason, Code: st.Code})
		s.follow(changes, r.Time())
		s.tell(s.told.Changes(r.Time(), s.Plan(), changes)...)
		return nil
	case r.Closed != nil:
		s.closed, s.closedAt = r.Closed, r.Time()
		s.tell(s.told.Over(r.Time(), r.Closed.State, s.ended(r)))
		return nil
	}
	return s.misfit("record is not about a running session")
}

func (s *Session) misfit(why string) error {
	return contracts.Errorf(contracts.CodeConflict, string(s.ID), "%s", why)
}

func (s *Session) dispatched(r *Record) error {
	d := r.Dispatched
	if d.Replica != 0 {
		return s.copied(r)
	}
	if d.Unit < 0 || d.Unit >= len(s.units) || !s.run.Dispatched(d.Unit) {
		return s.misfit("unit is not ready to be dispatched")
	}
	u := &s.units[d.Unit]
	u.lease, u.epoch, u.node, u.attempt, u.fuel, u.unit = d.Lease, d.Epoch, d.Node, d.Attempt, d.Fuel, d.UnitCID.Cid
	u.executors = append(u.executors, d.Node)
	if u.calls = d.Calls; u.calls != nil {
		s.meter.ReserveCalls(*u.calls)
	} else {
		s.meter.Reserve(d.Fuel)
	}
	s.tell(s.told.Event(r.Time(), contracts.EventUnitScheduled, s.Plan().Unit(d.Unit).ID, d.Attempt, contracts.UnitScheduled{
		Target: d.Node, Score: d.Score, Eligible: d.Eligible, Privacy: s.Plan().Privacy(d.Unit),
		Reason: "placed", Lease: d.Lease, Epoch: d.Epoch,
	}))
	if u.hold = d.Hold; u.hold != "" {
		s.tell(s.told.Event(r.Time(), contracts.EventCreditsReserved, s.Plan().Unit(d.Unit).ID, d.Attempt, contracts.CreditsMoved{Amount: d.Hold, Reason: "dispatch"}))
	}
	return nil
}

// costOf is what is promised to a session, "" where nothing costs anything.
func costOf(a *Accepted) string {
	if a.Prices == "" {
		return ""
	}
	return fmt.Sprintf("%d.%06d", a.Cost/1e6, a.Cost%1e6)
}

func (s *Session) unitEnds(r *Record) error {
	e := r.Ended
	if e.Unit < 0 || e.Unit >= len(s.units) {
		return s.misfit("record names no unit")
	}
	u := &s.units[e.Unit]
	changes, ok := s.run.End(e.Unit, dag.Ending{State: e.State, Reason: e.Reason, Code: e.Code, Facts: e.Facts})
	if !ok {
		return s.misfit("unit is not open")
	}
	s.settleOn(r.Time(), e.Unit, e.Lease)
	if e.Lease != 0 {
		s.settle(u, e)
	}
	u.end, u.endedAt, u.held = e, r.At, false
	if e.Node != "" && e.Node != u.node {
		u.node, u.executors = e.Node, append(u.executors, e.Node)
	}
	s.follow(changes, r.Time())
	if e.By != "" {
		u.node, u.unit, u.executors = e.By, e.UnitCID.Cid, []contracts.NodeID{e.By}
		s.tell(s.told.Cached(r.Time(), s.Plan().Unit(e.Unit), s.unitEnded(e.Unit))...)
		s.tell(s.told.Changes(r.Time(), s.Plan(), changes)...)
		return nil
	}
	if e.Dropped {
		s.tell(s.told.Event(r.Time(), contracts.EventUnitRetryDropped, s.Plan().Unit(e.Unit).ID, u.attempt, contracts.UnitRetried{Reason: string(e.Code)}))
	}
	if w := s.Plan().Unit(e.Unit); !s.told.MuteEnd(startOf(e), w, e.State, e.Model != nil) {
		s.tell(s.told.EndedByModel(r.Time(), startOf(e), w, u.attempt, e.State, s.unitEnded(e.Unit), s.modelEnded(e.Unit))...)
	}
	s.tell(s.told.Changes(r.Time(), s.Plan(), changes)...)
	return nil
}

// settle ends what was reserved for a unit; e is nil when it comes back without a
// result.
func (s *Session) settle(u *execution, e *Ended) {
	var fuel uint64
	var calls dag.Calls
	if e != nil {
		fuel = e.Fuel
		if e.Checked != nil {
			fuel += e.Checked.Fuel // the checker had what the unit left
		}
		if m := e.Model; m != nil {
			calls = dag.Calls{Tokens: m.TokensIn + m.TokensOut, Calls: int64(m.Calls)}
		}
	}
	if u.calls != nil {
		s.meter.SettleCalls(*u.calls, calls)
		return
	}
	s.meter.Settle(u.fuel, fuel)
}

func startOf(e *Ended) time.Time {
	if e.Started == 0 {
		return time.Time{}
	}
	return time.UnixMicro(e.Started).UTC()
}

func (s *Session) returned(r *Record) error {
	b := r.Returned
	if b.GoesOn {
		return s.oneLess(r)
	}
	if b.Unit < 0 || b.Unit >= len(s.units) || s.units[b.Unit].lease != b.Lease || !s.run.Return(b.Unit) {
		return s.misfit("unit is not out under this lease")
	}
	u := &s.units[b.Unit]
	id := s.Plan().Unit(b.Unit).ID
	s.settle(u, nil)
	data := contracts.UnitLeaseLost{Node: u.node, Lease: u.lease, Reason: b.Reason}
	u.lease = 0
	notBefore := time.UnixMicro(b.NotBefore)
	s.ready = append(s.ready, Ready{b.Unit, notBefore})
	if b.Lost {
		u.losses++
		s.tell(s.told.Event(r.Time(), contracts.EventUnitLeaseLost, id, u.attempt, data))
		if u.hold != "" {
			s.tell(s.told.Event(r.Time(), contracts.EventCreditsReleased, id, u.attempt, contracts.CreditsMoved{Amount: u.hold, Reason: "lease lost"}))
			u.hold = ""
		}
		return nil
	}
	u.failures++
	s.tell(s.told.Event(r.Time(), failedEvent(b.Code), id, u.attempt, contracts.UnitEnded{
		StopReason: dag.ReasonOf(b.Code), Node: data.Node, UnitCID: u.unit.String(),
		Error: &contracts.Error{Code: b.Code, Message: b.Reason},
	}))
	s.tell(s.told.Event(r.Time(), contracts.EventUnitRetried, id, u.attempt+1, contracts.UnitRetried{
		BackoffMS: notBefore.Sub(r.Time()).Milliseconds(), Reason: string(b.Code),
	}))
	return nil
}

func failedEvent(c contracts.Code) contracts.EventType {
	if c == contracts.CodeTimeout {
		return contracts.EventUnitTimeout
	}
	return contracts.EventUnitFailed
}

// follow notes what the loop has to do about changes: units to dispatch, and
// leases to call back.
func (s *Session) follow(changes []dag.Change, at time.Time) {
	for _, c := range changes {
		if c.State == contracts.UnitReady {
			s.ready = append(s.ready, Ready{c.Unit, at})
			continue
		}
		u := &s.units[c.Unit]
		if u.lease != 0 && u.end == nil {
			if !u.held {
				s.dropped = append(s.dropped, Lease{u.lease, u.epoch, u.node, c.Unit})
			}
			s.settle(u, nil)
			s.dropCopy(c.Unit)
			u.lease, u.held = 0, false
		}
	}
}
