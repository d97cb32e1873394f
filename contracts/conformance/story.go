package conformance

import (
	"encoding/json"
	"slices"

	"github.com/google/uuid"
	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
)

func cidOf(text string) (cid.Cid, error) { return cid.Decode(text) }

// holdEvents checks the events of an execution: each by itself, that units walk
// the contract's states in the order of their dependencies, and that the end of
// the story is the result.
func (c *trial) holdEvents(o *outcome) {
	c.Helper()
	s := story{trial: c, outcome: o, units: map[contracts.UnitID]*told{}, ids: map[string]bool{}}
	for i := range o.graph.WorkUnits {
		s.units[o.graph.WorkUnits[i].ID] = &told{unit: &o.graph.WorkUnits[i]}
	}
	for i := range o.events {
		s.event(i, &o.events[i])
	}
	s.end()
}

// story follows the events of one execution.
type story struct {
	*trial
	*outcome
	units map[contracts.UnitID]*told
	ids   map[string]bool
}

// told is what the events have said of one unit so far.
type told struct {
	unit      *contracts.WorkUnit
	state     contracts.UnitState
	attempt   uint32
	validated bool
	end       contracts.UnitEnded
}

func (s *story) event(i int, e *contracts.Event) {
	s.Helper()
	if err := e.Validate(); err != nil {
		s.Error(err)
	}
	if id, err := uuid.Parse(e.ID); err != nil || id.Version() != 7 || s.ids[e.ID] {
		s.Errorf("event %d has id %q, which is no new UUIDv7", i, e.ID)
	}
	s.ids[e.ID] = true
	g := s.graph
	if e.TenantID != g.TenantID || e.GraphID != g.GraphID || e.SessionID == "" || e.SessionID != s.events[0].SessionID {
		s.Errorf("event %d is of tenant %q, graph %q, session %q", i, e.TenantID, e.GraphID, e.SessionID)
	}
	first, last := i == 0, i == len(s.events)-1
	if e.Subject == "" {
		if _, ended := sessionEnds[e.Type]; first != (e.Type == contracts.EventSessionStarted) || last != ended {
			s.Errorf("event %d of %d is %s", i, len(s.events), e.Type)
		}
		return
	}
	t := s.units[contracts.UnitID(e.Subject)]
	switch {
	case first || last:
		s.Errorf("the session's story begins or ends with %s of %s", e.Type, e.Subject)
	case t == nil:
		s.Errorf("event %s names unit %q, which was not declared", e.Type, e.Subject)
	case e.Replica() == 0: // a copy is an execution of its own
		s.step(t, e)
	}
}

var sessionEnds = map[contracts.EventType]contracts.SessionState{
	contracts.EventSessionCompleted: contracts.SessionCompleted,
	contracts.EventSessionFailed:    contracts.SessionFailed,
	contracts.EventSessionCancelled: contracts.SessionCancelled,
}

// step takes one event of a unit.
func (s *story) step(t *told, e *contracts.Event) {
	s.Helper()
	id := t.unit.ID
	switch e.Type {
	case contracts.EventUnitQueued:
		if t.state != "" {
			s.Errorf("unit %s was queued while %s", id, t.state)
		}
		t.state = contracts.UnitQueued
		return
	case contracts.EventUnitValidated:
		t.validated = true
		return
	}
	next, ok := t.state.Next(e.Type)
	if !ok {
		s.Errorf("unit %s cannot go from %q by %s", id, t.state, e.Type)
	}
	t.state = next
	if next == contracts.UnitReady || next == contracts.UnitDispatched {
		s.depsAreFinal(t.unit, e.Type)
	}
	if e.Type == contracts.EventUnitScheduled {
		t.attempt++
		s.scheduled(t, e)
	}
	s.attemptOf(t, e)
	if next.Final() {
		t.end = contracts.UnitEnded{}
		if err := json.Unmarshal(e.Data, &t.end); err != nil {
			s.Error(err)
		}
	}
}

// attemptOf checks which attempt an event is about: the present one, the next
// for a retry, and none for what is not about an attempt.
func (s *story) attemptOf(t *told, e *contracts.Event) {
	s.Helper()
	want := t.attempt
	switch e.Type {
	case contracts.EventUnitRetried:
		want++
	case contracts.EventUnitReady, contracts.EventUnitCancelled, contracts.EventUnitSkipped:
		want = 0
	}
	if e.Attempt != want {
		s.Errorf("unit %s: %s is told of attempt %d, want %d", t.unit.ID, e.Type, e.Attempt, want)
	}
}

func (s *story) scheduled(t *told, e *contracts.Event) {
	s.Helper()
	var d contracts.UnitScheduled
	if err := json.Unmarshal(e.Data, &d); err != nil {
		s.Error(err)
	}
	if d.Eligible < 1 || d.Target == "" || d.Lease == 0 || d.Privacy == "" {
		s.Errorf("unit %s is scheduled with %+v", t.unit.ID, d)
	}
}

func (s *story) depsAreFinal(u *contracts.WorkUnit, event contracts.EventType) {
	s.Helper()
	for _, d := range u.Dependencies {
		if st := s.units[d].state; !st.Final() {
			s.Errorf("unit %s is %s while its dependency %s is %s", u.ID, event, d, st)
		}
	}
}

// end compares what was told with the result.
func (s *story) end() {
	s.Helper()
	if len(s.events) == 0 {
		s.Fatal("no event was observed")
	}
	var d contracts.SessionEnded
	last := &s.events[len(s.events)-1]
	if err := json.Unmarshal(last.Data, &d); err != nil {
		s.Error(err)
	}
	m := &s.Metadata
	if sessionEnds[last.Type] != m.State || d.StopReason != m.StopReason || d.FinalUnit != m.FinalUnit || codeOf(d.Error) != codeOf(m.Error) {
		s.Errorf("last event is %s with %+v, the result says %s, %s", last.Type, d, m.State, m.StopReason)
	}
	for i := range s.Telemetry.Tasks {
		t := &s.Telemetry.Tasks[i]
		s.sameEnd(s.units[t.TaskID], t)
	}
}

func (s *story) sameEnd(u *told, t *contracts.TaskTelemetry) {
	s.Helper()
	d := &u.end
	if u.state != t.Status || d.StopReason != t.StopReason || d.Fuel != t.FuelUsed || d.ResultCID != t.ResultCID || codeOf(d.Error) != codeOf(t.Error) {
		s.Errorf("unit %s was told to end %s with %+v, the result says %s with %+v", u.unit.ID, u.state, *d, t.Status, *t)
	}
	if int(u.attempt) != len(t.Executors) {
		s.Errorf("unit %s was scheduled %d times and run by %v", u.unit.ID, u.attempt, t.Executors)
	}
	if u.validated != (t.ValidationStatus == contracts.ValidationPassed) {
		s.Errorf("unit %s: told to be validated %t, validation status %s", u.unit.ID, u.validated, t.ValidationStatus)
	}
	if t.ResultCID == "" {
		return
	}
	if d.UnitCID != t.UnitCID || s.Distributed != (d.BatchCID != "") || !slices.Contains(t.Executors, d.Node) {
		s.Errorf("unit %s ended with unit_cid %s in batch %q by %s", u.unit.ID, d.UnitCID, d.BatchCID, d.Node)
	}
}

func codeOf(e *contracts.Error) contracts.Code {
	if e == nil {
		return ""
	}
	return e.Code
}
