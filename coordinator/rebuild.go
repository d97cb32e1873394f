package coordinator

import (
	"context"
	"fmt"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
)

// rebuild folds the log into the state of a coordinator that starts. The first
// pass finds out which sessions are open and what nodes have done, the second
// replays the open sessions from the oldest one's beginning.
func (c *Coordinator) rebuild(ctx context.Context) (*state, error) {
	st := newState(c)
	st.now = c.parts.Now()
	st.epoch = c.parts.Log.Epoch()
	open, err := st.survey(ctx)
	if err != nil {
		return nil, err
	}
	if err := st.replay(ctx, open); err != nil {
		return nil, err
	}
	for _, id := range st.order {
		l, ok := st.sessions[id]
		if !ok {
			continue
		}
		st.follow(l)
		for _, d := range l.Leases() {
			needs, err := c.needs(ctx, l.UnitCID(d.Unit))
			if err != nil {
				// The holder can finish if it has its blocks, or else lose the lease.
				c.log.Warn("invocation of a lease is not readable", "session", id, "lease", d.ID, "error", err)
			}
			st.hold(d, l, needs)
		}
	}
	c.log.Info("state rebuilt", "records", c.parts.Log.Last(), "open_sessions", len(st.sessions), "closed_sessions", len(st.done),
		"leases", len(st.leases), "epoch", st.epoch)
	return st, st.commit.add(&session.Record{At: st.now.UnixMicro(), Boot: &session.Boot{Epoch: st.epoch, Version: c.cfg.Version}}, nil)
}

// survey reads the whole log once and returns the open sessions' beginnings.
func (st *state) survey(ctx context.Context) (map[contracts.SessionID]accepted, error) {
	open := map[contracts.SessionID]accepted{}
	err := st.c.parts.Log.Read(ctx, 1, func(rec eventlog.Record) error {
		r, err := session.DecodeRecord(rec.Data)
		if err != nil {
			return fmt.Errorf("record %d: %w", rec.Offset, err)
		}
		switch {
		case r.Node != nil:
			n := st.node(r.Node.Info.Node)
			n.info, n.seen = r.Node.Info, r.Time()
		case r.Batch != nil:
			n := st.node(r.Batch.Node)
			n.seq = max(n.seq, r.Batch.Seq)
			n.recorded.Store(n.seq)
		case r.Ended != nil:
			if a, ok := open[r.Session]; ok && r.Ended.Result.Defined() {
				st.node(a.out[r.Ended.Lease]).done++
			}
		case r.Dispatched != nil:
			if a, ok := open[r.Session]; ok {
				a.out[r.Dispatched.Lease] = r.Dispatched.Node
			}
		case r.Accepted != nil:
			open[r.Session] = accepted{rec.Offset, r, map[uint64]contracts.NodeID{}}
			st.requests[requestKey{r.Accepted.Tenant, r.Accepted.RequestID}] = r.Session
			st.order = append(st.order, r.Session)
		case r.Closed != nil:
			a := open[r.Session]
			delete(open, r.Session)
			st.done[r.Session] = a.seal(&r)
		}
		return nil
	})
	return open, err
}

// accepted is a session's first record and where it is.
type accepted struct {
	first eventlog.Offset
	rec   session.Record
	out   map[uint64]contracts.NodeID // who holds which lease
}

func (a accepted) seal(closed *session.Record) *sealed {
	over := make(chan struct{})
	close(over)
	ended := contracts.Time{Time: closed.Time()}
	return &sealed{
		first: beginningAt(a.first), result: closed.Closed.Result.Cid, graph: a.rec.Accepted.Graph.Cid, over: over,
		summary: contracts.SessionSummary{
			SessionID: closed.Session, TenantID: a.rec.Accepted.Tenant, GraphID: a.rec.Accepted.GraphID,
			RequestID: a.rec.Accepted.RequestID, GraphCID: a.rec.Accepted.Graph.String(), State: closed.Closed.State,
			Units: closed.Closed.Units, StartedAt: contracts.Time{Time: a.rec.Time()}, EndedAt: &ended,
		},
	}
}

// replay folds the open sessions' records.
func (st *state) replay(ctx context.Context, open map[contracts.SessionID]accepted) error {
	if len(open) == 0 {
		return nil
	}
	from := st.c.parts.Log.Last() + 1
	for _, a := range open {
		from = min(from, a.first)
	}
	return st.c.parts.Log.Read(ctx, from, func(rec eventlog.Record) error {
		r, err := session.DecodeRecord(rec.Data)
		if err != nil {
			return fmt.Errorf("record %d: %w", rec.Offset, err)
		}
		if _, ok := open[r.Session]; !ok {
			return nil
		}
		if r.Accepted == nil {
			return st.sessions[r.Session].Apply(&r)
		}
		l, err := st.c.openLive(ctx, &r)
		if err != nil {
			return err
		}
		l.first = beginningAt(rec.Offset)
		close(l.durable)
		st.sessions[r.Session] = l
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
		return nil, err
	}
	return inv.Needs(), nil
}
