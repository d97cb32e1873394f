package coordinator

import (
	"context"
	"errors"
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/docket"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
)

// What follows from a verdict in the sessions that used the result: units end, run
// again, or are superseded with what was built on them.

// attend brings the sessions of a case in line with its verdict.
func (st *state) attend(ctx context.Context, c *docket.Case) error {
	st.want(c)
	if c.Idle() {
		st.letGo(c)
		return nil
	}
	if st.wantCheck(ctx, c) {
		return nil // nothing follows before it has spoken
	}
	if err := st.enforce(ctx, c, c.Session, c.Index, c.Given); err != nil {
		return err
	}
	for _, u := range c.Users {
		if err := st.enforce(ctx, c, u.Session, u.Index, u.Given); err != nil {
			return err
		}
	}
	st.letGo(c)
	return nil
}

// letGo forgets what was kept for a case that is closed.
func (st *state) letGo(c *docket.Case) {
	if c.Shut() {
		st.landHeld(c.Lease)
		delete(st.vet.timeouts, c.Lease)
	}
}

func (st *state) enforce(ctx context.Context, c *docket.Case, id contracts.SessionID, unit int, given contracts.Link) error {
	l := st.sessions[id]
	if l == nil {
		if c.Wrong(given) {
			st.reload(ctx, c, id, unit)
		}
		return nil
	}
	if id == c.Session && l.Awaits(unit, c.Lease) {
		return st.pronounce(ctx, c, l)
	}
	if !st.wrong(c, l, unit) {
		return nil
	}
	if l.closing {
		st.vet.later = append(st.vet.later, c)
		return nil
	}
	return st.supersede(ctx, c, l, unit, nil)
}

// wrong reports whether a unit ended by a result that is wrong.
func (st *state) wrong(c *docket.Case, l *live, unit int) bool {
	e := l.End(unit)
	return e != nil && l.UnitCID(unit).Equals(c.Unit.Cid) && c.Wrong(e.Result)
}

// pronounce ends a unit that waits for the verdict.
func (st *state) pronounce(ctx context.Context, c *docket.Case, l *live) error {
	f := c.Ends()
	if f == nil {
		if c.Broken == "" {
			return nil
		}
		st.landHeld(c.Lease)
		rec, err := l.Unverified(st.now, c.Index, c.Lease, c.Broken)
		if err != nil {
			return err
		}
		return st.record(l, rec)
	}
	e, err := st.ending(ctx, c, l, c.Index)
	if err != nil {
		return err
	}
	if e.State != contracts.UnitSuccess && e.Checked != nil {
		st.c.log.Warn("result is not used: its checker did not find it valid", "session", l.ID, "unit", l.Plan().Unit(c.Index).ID, "node", f.Node, "code", e.Code, "detail", e.Detail)
	}
	rec, err := l.Release(st.now, c.Lease, e)
	if err != nil {
		return err
	}
	if err := st.record(l, rec); err != nil {
		return err
	}
	st.retain(l.Accepted.Tenant, c.Unit.Cid, rec.Ended, f.Node)
	st.landHeld(c.Lease)
	return nil
}

// ending is how a unit of a session ends by the verdict on a case.
func (st *state) ending(ctx context.Context, c *docket.Case, l *live, unit int) (session.Ended, error) {
	f := c.Ends()
	e := f.End
	e.Unit, e.Lease, e.Check, e.Node, e.UnitCID = unit, c.Lease, c.ID, f.Node, c.Unit
	if e.State == contracts.UnitSuccess && l.NeedsOutput(unit) {
		output, err := st.c.parts.Blocks.Get(ctx, e.Output.Cid)
		if err != nil {
			return e, fmt.Errorf("read output of the verdict: %w", err)
		}
		l.Judge(&e, output)
	}
	if o := c.Opinion(e.Result); o != nil && l.Plan().Unit(unit).VerifyWith != nil {
		e.Obey(o)
	}
	return e, nil
}

