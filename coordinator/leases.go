package coordinator

import (
	"fmt"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/fair"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/trust"
	"github.com/krako-labs/krako/internal/p2p"
)

// hold notes that a unit is out.
func (st *state) hold(ref session.Lease, l *live, needs []cid.Cid) *lease {
	out := &lease{Lease: ref, live: l, given: st.now, needs: needs}
	st.leases[ref.ID] = out
	n := st.node(ref.Node)
	n.leases[ref.ID] = out
	if n.seen.Before(st.now) && n.worker == nil {
		// After a restart the node has a lease's time to come back.
		n.seen = st.now
	}
	return out
}

// release forgets a lease, whatever became of it.
func (st *state) release(id uint64) {
	if out, ok := st.leases[id]; ok {
		n := st.nodes[out.Node]
		delete(st.leases, id)
		delete(n.leases, id)
		n.speakers.remove(id)
		if out.beside {
			st.copies--
		}
		if out.check != nil {
			out.check.line.out--
		}
		st.rankLater(n)
		if out.live != nil {
			st.unpark(out.live)
		}
		st.land(out.flight)
	}
}

// callBack ends a lease that nobody needs any more and tells its node.
func (st *state) callBack(ref session.Lease) {
	st.release(ref.ID)
	if w := st.nodes[ref.Node].worker; w != nil {
		w.post(&p2p.Cancel{Leases: []uint64{ref.ID}})
	}
}

// lose takes a unit back from its node.
func (st *state) lose(out *lease, reason string) error {
	st.leaveTo(out)
	st.release(out.ID)
	switch {
	case out.copy != nil:
		return st.copyLost(out, reason)
	case out.again != nil:
		return st.recheckLost(out, reason)
	case out.check != nil:
		return st.checkLost(out.check, reason)
	}
	rec, err := out.live.Lose(st.now, out.Lease, reason)
	if err != nil {
		return err
	}
	st.c.log.Warn("lease lost", "session", out.live.ID, "unit", out.live.Plan().Unit(out.Unit).ID, "node", out.Node, "reason", reason)
	return st.record(out.live, rec)
}

// sweep looks at everything that ends by the clock: leases of nodes that are
// silent, deadlines of sessions, units that nobody takes.
func (st *state) sweep() {
	st.observe()
	for _, n := range st.nodes {
		st.listen(n)
		if len(n.leases) == 0 || st.now.Sub(n.seen) < st.c.cfg.Lease {
			continue
		}
		for _, out := range n.leases {
			st.evidence(n.id, trust.Timeout)
			st.must(st.lose(out, fmt.Sprintf("node was silent for %s", st.c.cfg.Lease)))
		}
	}
	for _, l := range st.sessions {
		if st.overdue(l) {
			st.must(st.timeOut(l))
		}
	}
	st.queue.Lanes(st.expire)
	st.scale()
}

// listen notes when a connected node misses heartbeats, and when the time is over
// for which it gets nothing: it is heard of again, or may be tried again.
func (st *state) listen(n *node) {
	silent := n.worker != nil && st.now.Sub(n.seen) > missedBeats*st.c.cfg.Heartbeat
	tripped := n.breaker.Open(st.now)
	if silent != n.silent || tripped != n.tripped {
		n.silent, n.tripped = silent, tripped
		st.rank(n)
		st.diagnose(n)
	}
}

// missedBeats is how many heartbeats a node may miss before it counts as silent.
const missedBeats = 3

// overdue reports whether a session must end because its time is up.
func (st *state) overdue(l *live) bool {
	end := l.Deadline()
	return !end.IsZero() && !st.now.Before(end) && !l.Run().Over()
}

func (st *state) timeOut(l *live) error {
	return st.stop(l, contracts.StopTimeout, contracts.CodeTimeout, "the session's deadline has passed")
}

// expire refuses units at the head of a lane that have waited too long: those of
// a lane wait equally long at most.
func (st *state) expire(lane *fair.Lane[waiting]) bool {
	for lane.Len() > 0 {
		w := lane.Peek()
		ready, limit := w.live.Run().State(int(w.unit)) == contracts.UnitReady, st.dispatchTimeout(w)
		if ready && st.now.Sub(time.UnixMicro(w.since)) < limit {
			return true
		}
		item := st.queue.Pop(lane, 0)
		if ready {
			st.must(st.refuse(item.live, int(item.unit), contracts.Errorf(nobody(item.live.Plan().Unit(int(item.unit))), "", "no node took the unit within %s", limit)))
		}
	}
	return true
}

func (st *state) dispatchTimeout(w *waiting) time.Duration {
	if t := w.live.Plan().Unit(int(w.unit)).Timeouts; t != nil && t.DispatchMS != nil {
		return time.Duration(min(*t.DispatchMS, st.c.cfg.DispatchTimeout.Milliseconds())) * time.Millisecond
	}
	return st.c.cfg.DispatchTimeout
}

// must logs an error that only a defect of this program can cause: a command
// that does not fit the state it was derived from.
func (st *state) must(err error) {
	if err != nil {
		st.c.log.Error("state refused its own decision", "error", err)
	}
}

// beat renews what a node says it holds and takes back what it does not know:
// all it was given before it connected, and later assignments once they have
// had a lease's time to arrive.
func (st *state) beat(w *worker, h *p2p.Heartbeat) {
	n := w.node
	n.seen, n.load = st.now, float64(h.LoadPercent)/100
	n.silent, w.paused, w.degraded = false, h.Pause, h.Degraded
	st.rank(n)
	st.diagnose(n)
	held := make(map[uint64]bool, len(h.Running))
	for _, id := range h.Running {
		held[id] = true
	}
	var unknown []uint64
	for _, id := range h.Running {
		if out, ok := n.leases[id]; ok {
			out.reported = true
		} else {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) > 0 {
		w.post(&p2p.Cancel{Leases: unknown})
	}
	for _, out := range n.leases {
		if !held[out.ID] && (out.given.Before(w.since) || st.now.Sub(out.given) > st.c.cfg.Lease) {
			st.evidence(n.id, trust.Timeout)
			st.must(st.lose(out, "node does not hold it"))
		}
	}
}
