package node

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
)

// stagers is how many units are staged at once: as many as there are exchanges
// with one peer.
const stagers = 4

// fatalError is a failure that another stream would not heal.
type fatalError struct{ cause error }

func (e *fatalError) Error() string { return e.cause.Error() }
func (e *fatalError) Unwrap() error { return e.cause }

// link is one work stream and the goroutines that serve it: one receives, one
// sends, a few stage. Units, results and batches outlive it.
type link struct {
	agent   *Agent
	stream  *p2p.WorkStream
	cluster *cluster
	log     *slog.Logger
	told    string // why the node is paused, as the coordinator knows; send uses it
}

// serve works over one stream until it ends, and returns why: nil when the node
// has drained, a *fatalError when there is no going on.
func (a *Agent) serve(ctx context.Context, s *p2p.WorkStream) error {
	c, err := a.join(s.Welcome())
	if err != nil {
		s.Close(err)
		return err
	}
	l := &link{agent: a, stream: s, cluster: c, log: a.log.With("coordinator", s.Peer())}
	l.log.Info("work stream open", "cluster", c.id, "node", a.ID(), "held", len(a.backlog.leases()))
	c.attach(s.Peer())
	a.link.Store(l)
	defer c.attach("")
	defer a.link.Store(nil)
	return l.run(ctx)
}

// join settles what is owed to the cluster on the other end: everything in hand
// if it is the one that the node works for, nothing otherwise.
func (a *Agent) join(w p2p.Welcome) (*cluster, error) {
	if w.Cluster == "" {
		return nil, contracts.Errorf(contracts.CodeValidation, "cluster", "the coordinator names no cluster")
	}
	if err := a.sequence.Pass(w.LastSeq); err != nil {
		return nil, err
	}
	c := a.cluster.Load()
	if c == nil || c.id != w.Cluster {
		if c != nil {
			a.log.Warn("cluster changed, work in hand dropped", "from", c.id, "to", w.Cluster)
		}
		a.backlog.forget()
		_, bytes := a.outbox.clear()
		a.backlog.free(bytes)
		var err error
		if c, err = openCluster(a.dir.blocks(), w.Cluster, &a.cfg, a.host, a.runner); err != nil {
			return nil, &fatalError{err}
		}
		a.cluster.Store(c)
	}
	a.acked(w.LastSeq)
	a.outbox.rewind()
	return c, nil
}

// acked lets go of what the cluster has recorded.
func (a *Agent) acked(seq uint64) {
	results, bytes := a.outbox.ack(seq)
	a.backlog.recorded(results, bytes)
}

func (l *link) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	for range stagers {
		tasks.Go(func() { l.stage(ctx) })
	}
	var sent error
	tasks.Go(func() {
		sent = l.send(ctx)
		l.stream.Close(sent) // ends receive, unless that is what ended send
	})
	err := l.receive()
	cancel()
	tasks.Wait()
	if _, fatal := errors.AsType[*fatalError](sent); fatal {
		return sent
	}
	return err
}

// receive takes what the coordinator sends until the stream ends.
func (l *link) receive() error {
	for {
		m, err := l.stream.Recv()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *p2p.Assign:
			for i := range m.Units {
				l.assign(&m.Units[i])
			}
		case *p2p.Ack:
			l.agent.acked(m.Seq)
		case *p2p.Reject:
			results, bytes := l.agent.outbox.reject(m.Seq)
			l.agent.backlog.rejected(results, bytes)
			l.log.Warn("batch rejected", "seq", m.Seq, "results", results, "code", m.Code, "reason", m.Message)
		case *p2p.Cancel:
			l.agent.backlog.cancel(m.Leases, errCancelled)
		case *p2p.Drain:
			l.log.Info("coordinator drains")
		}
	}
}

// assign takes one unit in hand or refuses it.
func (l *link) assign(a *p2p.Unit) {
	if l.agent.governor.paused() {
		l.agent.backlog.refuse(faultOf(a.Lease, errPaused))
		return
	}
	u, err := l.agent.rules.accept(a, l.cluster)
	if err != nil {
		l.log.Warn("unit refused", "lease", a.Lease, "error", err)
		l.agent.backlog.refuse(faultOf(a.Lease, err))
		return
	}
	if !l.agent.backlog.add(u, l.cluster.complete(u.call)) {
		l.log.Warn("unit assigned twice", "lease", a.Lease, "unit", u.id)
	}
}

// stage brings the blocks of units here, one unit after the other.
func (l *link) stage(ctx context.Context) {
	for {
		u := l.agent.backlog.nextStaged(ctx)
		if u == nil {
			return
		}
		err := u.cluster.stage(ctx, u.call)
		switch {
		case err == nil:
			l.agent.backlog.complete(u)
		case ctx.Err() != nil:
			l.agent.backlog.postpone(u)
		default:
			l.log.Warn("unit not staged", "unit", u.id, "lease", u.lease, "error", err)
			l.agent.backlog.abandon(u, err)
		}
	}
}
