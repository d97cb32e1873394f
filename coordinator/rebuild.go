package coordinator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/survey"
)

// rebuild makes the state of a coordinator that starts: the survey as of the log's
// end, and the open sessions, each folded from its own records.
func (c *Coordinator) rebuild(ctx context.Context) (*state, error) {
	st := newState(c)
	st.now = c.parts.Now()
	st.epoch = c.parts.Log.Epoch()
	p := c.projector
	if err := p.resume(ctx); err != nil {
		return nil, err
	}
	from := p.survey.At
	// What is worth remembering of the log's end touches nothing that the survey and
	// the sessions are folded into: it is read beside them.
	remembered := st.startRemembering(ctx, p.survey.Open)
	if err := errors.Join(p.catchUp(ctx), <-remembered); err != nil {
		return nil, err
	}
	if err := p.survey.Err(); err != nil {
		return nil, err
	}
	st.recall(p.survey)
	if err := st.replay(ctx, p.survey); err != nil {
		return nil, err
	}
	if err := st.reopenCases(ctx, p.survey.Verified, p.docket); err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(st.sessions)) { // oldest first
		st.goOn(ctx, st.sessions[id])
	}
	c.log.Info("state rebuilt", "records", c.parts.Log.Last(), "survey", from, "open_sessions", len(st.sessions), "leases", len(st.leases), "epoch", st.epoch)
	boot := session.Record{At: st.now.UnixMicro(), Boot: &session.Boot{Epoch: st.epoch, Version: c.cfg.Version}}
	if err := st.commit.add(&boot, nil); err != nil {
		return nil, err
	}
	return st, st.beginScaling()
}

// recall takes over what nodes have done and what is known of access.
func (st *state) recall(s *survey.Survey) {
	st.book = s.Access.With(st.c.cfg.Quota)
	st.credit = s.Credit.Clone()
	for id, was := range s.Nodes {
		n := st.node(id)
		n.info, n.seen, n.seq, n.done = was.Info, time.UnixMicro(was.Seen).UTC(), was.Seq, was.Done
		n.recorded.Store(n.seq)
		for i := range was.Remarks {
			st.heed(n, was.Remarks[i].At, &was.Remarks[i].Standing)
		}
		if was.Approved {
			st.letIn(n, was.Operator)
		}
	}
}

// goOn takes up a session where its records end.
func (st *state) goOn(ctx context.Context, l *live) {
	st.requests[requestKey{l.Accepted.Tenant, l.Accepted.RequestID}] = l.ID
	st.units += l.Plan().Len()
	st.follow(l)
	for _, d := range l.Leases() {
		needs, err := st.c.needs(ctx, l.UnitCID(d.Unit))
		if err != nil {
			// The holder can finish if it has its blocks, or else lose the lease.
			st.c.log.Warn("invocation of a lease is not readable", "session", l.ID, "lease", d.ID, "error", err)
		}
		out := st.hold(d, l, needs)
		if c, ok := l.CopyOf(d.Unit); ok && c == d {
			out.beside = true
			st.copies++
			continue
		}
		st.depart(out, l.UnitCID(d.Unit))
	}
}

// replay folds the open sessions' records, from the oldest one's beginning.
func (st *state) replay(ctx context.Context, s *survey.Survey) error {
	if len(s.Open) == 0 {
		return nil
	}
	return st.c.parts.Log.Read(ctx, s.Begin(), func(rec eventlog.Record) error {
		id, _ := session.Peek(rec.Data)
		o, ok := s.Open[id]
		if !ok || rec.Offset < o.First {
			return nil
		}
		r, err := session.DecodeRecord(rec.Data)
		if err != nil {
			return fmt.Errorf("record %d: %w", rec.Offset, err)
		}
		if r.Accepted == nil {
			return st.sessions[id].Apply(&r)
		}
		l, err := st.c.openLive(ctx, &r)
		if err != nil {
			return err
		}
		if l.purse, err = st.purseOf(r.Accepted); err != nil {
			return err
		}
		l.first = beginningAt(rec.Offset)
		close(l.durable)
		st.sessions[id] = l
		return nil
	})
}

// openLive makes the session of an Accepted record from its graph block.
func (c *Coordinator) openLive(ctx context.Context, r *session.Record) (*live, error) {
	block, err := c.parts.Blocks.Get(ctx, r.Accepted.Graph.Cid)
	if err != nil {
		return nil, fmt.Errorf("read graph of session %s: %w", r.Session, err)
	}
	g, err := contracts.DecodeGraph(block)
	if err != nil {
		return nil, fmt.Errorf("read graph of session %s: %w", r.Session, err)
	}
	return c.begin(r, g)
}

// begin makes the session of an Accepted record and its graph.
func (c *Coordinator) begin(r *session.Record, g *contracts.TaskGraph) (*live, error) {
	s, err := session.Open(r, g, c.source)
	if err != nil {
		return nil, fmt.Errorf("open session %s: %w", r.Session, err)
	}
	return &live{Session: s, graph: r.Accepted.Graph.Cid, first: &beginning{}, durable: make(chan struct{}), over: make(chan struct{})}, nil
}

// needs reads which blocks the holder of a lease may ask for.
func (c *Coordinator) needs(ctx context.Context, unit cid.Cid) ([]cid.Cid, error) {
	block, err := c.parts.Blocks.Get(ctx, unit)
	if err != nil {
		return nil, fmt.Errorf("read invocation of a lease: %w", err)
	}
	inv, _, err := contracts.DecodeInvocation(block)
	if err != nil {
		if _, _, other := contracts.DecodeModelInvocation(block); other == nil {
			return nil, nil // a pod has all it needs
		}
		return nil, err
	}
	return inv.Needs(), nil
}
