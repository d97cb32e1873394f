package session

import (
	"encoding/binary"
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

// Dispatch begins a run of a ready unit. The second result is false when the
// unit is not ready any more.
func (s *Session) Dispatch(now time.Time, unit int, id cid.Cid, fuel uint64) (Record, bool) {
	return s.dispatch(now, Dispatched{Lease: Lease{Unit: unit}, UnitCID: id, Fuel: fuel})
}

// DispatchCall is Dispatch for an llm unit that may take so much.
func (s *Session) DispatchCall(now time.Time, unit int, id cid.Cid, calls dag.Calls) (Record, bool) {
	return s.dispatch(now, Dispatched{Lease: Lease{Unit: unit}, UnitCID: id, Calls: &calls})
}

func (s *Session) dispatch(now time.Time, d Dispatched) (Record, bool) {
	d.Lease.ID = s.leases + 1
	unit := d.Lease.Unit
	return Record{now, &d}, s.run.State(unit) == contracts.UnitReady
}

// Report is what a run gave.
type Report struct {
	Result *contracts.Result
	CID    cid.Cid
	// Output is the output block of a success.
	Output  []byte
	Started time.Time
	Took    time.Duration
	// Model is what models did, nil for a CPU unit's.
	Model *contracts.ModelUse
	// Check is what the unit's checker found of a success, nil for a unit without one.
	Check *Check
}

// Check is a run of a unit's checker. Result is undefined where it could not be run.
type Check struct {
	Unit, Result cid.Cid
	// Fuel is what the run took, of the unit's.
	Fuel    uint64
	Verdict dag.CheckVerdict
}

// Complete takes the result of a run. The second result is false when nobody
// needs it any more.
func (s *Session) Complete(now time.Time, l Lease, r Report) (Record, bool) {
	e := &Ended{
		Lease: l, State: contracts.UnitSuccess, Reason: contracts.StopSuccess,
		Result: r.CID, Fuel: r.Result.FuelUsed, Started: r.Started, Took: r.Took, Model: r.Model,
	}
	if r.Result.Outcome == contracts.Failed {
		e.State, e.Reason, e.Code = contracts.UnitFailed, dag.ReasonOf(r.Result.ErrorCode), r.Result.ErrorCode
		return Record{now, e}, s.holds(l)
	}
	e.Output = &contracts.OutputRef{CID: *r.Result.Output, MediaType: r.Result.MediaType, Bytes: r.Result.OutputBytes}
	s.judge(e, r.Output)
	if c := r.Check; c != nil && e.State == contracts.UnitSuccess {
		if e.Check = c; !c.Verdict.Valid {
			e.State, e.Reason, e.Code, e.Detail, e.Facts = contracts.UnitFailed, contracts.StopVerificationFailed, c.Verdict.Code, c.Verdict.Detail, nil
		}
	}
	return Record{now, e}, s.holds(l)
}

// Reuse ends a ready unit with a known result of an equal one; output is needed when
// NeedsOutput says so. The second result is false, and the unit is to be run, when
// the output does not fit what the unit wants of it, or the unit is not ready.
func (s *Session) Reuse(now time.Time, unit int, k Known, output []byte) (Record, bool) {
	if s.run.State(unit) != contracts.UnitReady {
		return Record{}, false
	}
	e := &Ended{Lease: Lease{Unit: unit}, State: contracts.UnitSuccess}
	s.judge(e, output)
	return Record{now, &Reused{Unit: unit, Known: k, Facts: e.Facts}}, e.State == contracts.UnitSuccess
}

// NeedsOutput reports whether a unit's output is looked into when the unit ends.
func (s *Session) NeedsOutput(unit int) bool {
	return len(s.Plan.Unit(unit).OutputSchema) > 0 || s.Plan.Watched(unit)
}

// judge checks a successful output against its schema and evaluates the
// conditions that look into it.
func (s *Session) judge(e *Ended, output []byte) {
	w := s.Plan.Unit(e.Lease.Unit)
	if len(w.OutputSchema) > 0 {
		if err := s.schema(w).Check(output); err != nil {
			e.State, e.Reason, e.Code, e.Detail = contracts.UnitFailed, contracts.StopValidationFailed, contracts.CodeSchemaMismatch, err.Error()
			return
		}
	}
	// An output that is not JSON makes no condition hold.
	e.Facts, _ = s.Plan.Facts(e.Lease.Unit, output)
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

// Fault takes note of a run that gave no result. The unit is tried again after
// a back-off while it has attempts left and the code allows it. use is what models
// did until then, nil if none did. The second result is false when nobody needs
// the run any more.
func (s *Session) Fault(now time.Time, l Lease, code contracts.Code, detail string, use *contracts.ModelUse) (Record, bool) {
	w, failures := s.Plan.Unit(l.Unit), int(s.units[l.Unit].failures)+1
	if code.Retryable() && failures < w.Attempts() {
		return Record{now, &Returned{l, code, detail, now.Add(s.backoff(w, l.Unit, failures)), use}}, s.holds(l)
	}
	e := &Ended{Lease: l, State: contracts.UnitFailed, Reason: dag.ReasonOf(code), Code: code, Detail: detail, Model: use}
	switch {
	case code == contracts.CodeTimeout:
		e.State = contracts.UnitTimeout
	case code.Retryable() && failures > 1:
		e.Reason = contracts.StopRetryExhausted
	}
	return Record{now, e}, s.holds(l)
}

// backoff returns the pause before another attempt. Its jitter is a hash of
// what is retried, so that every fold agrees on it.
func (s *Session) backoff(w *contracts.WorkUnit, unit, failures int) time.Duration {
	base := defaultBackoff
	if w.Retries != nil && w.Retries.BackoffMS > 0 {
		base = min(milliseconds(w.Retries.BackoffMS), maxBackoff)
	}
	h := fnv.New64a()
	h.Write([]byte(s.ID))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(unit)<<8|uint64(failures)))
	return min(base<<(failures-1), maxBackoff) + time.Duration(h.Sum64()%uint64(base))
}

// Spend takes note of what models did in a run that nobody needs any more. The
// second result is false when the run is still needed: its end says it all then.
func (s *Session) Spend(now time.Time, l Lease, use contracts.ModelUse) (Record, bool) {
	return Record{now, &Spent{l.Unit, use}}, !s.holds(l)
}

// Refuse ends a ready unit that cannot be run. The second result is false when
// the unit is not ready any more.
func (s *Session) Refuse(now time.Time, unit int, code contracts.Code, detail string) (Record, bool) {
	e := &Ended{Lease: Lease{Unit: unit}, State: contracts.UnitFailed, Reason: dag.ReasonOf(code), Code: code, Detail: detail}
	return Record{now, e}, s.run.State(unit) == contracts.UnitReady
}

// Stop ends the session from outside. The second result is false when it is
// over already.
func (s *Session) Stop(now time.Time, reason contracts.StopReason, code contracts.Code, detail string) (Record, bool) {
	return Record{now, &Stopped{reason, code, detail}}, !s.run.Over()
}

// Close seals a session that is over. The second result is false when it is
// not, or when it is sealed.
func (s *Session) Close(now time.Time) (Record, bool) {
	return Record{now, &Closed{}}, s.run.Over() && s.closedAt.IsZero()
}
