package compat_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/krako-labs/krako/contracts/internal/compat"
)

// change edits one file of a version made by hand: value is JSON, "" removes.
type change struct{ file, pointer, value string }

// breaking changes of each kind, with the start of what must be reported.
var breaking = []struct {
	name    string
	changes []change
	want    string
}{
	{"document removed", []change{{"contract.json", "/documents/0", ""}}, "task-graph: document removed"},
	{"document of another kind", []change{{"contract.json", "/documents/0/kind", `"response"`}}, "task-graph: was a request, is a response"},
	{"event type removed", []change{{"contract.json", "/event_types/7", ""}}, "event_types workunit.scheduled: removed"},
	{"event type renamed", []change{{"contract.json", "/event_types/7/type", `"workunit.placed"`}}, "event_types workunit.scheduled: removed"},
	{"data of an event replaced", []change{{"contract.json", "/event_types/7/data", `"event-data/workunit.completed"`}}, "event_types workunit.scheduled: its data is another document"},
	{"data of an event dropped", []change{{"contract.json", "/event_types/7/data", ""}}, "event_types workunit.scheduled: its data is another document"},
	{"error code removed", []change{{"contract.json", "/error_codes/2", ""}}, "error_codes TRAP: removed"},
	{"error code retryable", []change{{"contract.json", "/error_codes/2/retryable", `true`}}, "error_codes TRAP: retryable changed"},
	{"stop reason removed", []change{{"contract.json", "/stop_reasons/3", ""}}, "stop_reasons budget_exhausted: removed"},
	{"failure class changed", []change{{"contract.json", "/stop_reasons/3/failure_class", `"TIMEOUT"`}}, "stop_reasons budget_exhausted: failure class changed"},
	{"rule removed", []change{{"contract.json", "/rules/0", ""}}, "rules document: removed"},
	{"transition removed", []change{{"contract.json", "/unit_transitions/0", ""}}, "unit_transitions queued workunit.ready: removed"},
	{"transition elsewhere", []change{{"contract.json", "/session_transitions/0/to", `"failed"`}}, "session_transitions initialized execution.session.started: leads to failed, not to running"},

	{"member of a request removed", []change{{"task-graph.json", "/$defs/WorkUnit/properties/priority", ""}}, "task-graph#/work_units/items/priority: member removed"},
	{"member of a request renamed", []change{{"task-graph.json", "/properties/policies", ""}, {"task-graph.json", "/properties/policy", `{"type":"object"}`}}, "task-graph#/policies: member removed"},
	{"member of a request newly required", []change{{"task-graph.json", "/required/-", `"policies"`}}, "task-graph#: member policies became required"},
	{"member of a request inside newly required", []change{{"task-graph.json", "/$defs/Program/required", `["entry"]`}}, "task-graph#/work_units/items/program: member entry became required"},
	{"type of a request's member", []change{{"task-graph.json", "/$defs/Budgets/properties/max_fuel/type", `"string"`}}, "task-graph#/budgets/max_fuel: type was integer, is string"},
	{"choice of a request removed", []change{{"work-unit.json", "/$defs/Priority/enum/3", ""}}, "work-unit#/priority/anyOf/0: value p3 removed"},
	{"bound of a request narrowed", []change{{"task-graph.json", "/$defs/Constraints/properties/memory_mb/maximum", `2048`}}, "task-graph#/work_units/items/constraints/memory_mb: maximum was 4096, is 2048"},
	{"lower bound of a request raised", []change{{"task-graph.json", "/properties/work_units/minItems", `2`}}, "task-graph#/work_units: minItems was 1, is 2"},
	{"bound of a request added", []change{{"task-graph.json", "/$defs/ModelCall/properties/stop/maxItems", `4`}}, "task-graph#/work_units/items/model/stop: maxItems added"},
	{"pattern of a request changed", []change{{"task-graph.json", "/properties/graph_id/pattern", `"^x$"`}}, "task-graph#/graph_id: pattern was"},
	{"condition of a request added", []change{{"task-graph.json", "/$defs/Bind/allOf/-", `{"required":["to"]}`}}, "task-graph#/work_units/items/bind/items: allOf has 2 parts, had 1"},
	{"condition of a request narrowed", []change{{"task-graph.json", "/$defs/Bind/allOf/0/then/properties/from", `{"maxLength":1}`}}, "task-graph#/work_units/items/bind/items/allOf/0/then/from: condition added"},
	{"condition of a request on something else", []change{{"task-graph.json", "/$defs/Bind/allOf/0/if/required/0", `"to"`}}, "task-graph#/work_units/items/bind/items/allOf/0: if was"},
	{"member of a request forbidden", []change{{"task-graph.json", "/properties/ext", `false`}}, "task-graph#/ext: nothing is accepted any more"},
	{"extensions of one form only", []change{{"task-graph.json", "/properties/ext/additionalProperties", `{"type":"object"}`}}, "task-graph#/ext/*: type added"},

	{"member of a response removed", []change{{"session-view.json", "/properties/graph_cid", ""}, {"session-view.json", "/required", `["execution_session_id","tenant_id","graph_id","request_id","state","units","started_at","work_units"]`}}, "session-view#/graph_cid: member removed"},
	{"optional member of a response removed", []change{{"event.json", "/properties/traceparent", ""}}, "event#/traceparent: member removed"},
	{"member of a response optional now", []change{{"event.json", "/required/0", ""}}, "event#: member specversion is not always there any more"},
	{"type of a response's member", []change{{"execution-result.json", "/$defs/TelemetryBundle/properties/total_tokens/type", `"string"`}}, "execution-result#/telemetry_bundle/total_tokens: type was integer, is string"},
	{"choice of a response removed", []change{{"backend-status.json", "/$defs/HealthState/enum/1", ""}}, "backend-status#/state: value degraded removed"},
	{"bound of a response widened", []change{{"receipt.json", "/properties/index/maximum", `1023`}}, "receipt#/index: maximum was 255, is 1023"},
	{"bound of a response dropped", []change{{"receipt.json", "/properties/index/maximum", ""}}, "receipt#/index: maximum dropped"},
	{"data of an event without a member", []change{{"event-data/workunit.completed.json", "/properties/fuel", ""}, {"event-data/workunit.completed.json", "/required", `["stop_reason","duration_ms"]`}}, "event-data/workunit.completed#/fuel: member removed"},

	{"member of a block added", []change{{"invocation.json", "/properties/region", `{"type":"string"}`}}, "invocation#/region: member added to a block"},
	{"member of a block removed", []change{{"invocation.json", "/properties/salt", ""}}, "invocation#/salt: member removed"},
	{"member of a block required", []change{{"invocation.json", "/required/-", `"salt"`}}, "invocation#: member salt became required"},
	{"bound of a block widened", []change{{"batch.json", "/properties/results/maxItems", `512`}}, "batch#/results: maxItems was 256, is 512"},
	{"bound of a block narrowed", []change{{"batch.json", "/properties/results/maxItems", `128`}}, "batch#/results: maxItems was 256, is 128"},
	{"version of a block", []change{{"batch.json", "/properties/v/const", `2`}}, "batch#/v: const was 1, is 2"},
}

