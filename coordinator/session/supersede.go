package session

import (
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
)

// Hold keeps a report back until it may be used: class says how sure that must be,
// with that the unit's checker has a word. The unit's lease is over, the unit is not.
func (s *Session) Hold(now time.Time, class uint8, with bool, r Report) (Record, error) {
	if err := s.check(&r); err != nil {
		return Record{}, err
	}
	return s.record(now, Record{Held: &Held{
		Class: class, With: with, Node: r.Lease.Node, Unit: contracts.Link{Cid: s.units[r.Lease.Unit].unit}, End: *Found(&r),
	}}), nil
}

// Awaits reports whether a unit waits for the verdict on the result that came
// under the given lease.
func (s *Session) Awaits(unit int, lease uint64) bool {
	return unit >= 0 && unit < len(s.units) && s.units[unit].held && s.units[unit].lease == lease
}

// Release ends a unit whose result was held back, with that result or with the
// one that was found instead.
func (s *Session) Release(now time.Time, lease uint64, e Ended) (Record, error) {
	if !s.Awaits(e.Unit, lease) {
		return Record{}, s.misfit("unit does not wait for a verdict")
	}
	e.Lease = lease
	return s.record(now, Record{Ended: &e}), nil
}

// Unverified ends a unit on whose result no agreement could be reached.
func (s *Session) Unverified(now time.Time, unit int, lease uint64, detail string) (Record, error) {
	return s.Release(now, lease, Ended{
		Unit: unit, State: contracts.UnitFailed, Reason: contracts.StopVerificationFailed, Code: contracts.CodeNoQuorum, Detail: detail,
	})
}

// Judge says how a unit ends by a result that was not reported for it in time:
// output is needed when NeedsOutput says so.
func (s *Session) Judge(e *Ended, output []byte) {
	if e.State == contracts.UnitSuccess {
		s.judge(e, output)
	}
}

// Obey has an end that Judge left a success follow what the unit's checker said of
// its result.
func (e *Ended) Obey(k *Check) {
	if e.State != contracts.UnitSuccess {
		return
	}
	if e.Checked = k; !k.Valid {
		e.State, e.Reason, e.Code, e.Detail, e.Facts = contracts.UnitFailed, contracts.StopVerificationFailed, k.Code, k.Detail, nil
	}
}

// Supersede puts another end in the place of one that was proved wrong. opening is
// set for a session that is closed.
func (s *Session) Supersede(now time.Time, e Ended, opening *Opening) (Record, error) {
	u := &s.units[e.Unit]
	if u.end == nil {
		return Record{}, s.misfit("unit has not ended")
	}
	return s.record(now, Record{Superseded: &Superseded{Old: u.end.Result, OldNode: u.node, End: e, Opening: opening}}), nil
}

// Halted reports whether the session was stopped from outside.
func (s *Session) Halted() bool { return s.halted }

// Revision counts how often results of the session were superseded.
func (s *Session) Revision() uint32 { return s.revision }

func (s *Session) hold(r *Record) error {
	h := r.Held
	if h.End.Unit < 0 || h.End.Unit >= len(s.units) || h.Check != 0 {
		return s.misfit("record names no unit")
	}
	u := &s.units[h.End.Unit]
	if h.End.Lease == 0 || u.lease != h.End.Lease && (u.copy == nil || u.copy.ID != h.End.Lease) || u.held || u.end != nil {
		return s.misfit("unit is not out under this lease")
	}
	s.settleOn(r.Time(), h.End.Unit, h.End.Lease)
	u.held = true
	return nil
}

// supersede replaces an end and takes back what followed from it.
func (s *Session) supersede(r *Record) error {
	sup := r.Superseded
	i := sup.End.Unit
	if i < 0 || i >= len(s.units) || s.units[i].end == nil || !s.units[i].end.Result.Equals(sup.Old.Cid) {
		return s.misfit("the superseded result is not the unit's")
	}
	u := &s.units[i]
	e := sup.End
	u.end, u.endedAt, u.node = &e, r.At, e.Node
	s.revision++
	s.tell(s.told.Event(r.Time(), contracts.EventUnitSuperseded, s.Plan().Unit(i).ID, u.attempt, contracts.UnitSuperseded{
		OldNode: sup.OldNode, OldResultCID: sup.Old.String(), Node: e.Node, ResultCID: e.Result.String(),
		UnitCID: linkText(contracts.Link{Cid: u.unit}), BatchCID: linkText(e.Batch), OutputCID: linkText(e.Output), Fuel: e.Fuel, Revision: s.revision,
	}))
	if s.halted {
		return nil // it was stopped from outside, and stays so
	}
	if s.closed != nil {
		s.closed, s.deadline = nil, time.Time{} // it may take what time it needs
	}
	s.rerun(s.Plan().Descendants(i), r.Time())
	return nil
}

func linkText(l contracts.Link) string {
	if !l.Defined() {
		return ""
	}
	return l.String()
}

// rerun begins the graph again and gives each unit the end that it had but for
// those that are void. Units that are out stay out unless they are void.
func (s *Session) rerun(void []bool, at time.Time) {
	run, first := dag.Start(s.Plan())
	s.run = run
	for i := range s.units {
		if void[i] {
			s.void(i)
		}
	}
	for todo := first; len(todo) > 0; todo = todo[1:] {
		c := todo[0]
		u := &s.units[c.Unit]
		if void[c.Unit] {
			s.tell(s.told.Changes(at, s.Plan(), todo[:1])...)
		}
		switch {
		case c.State != contracts.UnitReady:
			s.follow(todo[:1], at)
		case u.end != nil:
			e := u.end
			changes, _ := run.End(c.Unit, dag.Ending{State: e.State, Reason: e.Reason, Code: e.Code, Facts: e.Facts}) // it is ready
			todo = append(todo, changes...)
		case u.lease != 0:
			run.Dispatched(c.Unit)
		default:
			s.ready = append(s.ready, Ready{c.Unit, at})
		}
	}
}

// void takes back what a unit did or does.
func (s *Session) void(i int) {
	u := &s.units[i]
	if u.lease != 0 && u.end == nil {
		if !u.held {
			s.dropped = append(s.dropped, Lease{u.lease, u.epoch, u.node, i})
		}
		s.settle(u, nil)
		s.dropCopy(i)
	}
	u.end, u.lease, u.held = nil, 0, false
}
