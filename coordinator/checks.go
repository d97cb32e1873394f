package coordinator

import (
	"context"
	"fmt"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/coordinator/docket"
	"github.com/krako-labs/krako/coordinator/placement"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/trust"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/p2p"
)

// checkRun is a run of a unit's checker (verify_with) that is wanted, out, or about to
// be recorded. There is one at a time for a case. It is kept in memory only: what the
// checker said is a record, and where it said nothing yet a restart asks again.
type checkRun struct {
	c     *docket.Case
	of    contracts.Link
	res   *dag.Resolved // nil while it is built
	since time.Time     // since when it waits for a place
	lost  int           // how often it came to nothing
	// out is the lease under which it is out, done is set once its record is written.
	out  uint64
	done bool
	line *checkLine // its tenant's
}

// checksAtOnce bounds the checks that a turn tries to place.
const checksAtOnce = 256

// checkedFirst reports whether a result must be found valid by the unit's checker
// before anything else becomes of it.
func (st *state) checkedFirst(out *lease, a *arrival) bool {
	return out.live.Plan().Unit(out.Unit).VerifyWith != nil && a.result.Outcome == contracts.Succeeded
}

// wantCheck has the unit's checker run on what a case needs it for, and reports whether
// that is still to come.
func (st *state) wantCheck(ctx context.Context, c *docket.Case) bool {
	f := c.ToCheck()
	if f == nil || c.Shut() {
		return false
	}
	if k := st.vet.checks[c.ID]; k != nil && k.of.Equals(f.End.Result.Cid) {
		return true
	}
	open := st.sessions[c.Session]
	var tenant contracts.TenantID // "" of sessions that are closed
	if open != nil {
		tenant = open.Accepted.Tenant
	}
	k := &checkRun{c: c, of: f.End.Result, since: st.now, line: st.line(tenant)}
	st.vet.checks[c.ID] = k
	end, coord := f.End, st.c
	var checker program
	var failure error
	if open != nil {
		checker.module, checker.entry, failure = open.Checker(c.Index)
	}
	coord.tellers.Go(func() {
		if open == nil {
			checker, failure = coord.checkerOf(ctx, c)
		}
		var res *dag.Resolved
		err := failure
		if err == nil {
			res, err = coord.checkOf(ctx, c, checker, &end)
		}
		posted := coord.post(ctx, func(st *state) { st.must(st.checkBuilt(k, res, err)) })
		if posted != nil {
			coord.log.Debug("result is checked after the next start", "check", c.ID)
		}
	})
	return true
}

// checkerOf is the checker of a unit whose session is closed.
func (c *Coordinator) checkerOf(ctx context.Context, of *docket.Case) (p program, err error) {
	l, err := c.closedSession(ctx, of.Session)
	switch {
	case err != nil:
		return p, err
	case l == nil:
		return p, contracts.Errorf(contracts.CodeInternal, string(of.Session), "session cannot be read")
	}
	p.module, p.entry, err = l.Checker(of.Index)
	return p, err
}

// checkOf builds what a unit's checker is to run, beside the loop: an output can be
// long. Of the case it reads what never changes.
func (c *Coordinator) checkOf(ctx context.Context, of *docket.Case, p program, end *session.Ended) (*dag.Resolved, error) {
	block, err := c.parts.Blocks.Get(ctx, of.Unit.Cid)
	if err != nil {
		return nil, err
	}
	inv, _, err := contracts.DecodeInvocation(block)
	if err != nil {
		return nil, err
	}
	input := inv.Input.Inline
	if inv.Input.Link.Defined() {
		if input, err = c.parts.Blocks.Get(ctx, inv.Input.Link.Cid); err != nil {
			return nil, err
		}
	}
	output, err := c.parts.Blocks.Get(ctx, end.Output.Cid)
	if err != nil {
		return nil, err
	}
	return dag.ResolveCheck(p.module, p.entry, dag.Checkee{
		Invocation: inv, Input: input, Output: dag.Output{CID: end.Output.Cid, MediaType: end.MediaType}, Bytes: output, Fuel: end.Fuel,
	})
}

func (st *state) checkBuilt(k *checkRun, res *dag.Resolved, err error) error {
	if st.vet.checks[k.c.ID] != k {
		return nil
	}
	if err != nil {
		return st.unchecked(k, dag.NoVerdict(contracts.CodeOf(err), err.Error()))
	}
	k.res, k.since = res, st.now
	st.queueCheck(k)
	return nil
}

