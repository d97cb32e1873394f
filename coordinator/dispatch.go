package coordinator

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/coordinator/placement"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/p2p"
)

// budgetPause is how long a unit waits for reserved budget to come back before
// it is looked at again.
const budgetPause = 20 * time.Millisecond

// dispatch gives ready units to nodes until either runs out.
func (st *state) dispatch(ctx context.Context) error {
	if st.queue.len() == 0 {
		return nil
	}
	round := st.newRound()
	for p := range priorities {
		for _, lane := range []*fifo{&st.queue.lane[p], &st.queue.lane[p+priorities]} {
			for lane.len() > 0 {
				placed, err := st.place(ctx, round, lane)
				if err != nil {
					return err
				}
				if !placed {
					break
				}
			}
		}
	}
	round.send()
	return nil
}

// round is one pass of dispatching: who can take how much, and what each gets.
type round struct {
	candidates []placement.Candidate
	workers    []*worker
	assigned   [][]p2p.Unit
}

func (st *state) newRound() *round {
	r := &round{}
	for _, n := range st.nodes {
		if n.worker != nil && !n.worker.draining {
			r.workers = append(r.workers, n.worker)
		}
	}
	slices.SortFunc(r.workers, func(a, b *worker) int { return cmp.Compare(a.node.id, b.node.id) })
	r.assigned = make([][]p2p.Unit, len(r.workers))
	for _, w := range r.workers {
		r.candidates = append(r.candidates, placement.Candidate{
			ID: w.node.id, Kind: w.hello.Kind, Profiles: w.hello.Profiles, Trusted: w.node.trusted,
			Free: w.free(), Held: len(w.node.leases),
		})
	}
	return r
}

// send hands each worker what it was assigned, in frames of bounded size.
func (r *round) send() {
	for i, units := range r.assigned {
		for len(units) > 0 {
			n, size := 0, 0
			for n < len(units) && n < p2p.MaxUnits && (n == 0 || size+len(units[n].Invocation) <= p2p.MaxAssign/2) {
				size += len(units[n].Invocation)
				n++
			}
			r.workers[i].post(&p2p.Assign{Units: units[:n]})
			units = units[n:]
		}
	}
}

// place takes the first unit of a lane and gives it to a node. It reports false
// when the lane has to wait.
func (st *state) place(ctx context.Context, r *round, lane *fifo) (bool, error) {
	w := lane.peek()
	l, unit := w.live, w.unit
	if l.Run().State(unit) != contracts.UnitReady {
		lane.pop() // it was cancelled while it waited
		return true, nil
	}
	if st.overdue(l) {
		return true, st.timeOut(l)
	}
	choice := placement.Pick(r.candidates, placement.Need{
		Type: l.Plan().Unit(unit).Type, Profile: st.c.cfg.Profile, Trusted: l.needsTrust(unit), Avoid: l.Executors(unit),
	})
	if choice.Index < 0 {
		return false, nil
	}
	item := lane.pop()
	res, err := l.Run().Resolve(unit, st.source(ctx, l))
	if err != nil {
		return true, st.refuse(l, unit, err)
	}
	switch l.Budget(res.Invocation.Fuel) {
	case dag.Wait:
		item.at = st.now.Add(budgetPause)
		st.enqueue(item)
		return true, nil
	case dag.Exhausted:
		return true, st.stop(l, contracts.StopBudgetExhausted, contracts.CodeBudgetExceeded, "the session's budget is used up")
	}
	return true, st.assign(r, choice, l, unit, res)
}

func (st *state) assign(r *round, choice placement.Choice, l *live, unit int, res *dag.Resolved) error {
	w := r.workers[choice.Index]
	st.nextLease++
	ref := session.Lease{ID: st.epoch<<40 | st.nextLease, Epoch: st.epoch, Node: w.node.id, Unit: unit}
	rec, err := l.Dispatch(st.now, session.Placement{
		Lease: ref, UnitCID: res.Unit, Fuel: res.Invocation.Fuel, Eligible: choice.Eligible, Score: choice.Score,
	})
	if err != nil {
		return err
	}
	if err := st.record(l, rec); err != nil {
		return err
	}
	st.commit.keep(blob.Block{CID: res.Unit, Data: res.Block})
	if res.Spill != nil {
		st.commit.keep(blob.Raw(res.Spill))
	}
	st.hold(ref, l, res.Invocation.Needs())
	r.candidates[choice.Index].Free--
	r.candidates[choice.Index].Held++
	r.assigned[choice.Index] = append(r.assigned[choice.Index], p2p.Unit{
		Lease: ref.ID, Epoch: ref.Epoch, Attempt: int(rec.Dispatched.Attempt), RunTimeoutMS: st.runTimeout(l, unit), Invocation: res.Block,
	})
	return nil
}

func (st *state) runTimeout(l *live, unit int) int {
	d := st.c.cfg.RunTimeout
	if t := l.Plan().Unit(unit).Timeouts; t != nil && t.RunMS != nil {
		d = time.Duration(min(*t.RunMS, d.Milliseconds())) * time.Millisecond
	}
	if end := l.Deadline(); !end.IsZero() {
		d = min(d, end.Sub(st.now))
	}
	return int(max(1, d.Milliseconds()))
}

// source lets the graph's semantics see outputs of units that have ended.
func (st *state) source(ctx context.Context, l *live) dag.Source {
	return dag.Source{
		Profile: st.c.cfg.Profile,
		Salt:    st.c.salt(l.Accepted.Tenant),
		Program: l.Program,
		Output:  l.Output,
		Bytes:   func(id cid.Cid) ([]byte, error) { return st.c.parts.Blocks.Get(ctx, id) },
	}
}

// refuse ends a unit whose invocation cannot be built.
func (st *state) refuse(l *live, unit int, cause error) error {
	e, ok := errors.AsType[*contracts.Error](cause)
	if damaged, bad := errors.AsType[*blob.CorruptError](cause); bad {
		e, ok = contracts.Errorf(contracts.CodeInternal, damaged.CID.String(), "a block it needs is damaged: %w", damaged), true
	}
	if !ok {
		return cause // the store failed: nothing is known about the unit
	}
	rec, err := l.Refuse(st.now, unit, e.Code, e.Message)
	if err != nil {
		return err
	}
	return st.record(l, rec)
}

func (st *state) stop(l *live, reason contracts.StopReason, code contracts.Code, detail string) error {
	rec, err := l.Stop(st.now, reason, code, detail)
	if err != nil {
		return err
	}
	return st.record(l, rec)
}
