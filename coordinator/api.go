package coordinator

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
)

func unknownSession(id contracts.SessionID) error {
	return contracts.Errorf(contracts.CodeNotFound, string(id), "no such session")
}

// Cancel stops a session and returns when that is durable: a restart does not
// take it back. One that has ended already is left as it is.
func (c *Coordinator) Cancel(ctx context.Context, id contracts.SessionID) error {
	l, _, err := c.find(ctx, id)
	if err != nil || l == nil {
		return err
	}
	var failure error
	durable := make(chan struct{})
	err = c.do(ctx, func(st *state) {
		if !l.Run().Over() {
			failure = st.stop(l, contracts.StopCancelled, contracts.CodeCancelled, "cancelled by the caller")
		}
		st.commit.then(func() { close(durable) })
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return err
	}
	return c.awaitDurable(ctx, durable)
}

// Session returns a session with the state of each unit.
func (c *Coordinator) Session(ctx context.Context, id contracts.SessionID) (contracts.SessionView, error) {
	var (
		view  contracts.SessionView
		found bool
	)
	err := c.do(ctx, func(st *state) {
		if l, ok := st.sessions[id]; ok {
			view, found = l.View(), true
		}
	})
	if err != nil || found {
		return view, err
	}
	_, ended, err := c.find(ctx, id)
	if err != nil {
		return contracts.SessionView{}, err
	}
	if ended != nil && ended.last.offset() > 0 && !c.keeps(ended.first.offset()) {
		// Its units were in the records that were let go.
		return contracts.SessionView{SessionSummary: ended.summary, WorkUnits: []contracts.UnitView{}}, nil
	}
	s, err := c.refold(ctx, id)
	if err != nil {
		return contracts.SessionView{}, err
	}
	return s.View(), nil
}

// maxPage bounds one page of a list.
const maxPage = 200

// Sessions lists a tenant's sessions, or EveryTenant's, newest first. cursor is
// the last id of the page before, "" for the first page.
func (c *Coordinator) Sessions(ctx context.Context, t contracts.TenantID, cursor string, limit int) (contracts.SessionList, error) {
	if cursor != "" && uuid.Validate(cursor) != nil {
		return contracts.SessionList{}, contracts.Errorf(contracts.CodeValidation, "cursor", "%q is not a session", cursor)
	}
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	// One more than asked for tells whether there is another page. What ends
	// between the two looks is in the first.
	var page []contracts.SessionSummary
	if err := c.do(ctx, func(st *state) { page = st.list(t, contracts.SessionID(cursor), limit+1) }); err != nil {
		return contracts.SessionList{}, err
	}
	old, err := c.parts.Sessions.List(ctx, t, contracts.SessionID(cursor), limit+1)
	if err != nil {
		return contracts.SessionList{}, err
	}
	for _, s := range old {
		page = append(page, s.SessionSummary)
	}
	page = newestFirst(page)
	list := contracts.SessionList{Sessions: page[:min(len(page), limit)]}
	if len(page) > limit {
		list.Next = string(page[limit-1].SessionID)
	}
	return list, nil
}

// list returns what the loop knows of a tenant's sessions before the cursor, the newest
// limit of them.
func (st *state) list(t contracts.TenantID, cursor contracts.SessionID, limit int) []contracts.SessionSummary {
	var ids []contracts.SessionID
	add := func(id contracts.SessionID) {
		if (cursor == "" || id < cursor) && (t == contracts.EveryTenant || st.owner(id) == t) {
			ids = append(ids, id)
		}
	}
	for id := range st.sessions {
		add(id)
	}
	for id := range st.recent.byID {
		add(id)
	}
	slices.SortFunc(ids, func(a, b contracts.SessionID) int { return cmp.Compare(b, a) })
	list := make([]contracts.SessionSummary, 0, min(len(ids), limit))
	for _, id := range ids[:min(len(ids), limit)] {
		if l, ok := st.sessions[id]; ok {
			list = append(list, l.Summary())
		} else {
			list = append(list, st.recent.byID[id].summary)
		}
	}
	return list
}

// newestFirst orders summaries by their ids, which are UUIDs of version 7, and
// drops the second of two that are of one session.
func newestFirst(page []contracts.SessionSummary) []contracts.SessionSummary {
	slices.SortStableFunc(page, func(a, b contracts.SessionSummary) int { return cmp.Compare(b.SessionID, a.SessionID) })
	return slices.CompactFunc(page, func(a, b contracts.SessionSummary) bool { return a.SessionID == b.SessionID })
}

// Result waits until the session has ended or ctx is done and returns the JSON of
// its ExecutionResult; ok is false when it has not ended.
func (c *Coordinator) Result(ctx context.Context, id contracts.SessionID) (doc contracts.Document, ok bool, err error) {
	at, err := c.whereabouts(ctx, id)
	if err != nil {
		return nil, false, err
	}
	select {
	case <-at.over:
	case <-c.stopped:
		return nil, false, errStopped
	case <-ctx.Done():
		return nil, false, nil
	}
	_, ended, err := c.find(context.WithoutCancel(ctx), id)
	if err != nil {
		return nil, false, err
	}
	if ended == nil {
		return c.Result(ctx, id) // it goes on, because a result of it was superseded
	}
	if doc, err = openDocument(context.WithoutCancel(ctx), c.parts.Blocks, ended.result); err != nil {
		return nil, false, fmt.Errorf("read result: %w", err)
	}
	return doc, true, nil
}

// Nodes lists every node that was ever seen, connected ones first.
func (c *Coordinator) Nodes(ctx context.Context) (contracts.NodeList, error) {
	list := contracts.NodeList{Nodes: []contracts.NodeView{}}
	err := c.do(ctx, func(st *state) {
		for _, n := range st.nodes {
			list.Nodes = append(list.Nodes, st.view(n))
		}
	})
	slices.SortFunc(list.Nodes, func(a, b contracts.NodeView) int {
		switch {
		case a.Connected != b.Connected && a.Connected:
			return -1
		case a.Connected != b.Connected:
			return 1
		case a.NodeID < b.NodeID:
			return -1
		}
		return 1
	})
	return list, err
}

func (st *state) view(n *node) contracts.NodeView {
	r := st.vet.docket.Node(n.id)
	paused := ""
	if n.worker != nil {
		paused = n.worker.paused
	}
	v := contracts.NodeView{
		State: st.stateOf(n, &r), Operator: st.operatorOf(n.id), Trusted: n.trusted,
		Paused: paused,
		NodeID: n.id, Kind: n.info.Kind, Version: n.info.Version, Profiles: append([]string{}, n.info.Profiles...), Engine: n.engine, Slots: n.info.Slots,
		Region: n.region, Tags: n.tags, Connected: n.worker != nil, Leases: len(n.leases), UnitsDone: n.done, BatchSeq: n.seq,
		LastSeenAt: contracts.Time{Time: n.seen.UTC()}, Models: n.models(),
	}
	if len(n.history) > 0 {
		v.Reason = n.history[len(n.history)-1].Reason
	}
	v.ReplacedBy, _ = st.book.Replaced(n.id)
	return v
}

// Tasks returns the task catalogue.
func (c *Coordinator) Tasks(context.Context) (contracts.TaskList, error) {
	return contracts.TaskList{Tasks: c.parts.Tasks.Tasks()}, nil
}

// Capabilities says what this coordinator can run.
func (c *Coordinator) Capabilities(context.Context) (contracts.BackendCapabilities, error) {
	return contracts.BackendCapabilities{
		InterfaceVersion: contracts.BackendVersion, SchemaVersions: []string{contracts.Version}, Profiles: []string{c.cfg.Profile},
		TaskTypes:      c.taskTypes(),
		MaxConcurrency: c.cfg.MaxSessions, Distributed: true, Limits: c.cfg.Limits,
	}, nil
}

// Health reports whether there are nodes to run units on.
func (c *Coordinator) Health(ctx context.Context) (contracts.BackendStatus, error) {
	s := contracts.BackendStatus{State: contracts.Healthy, Version: c.cfg.Version}
	err := c.do(ctx, func(st *state) {
		for _, n := range st.nodes {
			if n.worker != nil {
				if n.info.Kind == "pod" {
					s.Capacity.Pods++
					continue // its slots are for other units
				}
				s.Capacity.Nodes++
				s.Capacity.Slots += n.info.Slots
				if n.worker.paused == "" {
					s.Capacity.FreeSlots += max(0, n.info.Slots-len(n.leases))
				}
			}
		}
		s.Capacity.Queued = st.queue.Len()
	})
	if s.Capacity.Nodes == 0 {
		s.State, s.Reason = contracts.Degraded, "no node is connected"
	}
	return s, err
}

// GetBlock returns a stored block.
func (c *Coordinator) GetBlock(ctx context.Context, id cid.Cid) ([]byte, error) {
	return c.parts.Blocks.Get(ctx, id)
}

// HasBlock reports whether a block is stored.
func (c *Coordinator) HasBlock(ctx context.Context, id cid.Cid) (bool, error) {
	c.collector.handIn(id) // who finds that it is there need not hand it in
	return c.parts.Blocks.Has(ctx, id)
}
