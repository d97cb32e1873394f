package session

import (
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
)

// Counts returns how many units wait, are out, are done and have failed.
func (s *Session) Counts() contracts.UnitCounts {
	c := contracts.UnitCounts{Total: len(s.units)}
	for i := range s.units {
		switch s.run.State(i) {
		case contracts.UnitQueued, contracts.UnitReady:
			c.Waiting++
		case contracts.UnitDispatched, contracts.UnitRunning:
			c.Running++
		case contracts.UnitFailed, contracts.UnitTimeout:
			c.Failed++
		default:
			c.Done++
		}
	}
	return c
}

// Summary returns the session's line in a list.
func (s *Session) Summary() contracts.SessionSummary {
	g := s.Plan().Graph
	v := contracts.SessionSummary{
		SessionID: s.ID, TenantID: g.TenantID, GraphID: g.GraphID, RequestID: g.RequestID,
		GraphCID: s.Accepted.Graph.String(), State: s.State(), Units: s.Counts(), StartedAt: contracts.Time{Time: s.opened},
	}
	if s.closed != nil {
		v.EndedAt = &contracts.Time{Time: s.closedAt}
	}
	return v
}

// View returns the session with every unit's state.
func (s *Session) View() contracts.SessionView {
	v := contracts.SessionView{SessionSummary: s.Summary(), WorkUnits: make([]contracts.UnitView, len(s.units))}
	for i := range s.units {
		v.WorkUnits[i] = s.unitView(i)
	}
	return v
}

func (s *Session) unitView(i int) contracts.UnitView {
	w, u := s.Plan().Unit(i), &s.units[i]
	reason, _ := s.run.Reason(i)
	v := contracts.UnitView{ID: w.ID, Type: w.Type, State: s.run.State(i), StopReason: reason, Attempt: u.attempt, Node: u.node}
	if u.unit.Defined() {
		v.UnitCID = u.unit.String()
	}
	if e := u.end; e != nil && e.Result.Defined() {
		v.ResultCID, v.BatchCID, v.Output = e.Result.String(), e.Batch.String(), outputRef(e)
		v.Check = checkOf(e)
	}
	return v
}

// checkOf is what is told of the run of the unit's checker, nil if there was none.
func checkOf(e *Ended) *contracts.Check {
	if e == nil || e.Checked == nil || !e.Checked.Unit.Defined() {
		return nil
	}
	k := e.Checked
	return &contracts.Check{Node: k.Node, Valid: k.Valid, UnitCID: k.Unit.String(), ResultCID: linkText(k.Result), BatchCID: linkText(k.Batch)}
}

func outputRef(e *Ended) *contracts.OutputRef {
	if e == nil || !e.Output.Defined() {
		return nil
	}
	return &contracts.OutputRef{CID: e.Output, MediaType: e.MediaType, Bytes: e.Bytes}
}

// unitEnded is the event data of a unit's end.
func (s *Session) unitEnded(i int) contracts.UnitEnded {
	u, e := &s.units[i], s.units[i].end
	d := contracts.UnitEnded{StopReason: e.Reason, DurationMS: float64(e.DurationUS) / 1e3, Fuel: e.Fuel, Error: failure(e)}
	if e.Lease != 0 || e.By != "" {
		d.Node, d.UnitCID = u.node, u.unit.String()
	}
	if e.Result.Defined() {
		d.ResultCID, d.BatchCID = e.Result.String(), e.Batch.String()
	}
	if e.Output.Defined() {
		d.OutputCID, d.MediaType = e.Output.String(), e.MediaType
	}
	d.Check = checkOf(e)
	return d
}

// modelEnded is the event data of what a model did for a unit, nil if none did.
func (s *Session) modelEnded(i int) *contracts.LLMEnded {
	u, e := &s.units[i], s.units[i].end
	if e.Model == nil {
		return nil
	}
	m := e.Model
	return &contracts.LLMEnded{
		Pod: u.node, Tier: s.Plan().Unit(i).Model.Tier, Model: m.Model, TokensIn: m.TokensIn, TokensOut: m.TokensOut,
		DurationMS: float64(e.DurationUS) / 1e3, Error: failure(e),
	}
}

func failure(e *Ended) *contracts.Error {
	if e == nil || e.Code == "" {
		return nil
	}
	return &contracts.Error{Code: e.Code, Message: e.Detail}
}

