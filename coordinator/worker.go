package coordinator

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/internal/p2p"
)

// worker is a node that is connected. The loop posts messages, one goroutine
// sends them and another receives, so that the loop never waits for a network.
type worker struct {
	node     *node
	hello    p2p.Hello
	stream   *p2p.WorkStream
	since    time.Time
	draining bool
	paused   string // why it takes no units for now
	degraded string // what is out of order with a pod that takes some

	outbox chan p2p.Message
	// unsent counts units that are posted but not yet on the stream, which alone
	// knows what credit they use up.
	unsent atomic.Int64
}

// outboxSize bounds messages on their way to one node. Credit bounds the
// assignments among them; a node that lets so many other messages pile up is
// not reading.
const outboxSize = 4096

// free is how many units the worker may still be given.
func (w *worker) free() int { return max(0, w.stream.Credit()-int(w.unsent.Load())) }

// post queues a message without waiting. A worker that does not read loses its
// stream, and with it, in time, its leases.
func (w *worker) post(m p2p.Message) {
	a, ok := m.(*p2p.Assign)
	if ok {
		w.unsent.Add(int64(len(a.Units)))
	}
	select {
	case w.outbox <- m:
	default:
		go w.stream.Close(contracts.Errorf(contracts.CodeResourceExhausted, string(w.node.id), "worker does not read its messages"))
	}
}

// send puts posted messages on the stream until it ends.
func (w *worker) send(ctx context.Context, c *Coordinator) {
	for {
		select {
		case m := <-w.outbox:
			err := w.stream.Send(ctx, m)
			if a, ok := m.(*p2p.Assign); ok {
				w.unsent.Add(-int64(len(a.Units)))
				if err != nil {
					c.takeBack(ctx, a, err)
				}
			}
		case <-ctx.Done():
			return
		}
	}
}

// takeBack returns units that did not reach their node to the queue.
func (c *Coordinator) takeBack(ctx context.Context, a *p2p.Assign, cause error) {
	err := c.post(context.WithoutCancel(ctx), func(st *state) {
		for _, u := range a.Units {
			if out, ok := st.leases[u.Lease]; ok {
				st.must(st.lose(out, "assignment was not sent: "+cause.Error()))
			}
		}
	})
	if err != nil {
		c.log.Debug("units not taken back, the coordinator stops", "error", err)
	}
}

// admitWorker decides whether a peer may work and on which terms.
func (c *Coordinator) admitWorker(ctx context.Context, peer string, h p2p.Hello) (p2p.Welcome, error) {
	if h.Kind != "node" && !c.cfg.Pods {
		return p2p.Welcome{}, contracts.Errorf(contracts.CodeUnsupported, peer, "worker kind %q is not supported by this coordinator", h.Kind)
	}
	welcome := p2p.Welcome{
		Cluster: c.parts.Log.Cluster(), LeaseMS: int(c.cfg.Lease.Milliseconds()),
		HeartbeatMS: int(c.cfg.Heartbeat.Milliseconds()), MaxBatch: contracts.MaxBatchItems,
	}
	if err := c.identify(ctx, contracts.NodeID(peer), &h); err != nil {
		return p2p.Welcome{}, err
	}
	err := c.do(ctx, func(st *state) { welcome.LastSeq = st.node(contracts.NodeID(peer)).recorded.Load() })
	return welcome, err
}

// serveWorker is one node's connection from its welcome to its end.
func (c *Coordinator) serveWorker(ctx context.Context, s *p2p.WorkStream) error {
	w := &worker{hello: s.Hello(), stream: s, outbox: make(chan p2p.Message, outboxSize)}
	if err := c.do(ctx, func(st *state) { st.join(w) }); err != nil {
		return err
	}
	sending := make(chan struct{})
	go func() { defer close(sending); w.send(ctx, c) }()
	err := c.receive(ctx, w)
	s.Close(err)
	<-sending
	if err := c.post(context.WithoutCancel(ctx), func(st *state) { st.leave(w) }); err != nil {
		c.log.Debug("worker left while the coordinator stops", "node", w.node.id)
	}
	return err
}