// placeCheck gives a checker to a node. Nothing in what the node gets tells that it is
// one.
func (st *state) placeCheck(r round, k *checkRun) error {
	needs := k.res.Invocation.Needs()
	need := placement.Need{
		Type: contracts.Deterministic, Profile: st.c.cfg.Profile, Trusted: len(st.c.cfg.Trusted) > 0, Never: st.notChecking(k.c),
		Module: needs[0], Blocks: needs[1:],
	}
	for _, f := range k.c.Findings {
		need.Avoid = append(need.Avoid, f.Node)
	}
	choice := st.index.Pick(&need)
	if choice.Node == "" {
		limit := st.c.cfg.DispatchTimeout
		if choice.Hopeless {
			limit = st.c.cfg.Lease
		}
		if st.now.Sub(k.since) >= limit {
			return st.unchecked(k, dag.NoVerdict(contracts.CodeNoQuorum, "nobody could be found to run it"))
		}
		return nil
	}
	st.nextLease++
	ref := session.Lease{ID: st.epoch<<40 | st.nextLease, Epoch: st.epoch, Node: choice.Node, Unit: -1}
	st.commit.keep(blob.Proved(k.res.Unit, k.res.Block)) // dag.ResolveCheck has hashed it
	if k.res.Spill != nil {
		st.commit.keep(blob.Raw(k.res.Spill))
	}
	st.hold(ref, nil, needs).check = k
	k.out = ref.ID
	k.line.out++
	st.index.Adjust(choice.Node, func(n *placement.Node) { n.Free, n.Held = n.Free-1, n.Held+1 })
	limit := st.vet.timeouts[k.c.Lease]
	if limit == 0 {
		limit = int(st.c.cfg.RunTimeout.Milliseconds())
	}
	to := st.nodes[choice.Node].worker
	r[to] = append(r[to], p2p.Unit{Lease: ref.ID, Epoch: ref.Epoch, Attempt: 1, RunTimeoutMS: limit, Invocation: k.res.Block})
	return nil
}

// notChecking lists the connected nodes that must not check what is found in a case.
func (st *state) notChecking(c *docket.Case) []contracts.NodeID {
	var list []contracts.NodeID
	for id, n := range st.nodes {
		if n.worker != nil && !st.vet.docket.MayCheck(c, id) {
			list = append(list, id)
		}
	}
	return list
}

// checkLost has a checker run again that came to nothing, a bounded number of times.
func (st *state) checkLost(k *checkRun, reason string) error {
	if st.vet.checks[k.c.ID] != k {
		return nil
	}
	k.out, k.since = 0, st.now
	if k.lost++; k.lost >= maxCopyLosses {
		return st.unchecked(k, dag.NoVerdict(contracts.CodeNoQuorum, "nobody could run it: "+reason))
	}
	st.queueCheck(k)
	return nil
}

// unchecked records that a checker will say nothing.
func (st *state) unchecked(k *checkRun, v dag.CheckVerdict) error {
	return st.said(k, session.Check{Code: v.Code, Detail: v.Detail})
}

// checkAnswered takes what a checker said.
func (st *state) checkAnswered(n *node, out *lease, envelope cid.Cid, a *arrival) error {
	st.release(out.ID)
	k := out.check
	switch {
	case st.vet.checks[k.c.ID] != k || k.done:
		return nil // nobody waits for it any more
	case !a.current:
		return st.checkLost(k, "output could not be fetched")
	case !a.result.Unit.Equals(k.res.Unit) || a.use != nil:
		return st.checkLost(k, "result is for another unit")
	}
	n.signed.add(a, envelope)
	n.done++
	st.finished(n)
	v := dag.VerdictOf(a.result, a.output)
	return st.said(k, session.Check{
		Node: n.id, Unit: a.result.Unit, Result: contracts.Link{Cid: a.item.ResultCID.Cid}, Batch: contracts.Link{Cid: envelope}, Index: a.index,
		Fuel: min(a.result.FuelUsed, k.res.Invocation.Fuel), Valid: v.Valid, Code: v.Code, Detail: v.Detail,
	})
}

// said records what a checker said. The docket takes it in once it is durable.
func (st *state) said(k *checkRun, found session.Check) error {
	k.done = true
	rec := session.Checked{Check: k.c.ID, Of: k.of, Found: found}
	if found.Valid {
		rec.Refutes = k.c.Refuted()
	}
	return st.note(session.Record{Checked: &rec})
}

// refuted weighs that a checker found another node's result valid in the place of
// theirs: it counts against them where units go, and convicts nobody.
func (st *state) refuted(at time.Time, k *session.Checked) {
	for _, n := range k.Refutes {
		st.trust.Apply(trust.Evidence{At: at, Node: st.book.Successor(n), Kind: trust.Failure})
	}
}

// verdictOn says what a unit whose result is held back waits for.
func (st *state) verdictOn(l *live, unit int) string {
	for _, k := range st.vet.checks {
		if k.c.Session != l.ID || k.c.Index != unit {
			continue
		}
		if out := st.leases[k.out]; out != nil {
			return fmt.Sprintf("its result waits for its checker, which runs on %s", out.Node)
		}
		return "its result waits for its checker, which waits for a place"
	}
	return "its result waits for a verdict"
}
