package session

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
)

// Retry timing: base × 2^(failures-1), capped, plus jitter below one base.
const (
	defaultBackoff = 100 * time.Millisecond
	maxBackoff     = 30 * time.Second
)

// errStale is the verdict on a report under a lease that is not current.
func errStale(l Lease) error {
	return contracts.Errorf(contracts.CodeConflict, string(l.Node), "lease %d of epoch %d is not current", l.ID, l.Epoch)
}

// Budget says whether one more execution with the given fuel limit fits into
// the session's budgets.
func (s *Session) Budget(fuel uint64) dag.Verdict { return s.meter.Check(fuel) }

// Calls says whether one more llm unit fits into the session's budgets that may
// take so many tokens, and what it may take.
func (s *Session) Calls(tokens int64) (dag.Calls, dag.Verdict) {
	return s.meter.CheckCalls(tokens, maxCalls)
}

// maxCalls is how often a unit may ask its model: once, and once more when the
// answer is not valid.
const maxCalls = 2

// Placement is where a unit goes, and why.
type Placement struct {
	Lease    Lease
	UnitCID  cid.Cid
	Fuel     uint64
	Eligible int
	Score    float64
	// Calls is set for an llm unit, in the place of Fuel.
	Calls *dag.Calls
	// Hold is the credit set aside for it, "" for none.
	Hold string
}

// Dispatch gives a ready unit to a node.
func (s *Session) Dispatch(now time.Time, p Placement) (Record, error) {
	i := p.Lease.Unit
	if st := s.run.State(i); st != contracts.UnitReady {
		return Record{}, contracts.Errorf(contracts.CodeConflict, string(s.Plan().Unit(i).ID), "unit is %s, not ready", st)
	}
	return s.record(now, Record{Dispatched: &Dispatched{
		Unit: i, Attempt: s.units[i].attempt + 1, Node: p.Lease.Node, Lease: p.Lease.ID, Epoch: p.Lease.Epoch,
		UnitCID: contracts.Link{Cid: p.UnitCID}, Fuel: p.Fuel, Eligible: p.Eligible, Score: p.Score, Calls: p.Calls, Hold: p.Hold,
	}}), nil
}

// Report is a checked result: the signature held and the output block, if any,
// is stored.
type Report struct {
	Lease    Lease
	Result   *contracts.Result
	CID      cid.Cid
	Batch    cid.Cid
	Index    int
	Observed *contracts.Observed
	// Model is what a model did, set exactly for llm units.
	Model *contracts.ModelUse
	// Output is the output block; needed when NeedsOutput says so.
	Output []byte
}

// NeedsOutput reports whether Complete must see the bytes of unit i's output.
func (s *Session) NeedsOutput(i int) bool {
	return len(s.Plan().Unit(i).OutputSchema) > 0 || s.Plan().Watched(i)
}

// Complete takes a node's result for a unit it holds the lease of. A report
// under another lease, or for another computation, is refused.
func (s *Session) Complete(now time.Time, r Report) (Record, error) {
	if err := s.check(&r); err != nil {
		return Record{}, err
	}
	e := Found(&r)
	if e.State == contracts.UnitSuccess {
		s.judge(e, r.Output)
	}
	return s.record(now, Record{Ended: e}), nil
}

// check refuses a report that does not fit the lease.
func (s *Session) check(r *Report) error {
	if !s.holds(r.Lease) {
		return errStale(r.Lease)
	}
	i := r.Lease.Unit
	if want := s.units[i].unit; !r.Result.Unit.Equals(want) {
		return contracts.Errorf(contracts.CodeConflict, string(r.Lease.Node), "result is for unit %s, the lease is for %s", r.Result.Unit, want)
	}
	if w := s.Plan().Unit(i); (w.Type == contracts.LLM) != (r.Model != nil) {
		return contracts.Errorf(contracts.CodeConflict, string(r.Lease.Node), "result is not of the kind of a %s unit", w.Type)
	}
	if limit := s.units[i].fuel; r.Model == nil && r.Result.FuelUsed > limit {
		return contracts.Errorf(contracts.CodeConflict, string(r.Lease.Node), "result used %d fuel, the limit is %d", r.Result.FuelUsed, limit)
	}
	return nil
}

