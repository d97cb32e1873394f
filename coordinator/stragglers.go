package coordinator

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/coordinator/placement"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/straggler"
	"github.com/krako-labs/krako/coordinator/trust"
	"github.com/krako-labs/krako/internal/p2p"
)

// lookEvery is how often stragglers are looked for, and copiesATurn how many units
// are then given to a second node at most.
const (
	lookEvery   = 2 * sweepEvery
	copiesATurn = 16
)

// copyStragglers gives units that make no progress to a second node, while nothing
// else waits for one.
func (st *state) copyStragglers(ctx context.Context) error {
	if !st.times.On() || st.now.Before(st.lookAt) {
		return nil
	}
	st.lookAt = st.now.Add(lookEvery)
	r, given := round{}, 0
	for _, out := range st.suspects() {
		if given == copiesATurn || st.queue.Len() > 0 {
			break
		}
		v, why := st.times.Judge(st.caseOf(out))
		if v != straggler.Copy {
			continue
		}
		ok, err := st.copyOut(ctx, r, out, why)
		if err != nil {
			return err
		}
		if ok {
			given++
		}
	}
	r.send()
	return nil
}

// suspects are the units that are out and should be moving, those that were given
// first first. A node works in the order in which it was given: as many of its oldest
// leases as it has slots have their turn.
func (st *state) suspects() []*lease {
	var list []*lease
	for _, n := range st.nodes {
		if len(n.leases) == 0 {
			continue
		}
		from := len(list)
		for _, out := range n.leases {
			list = append(list, out)
		}
		if slots := max(1, n.info.Slots); !st.unheard(n) && len(n.leases) > slots {
			mine := list[from:]
			slices.SortFunc(mine, func(a, b *lease) int { return cmp.Compare(a.ID, b.ID) })
			list = list[:from+slots]
		}
		for _, out := range list[from:] {
			if out.turn.IsZero() {
				out.turn = st.now
			}
		}
	}
	list = slices.DeleteFunc(list, func(out *lease) bool { return out.live == nil || out.beside })
	slices.SortFunc(list, func(a, b *lease) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// unheard reports whether a node that has units missed heartbeats, or is gone.
func (st *state) unheard(n *node) bool {
	return (n.worker == nil || n.silent) && st.now.Sub(n.seen) > missedBeats*st.c.cfg.Heartbeat
}

func (st *state) caseOf(out *lease) straggler.Case {
	l := out.live
	_, copied := l.CopyOf(out.Unit)
	c := straggler.Case{
		Task: taskOf(l, out.Unit), Tenant: l.Accepted.Tenant, Repeatable: l.MayCopy(out.Unit), Silent: st.unheard(st.nodes[out.Node]),
		Copied: copied, Copies: l.Copies(out.Unit), Out: len(st.leases), OutCopies: st.copies,
	}
	if !out.turn.IsZero() {
		c.Running = st.now.Sub(out.turn)
	}
	return c
}

func taskOf(l *live, unit int) straggler.Task {
	module, entry, _ := l.Program(unit) // an llm unit has none, and no copies
	return straggler.Task{Module: module, Entry: entry}
}

// ran notes how long a unit took, as its node says, but no longer than it was out.
func (st *state) ran(out *lease, a *arrival) {
	if !st.times.On() || a.use != nil {
		return
	}
	took := min(time.Duration(a.item.Observed.DurationUS)*time.Microsecond, st.now.Sub(out.given))
	st.times.Ran(taskOf(out.live, out.Unit), out.live.Accepted.Tenant, took)
}

// copyOut gives a unit that is out to a second node that has nothing to do, of
// another operator; it reports false if there is none, or no budget for it.
func (st *state) copyOut(ctx context.Context, r round, out *lease, why string) (bool, error) {
	l := out.live
	if l.Run().Over() || l.closing || st.overdue(l) || l.Budget(l.FuelLimit(out.Unit)) != dag.Granted {
		return false, nil
	}
	need := st.need(l, out.Unit)
	need.Never = st.sameHands(out.Node)
	choice := st.index.Pick(&need)
	if choice.Node == "" {
		return false, nil
	}
	to := st.nodes[choice.Node]
	if len(to.leases) >= max(1, to.info.Slots) {
		return false, nil
	}
	unit := l.UnitCID(out.Unit)
	block, needs, err := st.c.invocation(ctx, unit)
	if err != nil {
		st.c.log.Warn("invocation of a straggler is not readable", "session", l.ID, "lease", out.ID, "error", err)
		return false, nil
	}
	st.nextLease++
	ref := session.Lease{ID: st.epoch<<40 | st.nextLease, Epoch: st.epoch, Node: to.id, Unit: out.Unit}
	rec, err := l.Copy(st.now, session.Placement{Lease: ref, Eligible: choice.Eligible, Score: choice.Score}, why)
	if err != nil {
		return false, err
	}
	if err := st.record(l, rec); err != nil {
		return false, err
	}
	st.times.Gave(l.Accepted.Tenant)
	st.hold(ref, l, needs).beside = true
	st.copies++
	st.index.Adjust(choice.Node, func(c *placement.Node) {
		c.Free, c.Held = c.Free-1, c.Held+1
		c.Load = to.burden(c.Held)
	})
	st.c.log.Info("unit is copied", "session", l.ID, "unit", l.Plan().Unit(out.Unit).ID, "node", out.Node, "copy", to.id, "reason", why)
	// Nothing in what the node gets tells that it is a copy.
	r[to.worker] = append(r[to.worker], p2p.Unit{
		Lease: ref.ID, Epoch: ref.Epoch, Attempt: int(rec.Dispatched.Attempt), RunTimeoutMS: st.runTimeout(l, out.Unit), Invocation: block,
	})
	return true, nil
}

// sameHands lists the connected nodes of whoever answers for a node.
func (st *state) sameHands(id contracts.NodeID) []contracts.NodeID {
	list := []contracts.NodeID{id}
	operator := st.vet.docket.Node(id).Operator
	if operator == "" || operator == string(id) {
		return list
	}
	for other, n := range st.nodes {
		if n.worker != nil && other != id && st.vet.docket.Node(other).Operator == operator {
			list = append(list, other)
		}
	}
	return list
}

// other returns the unit's second execution, whichever of the two is given; nil if
// there is none.
func (st *state) other(out *lease) *lease {
	if out.live == nil {
		return nil
	}
	own, _ := out.live.LeaseOf(out.Unit)
	beside, ok := out.live.CopyOf(out.Unit)
	switch {
	case !ok:
		return nil
	case own.ID == out.ID:
		return st.leases[beside.ID]
	}
	return st.leases[own.ID]
}

// leaveTo has the second execution of a unit, if there is one, stand for it when the
// other comes to nothing.
func (st *state) leaveTo(out *lease) {
	if o := st.other(out); o != nil {
		st.pass(out, o)
	}
}

// takeOver has the execution that is done first stand for its unit, and returns the
// node that a copy, which began later, has overtaken; "" if none was.
func (st *state) takeOver(out *lease) (overtaken contracts.NodeID) {
	o := st.other(out)
	if o == nil {
		return ""
	}
	if out.beside {
		overtaken = o.Node
	}
	st.pass(o, out)
	return overtaken
}

// late notes that a node was overtaken. A copy that was for nothing is no evidence
// about anybody.
func (st *state) late(n contracts.NodeID) {
	if n != "" {
		st.evidence(n, trust.Timeout)
	}
}

// pass hands on what waits for a unit.
func (st *state) pass(from, to *lease) {
	if from.flight != nil {
		to.flight, from.flight = from.flight, nil
	}
	if to.beside {
		to.beside = false
		st.copies--
	}
	if from.beside {
		from.beside = false
		st.copies--
	}
}

// progressOf says of a unit that is out what is known of its progress.
func (st *state) progressOf(l *live, unit int) string {
	ref, ok := l.LeaseOf(unit)
	if !ok {
		return st.verdictOn(l, unit)
	}
	out := st.leases[ref.ID]
	if out == nil || !st.times.On() {
		return "it is out under a lease"
	}
	c := st.caseOf(out)
	text := fmt.Sprintf("it is out under a lease for %s", st.now.Sub(out.given).Round(time.Millisecond))
	switch v, _ := st.times.Judge(c); v {
	case straggler.HasCopy:
		return text + " and makes no progress: a copy of it runs"
	case straggler.NotAgain:
		return text + "; it must not be run twice"
	case straggler.Unknown:
		return text + "; too few runs of its task are known to say whether that is long"
	case straggler.InTime:
		limit, _ := st.times.Limit(c.Task)
		return text + fmt.Sprintf("; it is copied when nothing moves for %s", limit.Round(time.Millisecond))
	case straggler.Copy:
		return text + " and makes no progress: it is copied when a node of somebody else has nothing to do"
	default:
		return text + " and makes no progress: not copied, " + string(v)
	}
}
