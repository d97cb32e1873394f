package coordinator

import (
	"context"
	"maps"
	"slices"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/coordinator/cache"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/survey"
	"github.com/krako-labs/krako/coordinator/trust"
)

// flightKey names a computation of one tenant that is out.
type flightKey struct {
	tenant contracts.TenantID
	unit   cid.Cid
}

// flight is a computation that is out, and the equal units that wait for it: they
// are looked at again when it is back, and find its result in the cache if it has
// one.
type flight struct {
	key     flightKey
	waiting []waiting
}

// shares reports whether a tenant uses other tenants' results.
func (c *Config) shares(t contracts.TenantID) bool {
	return slices.Contains(c.ShareResults, t) || slices.Contains(c.ShareResults, "*")
}

// reusable reports whether a unit may end with the result of an equal one. That a
// unit is not idempotent says that it wants to be run, once and by itself; what is
// known was checked by no checker, or by another one.
func (st *state) reusable(l *live, unit int) bool {
	w := l.Plan().Unit(unit)
	return st.c.cfg.CacheEntries > 0 && w.Type.CPU() && w.IsIdempotent() && w.VerifyWith == nil
}

// reuse ends the unit with a result that is known, or lets it wait for an equal
// one that is out; it reports false when the unit is to be run.
func (st *state) reuse(ctx context.Context, w waiting, res *dag.Resolved) (bool, error) {
	l, unit := w.live, int(w.unit)
	if !st.reusable(l, unit) {
		return false, nil
	}
	if k, ok := st.known.Get(l.Accepted.Tenant, res.Unit, st.book.Public(res.Invocation, st.c.catalogued)); ok && st.mayBuildOn(res.Unit) {
		return st.end(ctx, l, unit, res, k)
	}
	if f := st.flights[flightKey{l.Accepted.Tenant, res.Unit}]; f != nil {
		f.waiting = append(f.waiting, waiting{live: l, unit: w.unit, since: w.since})
		return true, nil
	}
	return false, nil
}

// end ends a unit with a known result whose output is still there.
func (st *state) end(ctx context.Context, l *live, unit int, res *dag.Resolved, k cache.Known) (bool, error) {
	var output []byte
	if l.NeedsOutput(unit) {
		var err error
		if output, err = st.c.parts.Blocks.Get(ctx, k.Output); err != nil {
			st.c.log.Warn("known output is not readable", "output", k.Output, "error", err)
			return false, nil
		}
	} else if there, err := st.c.parts.Blocks.Has(ctx, k.Output); err != nil || !there {
		return false, nil
	}
	rec, ok, err := l.Reuse(st.now, unit, session.Known{
		UnitCID: res.Unit, Result: k.Result, Output: k.Output, Batch: k.Batch, By: k.Node, Index: k.Index,
		MediaType: k.MediaType, Bytes: k.Bytes, Fuel: k.Fuel,
	}, output)
	if err != nil || !ok {
		return false, err
	}
	return true, st.record(l, rec)
}

// depart notes that a computation is out under a lease.
func (st *state) depart(out *lease, unit cid.Cid) {
	if !st.reusable(out.live, out.Unit) {
		return
	}
	key := flightKey{out.live.Accepted.Tenant, unit}
	if st.flights[key] == nil {
		out.flight = &flight{key: key}
		st.flights[key] = out.flight
	}
}

// land has the units that wait for a computation looked at again.
func (st *state) land(f *flight) {
	if f == nil {
		return
	}
	delete(st.flights, f.key)
	for _, w := range f.waiting {
		st.enqueue(w)
	}
}

// retain remembers a result that was released.
func (st *state) retain(t contracts.TenantID, unit cid.Cid, e *session.Ended, by contracts.NodeID) {
	if e.State != contracts.UnitSuccess || !e.Output.Defined() {
		return
	}
	st.known.Put(t, unit, st.knownBy(e, by), e.Public)
}

// correct replaces a result that was proved wrong.
func (st *state) correct(t contracts.TenantID, e *session.Ended) {
	if e.State == contracts.UnitSuccess && e.Output.Defined() {
		st.known.Correct(t, e.UnitCID.Cid, st.knownBy(e, e.Node))
	}
}

func (st *state) knownBy(e *session.Ended, by contracts.NodeID) cache.Known {
	return cache.Known{
		Node: by, Result: e.Result.Cid, Output: e.Output.Cid, Batch: e.Batch.Cid, Index: e.Index,
		MediaType: e.MediaType, Bytes: e.Bytes, Fuel: e.Fuel, Trusted: slices.Contains(st.c.cfg.Trusted, by),
	}
}

// recallRecords is how much of the log's end is read at a start to remember
// results.
const recallRecords = 1 << 17

// startRemembering has remember run beside other work of a start; open are the
// sessions that were open at some point before the log's end. Nothing else may touch
// the cache and the book of reliability before the answer.
func (st *state) startRemembering(ctx context.Context, open map[contracts.SessionID]*survey.Opening) <-chan error {
	tenants := make(map[contracts.SessionID]contracts.TenantID, len(open))
	for id, o := range open {
		tenants[id] = o.Accepted.Tenant
	}
	done := make(chan error, 1)
	go func() { done <- st.remember(ctx, tenants) }()
	return done
}

// remember fills the cache and the book of reliability from the end of the log:
// both are folds of it like everything else, of as much as is worth reading again.
// tenants are those of sessions that may begin before that.
func (st *state) remember(ctx context.Context, tenants map[contracts.SessionID]contracts.TenantID) error {
	if st.c.cfg.CacheEntries == 0 {
		return nil
	}
	type out struct {
		unit cid.Cid
		node contracts.NodeID
	}
	leases := map[uint64]out{}
	beside := map[uint64]uint64{} // copies that are out, and the leases that they run beside
	from, _ := st.c.parts.Log.Base()
	if last := st.c.parts.Log.Last(); last > recallRecords {
		from = max(from, last-recallRecords)
	}
	return st.c.parts.Log.Read(ctx, from, func(rec eventlog.Record) error {
		if _, fact := session.Peek(rec.Data); fact == session.FactBatch {
			return nil // it is of no session
		}
		r, err := session.DecodeRecord(rec.Data)
		if err != nil {
			return nil // the survey has judged the log
		}
		st.recallEvidence(&r, leases[leaseOf(&r)].node)
		if o, ok := beside[leaseOf(&r)]; ok && r.Returned == nil {
			st.trust.Apply(trust.Evidence{At: r.Time(), Node: leases[o].node, Kind: trust.Timeout})
		}
		if lease := leaseOf(&r); lease != 0 {
			maps.DeleteFunc(beside, func(a, b uint64) bool { return a == lease || b == lease })
		}
		switch {
		case r.Accepted != nil:
			tenants[r.Session] = r.Accepted.Tenant
		case r.Dispatched != nil:
			leases[r.Dispatched.Lease] = out{r.Dispatched.UnitCID.Cid, r.Dispatched.Node}
			if r.Dispatched.Replica > 0 {
				beside[r.Dispatched.Lease] = r.Dispatched.Beside
			}
		case r.Ended != nil:
			o, ok := leases[r.Ended.Lease]
			delete(leases, r.Ended.Lease)
			if r.Ended.Node != "" {
				o.node = r.Ended.Node
			}
			if t, known := tenants[r.Session]; ok && known {
				st.retain(t, o.unit, r.Ended, o.node)
			}
		case r.Superseded != nil:
			if t, known := tenants[r.Session]; known {
				st.correct(t, &r.Superseded.End)
			}
		}
		return nil
	})
}
