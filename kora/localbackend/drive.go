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
		select {
		case <-e.stop:
			e.apply(e.session.Stop(e.now(), contracts.StopCancelled, contracts.CodeCancelled, "cancelled by the caller"))
		case e.cpu.place() <- struct{}{}:
			e.occupy(&e.cpu)
		case e.llm.place() <- struct{}{}:
			e.occupy(&e.llm)
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
	close(e.jobs)
	e.seal()
	e.b.queued.Add(int64(-e.queued))
	e.cpu, e.llm, e.programs, e.running = line{}, line{}, nil, nil // what is remembered needs none of it
}

// occupy begins a run in the place that was taken, or gives the place back.
func (e *execution) occupy(l *line) {
	if !e.start(l) {
		<-l.places
	}
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
		e.lineOf(r.Unit).queue.Push(now, r)
	}
	for _, l := range e.session.TakeDropped() {
		e.running[l.ID](errNotNeeded)
	}
	e.b.queued.Add(int64(e.waiting() - e.queued))
	e.queued = e.waiting()
}

// lapse does what the clock calls for: the session's deadline, and units that
// have waited for a place as long as they may.
func (e *execution) lapse() {
	now := e.now()
	if end := e.session.Deadline(); !end.IsZero() && !now.Before(end) {
		e.apply(e.session.Stop(now, contracts.StopTimeout, contracts.CodeTimeout, "the session's deadline has passed"))
	}
	for _, l := range e.lines() {
		for {
			unit, ok := l.queue.Expired(now)
			if !ok {
				break
			}
			e.apply(e.session.Refuse(now, unit, contracts.CodeRegionUnavailable, "no place was free for as long as the unit may wait"))
		}
	}
}

// setAlarm wakes the loop when lapse has something to do.
func (e *execution) setAlarm() {
	at := e.session.Deadline()
	for _, l := range e.lines() {
		if w := l.queue.Wake(); at.IsZero() || !w.IsZero() && w.Before(at) {
			at = w
		}
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

// start begins a run of the next unit in line. It reports false when none was begun.
func (e *execution) start(l *line) bool {
	for !e.session.Over() {
		unit, ok := l.queue.Next()
		if !ok {
			return false
		}
		call, err := e.resolve(unit)
		if err != nil {
			l.queue.Drop(unit)
			code, detail := e.b.blame(err)
			e.apply(e.session.Refuse(e.now(), unit, code, detail))
			continue
		}
		if e.reuse(unit, call) {
			l.queue.Drop(unit)
			return false // the loop looks at the clock and the caller in between
		}
		calls, verdict := e.afford(call)
		switch verdict {
		case dag.Wait:
			l.short = true
			return false
		case dag.Exhausted:
			e.apply(e.session.Stop(e.now(), contracts.StopBudgetExhausted, contracts.CodeBudgetExceeded, "the session's budget is used up"))
			return false
		}
		l.queue.Drop(unit)
		if r, ok := e.dispatch(unit, call, calls); ok {
			e.apply(r, ok)
			e.run(l, r.Fact.(*session.Dispatched), call)
			return true
		}
	}
	return false
}

// resolve builds a unit's invocation.
func (e *execution) resolve(unit int) (*dag.Resolved, error) {
	if e.session.Plan.Unit(unit).Type == contracts.LLM {
		return e.session.Run().ResolveModel(unit, e.source())
	}
	return e.session.Run().Resolve(unit, e.source())
}

// afford says whether a unit fits into the session's budgets now, and what an llm
// unit may take of them.
func (e *execution) afford(call *dag.Resolved) (dag.Calls, dag.Verdict) {
	if call.Model != nil {
		return e.session.Calls(call.Model.MostTokens())
	}
	return dag.Calls{}, e.session.Budget(call.Invocation.Fuel)
}

func (e *execution) dispatch(unit int, call *dag.Resolved, calls dag.Calls) (session.Record, bool) {
	if call.Model != nil {
		return e.session.DispatchCall(e.now(), unit, call.Unit, calls)
	}
	return e.session.Dispatch(e.now(), unit, call.Unit, call.Invocation.Fuel)
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
