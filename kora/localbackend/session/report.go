package session

import (
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
)

// unitEnded is the event data of a unit's end.
func (s *Session) unitEnded(i int) contracts.UnitEnded {
	u, e := &s.units[i], s.units[i].end
	d := contracts.UnitEnded{StopReason: e.Reason, DurationMS: durationMS(e), Fuel: e.Fuel, Error: failure(e)}
	if e.Lease.ID != 0 || u.reused {
		d.Node, d.UnitCID = Executor, u.unit.String()
	}
	if e.Result.Defined() {
		d.ResultCID = e.Result.String()
	}
	if e.Output != nil {
		d.OutputCID, d.MediaType = e.Output.CID.String(), e.Output.MediaType
	}
	d.Check = checkOf(e)
	return d
}

// checkOf is what is told of the checker's run, nil if there was none: a unit that took
// all its fuel leaves none to a checker.
func checkOf(e *Ended) *contracts.Check {
	if e.Check == nil || !e.Check.Unit.Defined() {
		return nil
	}
	c := &contracts.Check{Node: Executor, Valid: e.Check.Verdict.Valid, UnitCID: e.Check.Unit.String()}
	if e.Check.Result.Defined() {
		c.ResultCID = e.Check.Result.String()
	}
	return c
}

// modelEnded is the event data of what models did in a unit's last run, nil if
// none did or it had no result.
func (s *Session) modelEnded(i int) *contracts.LLMEnded {
	e := s.units[i].end
	if e.Model == nil || e.Model.Calls == 0 || e.Started.IsZero() {
		return nil
	}
	return &contracts.LLMEnded{
		Pod: Executor, Tier: s.Plan.Unit(i).Model.Tier, Model: e.Model.Model, TokensIn: e.Model.TokensIn, TokensOut: e.Model.TokensOut,
		DurationMS: durationMS(e), Error: failure(e),
	}
}

func durationMS(e *Ended) float64 { return float64(e.Took.Microseconds()) / 1e3 }

func failure(e *Ended) *contracts.Error {
	if e == nil || e.Code == "" {
		return nil
	}
	return &contracts.Error{Code: e.Code, Message: e.Detail}
}

// sessionEnded is the event data of the session's end.
func (s *Session) sessionEnded() contracts.SessionEnded {
	d := contracts.SessionEnded{StopReason: s.run.Outcome().Reason, DurationMS: s.closedAt.Sub(s.At).Milliseconds()}
	if unit, ok := s.Answer(); ok {
		d.FinalUnit = s.Plan.Unit(unit).ID
		d.OutputCID = s.units[unit].end.Output.CID.String()
	} else {
		d.Error = s.failure()
	}
	return d
}

// Answer returns the unit whose output is the session's answer.
func (s *Session) Answer() (unit int, ok bool) {
	if !s.run.Over() {
		return 0, false
	}
	o := s.run.Outcome()
	if o.Final < 0 {
		return 0, false
	}
	return s.Plan.Index(s.Plan.Graph.Outputs.Final[o.Final].WorkUnitID)
}

// FinalOutput returns the declared output that answered; Answer must hold.
func (s *Session) FinalOutput() contracts.FinalOutput {
	return s.Plan.Graph.Outputs.Final[s.run.Outcome().Final]
}

// failure says what made the session fail; nil if nothing did and there is no
// answer all the same, because it was skipped.
func (s *Session) failure() *contracts.Error {
	o := s.run.Outcome()
	switch {
	case o.Code == "":
		return nil
	case o.Culprit < 0:
		return &contracts.Error{Code: o.Code, Message: string(o.Reason), Offender: string(s.ID)}
	}
	err := &contracts.Error{Code: o.Code, Offender: string(s.Plan.Unit(o.Culprit).ID), Message: "unit ended with " + string(o.Reason)}
	if e := s.units[o.Culprit].end; e != nil && e.Detail != "" {
		err.Message += ": " + e.Detail
	}
	return err
}

// Result assembles the ExecutionResult of a session that is closed. The answer
// is the selected final output, absent if there is none.
func (s *Session) Result(answer contracts.JSON) *contracts.ExecutionResult {
	if answer.IsZero() {
		answer = contracts.JSON("null")
	}
	o := s.run.Outcome()
	r := &contracts.ExecutionResult{
		FinalOutput: answer,
		Metadata: contracts.ExecutionMetadata{
			State: o.State, StopReason: o.Reason, GraphCID: s.Graph.String(), Backend: string(Executor),
			StartedAt: contracts.Time{Time: s.At.UTC()}, EndedAt: contracts.Time{Time: s.closedAt.UTC()},
		},
		Telemetry: contracts.TelemetryBundle{
			Tasks: make([]contracts.TaskTelemetry, len(s.units)), ExecutionSessionID: s.ID,
			TotalLatencyMS: s.closedAt.Sub(s.At).Milliseconds(), FuelUsed: s.meter.FuelUsed(),
		},
	}
	if unit, ok := s.Answer(); ok {
		r.Metadata.FinalUnit, r.Metadata.Output = s.Plan.Unit(unit).ID, clone(s.units[unit].end.Output)
	} else {
		r.Metadata.Error = s.failure()
	}
	for i := range s.units {
		r.Telemetry.Tasks[i] = s.telemetry(i)
		r.Telemetry.TotalTokens += s.units[i].model.TokensIn + s.units[i].model.TokensOut
		r.Telemetry.ModelInvocationCount += int64(s.units[i].model.Calls)
		if t := s.Plan.Unit(i).Type; t == contracts.Deterministic && s.run.State(i) == contracts.UnitSuccess {
			r.Telemetry.DeterministicTaskCount++
		}
	}
	return r
}

func (s *Session) telemetry(i int) contracts.TaskTelemetry {
	w, u := s.Plan.Unit(i), &s.units[i]
	reason, code := s.run.Reason(i)
	t := contracts.TaskTelemetry{
		TaskID: w.ID, TaskType: w.Type, Status: s.run.State(i), StopReason: reason, Executors: make([]contracts.NodeID, u.attempt),
		RetryCount: max(0, int(u.attempt)-1), Error: failure(u.end),
		TokensIn: u.model.TokensIn, TokensOut: u.model.TokensOut,
	}
	if u.reused {
		t.Cached, t.Executors = true, make([]contracts.NodeID, 1)
	}
	for k := range t.Executors {
		t.Executors[k] = Executor
	}
	if u.unit.Defined() {
		t.UnitCID = u.unit.String()
	}
	if e := u.end; e != nil {
		t.DurationMS, t.FuelUsed, t.Output = durationMS(e), e.Fuel, clone(e.Output)
		if e.Result.Defined() {
			t.ResultCID = e.Result.String()
		}
		t.Check = checkOf(e)
	}
	t.ValidationStatus = dag.ValidationOf(w, t.Status, reason, code, t.ResultCID != "")
	return t
}

// clone keeps callers of Result from sharing what the session holds.
func clone(o *contracts.OutputRef) *contracts.OutputRef {
	if o == nil {
		return nil
	}
	c := *o
	return &c
}