func (c *Coordinator) receive(ctx context.Context, w *worker) error {
	for {
		m, err := w.stream.Recv()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *p2p.Results:
			err = c.takeResults(ctx, w, m)
		case *p2p.Fault:
			err = c.post(ctx, func(st *state) { st.must(st.fault(w, m)) })
		case *p2p.Scored:
			err = c.post(ctx, func(st *state) { st.must(st.scored(w, m)) })
		case *p2p.Tokens:
			w.node.speakers.hear(m)
		case *p2p.Heartbeat:
			err = c.post(ctx, func(st *state) { st.beat(w, m) })
		case *p2p.Drain:
			err = c.post(ctx, func(st *state) { w.draining = true; st.rank(w.node) })
		case *p2p.Credit:
			err = c.post(ctx, func(st *state) { st.rank(w.node) }) // a turn of the loop uses it
		}
		if err != nil {
			return err
		}
	}
}

// join notes a worker that has connected.
func (st *state) join(w *worker) {
	id := contracts.NodeID(w.stream.Peer())
	n := st.node(id)
	w.node, w.since = n, st.now
	n.worker, n.seen = w, st.now
	n.engine, n.region, n.tags = w.hello.Engine, w.hello.Region, w.hello.Tags
	info := contracts.NodeInfo{Node: id, Kind: w.hello.Kind, Version: w.hello.Version, Profiles: w.hello.Profiles, Slots: w.hello.Slots, Operator: st.operatorOf(id)}
	n.info, n.silent, n.load, n.ailing = info, false, 0, ""
	st.index.Put(st.candidate(n))
	st.must(st.commit.add(&session.Record{At: st.now.UnixMicro(), Node: &session.Node{Info: info}}, nil))
}

// leave notes a worker whose stream has ended. Its leases stay until they
// expire: it may come back.
func (st *state) leave(w *worker) {
	n := w.node
	if n.worker != w {
		return
	}
	n.worker = nil
	st.index.Remove(n.id)
	n.info.Reason = w.stream.Err().Error()
	st.must(st.commit.add(&session.Record{At: st.now.UnixMicro(), Node: &session.Node{Info: n.info}}, nil))
}

// fault takes a node's word that it could not run a unit.
func (st *state) fault(w *worker, f *p2p.Fault) error {
	out, ok := w.node.leases[f.Lease]
	if !ok {
		return nil // it was taken back meanwhile
	}
	if f.Code == contracts.CodeCancelled {
		// The node gives back what it need not have begun, because it is paused or
		// leaves: the unit has not failed.
		return st.lose(out, "given back: "+f.Message)
	}
	st.leaveTo(out)
	st.release(out.ID)
	code := f.Code
	if !code.Valid() || code.Deterministic() {
		code = contracts.CodeInternal // a fault is never a result
	}
	st.faulted(w.node, code)
	st.evidence(w.node.id, evidenceOf(code))
	switch {
	case out.copy != nil:
		return st.copyLost(out, f.Message)
	case out.again != nil:
		return st.recheckLost(out, f.Message)
	case out.check != nil && f.Code == contracts.CodeValidation && w.node.trusted:
		k, v := out.check, dag.NoVerdict(f.Code, f.Message) // no node can run it
		return st.said(k, session.Check{Node: w.node.id, Unit: contracts.Link{Cid: k.res.Unit}, Code: v.Code, Detail: v.Detail})
	case out.check != nil:
		return st.checkLost(out.check, f.Message)
	}
	rec, err := out.live.Fault(st.now, out.Lease, code, f.Message, w.node.trusted)
	if err == nil && rec.Returned != nil && !rec.Returned.GoesOn && !st.retriesOf(out.live.Accepted.Tenant).Spend() {
		rec, err = out.live.Drop(st.now, out.Lease, code, f.Message)
	}
	if err != nil {
		return err
	}
	return st.record(out.live, rec)
}
