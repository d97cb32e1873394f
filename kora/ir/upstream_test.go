package ir_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/ir"
)

// Upstream's own graphs run unchanged.
func TestUpstreamGraphs(t *testing.T) {
	l := open(t)
	warm(t, l)
	for _, c := range []struct{ id, file, want string }{
		{"A1", "hello_kora/graph.json", `ok=true order=task_echo | task_echo/1 ok DETERMINISTIC | {"message":"hello from kora","status":"ok","task_id":"task_echo"}`},
		{"A2", "retry_demo/graph.json", `ok=true order=task_flaky | task_flaky/1 fail DETERMINISTIC DETERMINISTIC_EXEC_FAILED retryable=true | task_flaky/2 ok DETERMINISTIC | {"message":"recovered","status":"ok","task_id":"task_flaky"}`},
		{"A3", "direct_vs_kora/graph.json", `ok=true order=task_pre,task_llm | task_pre/1 ok DETERMINISTIC | task_llm/1 ok ADAPTER skipped | {"message":"Skipped due to skip_if condition","skipped":true,"status":"ok","task_id":"task_llm"}`},
	} {
		t.Run(c.id, func(t *testing.T) {
			if got := story(run(t, l, example(t, c.file), options())); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// Upstream's solutions give what their conformance cases say, typed bindings
// included.
func TestUpstreamSolutions(t *testing.T) {
	l := open(t)
	warm(t, l)
	for _, c := range []struct{ id, dir, conformance string }{
		{"A14", "solutions/hello-solution", "echo-success.json"},
		{"A14b", "solutions/generated-echo-fixture", "echo-success.json"},
		{"A15", "solutions/document-transform-fixture", "normalize-success.json"},
	} {
		t.Run(c.id, func(t *testing.T) {
			var want struct {
				Input    map[string]any
				Expected struct{ Output json.RawMessage }
			}
			unmarshal(t, example(t, path.Join(c.dir, "conformance/cases", c.conformance)), &want)
			o := options()
			o.Input = want.Input
			same(t, run(t, l, example(t, path.Join(c.dir, "graph/workflow.json")), o).Final, string(want.Expected.Output))
		})
	}
	t.Run("A16", func(t *testing.T) {
		nodes, err := ir.DecodeNodes([]byte(example(t, "solutions/typed-node-fixture/graph/execution.json")))
		if err != nil {
			t.Fatal(err)
		}
		o := options()
		o.Nodes = nodes
		unmarshal(t, example(t, "solutions/inputs/typed-node.json"), &o.Input)
		doc := example(t, "solutions/typed-node-fixture/graph/workflow.json")
		same(t, run(t, l, doc, o).Final, `{"text":"hello   world"}`)
		o = options()
		o.Nodes, o.Input = nodes, map[string]any{"text": 7}
		if r := run(t, l, doc, o); r.OK || r.Error == nil {
			t.Errorf("a number is taken for a text: %s", story(r))
		}
	})
}

// task is a deterministic task of a handler that takes a text by rules.
func task(id, handler, text string, args map[string]any) string {
	b, err := json.Marshal(map[string]any{
		"id": id, "type": "deterministic", "in": map[string]any{"text": text},
		"run": map[string]any{"kind": "det", "spec": map[string]any{"handler": handler, "args": args}},
	})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// A8: upstream's five sets of texts are routed as they say, all of each in one
// graph.
func TestUpstreamClassification(t *testing.T) {
	l := open(t)
	total, deterministic := 0, 0
	for _, name := range []string{"document_type_routing", "incident_severity_routing", "issue_triage", "log_event_classification", "support_ticket_routing"} {
		var set struct {
			ID     string `json:"scenario_id"`
			Needed string `json:"provider_required_route"`
			Routes []any
			Items  []struct {
				ID, Subject, Body string
				Route             string  `json:"expected_route"`
				Category          *string `json:"expected_category"`
			}
		}
		unmarshal(t, example(t, "deterministic_classification/datasets/"+name+".json"), &set)
		var tasks []string
		for _, it := range set.Items {
			tasks = append(tasks, task(it.ID, "classify_by_rules", it.Subject+"\n"+it.Body, map[string]any{"scenario_id": set.ID, "provider_required_route": set.Needed, "routes": set.Routes}))
		}
		r := run(t, l, document(set.Items[0].ID, tasks...), options())
		for _, it := range set.Items {
			var out struct {
				Kind  string `json:"route_kind"`
				Class *struct{ Category string }
				Out   *struct{ Category string } `json:"classification_output"`
			}
			unmarshal(t, string(r.Outputs[it.ID]), &out)
			total++
			if out.Kind == "deterministic" {
				deterministic++
			}
			if out.Kind != it.Route || (it.Category == nil) != (out.Out == nil) || it.Category != nil && out.Out.Category != *it.Category {
				t.Errorf("%s: %s, want %s %v", it.ID, r.Outputs[it.ID], it.Route, it.Category)
			}
		}
	}
	if total != 32 || deterministic != 21 {
		t.Errorf("%d texts, %d deterministic; want 32 and 21", total, deterministic)
	}
}

// A9: upstream's four workloads are inspected as they say.
func TestUpstreamDoctor(t *testing.T) {
	l := open(t)
	total, deterministic := 0, 0
	for _, name := range []string{"workload.json", "workloads/customer_support_workload.json", "workloads/developer_workflow_workload.json", "workloads/document_intake_workload.json"} {
		var set struct {
			Rules  []any `json:"deterministic_rules"`
			Needed []any `json:"provider_needed_rules"`
			Tasks  []struct {
				ID, Title, Description string
				Route                  string  `json:"expected_route_kind"`
				Handler                *string `json:"expected_suggested_handler"`
			}
		}
		unmarshal(t, example(t, "kora_doctor/"+name), &set)
		var tasks []string
		for _, it := range set.Tasks {
			tasks = append(tasks, task(it.ID, "doctor_inspect_task", it.Title+"\n"+it.Description, map[string]any{"deterministic_rules": set.Rules, "provider_needed_rules": set.Needed}))
		}
		r := run(t, l, document(set.Tasks[0].ID, tasks...), options())
		for _, it := range set.Tasks {
			var out struct {
				Kind    string  `json:"route_kind"`
				Handler *string `json:"suggested_handler"`
			}
			unmarshal(t, string(r.Outputs[it.ID]), &out)
			total++
			if out.Kind == "deterministic_candidate" {
				deterministic++
			}
			if out.Kind != it.Route || fmt.Sprint(deref(out.Handler)) != fmt.Sprint(deref(it.Handler)) {
				t.Errorf("%s: %s, want %s %v", it.ID, r.Outputs[it.ID], it.Route, deref(it.Handler))
			}
		}
	}
	if total != 25 || deterministic != 16 {
		t.Errorf("%d tasks, %d deterministic; want 25 and 16", total, deterministic)
	}
}

func deref(s *string) string {
	if s == nil {
		return "none"
	}
	return *s
}

func unmarshal(t testing.TB, doc string, v any) {
	t.Helper()
	if err := json.NewDecoder(strings.NewReader(doc)).Decode(v); err != nil {
		t.Fatal(err)
	}
}

// A5: a deterministic task without a schema.
func TestUpstreamWithoutSchema(t *testing.T) {
	l := open(t)
	warm(t, l)
	want := `ok=true order=task_echo | task_echo/1 ok DETERMINISTIC | {"message":"det_no_schema_short","status":"ok","task_id":"task_echo"}`
	if got := story(run(t, l, document("task_echo", det("task_echo", "echo", `,"in":{"message":"det_no_schema_short"}`)), options())); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// A6: upstream's adaptive demo, three profiles over the adapters demo_mini,
// demo_mini:gate and demo_mini:full. Upstream logs two, one and one calls and makes
// two, one and three; every call is told here.
func TestUpstreamAdaptiveDemo(t *testing.T) {
	l := open(t)
	warm(t, l)
	for _, c := range []struct {
		profile, policy  string
		confident        map[string]float64
		mini, gate, full int
		reasons          string
	}{
		{"balanced", `{"adaptive":{"routing_profile":"balanced","escalation_order":["gate","full"]}}`, map[string]float64{"mini": 0.2}, 1, 1, 0, "escalate_confidence,accepted_gate_verified"},
		{"latency", `{"adaptive":{"routing_profile":"latency","escalation_order":["gate","full"]}}`, map[string]float64{"mini": 0.8}, 1, 0, 0, "confident_enough"},
		{"reliability", `{"budget":{"max_tokens":900},"adaptive":{"routing_profile":"reliability","escalation_order":["full"],"stage_costs":{"full":300}}}`, nil, 3, 0, 0, "voi_too_low"},
	} {
		t.Run(c.profile, func(t *testing.T) {
			o := options()
			o.Adapters = map[string]ir.Model{
				"demo_mini": {Tier: contracts.TierSmall, Name: "mini"}, "demo_mini:gate": {Tier: contracts.TierMedium, Name: "gate"}, "demo_mini:full": {Tier: contracts.TierLarge, Name: "full"},
			}
			double.mu.Lock()
			double.confident = c.confident
			double.mu.Unlock()
			defer func() {
				double.mu.Lock()
				double.confident = nil
				double.mu.Unlock()
			}()
			r := run(t, l, strings.ReplaceAll(document("a", ask("a", "why", c.policy)), `"mock"`, `"demo_mini"`), o)
			calls, reasons := map[string]int{}, []string{}
			for _, e := range r.Events {
				var m struct {
					Adapter string
					Reason  string `json:"stop_reason"`
				}
				unmarshal(t, string(e.Meta), &m)
				calls[m.Adapter]++
				if m.Reason != "" {
					reasons = append(reasons, m.Reason)
				}
			}
			if !r.OK || calls["demo_mini"] != c.mini || calls["demo_mini:gate"] != c.gate || calls["demo_mini:full"] != c.full || strings.Join(reasons, ",") != c.reasons {
				t.Errorf("calls %v, reasons %s: %s", calls, reasons, story(r))
			}
		})
	}
}

// A7: upstream's stress test of a thousand graphs, four fifths of them short, fifty of
// which fail their check. testdata/stress.txt has a letter a graph, S or L for its
// text, small where it is to fail: the numbers of Python's generator with seed 42.
func TestUpstreamStress(t *testing.T) {
	l := open(t)
	warm(t, l)
	flags, err := os.ReadFile("testdata/stress.txt")
	if err != nil {
		t.Fatal(err)
	}
	text := map[bool]string{true: "Summarize this.", false: strings.Repeat("A model is asked at every step, and costs vary. ", 6)[:257]}
	ok, failed, skipped, calls := 0, 0, 0, 0
	var in, out int64
	stages, kinds := map[string]int{}, map[string]int{}
	for _, f := range strings.ReplaceAll(string(flags), "\n", "") {
		said := text[f == 'S' || f == 's']
		required := `["status","task_id","is_simple"]`
		if f == 's' || f == 'l' {
			required = `["status","task_id","is_simple","what_is_not_there"]`
		}
		pre := det("task_pre", "classify_simple", `,"in":{"text":"`+said+`"},"verify":{"schema":{"type":"object","required":`+required+`},"rules":[{"kind":"required","paths":["status"]}]}`)
		llm := strings.Replace(ask("task_llm", said, `{"on_fail":"retry","budget":{"max_time_ms":60000,"max_tokens":400,"max_retries":1}}`),
			`"question"`, `"skip_if":{"path":"$.is_simple","equals":true},"question"`, 1)
		r := run(t, l, document("task_llm", pre, strings.Replace(llm, `"type":"t"`, `"type":"t","deps":["task_pre"]`, 1)), options())
		for _, e := range r.Events {
			stages[e.Stage]++
			if e.Skipped {
				skipped++
			}
			if e.Usage != nil {
				in, out = in+e.Usage.TokensIn, out+e.Usage.TokensOut
			}
		}
		calls += r.Calls
		if r.OK {
			ok++
		} else {
			failed++
			kinds[r.Error.Type]++
		}
	}
	got := fmt.Sprint(ok, failed, skipped, calls, in, out, stages, kinds)
	if want := fmt.Sprint(950, 50, 748, 202, 12928, 8080, map[string]int{"ADAPTER": 950, "DETERMINISTIC": 950, "VERIFY": 50}, map[string]int{"OUTPUT_SCHEMA_INVALID": 50}); got != want {
		t.Errorf("ok, failed, skipped, calls, tokens in and out, stages, errors:\n got %s\nwant %s", got, want)
	}
}

// A18: what cannot run is told in upstream's words, too. Tasks that wait for each
// other are its scheduler's to find.
func TestUpstreamRefusals(t *testing.T) {
	a := det("a", "echo", ``)
	for name, c := range map[string]struct{ doc, want string }{
		"cycle":   {document("a", det("a", "echo", `,"deps":["b"]`), det("b", "echo", `,"deps":["a"]`)), "DAG_INVALID SCHEDULER a"},
		"twice":   {document("a", a, a), "INVALID_TASK IR a"},
		"root":    {document("z", a), "INVALID_TASK IR z"},
		"version": {strings.Replace(document("a", a), `"0.1"`, `"0.2"`, 1), "INVALID_TASK IR version"},
	} {
		_, err := ir.Decode([]byte(c.doc))
		if err == nil {
			t.Errorf("%s is not refused", name)
			continue
		}
		r := ir.Refusal(err)
		if got := r.Error.Type + " " + r.Error.Stage + " " + r.Error.TaskID; r.OK || got != c.want || r.Error.Details == "" {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
