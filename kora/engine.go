package kora

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/plan"
)

// Engine answers messages with the help of a backend. It is safe for concurrent
// use if the backend is. Now and NewID default to the machine's clock and random
// UUIDs of version 7.
type Engine struct {
	Backend contracts.ExecutionBackend
	// Blocks are where outputs can be fetched from; nil if they cannot.
	Blocks contracts.BlockStore
	// Models says whether the backend runs llm units.
	Models bool
	// Catalogue are the tasks that a model may plan with, where a request lets it, or
	// ModelPlans every request.
	Catalogue  []contracts.TaskView
	ModelPlans bool
	Now        func() time.Time
	NewID      func() string
}

// Reply is what became of a message.
type Reply struct {
	RunID string `json:"run_id"`
	// Text is the answer as text, empty where there is none.
	Text string `json:"text"`
	// Kind says how it was answered.
	Kind plan.Kind `json:"kind"`
	Plan plan.Plan `json:"plan"`
	// Steps counts the units that ran, WithoutModel those that asked no model.
	Steps        int `json:"steps"`
	WithoutModel int `json:"without_model"`
	// Reused counts the units that were not run, for an equal one was before.
	Reused int `json:"reused,omitempty"`
	// Result is what the backend left; nil where nothing ran.
	Result *contracts.ExecutionResult `json:"result,omitempty"`
	// Drafts are the runs before it in which a model planned.
	Drafts []Drafted `json:"drafts,omitempty"`
	// Checks are claims of a model's answer, computed again. The answer stays as the
	// model gave it.
	Checks []Check `json:"checks,omitempty"`
	// Error says why there is no answer.
	Error *contracts.Error `json:"error,omitempty"`
	// PlannedIn and RanIn are how long it took.
	PlannedIn time.Duration `json:"planned_ns"`
	RanIn     time.Duration `json:"ran_ns"`
}

// Observer is told of a run while it goes on. Its functions may be nil, must not
// block for long, and may be called at the same time as one another.
type Observer struct {
	// Event gets every event of the run, in order.
	Event func(contracts.Event)
	// Tokens gets what models say, where the backend tells. Only the reply counts.
	Tokens func(contracts.Tokens)
}

// Speaker is a backend that hands on what models say while they say it.
type Speaker interface {
	ExecuteAloud(ctx context.Context, g *contracts.TaskGraph, ec contracts.ExecutionContext, observe func(contracts.Event), say func(contracts.Tokens)) (*contracts.ExecutionResult, error)
}

// Plan plans a message without running it. Fields of the request that are not
// set are filled in: an id, the time, and that no model is asked where there is
// none.
func (e *Engine) Plan(r plan.Request) (plan.Request, plan.Plan) {
	if r.ID == "" {
		r.ID = e.newID()
	}
	if r.Now.IsZero() {
		r.Now = e.now()
	}
	if r.Tenant == "" {
		r.Tenant = "local"
	}
	if !e.Models && r.Models == plan.ModelIfNeeded {
		r.Models = plan.ModelNever
	}
	r.ModelPlans = r.ModelPlans || e.ModelPlans
	if r.ModelPlans && r.Tasks == nil {
		r.Tasks = e.Catalogue
	}
	return r, plan.Make(&r)
}

// Ask plans a message, runs the plan and returns the answer. observe, if not nil,
// is called with every event of the run. The error is the backend's: a message
// without an answer is a Reply that says so.
func (e *Engine) Ask(ctx context.Context, r plan.Request, observe func(contracts.Event)) (*Reply, error) {
	return e.Follow(ctx, r, Observer{Event: observe})
}

// Follow is Ask with an observer that also hears models speak.
func (e *Engine) Follow(ctx context.Context, r plan.Request, o Observer) (*Reply, error) {
	began := e.now()
	r, p := e.Plan(r)
	reply, err := e.Carry(ctx, r, p, o)
	if reply != nil {
		reply.PlannedIn = max(0, e.now().Sub(began)-reply.RanIn)
	}
	return reply, err
}

