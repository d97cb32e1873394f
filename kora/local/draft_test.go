package local

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/plan"
	"github.com/krako-labs/krako/kora/reasoner"
)

// parrot says one text after the other, and counts how often it is asked.
type parrot struct {
	mu    sync.Mutex
	says  []string
	calls []reasoner.Call
}

func (p *parrot) Invoke(_ context.Context, c reasoner.Call, say func(reasoner.Piece)) (reasoner.Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := p.says[min(len(p.calls), len(p.says)-1)]
	p.calls = append(p.calls, c)
	a := reasoner.Answer{Use: contracts.ModelUse{Model: "parrot", Class: "attached/parrot", Calls: 1, TokensIn: 10, TokensOut: 5}}
	if len(c.Schema) > 0 {
		s, err := contracts.CompileSchema(contracts.JSON(c.Schema))
		if err != nil {
			return a, err
		}
		if s.Check([]byte(text)) != nil {
			a.Code = contracts.CodeBadOutput
			return a, nil
		}
		a.Output = []byte(text)
		return a, nil
	}
	if say != nil {
		say(reasoner.Piece{Text: text})
	}
	var err error
	a.Output, err = contracts.JSONOf(text)
	return a, err
}

// asker is a KORA whose model is a parrot. Its tasks are compiled once.
type asker struct {
	*Local
	*parrot
}

func (a *asker) ask(t *testing.T, message string, says ...string) (*kora.Reply, *parrot) {
	t.Helper()
	a.says, a.calls = says, nil
	r, err := a.Ask(t.Context(), plan.Request{Message: message, ModelPlans: true, Zone: "UTC", Locale: "en-US"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.ModelCalls() != int64(len(a.calls)) {
		t.Errorf("telemetry has %d calls, the model was asked %d times", r.ModelCalls(), len(a.calls))
	}
	return r, a.parrot
}

func TestDrafts(t *testing.T) {
	p := &parrot{}
	l, err := Open(t.Context(), Options{Models: p, CacheDir: sandboxtest.CodeCache(filepath.Join(t.TempDir(), "compiled"))})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(context.WithoutCancel(t.Context()))
	a := &asker{l, p}
	t.Run("good", a.plans)
	t.Run("bad", a.bad)
	t.Run("llm", a.asks)
}

const apples = "Anna has 12 apples and buys 3 bags of 7. How many does she have?"

const good = `{"steps":[{"task":"num/eval@1","input":{"expression":"3 * 7","digits":2,"rounding":"half_even"}},
{"task":"num/eval@1","input":{"expression":"12 + {{s1.decimal}}","digits":2,"rounding":"half_even"}}],"answer":"She has {{s2.decimal}}, 12 of them from before."}`

// A model plans, the sandbox computes: one call, and numbers that come from units.
func (a *asker) plans(t *testing.T) {
	r, p := a.ask(t, apples, good)
	if r.Text != "She has 33, 12 of them from before." || r.Kind != plan.Hybrid || r.WithoutModel != r.Steps || len(r.Drafts) != 1 {
		t.Fatalf("%+v", r)
	}
	if s := p.calls[0].ModelInvocation.System; !strings.Contains(s, "num/eval@1") || p.calls[0].Schema == nil {
		t.Errorf("the model was told %q", s)
	}
	var stages []plan.Stage
	for _, d := range r.Plan.Decisions {
		stages = append(stages, d.Stage)
	}
	if len(stages) < 2 || stages[len(stages)-1] != plan.StagePlanned {
		t.Errorf("%v", stages)
	}
	if err := r.Plan.Graph.Validate(contracts.DefaultLimits()); err != nil {
		t.Error(err)
	}
}

// A draft that cannot be run is put right once; after that the model is asked the
// plain question. Every call is one that a plan announced.
func (a *asker) bad(t *testing.T) {
	bad := map[string]string{
		"a task that is not there": `{"steps":[{"task":"num/eval@1","input":{"expression":"1"}}],"answer":"{{s1.decimal}}"}`,
		"a number of the model's":  strings.Replace(good, "12 of them", "99 of them", 1),
		"a later step":             strings.Replace(good, "{{s1.decimal}}", "{{s2.decimal}}", 1),
		"no step":                  `{"steps":[],"answer":"33"}`,
		"no such output":           strings.Replace(good, "s2.decimal", "s2.value", 1),
		"no document":              `I think it is 33`,
	}
	for name, draft := range bad {
		t.Run(name, func(t *testing.T) {
			r, p := a.ask(t, apples, draft, good)
			if r.Text != "She has 33, 12 of them from before." || len(p.calls) != 2 || r.Drafts[0].Error == nil || r.Drafts[1].Error != nil {
				t.Errorf("%q after %d calls: %+v", r.Text, len(p.calls), r.Drafts)
			}
		})
	}
	r, p := a.ask(t, apples, bad["no step"], bad["no document"], "12 + 3 * 7 = 33 apples, or 3 * 7 = 20 more")
	if len(p.calls) != 3 || r.Kind != plan.Model || r.Text != "12 + 3 * 7 = 33 apples, or 3 * 7 = 20 more" {
		t.Fatalf("%d calls: %+v", len(p.calls), r)
	}
	if len(r.Checks) != 2 || !r.Checks[0].Agrees || r.Checks[1].Agrees || r.Checks[1].Computed != "21" {
		t.Errorf("%+v", r.Checks)
	}
}

// An llm step of a plan is a unit like any other, with what it refers to as data.
func (a *asker) asks(t *testing.T) {
	draft := `{"steps":[{"task":"num/eval@1","input":{"expression":"12 + 3 * 7","digits":0,"rounding":"half_even"}},
{"task":"llm","input":{"prompt":"Praise whoever has {{s1.decimal}} apples."}}],"answer":"{{s2}}"}`
	r, p := a.ask(t, apples, draft, "Well done!")
	if r.Text != "Well done!" || len(p.calls) != 2 || r.Kind != plan.Hybrid {
		t.Fatalf("%d calls: %+v, %v", len(p.calls), r, r.Error)
	}
	if e := p.calls[1].Evidence; len(e) != 1 || !strings.Contains(e[0].Text, "33") {
		t.Errorf("%+v", e)
	}
}

// Whoever runs the engine may let models plan for requests that say nothing of it, and
// not for those that want no model.
func TestEngineLetsModelsPlan(t *testing.T) {
	p := &parrot{}
	l, err := Open(t.Context(), Options{Models: p, CacheDir: sandboxtest.CodeCache(filepath.Join(t.TempDir(), "compiled"))})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(context.WithoutCancel(t.Context()))
	const message = "why is the sky blue?"
	for _, c := range []struct {
		engine bool
		models plan.ModelUse
		want   bool
	}{{false, plan.ModelIfNeeded, false}, {true, plan.ModelIfNeeded, true}, {true, plan.ModelNever, false}, {true, plan.ModelOnly, false}} {
		l.ModelPlans = c.engine
		if _, got := l.Plan(plan.Request{Message: message, Models: c.models}); got.IsDraft != c.want {
			t.Errorf("engine %t, models %d: a draft is asked for: %t", c.engine, c.models, got.IsDraft)
		}
	}
}
