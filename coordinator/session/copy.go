package session

import (
	"time"

	"github.com/krako-labs/krako/contracts"
)

// A unit that is out may be given to a second node: a copy. Both executions are
// equal, the first result ends the unit, or is held back for a verdict, and the
// other execution is called back. In the events the unit's own execution has index
// 0 and the copy index 1. When the unit's own execution comes to nothing, or is
// done second, the copy takes its place: that lease is lost, and the unit is
// scheduled where the copy is.

// Copy gives a unit that is out to one more node. The error is CONFLICT if the unit
// is not out, has a copy, or must not run twice.
func (s *Session) Copy(now time.Time, p Placement, why string) (Record, error) {
	i := p.Lease.Unit
	own, ok := s.LeaseOf(i)
	w := s.Plan().Unit(i)
	switch {
	case !ok:
		return Record{}, contracts.Errorf(contracts.CodeConflict, string(w.ID), "unit is %s, not out", s.run.State(i))
	case s.units[i].copy != nil:
		return Record{}, contracts.Errorf(contracts.CodeConflict, string(w.ID), "unit has a copy already")
	case !s.MayCopy(i):
		return Record{}, contracts.Errorf(contracts.CodeConflict, string(w.ID), "unit must not run twice")
	case own.Node == p.Lease.Node:
		return Record{}, contracts.Errorf(contracts.CodeConflict, string(p.Lease.Node), "node has the unit already")
	}
	return s.record(now, Record{Dispatched: &Dispatched{
		Unit: i, Attempt: s.units[i].attempt, Node: p.Lease.Node, Lease: p.Lease.ID, Epoch: p.Lease.Epoch,
		UnitCID: contracts.Link{Cid: s.units[i].unit}, Fuel: s.units[i].fuel, Eligible: p.Eligible, Score: p.Score,
		Replica: 1, Beside: own.ID, Why: why,
	}}), nil
}

// MayCopy reports whether a unit may have a copy at all: it must not mind running
// twice, and an answer of a model would be paid for twice.
func (s *Session) MayCopy(i int) bool {
	w := s.Plan().Unit(i)
	return w.Type.CPU() && w.IsIdempotent()
}

// CopyOf returns the lease of a unit's copy, if one is out.
func (s *Session) CopyOf(unit int) (Lease, bool) {
	u := &s.units[unit]
	if u.copy == nil || u.held || u.end != nil {
		return Lease{}, false
	}
	return *u.copy, true
}

// Copies returns how many copies a unit has had.
func (s *Session) Copies(unit int) int { return int(s.units[unit].copies) }

// FuelLimit returns what a unit that is out may use.
func (s *Session) FuelLimit(unit int) uint64 { return s.units[unit].fuel }

func (s *Session) copied(r *Record) error {
	d := r.Dispatched
	if d.Replica != 1 || d.Unit < 0 || d.Unit >= len(s.units) {
		return s.misfit("record is of no copy")
	}
	u := &s.units[d.Unit]
	if u.lease == 0 || u.held || u.end != nil || u.copy != nil {
		return s.misfit("unit is not out, or has a copy")
	}
	u.copy = &Lease{d.Lease, d.Epoch, d.Node, d.Unit}
	if u.copies < 1<<8-1 {
		u.copies++
	}
	u.executors = append(u.executors, d.Node)
	s.meter.Reserve(d.Fuel)
	s.tell(s.told.Event(r.Time(), contracts.EventUnitScheduled, s.Plan().Unit(d.Unit).ID, u.attempt, contracts.UnitScheduled{
		Target: d.Node, Score: d.Score, Eligible: d.Eligible, Privacy: s.Plan().Privacy(d.Unit),
		Reason: d.Why, Lease: d.Lease, Epoch: d.Epoch, Replica: 1,
	}))
	return nil
}

// oneLess takes one of two executions away; the unit goes on with the other one.
func (s *Session) oneLess(r *Record) error {
	b := r.Returned
	if b.Unit < 0 || b.Unit >= len(s.units) {
		return s.misfit("record names no unit")
	}
	u := &s.units[b.Unit]
	if u.copy == nil || u.lease != b.Lease && u.copy.ID != b.Lease {
		return s.misfit("unit has no second execution, or is not out under this lease")
	}
	s.settle(u, nil)
	reason := b.Reason
	if b.Lost {
		u.losses++
	} else {
		u.failures++
		reason = string(b.Code) + ": " + b.Reason
	}
	if b.Lease == u.lease {
		s.promote(r.Time(), b.Unit, reason)
		return nil
	}
	s.tellLost(r.Time(), b.Unit, *u.copy, 1, reason)
	u.copy = nil
	return nil
}

// settleOn leaves a unit the execution under the given lease and calls the other one
// back, if there is one.
func (s *Session) settleOn(at time.Time, unit int, lease uint64) {
	u := &s.units[unit]
	if u.copy == nil {
		return
	}
	other := *u.copy
	if lease == other.ID {
		other = Lease{u.lease, u.epoch, u.node, unit}
		s.promote(at, unit, "its copy was done first")
	} else {
		s.tellLost(at, unit, other, 1, "the unit was done first")
		u.copy = nil
	}
	s.meter.Settle(u.fuel, 0)
	s.dropped = append(s.dropped, other)
}

// dropCopy calls a unit's copy back: nobody needs the unit any more.
func (s *Session) dropCopy(unit int) {
	u := &s.units[unit]
	if u.copy == nil {
		return
	}
	s.dropped = append(s.dropped, *u.copy)
	s.meter.Settle(u.fuel, 0)
	u.copy = nil
}

// promote puts the copy in the place of the unit's own execution.
func (s *Session) promote(at time.Time, unit int, reason string) {
	u := &s.units[unit]
	s.tellLost(at, unit, Lease{u.lease, u.epoch, u.node, unit}, 0, reason)
	c := u.copy
	u.lease, u.epoch, u.node, u.copy = c.ID, c.Epoch, c.Node, nil
	u.attempt++
	s.tell(s.told.Event(at, contracts.EventUnitScheduled, s.Plan().Unit(unit).ID, u.attempt, contracts.UnitScheduled{
		Target: u.node, Eligible: 1, Privacy: s.Plan().Privacy(unit), Reason: "its copy takes its place", Lease: u.lease, Epoch: u.epoch,
	}))
}

func (s *Session) tellLost(at time.Time, unit int, l Lease, replica uint32, reason string) {
	s.tell(s.told.Event(at, contracts.EventUnitLeaseLost, s.Plan().Unit(unit).ID, s.units[unit].attempt, contracts.UnitLeaseLost{
		Node: l.Node, Lease: l.ID, Reason: reason, Replica: replica,
	}))
}