// supersede puts the right result in the place of the wrong one.
func (st *state) supersede(ctx context.Context, c *docket.Case, l *live, unit int, opening *session.Opening) error {
	old := l.End(unit)
	e, err := st.ending(ctx, c, l, unit)
	if err != nil {
		return err
	}
	if e.Lease = old.Lease; old.By != "" {
		e.By = e.Node
	}
	rec, err := l.Supersede(st.now, e, opening)
	if err != nil {
		return err
	}
	if err := l.Apply(&rec); err != nil {
		return err
	}
	st.correct(l.Accepted.Tenant, &rec.Superseded.End)
	st.c.log.Warn("result superseded", "session", l.ID, "unit", l.Plan().Unit(unit).ID, "node", rec.Superseded.OldNode, "by", e.Node)
	st.unresolve(l)
	fold, again := st.folded(&rec), l.again
	if opening != nil {
		st.follow(l)
	} else if st.sessions[l.ID] == l {
		st.follow(l)
		again = nil
	}
	durable := l.durable
	return st.commit.add(&rec, func(at eventlog.Offset) {
		if opening != nil {
			again.Store(uint64(at))
			close(durable)
		}
		fold(at)
	})
}

// unresolve forgets what waiting units of a session resolved to: their inputs may
// be others now.
func (st *state) unresolve(l *live) {
	st.queue.Lanes(func(lane *lane) bool {
		if lane.Len() > 0 && lane.Peek().live == l {
			lane.Peek().res = nil
		}
		return true
	})
}

// reload reads a closed session beside the loop, so that a wrong result of it can
// be superseded.
func (st *state) reload(ctx context.Context, c *docket.Case, id contracts.SessionID, unit int) {
	if st.vet.loading[id] {
		st.vet.later = append(st.vet.later, c)
		return
	}
	st.vet.loading[id] = true
	coord := st.c
	coord.tellers.Go(func() {
		l, err := coord.closedSession(ctx, id)
		post := coord.post(ctx, func(st *state) {
			delete(st.vet.loading, id)
			if err != nil {
				st.c.log.Error("session with a wrong result cannot be read", "session", id, "error", err)
				return
			}
			st.must(st.reopen(ctx, c, l, unit))
		})
		if post != nil {
			coord.log.Debug("wrong result stays until the next start", "session", id)
		}
	})
}

// closedSession folds a session that is closed, nil if it is not.
func (c *Coordinator) closedSession(ctx context.Context, id contracts.SessionID) (l *live, err error) {
	_, d, err := c.find(ctx, id)
	if err != nil || d == nil {
		return nil, err
	}
	// Its end must be durable: what is read before is how it was, not how it is.
	if err := c.awaitDurable(ctx, d.over); err != nil {
		return nil, err
	}
	last := d.last.offset()
	err = c.parts.Log.Read(ctx, d.first.offset(), func(rec eventlog.Record) error {
		if about, _ := session.Peek(rec.Data); about != id {
			return nil
		}
		r, err := session.DecodeRecord(rec.Data)
		switch {
		case err != nil:
			return fmt.Errorf("record %d: %w", rec.Offset, err)
		case r.Accepted != nil:
			l, err = c.openPaid(ctx, &r)
		default:
			err = l.Apply(&r)
		}
		if err == nil && rec.Offset == last {
			return errEnough
		}
		return err
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	l.TakeReady()
	l.TakeDropped()
	l.first, l.spent = d.first, l.use()
	return l, nil
}

// openPaid makes the session of an Accepted record, with what it may cost.
func (c *Coordinator) openPaid(ctx context.Context, r *session.Record) (*live, error) {
	l, err := c.openLive(ctx, r)
	if err != nil {
		return nil, err
	}
	var failure error
	if err := c.do(ctx, func(st *state) { l.purse, failure = st.purseOf(r.Accepted) }); err != nil {
		return nil, err
	}
	return l, failure
}

// reopen supersedes a wrong result of a closed session, which goes on then. One
// that was stopped from outside stays as it is, but for the result.
func (st *state) reopen(ctx context.Context, c *docket.Case, l *live, unit int) error {
	if l == nil || st.sessions[l.ID] != nil {
		st.vet.docket.List(c) // it was opened meanwhile
		return nil
	}
	if !st.wrong(c, l, unit) {
		return nil
	}
	if l.Halted() {
		return st.supersede(ctx, c, l, unit, nil)
	}
	l.again = &beginning{}
	l.again.Store(1<<63 - 1)
	st.sessions[l.ID] = l
	st.requests[requestKey{l.Accepted.Tenant, l.Accepted.RequestID}] = l.ID
	st.recent.remove(l.ID)
	st.count(l.Plan().Len())
	return st.supersede(ctx, c, l, unit, &session.Opening{
		First: uint64(l.first.offset()), At: l.Opened().UnixMicro(), Accepted: l.Accepted,
	})
}
