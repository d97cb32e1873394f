package session

import (
	"fmt"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
)

// Apply folds one record into the state and tells what it means. The record
// must come from a command of a session in the same state; another is a defect
// of the program and panics.
func (s *Session) Apply(r Record) {
	switch f := r.Fact.(type) {
	case *Dispatched:
		s.dispatched(r.At, f)
	case *Ended:
		s.ended(r.At, f)
	case *Returned:
		s.returned(r.At, f)
	case *Stopped:
		s.consequences(r.At, s.run.Stop(dag.Ending{Reason: f.Reason, Code: f.Code}))
	case *Closed:
		s.closedAt = r.At
		s.tell(s.told.Over(r.At, s.run.Outcome().State, s.sessionEnded()))
	}
}

func (s *Session) dispatched(at time.Time, f *Dispatched) {
	i := f.Lease.Unit
	fits(s.run.Dispatched(i), f)
	u := &s.units[i]
	u.lease, u.fuel, u.unit = f.Lease.ID, f.Fuel, f.UnitCID
	u.attempt++
	s.leases = f.Lease.ID
	s.meter.Reserve(f.Fuel)
	s.tell(s.told.Event(at, contracts.EventUnitScheduled, s.Plan.Unit(i).ID, u.attempt, contracts.UnitScheduled{
		Target: Executor, Eligible: 1, Privacy: s.Plan.Privacy(i), Reason: "placed", Lease: f.Lease.ID, Epoch: 1,
	}))
}

func (s *Session) ended(at time.Time, f *Ended) {
	i := f.Lease.Unit
	u := &s.units[i]
	changes, ok := s.run.End(i, dag.Ending{State: f.State, Reason: f.Reason, Code: f.Code, Facts: f.Facts})
	fits(ok, f)
	if f.Lease.ID != 0 {
		s.meter.Settle(u.fuel, f.Fuel)
	}
	u.end = f
	s.tell(s.told.Ended(at, f.Started, s.Plan.Unit(i), u.attempt, f.State, s.unitEnded(i))...)
	s.consequences(at, changes)
}

func (s *Session) returned(at time.Time, f *Returned) {
	i := f.Lease.Unit
	fits(s.run.Return(i), f)
	u := &s.units[i]
	s.meter.Settle(u.fuel, 0)
	u.lease = 0
	u.failures++
	s.ready = append(s.ready, Ready{i, f.NotBefore})
	id, event := s.Plan.Unit(i).ID, contracts.EventUnitFailed
	if f.Code == contracts.CodeTimeout {
		event = contracts.EventUnitTimeout
	}
	s.tell(s.told.Event(at, event, id, u.attempt, contracts.UnitEnded{
		StopReason: dag.ReasonOf(f.Code), Node: Executor, UnitCID: u.unit.String(),
		Error: &contracts.Error{Code: f.Code, Message: f.Detail},
	}))
	s.tell(s.told.Event(at, contracts.EventUnitRetried, id, u.attempt+1, contracts.UnitRetried{
		BackoffMS: f.NotBefore.Sub(at).Milliseconds(), Reason: string(f.Code),
	}))
}

// consequences notes and tells what followed from something else.
func (s *Session) consequences(at time.Time, changes []dag.Change) {
	s.follow(changes, at)
	s.tell(s.told.Changes(at, s.Plan, changes)...)
}

// follow notes what there is to do about changes: units to dispatch, and runs
// to stop.
func (s *Session) follow(changes []dag.Change, at time.Time) {
	for _, c := range changes {
		if c.State == contracts.UnitReady {
			s.ready = append(s.ready, Ready{c.Unit, at})
			continue
		}
		if u := &s.units[c.Unit]; u.lease != 0 {
			s.dropped = append(s.dropped, Lease{u.lease, c.Unit})
			s.meter.Settle(u.fuel, 0)
			u.lease = 0
		}
	}
}

func fits(ok bool, f Fact) {
	if !ok {
		panic(fmt.Sprintf("session: record %T does not fit the state", f))
	}
}