func TestBreakingChangesAreReported(t *testing.T) {
	for _, c := range breaking {
		t.Run(c.name, func(t *testing.T) {
			breaks, err := compat.Compare(os.DirFS(schemaDir), edited(t, c.changes))
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range breaks {
				if strings.HasPrefix(b.String(), c.want) {
					return
				}
			}
			t.Errorf("reported is %v, want %s", breaks, c.want)
		})
	}
}

// compatible changes are those that a minor version may bring.
var compatible = map[string][]change{
	"nothing":                               nil,
	"words":                                 {{"task-graph.json", "/description", `"Other words."`}, {"task-graph.json", "/$defs/WorkUnit/properties/id/description", `"A name."`}},
	"words about a value of any form":       {{"event.json", "/properties/data", `{"description":"The data."}`}},
	"address of the schema":                 {{"task-graph.json", "/$id", `"https://schemas.krako.dev/v1.1/task-graph.json"`}},
	"event type added":                      {{"contract.json", "/event_types/-", `{"type":"workunit.paused"}`}},
	"data of an event that had none":        {{"contract.json", "/event_types/6/data", `"event-data/workunit.ready"`}},
	"error code added":                      {{"contract.json", "/error_codes/-", `{"code":"TOO_LATE","retryable":false}`}},
	"transition added":                      {{"contract.json", "/unit_transitions/-", `{"from":"ready","event":"workunit.rejected","to":"failed"}`}},
	"document added":                        {{"contract.json", "/documents/-", `{"name":"quote","kind":"response"}`}},
	"optional member of a request added":    {{"task-graph.json", "/$defs/WorkUnit/properties/colour", `{"type":"string"}`}},
	"member of a request optional now":      {{"task-graph.json", "/required", `["schema_version","graph_version"]`}},
	"bound of a request widened":            {{"task-graph.json", "/properties/work_units/maxItems", `1000000`}},
	"bound of a request dropped":            {{"task-graph.json", "/properties/work_units/maxItems", ""}},
	"choice of a request added":             {{"task-graph.json", "/$defs/Priority/enum/-", `"p4"`}},
	"condition of a request dropped inside": {{"task-graph.json", "/$defs/Bind/allOf/0/then/properties/to", ""}},
	"member of a response added":            {{"event.json", "/properties/dataref", `{"type":"string"}`}, {"event.json", "/required/-", `"dataref"`}},
	"bound of a response narrowed":          {{"receipt.json", "/properties/index/maximum", `127`}},
	"choice of a response added":            {{"backend-status.json", "/$defs/HealthState/enum/-", `"draining"`}},
}

func TestCompatibleChangesAreNotReported(t *testing.T) {
	for name, changes := range compatible {
		t.Run(name, func(t *testing.T) {
			breaks, err := compat.Compare(os.DirFS(schemaDir), edited(t, changes))
			if err != nil || len(breaks) > 0 {
				t.Errorf("reported is %v (%v)", breaks, err)
			}
		})
	}
}

// TestTypesThatContainThemselves ends, and compares such a type once.
func TestTypesThatContainThemselves(t *testing.T) {
	version := func(typ string) fs.FS {
		return fstest.MapFS{
			"contract.json": {Data: []byte(`{"version":"1.0","documents":[{"name":"tree","kind":"request"}]}`)},
			"tree.json": {Data: []byte(`{"$ref":"#/$defs/Tree","$defs":{"Tree":{"type":"object","properties":{
				"leaf":{"type":"` + typ + `"},"branches":{"type":"array","items":{"$ref":"#/$defs/Tree"}}}}}}`)},
		}
	}
	breaks, err := compat.Compare(version("string"), version("integer"))
	if err != nil || len(breaks) != 1 || breaks[0].Where != "tree#/leaf" {
		t.Errorf("reported is %v (%v)", breaks, err)
	}
}

// edited returns the current schemas with changes made by hand.
func edited(t *testing.T, changes []change) fs.FS {
	t.Helper()
	dir := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(schemaDir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(schemaDir + "/" + path)
		dir[path] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		var doc any
		if err := json.Unmarshal(dir[c.file].Data, &doc); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(put(t, doc, strings.Split(c.pointer, "/")[1:], c.value))
		if err != nil {
			t.Fatal(err)
		}
		dir[c.file] = &fstest.MapFile{Data: b}
	}
	return dir
}
