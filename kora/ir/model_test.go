package ir_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/ir"
	"github.com/krako-labs/krako/kora/reasoner"
)

// models is upstream's mock adapter: it echoes the first 80 characters of the
// question, and counts. Models named in confident say how sure they are.
type models struct {
	mu        sync.Mutex
	asked     int
	confident map[string]float64
	answers   map[string]string // by model
}

var double = &models{}

// count returns how often a model was asked since it was last called.
func (m *models) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.asked
	m.asked = 0
	return n
}

func (m *models) Invoke(_ context.Context, c reasoner.Call, say func(reasoner.Piece)) (reasoner.Answer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	question := []rune(c.Messages[len(c.Messages)-1].Content)
	answer := "Mock answer for: " + string(question[:min(80, len(question))])
	if a, ok := m.answers[c.Name]; ok {
		answer = a
	}
	_, id, _ := strings.Cut(c.System, "task_id is ")
	var task string
	if err := json.Unmarshal([]byte(strings.TrimSuffix(id, ".")), &task); err != nil {
		return reasoner.Answer{}, err
	}
	out := map[string]any{"status": "ok", "task_id": task, "answer": answer}
	if v, ok := m.confident[c.Name]; ok {
		out["confidence"] = v
	}
	doc, err := json.Marshal(out)
	use := contracts.ModelUse{Model: "mock", Class: "mock", TokensIn: int64(max(1, len(question)/4)), TokensOut: 40, Calls: 1}
	return reasoner.Answer{Output: doc, Use: use}, err
}

const answered = `{"type":"object","required":["status","task_id","answer"]}`

func ask(id, question, policy string) string {
	return `{"id":"` + id + `","type":"t","run":{"kind":"llm","spec":{"adapter":"mock","input":{"question":"` + question + `"},"output_schema":` + answered + `}},"policy":` + policy + `}`
}

// A4: the same graph with a long text asks the model once.
func TestUpstreamLongRequest(t *testing.T) {
	l := open(t)
	warm(t, l)
	text := strings.Repeat("Enterprise teams deploying AI assistants weigh cost, latency and trust. ", 9)[:594]
	doc := strings.ReplaceAll(example(t, "direct_vs_kora/graph.json"), "Summarize this short question.", text)
	r := run(t, l, strings.ReplaceAll(doc, `"openai"`, `"mock"`), options())
	var final struct{ Answer string }
	unmarshal(t, string(r.Final), &final)
	if !r.OK || r.Calls != 1 || !strings.HasPrefix(final.Answer, "Mock answer for: Enterprise teams deploying AI assistants") {
		t.Errorf("%d calls: %s", r.Calls, story(r))
	}
	if u := r.Events[1].Usage; u == nil || u.TokensIn != 148 || u.TokensOut != 40 {
		t.Errorf("%+v", r.Events[1])
	}
}

// A6: three profiles, by how often each stage is asked and why it stops. Every
// call is told, the samples of the first stage too.
func TestAdaptive(t *testing.T) {
	l := open(t)
	o := func() ir.Options {
		o := options()
		o.Adapters = map[string]ir.Model{
			"mock": {Tier: contracts.TierSmall, Name: "mini"}, "gate": {Tier: contracts.TierMedium, Name: "gate"}, "full": {Tier: contracts.TierLarge, Name: "full"},
		}
		return o
	}
	for _, c := range []struct {
		name, policy string
		confident    map[string]float64
		answers      map[string]string
		calls        int
		reasons      string
	}{
		{"latency", `{"adaptive":{"routing_profile":"latency"}}`, map[string]float64{"mini": 0.8}, nil, 1, "confident_enough"},
		{"gate accepts", `{"adaptive":{"escalation_order":["gate","full"],"use_voi":false}}`, map[string]float64{"mini": 0.3}, nil, 2, "escalate_confidence,accepted_gate_verified"},
		{"gate refuses", `{"adaptive":{"escalation_order":["gate","full"],"use_voi":false}}`, map[string]float64{"mini": 0.3, "full": 0.99}, map[string]string{"gate": "TBD"}, 3, "escalate_confidence,escalate_gate_verifier_failed,confident_enough"},
		{"not worth it", `{"adaptive":{"escalation_order":["gate","full"]}}`, map[string]float64{"mini": 0.7}, nil, 1, "voi_too_low"},
		{"reliability", `{"budget":{"max_tokens":900},"adaptive":{"routing_profile":"reliability","escalation_order":["full"],"stage_costs":{"full":300}}}`, nil, nil, 3, "voi_too_low"},
		{"nobody to ask", `{"adaptive":{"escalation_order":["giant"],"use_voi":false}}`, map[string]float64{"mini": 0.3}, nil, 1, "escalation_adapter_missing"},
		{"enough of it", `{"adaptive":{"escalation_order":["full"],"use_voi":false,"max_escalations":1}}`, map[string]float64{"mini": 0.3, "full": 0.2}, nil, 2, "escalate_confidence,max_escalations"},
	} {
		t.Run(c.name, func(t *testing.T) {
			double.mu.Lock()
			double.confident, double.answers = c.confident, c.answers
			double.mu.Unlock()
			defer func() {
				double.mu.Lock()
				double.confident, double.answers = nil, nil
				double.mu.Unlock()
			}()
			r := run(t, l, document("a", ask("a", "why", c.policy)), o())
			var reasons []string
			for _, e := range r.Events {
				var m struct {
					Reason string `json:"stop_reason"`
				}
				unmarshal(t, string(e.Meta), &m)
				if m.Reason != "" {
					reasons = append(reasons, m.Reason)
				}
			}
			if !r.OK || r.Calls != c.calls || len(r.Events) != c.calls || strings.Join(reasons, ",") != c.reasons {
				t.Errorf("%d calls, %s: %s", r.Calls, reasons, story(r))
			}
		})
	}
}

// What a model says is the task's output: an answer that is JSON in a string as
// JSON, one that breaks the rules as a failure after its retries.
func TestModelOutput(t *testing.T) {
	l := open(t)
	double.mu.Lock()
	double.answers = map[string]string{"": `{"summary":"s"}`}
	double.mu.Unlock()
	defer func() {
		double.mu.Lock()
		double.answers = nil
		double.mu.Unlock()
	}()
	r := run(t, l, document("a", ask("a", "why", `{}`)), options())
	same(t, r.Final, `{"answer":{"summary":"s"},"status":"ok","task_id":"a"}`)
	bad := strings.Replace(ask("a", "why", `{"on_fail":"retry","budget":{"max_retries":1,"max_time_ms":60000}}`), `"policy"`, `"verify":{"rules":[{"kind":"required","paths":["proof"]}]},"policy"`, 1)
	r = run(t, l, document("a", bad), options())
	if r.OK || r.Calls != 2 || r.Error.Type != "OUTPUT_SCHEMA_INVALID" || r.Error.Stage != "VERIFY" {
		t.Errorf("%d calls: %s", r.Calls, story(r))
	}
}
