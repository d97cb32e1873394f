package ir_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora/ir"
	"github.com/krako-labs/krako/kora/local"
)

// options are those of a test's run.
func options() ir.Options {
	return ir.Options{
		RequestID: uuid.NewString(), Tenant: "lab", CreatedAt: contracts.Time{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		Adapters: map[string]ir.Model{"mock": {Tier: contracts.TierSmall}, "openai": {Tier: contracts.TierLarge}},
	}
}

// shared is one KORA for all tests: compiling its tasks is what takes time.
var shared struct {
	sync.Once
	*local.Local
	err error
}

func open(t testing.TB) *local.Local {
	shared.Do(func() {
		shared.Local, shared.err = local.Open(context.Background(), local.Options{Models: double, CacheDir: sandboxtest.CodeCache("")})
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.Local
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.Local != nil {
		shared.Close(context.Background())
	}
	os.Exit(code)
}

// run imports a document, runs it and tells the run in upstream's words.
func run(t testing.TB, l *local.Local, doc string, o ir.Options) *ir.Report {
	t.Helper()
	g, err := ir.Decode([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	p, err := ir.Import(g, o)
	if err != nil {
		t.Fatal(err)
	}
	res, err := l.Backend.Execute(t.Context(), p.Graph, contracts.ExecutionContext{RunID: o.RequestID}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Report(res, func(c contracts.Link) ([]byte, error) { return l.Blocks.GetBlock(t.Context(), c.Cid) })
	if err != nil {
		t.Fatal(err)
	}
	if asked := double.count(); int64(r.Calls) != res.Telemetry.ModelInvocationCount || r.Calls != asked {
		t.Errorf("the adapter was asked %d times", asked)
		t.Errorf("%d model calls are told, telemetry counts %d", r.Calls, res.Telemetry.ModelInvocationCount)
	}
	return r
}

// story is a report in short.
func story(r *ir.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "ok=%v order=%s", r.OK, strings.Join(r.Order, ","))
	for _, e := range r.Events {
		fmt.Fprintf(&b, " | %s/%d %s %s", e.TaskID, e.Attempt, e.Status, e.Stage)
		if e.Skipped {
			b.WriteString(" skipped")
		}
		if e.Error != nil {
			fmt.Fprintf(&b, " %s retryable=%v", e.Error.Type, e.Error.Retryable)
		}
	}
	if r.Error != nil {
		fmt.Fprintf(&b, " | error %s %s", r.Error.Type, r.Error.Stage)
	}
	fmt.Fprintf(&b, " | %s", r.Final)
	return b.String()
}

// document is a graph of tasks with the last as its root.
func document(root string, tasks ...string) string {
	return `{"graph_id":"g","version":"0.1","root":"` + root + `","defaults":{"budget":{"max_time_ms":60000}},"tasks":[` + strings.Join(tasks, ",") + `]}`
}

func det(id, handler, more string) string {
	return `{"id":"` + id + `","type":"t","run":{"kind":"det","spec":{"handler":"` + handler + `"}}` + more + `}`
}

const objectWith = `{"type":"object","required":["status","message"],"properties":{"message":{"type":"string"}}}`

// The behaviours of upstream's executor that need no model, as they are told.
func TestDeterministic(t *testing.T) {
	l := open(t)
	for _, c := range []struct{ name, doc, want string }{
		{"echo", document("a", det("a", "echo", `,"in":{"message":"hi"}`)),
			`ok=true order=a | a/1 ok DETERMINISTIC | {"message":"hi","status":"ok","task_id":"a"}`},
		{"echo of args", document("a", `{"id":"a","type":"t","run":{"kind":"det","spec":{"handler":"echo","args":{"message":7}}}}`),
			`ok=true order=a | a/1 ok DETERMINISTIC | {"message":7,"status":"ok","task_id":"a"}`},
		{"in order, ties by id", document("c", det("c", "echo", `,"deps":["b","a"]`), det("b", "echo", ``), det("a", "echo", ``)),
			`ok=true order=a,b,c | a/1 ok DETERMINISTIC | b/1 ok DETERMINISTIC | c/1 ok DETERMINISTIC | {"message":null,"status":"ok","task_id":"c"}`},
		{"characters, not bytes", document("a", det("a", "classify_simple", `,"in":{"text":"`+strings.Repeat("é", 79)+`"}`)),
			`ok=true order=a | a/1 ok DETERMINISTIC | {"is_simple":true,"status":"ok","task_id":"a"}`},
		{"eighty are not simple", document("a", det("a", "classify_simple", `,"in":{"text":"`+strings.Repeat("x", 80)+`"}`)),
			`ok=true order=a | a/1 ok DETERMINISTIC | {"is_simple":false,"status":"ok","task_id":"a"}`},
		{"retry", document("a", det("a", "flaky_once", `,"policy":{"on_fail":"retry"}`)),
			`ok=true order=a | a/1 fail DETERMINISTIC DETERMINISTIC_EXEC_FAILED retryable=true | a/2 ok DETERMINISTIC | {"message":"recovered","status":"ok","task_id":"a"}`},
		{"retry, then go on", document("b", det("a", "flaky_once", `,"policy":{"on_fail":"retry"}`), det("b", "echo", `,"deps":["a"]`)),
			`ok=true order=a,b | a/1 fail DETERMINISTIC DETERMINISTIC_EXEC_FAILED retryable=true | a/2 ok DETERMINISTIC | b/1 ok DETERMINISTIC | {"message":null,"status":"ok","task_id":"b"}`},
		{"no retry", document("a", det("a", "flaky_once", ``)),
			`ok=false order=a | a/1 fail DETERMINISTIC DETERMINISTIC_EXEC_FAILED retryable=false | error DETERMINISTIC_EXEC_FAILED DETERMINISTIC | `},
		{"no retries left", document("a", det("a", "flaky_once", `,"policy":{"on_fail":"retry","budget":{"max_retries":0}}`)),
			`ok=false order=a | a/1 fail DETERMINISTIC DETERMINISTIC_EXEC_FAILED retryable=false | error DETERMINISTIC_EXEC_FAILED DETERMINISTIC | `},
		{"escalate", document("a", det("a", "flaky_once", `,"policy":{"on_fail":"escalate"}`)),
			`ok=false order=a | a/1 fail DETERMINISTIC DETERMINISTIC_EXEC_FAILED retryable=false | error ESCALATE_REQUIRED DETERMINISTIC | `},
		{"schema", document("a", det("a", "echo", `,"in":{"message":3},"verify":{"schema":`+objectWith+`}`)),
			`ok=false order=a | a/1 fail VERIFY OUTPUT_SCHEMA_INVALID retryable=false | error OUTPUT_SCHEMA_INVALID VERIFY | `},
		{"rules without a schema are not looked at", document("a", det("a", "echo", `,"in":{"message":3},"verify":{"rules":[{"kind":"range","path":"message","min":5,"max":6}]}`)),
			`ok=true order=a | a/1 ok DETERMINISTIC | {"message":3,"status":"ok","task_id":"a"}`},
		{"range", document("a", det("a", "echo", `,"in":{"message":3},"verify":{"schema":{"type":"object"},"rules":[{"kind":"range","path":"$.message","min":5,"max":6}]}`)),
			`ok=false order=a | a/1 fail VERIFY OUTPUT_SCHEMA_INVALID retryable=false | error OUTPUT_SCHEMA_INVALID VERIFY | `},
		{"range of what is not there", document("a", det("a", "echo", `,"verify":{"schema":{"type":"object"},"rules":[{"kind":"range","path":"n","min":5,"max":6},{"kind":"required","paths":["status"]}]}`)),
			`ok=true order=a | a/1 ok DETERMINISTIC | {"message":null,"status":"ok","task_id":"a"}`},
		{"references of a schema mean itself", document("a", det("a", "echo", `,"in":{"message":3},"verify":{"schema":{"$defs":{"m":{"type":"string"}},"properties":{"message":{"$ref":"#/$defs/m"}}}}`)),
			`ok=false order=a | a/1 fail VERIFY OUTPUT_SCHEMA_INVALID retryable=false | error OUTPUT_SCHEMA_INVALID VERIFY | `},
		{"nothing is told behind a failure", document("b", det("a", "flaky_once", ``), det("b", "echo", `,"deps":["a"]`)),
			`ok=false order=a,b | a/1 fail DETERMINISTIC DETERMINISTIC_EXEC_FAILED retryable=false | error DETERMINISTIC_EXEC_FAILED DETERMINISTIC | `},
		{"skip", document("b", det("a", "classify_simple", `,"in":{"text":"short"}`), `{"id":"b","type":"t","deps":["a"],"run":{"kind":"llm","spec":{"adapter":"mock","input":{"question":"q","skip_if":{"path":"$.is_simple","equals":1}},"output_schema":`+objectWith+`}}}`),
			`ok=true order=a,b | a/1 ok DETERMINISTIC | b/1 ok ADAPTER skipped | {"message":"Skipped due to skip_if condition","skipped":true,"status":"ok","task_id":"b"}`},
		{"constraints", document("a", det("a", "parse_request_constraints", `,"in":{"text":"A 12-slide deck on Risk and rollout"}`)),
			`ok=true order=a | a/1 ok DETERMINISTIC | {"deliverable_type":"ppt_outline","intent":"create_presentation_outline","required_components":["title","key_message","bullets","presenter_notes"],"slide_count":12,"status":"ok","task_id":"a","topic_domains":["rollout_plan","risk"]}`},
		{"gate", document("b", det("a", "echo", ``), det("b", "quality_gate", `,"deps":["a"]`)),
			`ok=true order=a,b | a/1 ok DETERMINISTIC | b/1 ok DETERMINISTIC | {"message":"run_full","needs_refine":true,"reason":"mini_missing_slides","status":"ok","task_id":"b"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := story(run(t, l, c.doc, options())); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// Everything upstream refuses is refused, by name.
func TestRefused(t *testing.T) {
	a := det("a", "echo", ``)
	for name, c := range map[string]struct{ doc, offender string }{
		"duplicate":          {document("a", a, a), "a"},
		"root":               {document("z", a), "z"},
		"unknown dependency": {document("a", det("a", "echo", `,"deps":["q"]`)), "a"},
		"cycle":              {document("a", det("a", "echo", `,"deps":["b"]`), det("b", "echo", `,"deps":["a"]`)), "a"},
		"self":               {document("a", det("a", "echo", `,"deps":["a"]`)), "a"},
		"version":            {strings.Replace(document("a", a), `"0.1"`, `"0.2"`, 1), "version"},
		"empty":              {document("a"), "tasks"},
		"llm without schema": {document("a", `{"id":"a","type":"t","run":{"kind":"llm","spec":{"adapter":"mock"}}}`), "a"},
		"kind":               {document("a", `{"id":"a","type":"t","run":{"kind":"gpu","spec":{}}}`), "a"},
		"handler":            {document("a", `{"id":"a","type":"t","run":{"kind":"det","spec":{}}}`), "a"},
		"rule":               {document("a", det("a", "echo", `,"verify":{"rules":[{"kind":"range","path":"x"}]}`)), "a"},
		"on_fail":            {document("a", det("a", "echo", `,"policy":{"on_fail":"ignore"}`)), "a"},
		"no defaults":        {`{"graph_id":"g","version":"0.1","root":"a","tasks":[` + a + `]}`, "defaults"},
		"twice a member":     {strings.Replace(document("a", a), `"root"`, `"root":"b","root"`, 1), "task graph"},
		"not JSON":           {"{", "task graph"},
	} {
		_, err := ir.Decode([]byte(c.doc))
		if contracts.CodeOf(err) != contracts.CodeValidation || !strings.Contains(fmt.Sprint(err), c.offender) {
			t.Errorf("%s: %v, want a validation error that names %s", name, err, c.offender)
		}
	}
	for name, doc := range map[string]string{
		"files":   document("a", det("a", "local.file.read", ``)),
		"nothing": document("a", det("a", "no.such", ``)),
	} {
		g, err := ir.Decode([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ir.Import(g, options()); contracts.CodeOf(err) != contracts.CodeUnsupported {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An escalation stands in the graph before it runs: every stage a call and a
// verdict, each behind the one before.
func TestEscalationIsExplicit(t *testing.T) {
	doc := document("a", `{"id":"a","type":"t","run":{"kind":"llm","spec":{"adapter":"mock","input":{"q":"x"},"output_schema":`+objectWith+`}},
		"policy":{"on_fail":"fail","adaptive":{"routing_profile":"reliability","stage_costs":{"mini":300},"self_consistency_min_remaining_budget":1}}}`)
	g, err := ir.Decode([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Adapters["mock:mini"], o.Adapters["gate"] = ir.Model{Tier: contracts.TierSmall}, ir.Model{Tier: contracts.TierMedium}
	p, err := ir.Import(g, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Graph.Validate(contracts.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range p.Graph.WorkUnits {
		got = append(got, fmt.Sprintf("%s(%s)", u.ID, u.Type[:3]))
	}
	want := "a:0-mock(llm) a:0-mock:need(det) a:0-mock:sample2(llm) a:0-mock:sample3(llm) a:0-mock:verdict(det) a:1-mini(llm) a:1-mini:verdict(det) a:2-gate(llm) a:2-gate:verdict(det) a(det)"
	if strings.Join(got, " ") != want || *p.Graph.Budgets.MaxLLMCalls != 5 {
		t.Errorf("%s, %d calls", got, *p.Graph.Budgets.MaxLLMCalls)
	}
	again, err := ir.Import(g, o)
	if err != nil {
		t.Fatal(err)
	}
	one, _ := p.Graph.CID()
	two, _ := again.Graph.CID()
	if !one.Equals(two) {
		t.Errorf("the same document has %s and %s", one, two)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(document("a", det("a", "flaky_once", `,"policy":{"on_fail":"retry"}`))))
	f.Add([]byte(document("a", `{"id":"a","type":"t","run":{"kind":"llm","spec":{"adapter":"mock","input":{"skip_if":{"path":"x"}},"output_schema":{}}},"policy":{"adaptive":{}}}`)))
	f.Add([]byte(`{"schema_version":"kora.node-execution/v1","nodes":{"a":{"bindings":{"text":{"source":"input","path":["text"]}}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		o := options()
		o.RequestID = "0197f3c4-0000-7000-8000-000000000000"
		if n, err := ir.DecodeNodes(data); err == nil {
			o.Nodes = n
			data = []byte(document("a", det("a", "det.echo", ``)))
		}
		g, err := ir.Decode(data)
		if err != nil {
			return
		}
		p, err := ir.Import(g, o)
		if err != nil {
			return
		}
		// What is left to the contract's rules is schemas and sizes.
		if err := p.Graph.Validate(contracts.DefaultLimits()); err != nil && contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%v", err)
		}
	})
}

// example reads one of upstream's files, which lie beside the repository; tests
// that need one are skipped where they do not.
func example(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../../shared/data/kora/examples", name))
	if err != nil {
		t.Skipf("upstream's examples are not beside the repository: %v", err)
	}
	return string(b)
}

// same compares JSON documents.
func same(t *testing.T, got json.RawMessage, want string) {
	t.Helper()
	g, err := contracts.NewJSON(got)
	w, err2 := contracts.NewJSON([]byte(want))
	if err != nil || err2 != nil || string(g) != string(w) {
		t.Errorf("got %s, want %s", got, want)
	}
}
