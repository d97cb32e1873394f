package localbackend_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/kora/localbackend"
	"github.com/krako-labs/krako/kora/reasoner"
	"pgregory.net/rapid"
)

// model is a model whose answers are written in its prompts: "say X", "fail CODE"
// after a call, "refuse CODE" before it, "wait" for the end of the context, and
// "garbage" for no valid document.
type model struct{ asked atomic.Int64 }

func (m *model) Invoke(ctx context.Context, c reasoner.Call, say func(reasoner.Piece)) (reasoner.Answer, error) {
	word, rest, _ := strings.Cut(c.Prompt, " ")
	a := reasoner.Answer{Use: contracts.ModelUse{Model: "fake", Class: "fake"}}
	if word == "refuse" {
		return a, contracts.Errorf(contracts.Code(rest), "model", "refused")
	}
	m.asked.Add(1)
	a.Use.Calls, a.Use.TokensIn, a.Use.TokensOut = 1, 5, min(3, c.MaxTokens)
	switch word {
	case "fail":
		say(reasoner.Piece{Text: "half"})
		return a, contracts.Errorf(contracts.Code(rest), "model", "failed")
	case "wait":
		<-ctx.Done()
		return a, ctx.Err()
	case "garbage":
		if c.AllowCalls > 1 {
			m.asked.Add(1)
			a.Use.Calls++
		}
		a.Code = contracts.CodeBadOutput
		return a, nil
	}
	say(reasoner.Piece{Text: rest})
	var err error
	a.Output, err = contracts.JSONOf(rest)
	return a, err
}

// asks is an llm unit.
func asks(id contracts.UnitID, prompt string, deps ...contracts.UnitID) contracts.WorkUnit {
	return contracts.WorkUnit{ID: id, Type: contracts.LLM, Dependencies: deps, Model: &contracts.ModelCall{
		Operation: contracts.Generate, Tier: contracts.TierSmall, Prompt: prompt, FreeText: true, MaxTokens: 10,
	}}
}

func withModel(t *testing.T) (*localbackend.Backend, *model) {
	m := &model{}
	return newBackend(t, sandbox.Config{}, localbackend.Options{Models: m}), m
}

// counted checks that telemetry tells every call that the model got.
func counted(t *testing.T, r *contracts.ExecutionResult, m *model) {
	t.Helper()
	var tokens int64
	for _, u := range r.Telemetry.Tasks {
		tokens += u.TokensIn + u.TokensOut
	}
	if r.Telemetry.ModelInvocationCount != m.asked.Load() || r.Telemetry.TotalTokens != tokens {
		t.Errorf("telemetry tells of %d calls and %d tokens, tasks of %d tokens, the model of %d calls",
			r.Telemetry.ModelInvocationCount, r.Telemetry.TotalTokens, tokens, m.asked.Load())
	}
}

func TestModelAnswers(t *testing.T) {
	b, m := withModel(t)
	echo := unit(reactor(t, b), "echo", "echo")
	echo.Dependencies = []contracts.UnitID{"ask"}
	echo.Bind = []contracts.Bind{{From: "ask", To: "/said"}}
	g := graph(asks("ask", "say hello"), echo)
	var said []contracts.Tokens
	var kinds []contracts.EventType
	r, err := b.ExecuteAloud(t.Context(), g, contracts.ExecutionContext{}, func(e contracts.Event) {
		if err := e.Validate(); err != nil {
			t.Error(err)
		}
		if e.Subject == "ask" {
			kinds = append(kinds, e.Type)
		}
	}, func(p contracts.Tokens) { said = append(said, p) })
	if err != nil {
		t.Fatal(err)
	}
	wantEnd(t, r, contracts.StopSuccess, "")
	counted(t, r, m)
	if string(r.FinalOutput) != `{"said":"hello"}` || len(said) != 1 || said[0].Text != "hello" || said[0].WorkUnitID != "ask" {
		t.Errorf("answer %s, heard %v", r.FinalOutput, said)
	}
	tell := r.Telemetry.Tasks[0]
	if tell.TokensIn != 5 || tell.TokensOut != 3 || tell.Output.MediaType != contracts.DefaultMediaType {
		t.Errorf("telemetry %+v", tell)
	}
	var words []string
	for _, k := range kinds {
		words = append(words, string(k))
	}
	if got := strings.Join(words, " "); !strings.Contains(got, "workunit.started llm.invocation.started llm.invocation.completed workunit.completed") {
		t.Errorf("events %s", got)
	}
	block, err := b.GetBlock(t.Context(), mustCID(t, tell.ResultCID))
	if err != nil {
		t.Fatal(err)
	}
	if res, _, err := contracts.DecodeModelResult(block); err != nil || res.Model.Model != "fake" {
		t.Errorf("result %+v, %v", res, err)
	}
}

