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
	case *Reused:
		s.reused(r.At, f)
	case *Returned:
		s.returned(r.At, f)
	case *Spent:
		s.spent(f.Unit, &f.Model)
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
	u.lease, u.fuel, u.unit, u.calls = f.Lease.ID, f.Fuel, f.UnitCID, f.Calls
	u.attempt++
	s.leases = f.Lease.ID
	if u.calls != nil {
		s.meter.ReserveCalls(*u.calls)
	} else {
		s.meter.Reserve(f.Fuel)
	}
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
		fuel := f.Fuel
		if f.Check != nil {
			fuel += f.Check.Fuel // the checker had what the unit left
		}
		s.settle(i, fuel, f.Model)
	}
	u.end = f
	if w, call := s.Plan.Unit(i), s.modelEnded(i); !s.told.MuteEnd(f.Started, w, f.State, call != nil) {
		s.tell(s.told.EndedByModel(at, f.Started, w, u.attempt, f.State, s.unitEnded(i), call)...)
	}
	s.consequences(at, changes)
}

func (s *Session) reused(at time.Time, f *Reused) {
	u := &s.units[f.Unit]
	changes, ok := s.run.End(f.Unit, dag.Ending{State: contracts.UnitSuccess, Reason: contracts.StopSuccess, Facts: f.Facts})
	fits(ok, f)
	u.unit, u.reused = f.Known.UnitCID, true
	u.end = &Ended{
		Lease: Lease{Unit: f.Unit}, State: contracts.UnitSuccess, Reason: contracts.StopSuccess,
		Result: f.Known.Result, Output: &f.Known.Output, Fuel: f.Known.Fuel, Facts: f.Facts,
	}
	s.tell(s.told.Cached(at, s.Plan.Unit(f.Unit), s.unitEnded(f.Unit))...)
	s.consequences(at, changes)
}

func (s *Session) returned(at time.Time, f *Returned) {
	i := f.Lease.Unit
	fits(s.run.Return(i), f)
	u := &s.units[i]
	s.settle(i, 0, f.Model)
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
			s.settle(c.Unit, 0, nil)
			u.lease = 0
		}
	}
}

// settle ends what was reserved for a run, of which so much was used. Every call of
// a model counts, whatever came of it: it was made.
func (s *Session) settle(i int, fuel uint64, use *contracts.ModelUse) {
	u := &s.units[i]
	if u.calls == nil {
		s.meter.Settle(u.fuel, fuel)
		return
	}
	var used dag.Calls
	if use != nil {
		used = callsOf(use)
		u.count(use)
	}
	s.meter.SettleCalls(*u.calls, used)
}

// spent counts what was used after the reservation was given back.
func (s *Session) spent(i int, use *contracts.ModelUse) {
	used := callsOf(use)
	s.meter.ReserveCalls(used)
	s.meter.SettleCalls(used, used)
	s.units[i].count(use)
}

func callsOf(use *contracts.ModelUse) dag.Calls {
	return dag.Calls{Tokens: use.TokensIn + use.TokensOut, Calls: int64(use.Calls)}
}

// count adds what models did in one run to what they did for the unit.
func (u *execution) count(use *contracts.ModelUse) {
	u.model.Model, u.model.Class = use.Model, use.Class
	u.model.TokensIn += use.TokensIn
	u.model.TokensOut += use.TokensOut
	u.model.Calls += use.Calls
}

func fits(ok bool, f Fact) {
	if !ok {
		panic(fmt.Sprintf("session: record %T does not fit the state", f))
	}
}
