package coordinator

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/docket"
	"github.com/krako-labs/krako/coordinator/fair"
	"github.com/krako-labs/krako/coordinator/placement"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/trust"
	"github.com/krako-labs/krako/internal/p2p"
)

type lane = fair.Lane[waiting]

// copied is what a lease on a copy is for.
type copied struct {
	check   uint64
	trusted bool
}

// want has a case wait for a place if it wants one.
func (st *state) want(c *docket.Case) {
	if c.Replicas == 0 && !c.Recompute {
		c.Since = time.Time{}
		return
	}
	if c.Since.IsZero() {
		c.Since = st.now
	}
	if !c.Queued {
		c.Queued = true
		st.vet.wanting = append(st.vet.wanting, wanted{c: c})
	}
}

const (
	// copiesAtOnce bounds the copies that a turn tries to place.
	copiesAtOnce = 64
	// maxCopyLosses bounds how often a copy may be lost.
	maxCopyLosses = 16
	// slowEngine is how much longer than the first engine the other may take.
	slowEngine = 128
)

// placeCopies gives copies to nodes, those that wait longest first. It looks at the
// first only: thousands may wait.
func (st *state) placeCopies(ctx context.Context, r round) error {
	queue := st.vet.wanting
	looked := min(len(queue), copiesAtOnce)
	kept := 0
	for i := range looked {
		w := &queue[i]
		if w.wants() {
			given, err := st.placeCopy(ctx, r, w)
			if err != nil {
				return err
			}
			if given {
				w.c.Since = st.now
			}
		}
		if !w.wants() {
			w.c.Queued, w.c.Since = false, time.Time{}
			continue
		}
		queue[kept] = *w
		kept++
	}
	if kept < looked {
		n := kept + copy(queue[kept:], queue[looked:])
		clear(queue[n:])
		st.vet.wanting = queue[:n]
	}
	return nil
}

// placeCopy gives one copy to a node, or to nobody for good. Nothing in what the
// node gets tells that it is a copy.
func (st *state) placeCopy(ctx context.Context, r round, w *wanted) (bool, error) {
	c := w.c
	trusted := c.Recompute
	if trusted && len(st.c.cfg.Trusted) == 0 {
		return true, st.giveUp(c, true, "there is no trusted zone")
	}
	if w.needs == nil {
		var err error
		if w.block, w.needs, err = st.c.invocation(ctx, c.Unit.Cid); err != nil {
			return true, st.giveUp(c, trusted, err.Error())
		}
	}
	block, needs := w.block, w.needs
	need := placement.Need{Type: contracts.Deterministic, Profile: st.c.cfg.Profile, Trusted: trusted, Never: st.not(c), Module: needs[0], Blocks: needs[1:]}
	choice := st.placeOf(c, need)
	if choice.Node == "" {
		limit := st.c.cfg.DispatchTimeout
		if choice.Hopeless {
			limit = st.c.cfg.Lease
		}
		if st.now.Sub(c.Since) >= limit {
			return true, st.giveUp(c, trusted, "no node took it")
		}
		return false, nil
	}
	st.nextLease++
	ref := session.Lease{ID: st.epoch<<40 | st.nextLease, Epoch: st.epoch, Node: choice.Node, Unit: -1}
	rec := session.Record{Copied: &session.Copied{Check: c.ID, Node: ref.Node, Lease: ref.ID, Epoch: ref.Epoch, Trusted: trusted}}
	if err := st.note(rec); err != nil {
		return false, err
	}
	st.vet.docket.Give(c, ref.ID, docket.Copy{Node: ref.Node, Epoch: ref.Epoch, Trusted: trusted})
	st.hold(ref, nil, needs).copy = &copied{c.ID, trusted}
	st.index.Adjust(choice.Node, func(n *placement.Node) { n.Free, n.Held = n.Free-1, n.Held+1 })
	limit := st.vet.timeouts[c.Lease]
	if limit == 0 {
		limit = int(st.c.cfg.RunTimeout.Milliseconds())
	}
	if trusted && c.Cross {
		limit = min(limit*slowEngine, math.MaxInt32)
	}
	to := st.nodes[choice.Node].worker
	r[to] = append(r[to], p2p.Unit{Lease: ref.ID, Epoch: ref.Epoch, Attempt: 1, RunTimeoutMS: limit, Invocation: block})
	return true, nil
}

