package localbackend

import (
	"context"
	"sync"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/kora/localbackend/session"
)

// results are those of computations that ended well, so that an equal one need not be
// run again. Equal is what has the same unit_cid. A tenant uses its own results only:
// that somebody has computed something is a fact about them. Beyond their bound the
// oldest are forgotten. Safe for concurrent use; nil remembers nothing.
type results struct {
	mu    sync.Mutex
	known map[resultKey]session.Known
	order []resultKey // a ring, the oldest at next once it is full
	next  int
}

type resultKey struct {
	tenant contracts.TenantID
	unit   cid.Cid
}

// newResults returns room for so many, nil for none.
func newResults(most int) *results {
	if most <= 0 {
		return nil
	}
	return &results{known: map[resultKey]session.Known{}, order: make([]resultKey, 0, most)}
}

func (r *results) get(t contracts.TenantID, unit cid.Cid) (session.Known, bool) {
	if r == nil {
		return session.Known{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.known[resultKey{t, unit}]
	return k, ok
}

func (r *results) put(t contracts.TenantID, k session.Known) {
	if r == nil {
		return
	}
	key := resultKey{t, k.UnitCID}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.known[key]; ok {
		return
	}
	if len(r.order) < cap(r.order) {
		r.order = append(r.order, key)
	} else {
		delete(r.known, r.order[r.next])
		r.order[r.next] = key
		r.next = (r.next + 1) % len(r.order)
	}
	r.known[key] = k
}

// reusable reports whether a unit may end with the result of an equal one. One that
// is not idempotent wants to be run, and one that has a checker to be checked: the
// equal one may have had none (ADR 0082).
func reusable(w *contracts.WorkUnit) bool {
	return w.Type.CPU() && w.IsIdempotent() && w.VerifyWith == nil
}

// reuse ends the unit with a result that is known and whose output is still there;
// it reports false when the unit is to be run.
func (e *execution) reuse(unit int, call *dag.Resolved) bool {
	if !reusable(e.session.Plan.Unit(unit)) {
		return false
	}
	k, ok := e.b.results.get(e.session.Plan.Graph.TenantID, call.Unit)
	if !ok {
		return false
	}
	output, ok := e.recall(unit, k)
	if !ok {
		return false
	}
	r, ok := e.session.Reuse(e.now(), unit, k, output)
	e.apply(r, ok)
	return ok
}

// recall returns the output of a known result if the unit's end needs it; ok is false
// if the store has it no more.
func (e *execution) recall(unit int, k session.Known) (output []byte, ok bool) {
	if e.session.NeedsOutput(unit) {
		output, err := e.b.blocks.Get(context.Background(), k.Output.CID.Cid)
		return output, err == nil
	}
	there, err := e.b.blocks.Has(context.Background(), k.Output.CID.Cid)
	return nil, err == nil && there
}

// retain remembers what a unit ended with, if it ended well.
func (e *execution) retain(end *session.Ended, unit cid.Cid) {
	if end.State != contracts.UnitSuccess || end.Output == nil || !reusable(e.session.Plan.Unit(end.Lease.Unit)) {
		return
	}
	e.b.results.put(e.session.Plan.Graph.TenantID, session.Known{UnitCID: unit, Result: end.Result, Output: *end.Output, Fuel: end.Fuel})
}
