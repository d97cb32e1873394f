package audr_test

import (
	"encoding/json"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/audr"
)

// TestRecordsHaveWhatAuditorsRequire checks the members without which kora-doctor
// refuses a record, and what they say.
func TestRecordsHaveWhatAuditorsRequire(t *testing.T) {
	g := &contracts.TaskGraph{RequestID: "run-1", GraphVersion: "test", WorkUnits: []contracts.WorkUnit{
		{ID: "sum", Type: contracts.Deterministic, Program: &contracts.Program{Task: "num/eval@1"}},
		{ID: "ask", Type: contracts.LLM, Model: &contracts.ModelCall{Operation: contracts.Generate, Tier: contracts.TierSmall, Name: "tiny"}},
		{ID: "skipped", Type: contracts.Deterministic, Program: &contracts.Program{Task: "num/eval@1"}},
	}}
	r := &contracts.ExecutionResult{Telemetry: contracts.TelemetryBundle{ExecutionSessionID: "s", ModelInvocationCount: 2, Tasks: []contracts.TaskTelemetry{
		{TaskID: "sum", TaskType: contracts.Deterministic, Status: contracts.UnitSuccess, Executors: []contracts.NodeID{"local"}},
		{TaskID: "ask", TaskType: contracts.LLM, Status: contracts.UnitSuccess, TokensIn: 7, TokensOut: 3, RetryCount: 1, Executors: []contracts.NodeID{"local", "local"}},
		{TaskID: "skipped", TaskType: contracts.Deterministic, Status: contracts.UnitSkipped},
	}}}
	records := audr.Records(g, r)
	if len(records) != 2 || records[0].Usage.Tool == nil || records[0].Resource.Name != "num/eval@1" || records[0].ID == records[1].ID {
		t.Fatalf("%+v", records)
	}
	if m := records[1]; m.Usage.LLM == nil || m.Usage.LLM.In != 7 || m.Usage.LLM.Out != 3 || m.Usage.LLM.Requests != 2 || m.Resource.Type != "model" || m.Resource.Name != "tiny" {
		t.Errorf("%+v", m)
	}
	for _, rec := range records {
		b, err := json.Marshal(rec)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]json.RawMessage
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"spec_version", "record_id", "emitter", "timing", "resource", "usage", "run", "attribution"} {
			if len(v[name]) < 3 {
				t.Errorf("%s has no %s", b, name)
			}
		}
	}
}
