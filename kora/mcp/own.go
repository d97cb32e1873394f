package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/plan"
)

// addOwn adds the tools that are KORA's own.
func (s *Server) addOwn() {
	text := map[string]any{"type": "string", "description": "the question, in words"}
	s.own("ask", "Answers a question by computing it, where that can be done, and says how. With models it asks a model for what cannot be computed.",
		map[string]any{"message": text, "models": map[string]any{"type": "boolean", "description": "let a model answer what cannot be computed (default false)"}}, []string{"message"}, s.ask)
	s.own("plan", "Shows the graph of tasks that would answer a question, and why, without running it.",
		map[string]any{"message": text}, []string{"message"}, s.plan)
	s.own("run", "Runs a task graph. A run that lasts longer than wait_ms goes on, and get_run gets its result.",
		map[string]any{"graph": map[string]any{"type": "object"}, "wait_ms": map[string]any{"type": "integer", "minimum": 0, "maximum": maxWait.Milliseconds()}}, []string{"graph"}, s.run)
	s.own("get_run", "Gets the result of a run by its id.",
		map[string]any{"run_id": map[string]any{"type": "string"}, "wait_ms": map[string]any{"type": "integer", "minimum": 0, "maximum": maxWait.Milliseconds()}}, []string{"run_id"}, s.getRun)
}

// arguments are those of all own tools.
type arguments struct {
	Message string          `json:"message"`
	Models  bool            `json:"models"`
	Graph   json.RawMessage `json:"graph"`
	RunID   string          `json:"run_id"`
	WaitMS  *int64          `json:"wait_ms"`
}

// wait is how long a call may wait for a run.
func (a *arguments) wait() time.Duration {
	if a.WaitMS == nil {
		return defaultWait
	}
	return min(max(0, time.Duration(*a.WaitMS)*time.Millisecond), maxWait)
}

const (
	defaultWait = 20 * time.Second
	maxWait     = 60 * time.Second
)

func (s *Server) own(name, description string, properties map[string]any, required []string, f func(context.Context, *arguments) (any, error)) {
	tool := &sdk.Tool{
		Name: name, Description: description, Annotations: &sdk.ToolAnnotations{ReadOnlyHint: true, OpenWorldHint: new(false)},
		InputSchema:  map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false},
		OutputSchema: map[string]any{"type": "object"},
	}
	s.sdk.AddTool(tool, func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		var a arguments
		d := json.NewDecoder(bytes.NewReader(r.Params.Arguments))
		d.DisallowUnknownFields()
		if err := d.Decode(&a); err != nil {
			return trouble(contracts.Errorf(contracts.CodeValidation, "arguments", "are not what %s takes: %w", name, err)), nil
		}
		v, err := f(ctx, &a)
		if err != nil {
			return troubleOf(err), nil
		}
		b, err := json.Marshal(v)
		if err != nil {
			return troubleOf(err), nil
		}
		return result(contracts.DefaultMediaType, b), nil
	})
}

func (s *Server) request(a *arguments) plan.Request {
	r := plan.Request{Message: a.Message, Zone: s.opts.Zone, Locale: s.opts.Locale, Now: s.opts.Now(), Models: plan.ModelNever}
	if a.Models {
		r.Models = plan.ModelIfNeeded
	}
	return r
}

func (s *Server) ask(ctx context.Context, a *arguments) (any, error) {
	reply, err := s.opts.Engine.Follow(ctx, s.request(a), kora.Observer{})
	if err != nil {
		return nil, err
	}
	if reply.Error != nil {
		return nil, reply.Error
	}
	return map[string]any{
		"text": reply.Text, "run_id": reply.RunID, "execution": reply.Kind, "handlers": reply.Plan.Handlers, "graph_cid": reply.Plan.CID,
		"model_calls": reply.ModelCalls(),
	}, nil
}

func (s *Server) plan(_ context.Context, a *arguments) (any, error) {
	_, p := s.opts.Engine.Plan(s.request(a))
	return p, nil
}

// run begins a run and waits a while for its end.
func (s *Server) run(ctx context.Context, a *arguments) (any, error) {
	g, err := contracts.ParseGraph(a.Graph, contracts.DefaultLimits())
	if err != nil {
		return nil, err
	}
	r, err := s.runs.begin(g.RequestID, func(ctx context.Context) (*contracts.ExecutionResult, error) {
		return s.opts.Engine.Run(ctx, g, g.RequestID, kora.Observer{})
	})
	if err != nil {
		return nil, err
	}
	return r.report(ctx, a.wait())
}

func (s *Server) getRun(ctx context.Context, a *arguments) (any, error) {
	r, ok := s.runs.get(a.RunID)
	if !ok {
		return nil, contracts.Errorf(contracts.CodeNotFound, a.RunID, "no such run is remembered")
	}
	return r.report(ctx, a.wait())
}