// Carry carries out the plan of a request, which Plan made, or a caller changed. What
// a model says in answer is checked, as far as it can be computed.
func (e *Engine) Carry(ctx context.Context, r plan.Request, p plan.Plan, o Observer) (*Reply, error) {
	began := e.now()
	reply := &Reply{RunID: r.ID}
	p, err := e.drafts(ctx, &r, p, o, reply)
	if err != nil {
		return nil, err
	}
	reply.Kind, reply.Plan = p.Kind, p
	if p.Graph == nil {
		reply.Error = contracts.Errorf(contracts.CodeUnsupported, "message", "%s", explain(p.Reason, e.Models))
		return reply, nil
	}
	res, err := e.Run(ctx, p.Graph, reply.RunID, o)
	if err != nil {
		return nil, err
	}
	reply.take(res)
	reply.reuse(len(r.Message))
	if reply.Error == nil && res.Telemetry.ModelInvocationCount > 0 {
		if reply.Checks, err = e.check(ctx, r, reply.Text); err != nil {
			return nil, err
		}
	}
	reply.RanIn = e.now().Sub(began)
	return reply, nil
}

// Run has the backend run a graph under a run id.
func (e *Engine) Run(ctx context.Context, g *contracts.TaskGraph, run string, o Observer) (*contracts.ExecutionResult, error) {
	ec := contracts.ExecutionContext{RunID: run}
	if s, ok := e.Backend.(Speaker); ok && o.Tokens != nil {
		return s.ExecuteAloud(ctx, g, ec, o.Event, o.Tokens)
	}
	return e.Backend.Execute(ctx, g, ec, o.Event)
}

// take reads a result.
func (r *Reply) take(res *contracts.ExecutionResult) {
	r.Result, r.Error = res, res.Metadata.Error
	for i := range res.Telemetry.Tasks {
		t := &res.Telemetry.Tasks[i]
		if t.Status == contracts.UnitSkipped {
			continue
		}
		r.Steps++
		if t.Cached {
			r.Reused++
		}
		if t.TaskType.CPU() {
			r.WithoutModel++
		}
	}
	if res.Metadata.State == contracts.SessionCompleted {
		r.Text = textOf(res.FinalOutput)
	} else if r.Error == nil {
		r.Error = contracts.Errorf(contracts.CodeInternal, r.RunID, "run ended %s: %s", res.Metadata.State, res.Metadata.StopReason)
	}
}

// reuse tells the decision that units were not run again. What is reused is found
// where units are run: a plan names computations, and whether they are known depends
// on what was computed there before.
func (r *Reply) reuse(message int) {
	if r.Reused == 0 {
		return
	}
	d := plan.Decision{
		Stage: plan.StageReuse, Outcome: plan.Accepted, Reason: plan.SomeKnown, End: message,
		Reading: fmt.Sprintf("%d of %d steps are known", r.Reused, r.Steps),
	}
	if r.Reused == r.Steps {
		d.Reason = plan.AllKnown
	}
	r.Plan.Decisions = append(slices.Clip(r.Plan.Decisions), d)
}

// textOf is a final output as text: a JSON string is its text, a document of a
// model's prose the prose, and everything else JSON.
func textOf(out contracts.JSON) string {
	var s string
	if json.Unmarshal(out, &s) == nil {
		return s
	}
	var prose struct {
		Text *string `json:"text"`
	}
	if json.Unmarshal(out, &prose) == nil && prose.Text != nil {
		return *prose.Text
	}
	return string(out)
}

// explain words why there is no plan.
func explain(why plan.Reason, models bool) string {
	switch why {
	case plan.Empty:
		return "nothing was asked"
	case plan.NotText:
		return "the message is not text in UTF-8"
	}
	if models {
		return "no deterministic way to answer this was found, and models were not allowed"
	}
	return "no deterministic way to answer this was found, and there is no model to ask"
}

func (e *Engine) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now()
}

func (e *Engine) newID() string {
	if e.NewID != nil {
		return e.NewID()
	}
	return uuid.Must(uuid.NewV7()).String()
}