func TestModelFailures(t *testing.T) {
	for prompt, want := range map[string]struct {
		reason contracts.StopReason
		code   contracts.Code
		calls  int64
	}{
		"fail NETWORK_ERROR":       {contracts.StopRetryExhausted, contracts.CodeNetwork, 3},
		"fail CONTEXT_OVERFLOW":    {contracts.StopSubstrateFailure, contracts.CodeContextOverflow, 1},
		"refuse NOT_FOUND":         {contracts.StopSubstrateFailure, contracts.CodeNotFound, 0},
		"refuse MODEL_UNAVAILABLE": {contracts.StopRetryExhausted, contracts.CodeModelUnavailable, 0},
		"garbage":                  {contracts.StopExecutionFailed, contracts.CodeBadOutput, 2},
	} {
		b, m := withModel(t)
		u := asks("ask", prompt)
		u.Retries = &contracts.Retries{MaxAttempts: 3, BackoffMS: 1}
		r := execute(t, b, graph(u))
		wantEnd(t, r, want.reason, want.code)
		counted(t, r, m)
		if m.asked.Load() != want.calls {
			t.Errorf("%s: asked %d times, want %d", prompt, m.asked.Load(), want.calls)
		}
	}
}

// TestModelTimeIsBounded: by the run, by the session, by the caller. What was asked
// until then is told.
func TestModelTimeIsBounded(t *testing.T) {
	b, m := withModel(t)
	u := asks("ask", "wait")
	u.Timeouts, u.Retries = &contracts.Timeouts{RunMS: new(int64(1))}, &contracts.Retries{MaxAttempts: 1}
	r := execute(t, b, graph(u))
	wantEnd(t, r, contracts.StopTimeout, contracts.CodeTimeout)
	counted(t, r, m)

	b, m = withModel(t)
	g := graph(asks("ask", "wait"))
	g.Budgets.MaxLatencyMS = new(int64(20))
	r = execute(t, b, g)
	wantEnd(t, r, contracts.StopTimeout, contracts.CodeTimeout)
	counted(t, r, m)

	b, _ = withModel(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := b.Execute(ctx, graph(asks("ask", "wait")), contracts.ExecutionContext{}, func(e contracts.Event) {
		if e.Type == contracts.EventUnitScheduled {
			cancel()
		}
	})
	if contracts.CodeOf(err) != contracts.CodeCancelled {
		t.Error(err)
	}
}

// TestModelBudgetsHold runs graphs of calls under drawn budgets: what was used never
// exceeds one, and every call is told.
func TestModelBudgetsHold(t *testing.T) {
	b, m := withModel(t)
	rapid.Check(t, func(rt *rapid.T) {
		before := m.asked.Load()
		var units []contracts.WorkUnit
		var deps []contracts.UnitID
		for i := range rapid.IntRange(1, 6).Draw(rt, "units") {
			id := contracts.UnitID(string(rune('a' + i)))
			u := asks(id, rapid.SampledFrom([]string{"say x", "garbage", "fail NETWORK_ERROR", "refuse NOT_FOUND"}).Draw(rt, "prompt"))
			u.Retries = &contracts.Retries{MaxAttempts: rapid.IntRange(1, 3).Draw(rt, "attempts"), BackoffMS: 1}
			if i > 0 && rapid.Bool().Draw(rt, "chained") {
				u.Dependencies = []contracts.UnitID{deps[i-1]}
			}
			units, deps = append(units, u), append(deps, id)
		}
		g := graph(units...)
		g.Policies = &contracts.Policies{FailurePolicy: rapid.SampledFrom([]contracts.FailurePolicy{contracts.FailFast, contracts.ContinueOnError}).Draw(rt, "policy")}
		calls, tokens := rapid.Int64Range(0, 8).Draw(rt, "calls"), rapid.Int64Range(0, 2000).Draw(rt, "tokens")
		g.Budgets.MaxLLMCalls, g.Budgets.MaxTokens = &calls, &tokens
		r, err := b.Execute(t.Context(), g, contracts.ExecutionContext{}, nil)
		if err != nil {
			rt.Fatal(err)
		}
		asked := m.asked.Load() - before
		if n := r.Telemetry.ModelInvocationCount; n != asked || n > calls || r.Telemetry.TotalTokens > tokens {
			rt.Fatalf("told %d calls and %d tokens of %d and %d; the model was asked %d times", n, r.Telemetry.TotalTokens, calls, tokens, asked)
		}
	})
}

// Llm units wait for places of their own: they do not hold up what computes.
func TestModelsHoldUpNoComputation(t *testing.T) {
	m := &model{}
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Models: m, Parallel: 1, ModelParallel: 1})
	echo := unit(reactor(t, b), "echo", "echo")
	g := graph(asks("a", "wait"), asks("b", "wait"), echo)
	g.Policies = &contracts.Policies{FailurePolicy: contracts.ContinueOnError}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := b.Execute(ctx, g, contracts.ExecutionContext{}, func(e contracts.Event) {
		if e.Type == contracts.EventUnitCompleted && e.Subject == "echo" {
			cancel()
		}
	})
	if contracts.CodeOf(err) != contracts.CodeCancelled {
		t.Error(err)
	}
}

func TestWithoutModelsGraphsThatAskAreRefused(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{})
	_, err := b.Execute(t.Context(), graph(asks("ask", "say x")), contracts.ExecutionContext{}, nil)
	if contracts.CodeOf(err) != contracts.CodeUnsupported {
		t.Error(err)
	}
	with, _ := withModel(t)
	c, err := with.Capabilities(t.Context())
	if err != nil || c.TaskTypes[len(c.TaskTypes)-1] != contracts.LLM {
		t.Errorf("%+v, %v", c, err)
	}
}