// Found is how a unit ends by a report, before its output is judged.
func Found(r *Report) *Ended {
	e := &Ended{
		Unit: r.Lease.Unit, State: contracts.UnitSuccess, Reason: contracts.StopSuccess, Lease: r.Lease.ID, Model: r.Model,
		Result: contracts.Link{Cid: r.CID}, Batch: contracts.Link{Cid: r.Batch}, Index: r.Index,
		Fuel: r.Result.FuelUsed, Started: r.Observed.StartedAt.UnixMicro(), DurationUS: r.Observed.DurationUS,
	}
	if r.Result.Outcome == contracts.Failed {
		e.State, e.Reason, e.Code = contracts.UnitFailed, dag.ReasonOf(r.Result.ErrorCode), r.Result.ErrorCode
		return e
	}
	e.Output, e.MediaType, e.Bytes = *r.Result.Output, r.Result.MediaType, r.Result.OutputBytes
	return e
}

// Known is a result that was released before.
type Known struct {
	UnitCID, Result, Output, Batch cid.Cid
	// By is who computed it, Index its place in the batch.
	By        contracts.NodeID
	Index     int
	MediaType string
	Bytes     uint64
	Fuel      uint64
}

// Reuse ends a ready unit with a result that is known; output is needed when
// NeedsOutput says so. ok is false, and the unit is to be run, when its output does
// not fit the unit's schema: nobody but who ran it is to blame then.
func (s *Session) Reuse(now time.Time, unit int, k Known, output []byte) (r Record, ok bool, err error) {
	if st := s.run.State(unit); st != contracts.UnitReady {
		return Record{}, false, contracts.Errorf(contracts.CodeConflict, string(s.Plan().Unit(unit).ID), "unit is %s, not ready", st)
	}
	e := &Ended{
		Unit: unit, State: contracts.UnitSuccess, Reason: contracts.StopSuccess, By: k.By, UnitCID: contracts.Link{Cid: k.UnitCID},
		Result: contracts.Link{Cid: k.Result}, Batch: contracts.Link{Cid: k.Batch}, Index: k.Index,
		Output: contracts.Link{Cid: k.Output}, MediaType: k.MediaType, Bytes: k.Bytes, Fuel: k.Fuel,
	}
	if s.judge(e, output); e.State != contracts.UnitSuccess {
		return Record{}, false, nil
	}
	return s.record(now, Record{Ended: e}), true, nil
}

// judge checks a successful output against its schema and evaluates the
// conditions that look into it.
func (s *Session) judge(e *Ended, output []byte) {
	w := s.Plan().Unit(e.Unit)
	if len(w.OutputSchema) > 0 {
		if err := s.schema(w).Check(output); err != nil {
			e.State, e.Reason, e.Code, e.Detail = contracts.UnitFailed, contracts.StopValidationFailed, contracts.CodeSchemaMismatch, mismatch(err)
			return
		}
	}
	// An output that is not JSON makes no condition hold.
	e.Facts, _ = s.Plan().Facts(e.Unit, output)
}

// mismatch words a schema violation; the code stands beside it already.
func mismatch(err error) string {
	e, ok := errors.AsType[*contracts.Error](err)
	switch {
	case !ok:
		return err.Error()
	case e.Offender == "":
		return e.Message
	}
	return e.Offender + ": " + e.Message
}

// schema compiles each distinct schema of the graph once. Validation compiled
// it before, so it cannot fail.
func (s *Session) schema(w *contracts.WorkUnit) *contracts.OutputSchema {
	if c, ok := s.schemas[string(w.OutputSchema)]; ok {
		return c
	}
	c, err := contracts.CompileSchema(w.OutputSchema)
	if err != nil {
		panic("session: schema of a validated graph does not compile: " + err.Error())
	}
	if s.schemas == nil {
		s.schemas = map[string]*contracts.OutputSchema{}
	}
	s.schemas[string(w.OutputSchema)] = c
	return c
}

// Fault takes a node's word that it could not finish a unit. A fault is a claim
// about one node, so the unit is tried again after a back-off while it has
// attempts left, whatever the code. Only a believed node's VALIDATION_ERROR, that
// no node can run this unit, ends it at once.
func (s *Session) Fault(now time.Time, l Lease, code contracts.Code, detail string, believed bool) (Record, error) {
	if !s.holds(l) {
		return Record{}, errStale(l)
	}
	w, u := s.Plan().Unit(l.Unit), &s.units[l.Unit]
	failures := int(u.failures) + 1
	hopeless := believed && code == contracts.CodeValidation
	if !hopeless && u.copy != nil {
		return s.record(now, Record{Returned: &Returned{Unit: l.Unit, Lease: l.ID, Code: code, Reason: detail, GoesOn: true, NotBefore: now.UnixMicro()}}), nil
	}
	if !hopeless && failures < w.Attempts() {
		return s.record(now, Record{Returned: &Returned{
			Unit: l.Unit, Lease: l.ID, Code: code, Reason: detail,
			NotBefore: now.Add(s.backoff(w, l.Unit, failures)).UnixMicro(),
		}}), nil
	}
	e := &Ended{Unit: l.Unit, State: contracts.UnitFailed, Reason: dag.ReasonOf(code), Code: code, Detail: detail, Lease: l.ID}
	switch {
	case code == contracts.CodeTimeout:
		e.State = contracts.UnitTimeout
	case code != contracts.CodeValidation && failures > 1:
		e.Reason = contracts.StopRetryExhausted
	}
	return s.record(now, Record{Ended: e}), nil
}

