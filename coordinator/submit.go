package coordinator

import (
	"context"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/internal/blob"
)

// Submit accepts a graph and returns once its session is durable. The same
// tenant, request id and graph get the same session again; the same request id
// with another graph is an *Error with CodeConflict. The graph is the
// coordinator's from then on.
func (c *Coordinator) Submit(ctx context.Context, g *contracts.TaskGraph, m contracts.SubmissionMetadata) (contracts.SubmitResponse, error) {
	block, err := g.Admit(c.cfg.Limits)
	if err != nil {
		return contracts.SubmitResponse{}, err
	}
	tasks, err := c.resolve(ctx, g)
	if err != nil {
		return contracts.SubmitResponse{}, err
	}
	graph := blob.Node(block)
	if err := c.parts.Blocks.Stage(ctx, graph); err != nil { // durable with the acceptance
		return contracts.SubmitResponse{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return contracts.SubmitResponse{}, err
	}
	rec := &session.Record{Session: contracts.SessionID(id.String()), Accepted: &session.Accepted{
		Graph: contracts.Link{Cid: graph.CID}, Tenant: g.TenantID, GraphID: g.GraphID, RequestID: g.RequestID,
		Trace: m.TraceID, Tasks: tasks,
	}}
	return c.accept(ctx, rec, g)
}

// accept opens the session on the loop and waits until it is durable.
func (c *Coordinator) accept(ctx context.Context, rec *session.Record, g *contracts.TaskGraph) (contracts.SubmitResponse, error) {
	var (
		res     = contracts.SubmitResponse{Status: contracts.SubmitAccepted, GraphCID: rec.Accepted.Graph.String()}
		durable chan struct{}
		failure error
	)
	rec.At = c.parts.Now().UnixMicro()
	fresh, err := c.begin(rec, g)
	if err != nil {
		return contracts.SubmitResponse{}, err
	}
	for stale := true; stale; {
		generation := c.generation.Load()
		if id, ok, err := c.submittedBefore(ctx, rec.Accepted); ok || err != nil {
			res.SessionID, res.Existing = id, true
			return res, err
		}
		err = c.do(ctx, func(st *state) {
			if stale = st.recent.generation != generation; !stale {
				res.SessionID, durable, res.Existing, failure = st.accept(rec, fresh)
			}
		})
		if err == nil {
			err = failure
		}
		if err != nil {
			return contracts.SubmitResponse{}, err
		}
	}
	select {
	case <-durable:
		return res, nil
	case <-c.stopped:
		return contracts.SubmitResponse{}, errStopped
	case <-ctx.Done():
		return contracts.SubmitResponse{}, context.Cause(ctx)
	}
}

// submittedBefore looks for the session of a submission among those that ended so
// long ago that the loop has forgotten them.
func (c *Coordinator) submittedBefore(ctx context.Context, a *session.Accepted) (contracts.SessionID, bool, error) {
	old, ok, err := c.parts.Sessions.Request(ctx, a.Tenant, a.RequestID)
	if err != nil || !ok {
		return "", false, err
	}
	if !old.Graph.Equals(a.Graph.Cid) {
		return "", false, errOtherGraph(a.RequestID, old.Graph)
	}
	return old.SessionID, true, nil
}

func errOtherGraph(request string, graph cid.Cid) error {
	return contracts.Errorf(contracts.CodeConflict, request, "request was already submitted with graph %s", graph)
}

func (st *state) accept(rec *session.Record, fresh *live) (contracts.SessionID, chan struct{}, bool, error) {
	key := requestKey{rec.Accepted.Tenant, rec.Accepted.RequestID}
	if id, ok := st.requests[key]; ok {
		graph, durable := st.accepted(id)
		if !graph.Equals(fresh.graph) {
			return "", nil, false, errOtherGraph(key.request, graph)
		}
		return id, durable, true, nil
	}
	if len(st.sessions) >= st.c.cfg.MaxSessions {
		return "", nil, false, contracts.Errorf(contracts.CodeResourceExhausted, string(key.tenant), "%d sessions are running, the most allowed", len(st.sessions))
	}
	if st.recent.full() {
		return "", nil, false, contracts.Errorf(contracts.CodeResourceExhausted, string(key.tenant), "the read model is %d sessions behind", len(st.recent.order))
	}
	if err := st.admit(fresh); err != nil {
		return "", nil, false, err
	}
	if err := st.grant(rec, fresh); err != nil {
		return "", nil, false, err
	}
	if err := st.promise(rec, fresh); err != nil {
		return "", nil, false, err
	}
	st.sessions[fresh.ID] = fresh
	st.requests[key] = fresh.ID
	st.count(fresh.Plan().Len())
	st.follow(fresh)
	err := st.commit.add(rec, func(at eventlog.Offset) {
		fresh.first.Store(uint64(at))
		close(fresh.durable)
	})
	return fresh.ID, fresh.durable, false, err
}

// accepted returns the graph of a known session and the channel that is closed
// when its acceptance is durable.
func (st *state) accepted(id contracts.SessionID) (cid.Cid, chan struct{}) {
	if l, ok := st.sessions[id]; ok {
		return l.graph, l.durable
	}
	ended := st.recent.byID[id]
	return ended.graph, ended.over
}

// resolve fixes what every task name of the graph means and checks that every
// block it names is there. The error names the unit at fault.
func (c *Coordinator) resolve(ctx context.Context, g *contracts.TaskGraph) (map[string]session.Task, error) {
	tasks := map[string]session.Task{}
	seen := map[cid.Cid]bool{}
	for i := range g.WorkUnits {
		w := &g.WorkUnits[i]
		if !w.Type.CPU() && !c.cfg.Pods {
			return nil, contracts.Errorf(contracts.CodeUnsupported, string(w.ID), "this coordinator has no pods for %s units", w.Type)
		}
		if err := w.Checkable(); err != nil {
			return nil, err
		}
		if err := c.verifiable(w); err != nil {
			return nil, err
		}
		if !w.Type.CPU() {
			continue // it names no block
		}
		for _, p := range programs(w) {
			if p.Task == "" {
				continue
			}
			t, ok := c.parts.Tasks.Resolve(p.Task)
			if !ok {
				return nil, contracts.Errorf(contracts.CodeNotFound, string(w.ID), "task %q is not in the catalogue", p.Task)
			}
			tasks[p.Task] = session.Task{Module: t.Module, Entry: t.Entry}
		}
		if err := c.present(ctx, w, seen); err != nil {
			return nil, err
		}
	}
	return tasks, nil
}

func (c *Coordinator) present(ctx context.Context, w *contracts.WorkUnit, seen map[cid.Cid]bool) error {
	need := func(what string, id cid.Cid) error {
		if seen[id] {
			return nil
		}
		seen[id] = true
		ok, err := c.keep(ctx, id)
		if err == nil && !ok {
			err = contracts.Errorf(contracts.CodeNotFound, string(w.ID), "%s %s is not stored here; upload the block first", what, id)
		}
		return err
	}
	for _, p := range programs(w) {
		m := p.Module
		if m == nil {
			continue
		}
		if m.Cid.Prefix().Codec != cid.Raw {
			return contracts.Errorf(contracts.CodeValidation, string(w.ID), "module %s is not a raw block", m)
		}
		if err := need("module", m.Cid); err != nil {
			return err
		}
	}
	for name, l := range w.Blobs {
		if err := need("blob "+name, l.Cid); err != nil {
			return err
		}
	}
	return nil
}

// programs are what a CPU unit names: its own program, and its checker if it has one.
func programs(w *contracts.WorkUnit) []*contracts.Program {
	if w.VerifyWith == nil {
		return []*contracts.Program{w.Program}
	}
	return []*contracts.Program{w.Program, w.VerifyWith}
}

// salt is what a tenant's local_only invocations carry.
func (c *Coordinator) salt(t contracts.TenantID) []byte {
	b, err := dagcbor.Marshal([]any{c.cfg.Secret, string(t)})
	if err != nil {
		panic("coordinator: salt does not encode: " + err.Error())
	}
	return dagcbor.CID(b).Hash()[2:]
}
