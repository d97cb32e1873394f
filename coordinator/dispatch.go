package coordinator

import (
	"context"
	"errors"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/coordinator/fair"
	"github.com/krako-labs/krako/coordinator/placement"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/p2p"
)

// dispatch gives ready units to nodes until either runs out.
func (st *state) dispatch(ctx context.Context) error {
	if st.takeRechecks(); st.queue.Len() == 0 && len(st.vet.wanting) == 0 && len(st.vet.checks) == 0 && len(st.rechecks.waiting) == 0 {
		return nil
	}
	round := round{}
	if err := st.placeChecks(round); err != nil {
		return err
	}
	if err := st.placeCopies(ctx, round); err != nil {
		return err
	}
	st.queue.Begin()
	for lane := st.queue.Next(); lane != nil; lane = st.queue.Next() {
		if err := st.place(ctx, round, lane); err != nil {
			return err
		}
	}
	st.placeRechecks(ctx, round)
	round.send()
	return nil
}

// round is what each worker gets in one pass of dispatching.
type round map[*worker][]p2p.Unit

// send hands each worker what it was assigned, in frames of bounded size.
func (r round) send() {
	for w, units := range r {
		for _, frame := range p2p.PackUnits(units) {
			w.post(frame)
		}
	}
}

// place takes the first unit of a lane and gives it to a node, or blocks the lane
// when there is none for it now.
func (st *state) place(ctx context.Context, r round, lane *fair.Lane[waiting]) error {
	w := lane.Peek()
	l, unit := w.live, int(w.unit)
	if l.Run().State(unit) != contracts.UnitReady {
		st.queue.Pop(lane, 0) // it was cancelled while it waited
		return nil
	}
	if st.overdue(l) {
		return st.timeOut(l)
	}
	if w.res == nil {
		res, err := st.resolve(ctx, l, unit)
		if err != nil {
			st.queue.Pop(lane, 0)
			return st.refuse(l, unit, err)
		}
		w.res = res
	}
	res := w.res
	if ended, err := st.reuse(ctx, *w, res); ended || err != nil {
		st.queue.Pop(lane, 0)
		return err
	}
	need := st.need(l, unit)
	choice := st.index.Pick(&need)
	if choice.Node == "" {
		st.queue.Block(lane)
		return nil
	}
	item := st.queue.Pop(lane, st.cost(l.Accepted.Tenant))
	most, verdict, err := l.afford(unit, res)
	if err != nil {
		return err
	}
	switch verdict {
	case dag.Wait:
		l.parked = append(l.parked, waiting{live: l, unit: item.unit, since: item.since})
		return nil
	case dag.Exhausted:
		return st.stop(l, contracts.StopBudgetExhausted, contracts.CodeBudgetExceeded, "the session's budget is used up")
	}
	return st.assign(r, choice, l, unit, res, most)
}

// resolve builds a unit's invocation.
func (st *state) resolve(ctx context.Context, l *live, unit int) (*dag.Resolved, error) {
	if l.Plan().Unit(unit).Type == contracts.LLM {
		return l.Run().ResolveModel(unit, st.source(ctx, l, unit))
	}
	return l.Run().Resolve(unit, st.source(ctx, l, unit))
}

// most is what a unit may take of its session's budgets.
type most struct {
	fuel  uint64
	calls *dag.Calls // of an llm unit
	hold  string     // the credit set aside for one
}

// afford says what a unit may take, and whether that fits now.
func (l *live) afford(unit int, res *dag.Resolved) (most, dag.Verdict, error) {
	if res.Model != nil {
		calls, verdict := l.Calls(res.Model.MostTokens())
		return l.pays(unit, most{calls: &calls}, verdict)
	}
	return l.pays(unit, most{fuel: res.Invocation.Fuel}, l.Budget(res.Invocation.Fuel))
}

func (st *state) assign(r round, choice placement.Choice, l *live, unit int, res *dag.Resolved, m most) error {
	w := st.nodes[choice.Node].worker
	st.nextLease++
	ref := session.Lease{ID: st.epoch<<40 | st.nextLease, Epoch: st.epoch, Node: w.node.id, Unit: unit}
	rec, err := l.Dispatch(st.now, session.Placement{
		Lease: ref, UnitCID: res.Unit, Fuel: m.fuel, Calls: m.calls, Hold: m.hold, Eligible: choice.Eligible, Score: choice.Score,
	})
	if err != nil {
		return err
	}
	if err := st.record(l, rec); err != nil {
		return err
	}
	st.commit.keep(blob.Proved(res.Unit, res.Block)) // dag.Resolve has hashed it
	if res.Spill != nil {
		st.commit.keep(blob.Raw(res.Spill))
	}
	var needs, near []cid.Cid
	if res.Invocation != nil {
		needs = res.Invocation.Needs()
		near = needs
	} else {
		near = []cid.Cid{cid.Undef, l.said()} // an llm unit's pod needs no block
	}
	lent := st.hold(ref, l, needs)
	lent.public = st.book.Public(res.Invocation, st.c.catalogued)
	st.depart(lent, res.Unit)
	st.index.Adjust(choice.Node, func(c *placement.Node) {
		c.Free, c.Held = c.Free-1, c.Held+1
		c.Load = w.node.burden(c.Held)
	})
	st.index.Learn(choice.Node, near[0], near[1:])
	out := p2p.Unit{
		Lease: ref.ID, Epoch: ref.Epoch, Attempt: int(rec.Dispatched.Attempt), RunTimeoutMS: st.runTimeout(l, unit), Invocation: res.Block,
	}
	if m.calls != nil {
		st.forPod(&out, w.node, l, unit, *m.calls)
	}
	r[w] = append(r[w], out)
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
func (st *state) source(ctx context.Context, l *live, unit int) dag.Source {
	var salt []byte
	if l.Plan().Privacy(unit) == contracts.LocalOnly {
		salt = st.c.salt(l.Accepted.Tenant)
	}
	return dag.Source{
		Profile: st.c.cfg.Profile,
		Salt:    salt,
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