// Drop ends a unit whose attempt failed and that would be tried again, because its
// tenant has no retry left.
func (s *Session) Drop(now time.Time, l Lease, code contracts.Code, detail string) (Record, error) {
	if !s.holds(l) {
		return Record{}, errStale(l)
	}
	e := &Ended{Unit: l.Unit, State: contracts.UnitFailed, Reason: contracts.StopRetryExhausted, Code: code, Detail: detail, Lease: l.ID, Dropped: true}
	if code == contracts.CodeTimeout {
		e.State = contracts.UnitTimeout
	}
	return s.record(now, Record{Ended: e}), nil
}

// backoff returns the pause before another attempt. Its jitter is a hash of
// what is retried, so that replay and every observer agree on it.
func (s *Session) backoff(w *contracts.WorkUnit, unit, failures int) time.Duration {
	base := defaultBackoff
	if w.Retries != nil && w.Retries.BackoffMS > 0 {
		base = min(time.Duration(w.Retries.BackoffMS)*time.Millisecond, maxBackoff)
	}
	h := fnv.New64a()
	h.Write([]byte(s.ID))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(unit)<<8|uint64(failures)))
	return min(base<<(failures-1), maxBackoff) + time.Duration(h.Sum64()%uint64(base))
}

// Lose takes a unit back from a node that is gone or no longer knows of it.
func (s *Session) Lose(now time.Time, l Lease, reason string) (Record, error) {
	if !s.holds(l) {
		return Record{}, errStale(l)
	}
	if s.units[l.Unit].copy != nil {
		return s.record(now, Record{Returned: &Returned{Unit: l.Unit, Lease: l.ID, Lost: true, Reason: reason, GoesOn: true, NotBefore: now.UnixMicro()}}), nil
	}
	if !s.Plan().Unit(l.Unit).IsIdempotent() || s.units[l.Unit].losses >= maxLosses {
		return s.record(now, Record{Ended: &Ended{
			Unit: l.Unit, State: contracts.UnitFailed, Reason: contracts.StopSubstrateFailure,
			Code: contracts.CodeNetwork, Detail: reason, Lease: l.ID,
		}}), nil
	}
	return s.record(now, Record{Returned: &Returned{Unit: l.Unit, Lease: l.ID, Lost: true, Reason: reason, NotBefore: now.UnixMicro()}}), nil
}

// Refuse ends a ready unit that nobody can run.
func (s *Session) Refuse(now time.Time, unit int, code contracts.Code, detail string) (Record, error) {
	if st := s.run.State(unit); st != contracts.UnitReady {
		return Record{}, contracts.Errorf(contracts.CodeConflict, string(s.Plan().Unit(unit).ID), "unit is %s, not ready", st)
	}
	return s.record(now, Record{Ended: &Ended{Unit: unit, State: contracts.UnitFailed, Reason: dag.ReasonOf(code), Code: code, Detail: detail}}), nil
}

// Stop ends the session from outside.
func (s *Session) Stop(now time.Time, reason contracts.StopReason, code contracts.Code, detail string) (Record, error) {
	if s.run.Over() {
		return Record{}, contracts.Errorf(contracts.CodeConflict, string(s.ID), "session is already over")
	}
	return s.record(now, Record{Stopped: &Stopped{Reason: reason, Code: code, Detail: detail}}), nil
}

// Close seals a session that is over; result is its ExecutionResult's block.
func (s *Session) Close(now time.Time, result cid.Cid) (Record, error) {
	if !s.run.Over() || s.closed != nil {
		return Record{}, contracts.Errorf(contracts.CodeConflict, string(s.ID), "session is not over or already closed")
	}
	o := s.run.Outcome()
	return s.record(now, Record{Closed: &Closed{State: o.State, Reason: o.Reason, Result: contracts.Link{Cid: result}, Units: s.Counts()}}), nil
}

func (s *Session) record(now time.Time, r Record) Record {
	r.At, r.Session = now.UnixMicro(), s.ID
	return r
}
