package kora

import (
	"slices"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// Every event of the closed list has its stages, or tells of none; every stage is told.
func TestEventsTellStages(t *testing.T) {
	g := &contracts.TaskGraph{
		WorkUnits: []contracts.WorkUnit{
			{ID: "det", Type: contracts.Deterministic}, {ID: "ask", Type: contracts.LLM},
			{ID: "sum", Type: contracts.Deterministic, Bind: []contracts.Bind{{From: "det", To: "/a"}, {From: "ask", To: "/b"}}},
		},
		Outputs: contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: "sum"}}},
	}
	s := NewStages(g)
	told := map[contracts.Stage]bool{}
	for _, c := range []struct {
		event contracts.EventType
		unit  string
		want  []contracts.Stage
	}{
		{contracts.EventSessionStarted, "", []contracts.Stage{"TASK_CONSTRUCTED", "DAG_VALIDATED"}},
		{contracts.EventUnitStarted, "det", []contracts.Stage{"DETERMINISTIC_EXECUTION"}},
		{contracts.EventUnitStarted, "ask", nil},
		{contracts.EventUnitStarted, "sum", []contracts.Stage{"AGGREGATION"}},
		{contracts.EventLLMStarted, "ask", []contracts.Stage{"MODEL_INVOCATION"}},
		{contracts.EventUnitValidated, "det", []contracts.Stage{"SCHEMA_VALIDATION"}},
		{contracts.EventUnitCompleted, "det", []contracts.Stage{"TASK_COMPLETED"}},
		{contracts.EventUnitCached, "det", []contracts.Stage{"TASK_COMPLETED"}}, // it was begun above
		{contracts.EventUnitCached, "known", []contracts.Stage{"DETERMINISTIC_EXECUTION", "TASK_COMPLETED"}},
		{contracts.EventUnitValidated, "checked", []contracts.Stage{"DETERMINISTIC_EXECUTION", "SCHEMA_VALIDATION"}},
		{contracts.EventUnitCached, "checked", []contracts.Stage{"TASK_COMPLETED"}},
		{contracts.EventUnitFailed, "det", []contracts.Stage{"TASK_FAILED"}},
		{contracts.EventUnitTimeout, "det", []contracts.Stage{"TASK_FAILED"}},
	} {
		got := s.Of(&contracts.Event{Type: c.event, Subject: c.unit})
		if !slices.Equal(got, c.want) {
			t.Errorf("%s of %q tells %v, want %v", c.event, c.unit, got, c.want)
		}
		for _, stage := range got {
			told[stage] = true
		}
	}
	// A run after another begins anew.
	s.Of(&contracts.Event{Type: contracts.EventUnitRetried, Subject: "checked"})
	if got := s.Of(&contracts.Event{Type: contracts.EventUnitStarted, Subject: "checked"}); len(got) != 1 {
		t.Errorf("a second run tells %v", got)
	}
	if len(told) != 8 {
		t.Errorf("%d of 8 stages are told: %v", len(told), told)
	}
	silent := 0
	for _, e := range contracts.EventTypes() {
		if len(stages[e]) == 0 {
			silent++
			if got := s.Of(&contracts.Event{Type: e, Subject: "det"}); len(got) > 0 {
				t.Errorf("%s tells %v", e, got)
			}
		}
	}
	if want := len(contracts.EventTypes()) - len(stages); silent != want {
		t.Errorf("%d events tell of no stage, want %d: an event of the table is not of the closed list", silent, want)
	}
}
