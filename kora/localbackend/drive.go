package localbackend

import (
	"context"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/kora/localbackend/session"
)

// drive runs the session to its end. It returns when none of its units runs.
func (e *execution) drive() {
	e.follow()
	for !e.session.Over() {
		e.lapse()
		if e.session.Over() {
			break
		}
		e.setAlarm()
		var place chan<- struct{}
		if e.queue.Waiting() && !e.short {
			place = e.b.places
		}
		select {
		case <-e.stop:
			e.apply(e.session.Stop(e.now(), contracts.StopCancelled, contracts.CodeCancelled, "cancelled by the caller"))
		case place <- struct{}{}:
			if !e.start() {
				<-e.b.places
			}
		case f := <-e.ended:
			e.take(f)
		case <-e.wake:
			e.alarmAt = time.Time{}
		}
	}
	e.stopAlarm()
	for len(e.running) > 0 {
		e.take(<-e.ended)
	}
	e.b.queued.Add(int64(-e.queued))
	e.seal()
	e.queue, e.programs, e.running = nil, nil, nil // what is remembered needs none of it
}

func (e *execution) now() time.Time { return e.b.opts.Clock.Now().UTC() }

// apply makes a decision a fact. One that does not fit the state any more is
// dropped.
func (e *execution) apply(r session.Record, fits bool) {
	if !fits {
		return
	}
	e.session.Apply(r)
	e.journal.add(r)
	e.follow()
}

// follow carries out what the session calls for.
func (e *execution) follow() {
	now := e.now()
	for _, r := range e.session.TakeReady() {
		e.queue.Push(now, r)
	}
	for _, l := range e.session.TakeDropped() {
		e.running[l.ID](errNotNeeded)
	}
	e.b.queued.Add(int64(e.queue.Len() - e.queued))
	e.queued = e.queue.Len()
}

// lapse does what the clock calls for: the session's deadline, and units that
// have waited for a place as long as they may.
func (e *execution) lapse() {
	now := e.now()
	if end := e.session.Deadline(); !end.IsZero() && !now.Before(end) {
		e.apply(e.session.Stop(now, contracts.StopTimeout, contracts.CodeTimeout, "the session's deadline has passed"))
	}
	for {
		unit, ok := e.queue.Expired(now)
		if !ok {
			return
		}
		e.apply(e.session.Refuse(now, unit, contracts.CodeRegionUnavailable, "no place was free for as long as the unit may wait"))
	}
}

// setAlarm wakes the loop when lapse has something to do.
func (e *execution) setAlarm() {
	at := e.session.Deadline()
	if w := e.queue.Wake(); at.IsZero() || !w.IsZero() && w.Before(at) {
		at = w
	}
	if at.Equal(e.alarmAt) {
		return
	}
	e.stopAlarm()
	e.alarmAt, e.stopAlarm = at, func() {}
	if at.IsZero() {
		return
	}
	e.stopAlarm = e.b.opts.Clock.AfterFunc(max(0, at.Sub(e.now())), func() {
		select {
		case e.wake <- struct{}{}:
		default:
		}
	})
}

// start begins a run of the next unit. It reports false when none was begun.
func (e *execution) start() bool {
	for !e.session.Over() {
		unit, ok := e.queue.Next()
		if !ok {
			return false
		}
		call, err := e.session.Run().Resolve(unit, e.source())
		if err != nil {
			e.queue.Drop(unit)
			code, detail := e.b.blame(err)
			e.apply(e.session.Refuse(e.now(), unit, code, detail))
			continue
		}
		switch e.session.Budget(call.Invocation.Fuel) {
		case dag.Wait:
			e.short = true
			return false
		case dag.Exhausted:
			e.apply(e.session.Stop(e.now(), contracts.StopBudgetExhausted, contracts.CodeBudgetExceeded, "the session's budget is used up"))
			return false
		}
		e.queue.Drop(unit)
		if r, ok := e.session.Dispatch(e.now(), unit, call.Unit, call.Invocation.Fuel); ok {
			e.apply(r, ok)
			e.run(r.Fact.(*session.Dispatched).Lease, call)
			return true
		}
	}
	return false
}

// source lets the graph's semantics see outputs of units that have ended.
func (e *execution) source() dag.Source {
	ctx := context.Background()
	return dag.Source{
		Profile: contracts.ProfileDet1,
		Salt:    e.b.salt(e.session.Plan.Graph.TenantID),
		Program: func(unit int) (cid.Cid, string, error) {
			p := e.programs[unit]
			return p.module, p.entry, nil
		},
		Output: e.session.Output,
		Bytes:  func(id cid.Cid) ([]byte, error) { return e.b.blocks.Get(ctx, id) },
	}
}

// seal reads the answer and writes the last record.
func (e *execution) seal() {
	if unit, ok := e.session.Answer(); ok {
		out := e.session.Output(unit)
		data, err := e.b.blocks.Get(context.Background(), out.CID)
		if err != nil {
			e.b.opts.Log.Error("final output cannot be read", "session", e.session.ID, "error", err)
			e.failed = contracts.Errorf(contracts.CodeInternal, out.CID.String(), "final output cannot be read")
		} else if e.answer, err = dag.Answer(e.session.FinalOutput(), out.MediaType, data); err != nil {
			// The unit's whole output is still at hand by its address.
			e.b.opts.Log.Warn("final output cannot be selected", "session", e.session.ID, "error", err)
		}
	}
	e.apply(e.session.Close(e.now()))
}
