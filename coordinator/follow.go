package coordinator

import (
	"context"
	"errors"
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
)

// place is where a session stands in the log.
type place struct {
	first eventlog.Offset
	// again is where the session went on after it was closed: an end before that is
	// not its end.
	again eventlog.Offset
	over  chan struct{} // closed when its end is durable
}

// whereabouts returns where a session stands in the log. It waits until its
// beginning is durable.
func (c *Coordinator) whereabouts(ctx context.Context, id contracts.SessionID) (place, error) {
	l, d, err := c.find(ctx, id)
	switch {
	case err != nil:
		return place{}, err
	case d != nil:
		at := place{first: d.first.offset(), over: d.over}
		if last := d.last.offset(); last > 0 {
			at.again = last - 1
		} else if d.again != nil {
			at.again = d.again.offset()
		}
		return at, nil
	}
	select {
	case <-l.durable:
		at := place{first: l.first.offset(), over: l.over}
		if l.again != nil {
			at.again = l.again.offset()
		}
		return at, nil
	case <-c.stopped:
		return place{}, errStopped
	case <-ctx.Done():
		return place{}, context.Cause(ctx)
	}
}

// find returns a session that runs or one that has ended. The error is NOT_FOUND
// when it is neither.
func (c *Coordinator) find(ctx context.Context, id contracts.SessionID) (l *live, d *sealed, err error) {
	if err := c.do(ctx, func(st *state) { l, d = st.sessions[id], st.recent.byID[id] }); err != nil {
		return nil, nil, err
	}
	if l != nil || d != nil {
		return l, d, nil
	}
	s, ok, err := c.parts.Sessions.Session(ctx, id)
	if err == nil && !ok {
		err = unknownSession(id)
	}
	if err != nil {
		return nil, nil, err
	}
	return nil, remembered(s), nil
}

// errEnough ends a read of the log that has found what it looked for.
var errEnough = errors.New("enough")

// follower folds one session's records out of the log.
type follower struct {
	c       *Coordinator
	id      contracts.SessionID
	next    eventlog.Offset
	again   eventlog.Offset
	session *session.Session
	tell    func(contracts.Event)
}

// advance reads on to the log's end; it reports whether the session has ended.
func (f *follower) advance(ctx context.Context) (ended bool, err error) {
	err = f.c.parts.Log.Read(ctx, f.next, func(rec eventlog.Record) error {
		f.next = rec.Offset + 1
		if id, _ := session.Peek(rec.Data); id != f.id {
			return nil
		}
		r, err := session.DecodeRecord(rec.Data)
		if err != nil {
			return fmt.Errorf("record %d: %w", rec.Offset, err)
		}
		if err := f.fold(ctx, &r); err != nil {
			return err
		}
		if r.Closed != nil && rec.Offset > f.again {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return true, nil
	}
	return false, err
}

func (f *follower) fold(ctx context.Context, r *session.Record) error {
	if r.Accepted == nil {
		return f.session.Apply(r)
	}
	l, err := f.c.openLive(ctx, r)
	if err != nil {
		return err
	}
	f.session = l.Session
	f.session.Listen(f.tell)
	f.session.TellStart()
	return nil
}

// refold rebuilds a session that has ended from the log.
func (c *Coordinator) refold(ctx context.Context, id contracts.SessionID) (*session.Session, error) {
	at, err := c.whereabouts(ctx, id)
	if err != nil {
		return nil, err
	}
	if !c.keeps(at.first) {
		return nil, letGo(id)
	}
	f := follower{c: c, id: id, next: at.first, again: at.again}
	if _, err := f.advance(ctx); err != nil {
		return nil, err
	}
	return f.session, nil
}

// Events calls fn with every event of a session that comes after the event
// with id after, from the first if after is "", and follows the session until it
// has ended or ctx is done. Only what is durable is told. An id that the session
// does not have is an *Error with CodeNotFound.
func (c *Coordinator) Events(ctx context.Context, id contracts.SessionID, after string, fn func(contracts.Event) error) error {
	at, err := c.whereabouts(ctx, id)
	if err != nil {
		return err
	}
	if !c.keeps(at.first) {
		return letGo(id)
	}
	var failure error
	skip := after != ""
	f := follower{c: c, id: id, next: at.first, again: at.again, tell: func(e contracts.Event) {
		switch {
		case failure != nil:
		case skip:
			skip = e.ID != after
		default:
			failure = fn(e)
		}
	}}
	for {
		ended, err := f.advance(ctx)
		switch {
		case failure != nil:
			return failure
		case err != nil:
			return err
		case skip:
			return contracts.Errorf(contracts.CodeNotFound, after, "session %s has no such event", id)
		case ended:
			return nil
		}
		if err := c.parts.Log.Wait(ctx, f.next); err != nil {
			return err
		}
	}
}