// placeOf picks a node for a copy. What must tell whether the engines agree goes
// to one with the other engine. Where the zone has none, another machine of it says
// whether the result is the same again, or the same machine if it is the only one.
func (st *state) placeOf(c *docket.Case, need placement.Need) placement.Choice {
	if !c.Recompute || !c.Cross {
		return st.index.Pick(&need)
	}
	other := need
	other.Profile = p2p.CrossProfile(need.Profile)
	if choice := st.index.Pick(&other); !choice.Hopeless {
		return choice
	}
	other = need
	other.Never = append(slices.Clone(need.Never), c.Judge)
	if choice := st.index.Pick(&other); !choice.Hopeless {
		return choice
	}
	return st.index.Pick(&need)
}

// not lists the connected nodes that must not have a copy.
func (st *state) not(c *docket.Case) []contracts.NodeID {
	var list []contracts.NodeID
	for id, n := range st.nodes {
		if n.worker != nil && !st.vet.docket.May(c, id) {
			list = append(list, id)
		}
	}
	return list
}

// invocation reads a stored invocation and which blocks it needs, its module
// first.
func (c *Coordinator) invocation(ctx context.Context, unit cid.Cid) ([]byte, []cid.Cid, error) {
	// That the coordinator stops says nothing about the block.
	block, err := c.parts.Blocks.Get(context.WithoutCancel(ctx), unit)
	if err != nil {
		return nil, nil, err
	}
	inv, _, err := contracts.DecodeInvocation(block)
	if err != nil {
		return nil, nil, err
	}
	return block, inv.Needs(), nil
}

// giveUp records that nobody can be asked.
func (st *state) giveUp(c *docket.Case, trusted bool, why string) error {
	if trusted {
		c.Recompute = false
	} else {
		c.Replicas--
	}
	st.c.log.Warn("copy is given to nobody", "check", c.ID, "trusted", trusted, "reason", why)
	return st.note(session.Record{Copied: &session.Copied{Check: c.ID, Trusted: trusted, Reason: why, Hopeless: true}})
}

// copyLost records that a copy came to nothing.
func (st *state) copyLost(out *lease, reason string) error {
	c := st.vet.docket.Of(out.copy.check)
	if c == nil {
		return nil
	}
	lost := session.Copied{Check: c.ID, Lease: out.ID, Node: out.Node, Trusted: out.copy.trusted, Reason: reason}
	lost.Hopeless = c.Lost+1 >= maxCopyLosses
	return st.note(session.Record{Copied: &lost})
}

// copyAnswered takes what a copy found.
func (st *state) copyAnswered(n *node, out *lease, envelope cid.Cid, a *arrival) error {
	st.release(out.ID)
	c := st.vet.docket.Of(out.copy.check)
	switch {
	case c == nil:
		return nil // nobody waits for it any more
	case !a.current:
		return st.copyLost(out, "output could not be fetched")
	case !a.result.Unit.Equals(c.Unit.Cid) || a.use != nil:
		return st.copyLost(out, "result is for another unit")
	}
	n.signed.add(a, envelope)
	n.done++
	st.finished(n)
	st.evidence(n.id, trust.Success)
	end := session.Found(&session.Report{
		Lease: out.Lease, Result: a.result, CID: a.item.ResultCID.Cid, Batch: envelope, Index: a.index, Observed: &a.item.Observed,
	})
	return st.note(session.Record{Held: &session.Held{Check: c.ID, Node: n.id, Trusted: n.trusted, Unit: c.Unit, End: *end}})
}

// rehold takes up the copies of a case that were out before a restart.
func (st *state) rehold(ctx context.Context, c *docket.Case) {
	_, needs, err := st.c.invocation(ctx, c.Unit.Cid)
	if err != nil {
		st.c.log.Warn("invocation of a copy is not readable", "check", c.ID, "error", err)
	}
	for id, o := range c.Out {
		st.hold(session.Lease{ID: id, Epoch: o.Epoch, Node: o.Node, Unit: -1}, nil, needs).copy = &copied{c.ID, o.Trusted}
	}
}