// ended is the event data of the session's end.
func (s *Session) ended(r *Record) contracts.SessionEnded {
	d := contracts.SessionEnded{StopReason: r.Closed.Reason, DurationMS: r.Time().Sub(s.opened).Milliseconds()}
	if unit, ok := s.Answer(); ok {
		d.FinalUnit = s.Plan().Unit(unit).ID
		d.OutputCID = s.units[unit].end.Output.String()
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
	return s.Plan().Index(s.Plan().Graph.Outputs.Final[o.Final].WorkUnitID)
}

// FinalOutput returns the declared output that answered; Answer must hold.
func (s *Session) FinalOutput() contracts.FinalOutput {
	return s.Plan().Graph.Outputs.Final[s.run.Outcome().Final]
}

// failure says what made the session fail; nil if nothing did and there is no
// answer all the same, because it was skipped.
func (s *Session) failure() *contracts.Error {
	o := s.run.Outcome()
	if o.Code == "" {
		return nil
	}
	if o.Culprit < 0 {
		return &contracts.Error{Code: o.Code, Message: string(o.Reason), Offender: string(s.ID)}
	}
	err := &contracts.Error{Code: o.Code, Offender: string(s.Plan().Unit(o.Culprit).ID), Message: "unit ended with " + string(o.Reason)}
	if e := s.units[o.Culprit].end; e != nil && e.Detail != "" {
		err.Message += ": " + e.Detail
	}
	return err
}

// Result assembles the ExecutionResult of a session that is over, but for its
// tasks, which Telemetry gives. The answer is the selected final output, nil if
// there is none.
func (s *Session) Result(now time.Time, backend string, answer contracts.JSON) *contracts.ExecutionResult {
	o := s.run.Outcome()
	r := &contracts.ExecutionResult{
		FinalOutput: answer,
		Metadata: contracts.ExecutionMetadata{
			State: o.State, StopReason: o.Reason, GraphCID: s.Accepted.Graph.String(), Backend: backend,
			StartedAt: contracts.Time{Time: s.opened}, EndedAt: contracts.Time{Time: now.UTC()},
		},
		Telemetry: contracts.TelemetryBundle{
			ExecutionSessionID: s.ID,
			TotalLatencyMS:     now.Sub(s.opened).Milliseconds(), FuelUsed: s.meter.FuelUsed(),
			TotalTokens: s.meter.CallsUsed().Tokens, ModelInvocationCount: s.meter.CallsUsed().Calls,
		},
	}
	if unit, ok := s.Answer(); ok {
		r.Metadata.FinalUnit, r.Metadata.Output = s.Plan().Unit(unit).ID, outputRef(s.units[unit].end)
	} else {
		r.Metadata.Error = s.failure()
	}
	for i := range s.units {
		if t := s.Plan().Unit(i).Type; t == contracts.Deterministic && s.run.State(i) == contracts.UnitSuccess {
			r.Telemetry.DeterministicTaskCount++
		}
	}
	return r
}

// Telemetry yields the tasks of a session that is over, in the graph's order.
func (s *Session) Telemetry(yield func(contracts.TaskTelemetry) bool) {
	for i := range s.units {
		if !yield(s.telemetry(i)) {
			return
		}
	}
}

func (s *Session) telemetry(i int) contracts.TaskTelemetry {
	w, u := s.Plan().Unit(i), &s.units[i]
	reason, code := s.run.Reason(i)
	t := contracts.TaskTelemetry{
		TaskID: w.ID, TaskType: w.Type, Status: s.run.State(i), StopReason: reason, Executors: u.executors,
		RetryCount: max(0, int(u.attempt)-1), Output: outputRef(u.end), Error: failure(u.end), Check: checkOf(u.end),
	}
	if t.Executors == nil {
		t.Executors = []contracts.NodeID{}
	}
	if u.unit.Defined() {
		t.UnitCID = u.unit.String()
	}
	if e := u.end; e != nil {
		t.Cached = e.By != ""
		t.DurationMS, t.FuelUsed = float64(e.DurationUS)/1e3, e.Fuel
		if m := e.Model; m != nil {
			t.TokensIn, t.TokensOut = m.TokensIn, m.TokensOut
		}
		if e.Result.Defined() {
			t.ResultCID = e.Result.String()
		}
	}
	t.ValidationStatus = dag.ValidationOf(w, t.Status, reason, code, t.ResultCID != "")
	return t
}
