package openai

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/plan"
	"github.com/krako-labs/krako/kora/reasoner"
)

// Names of the models that are KORA itself.
const (
	Auto = "krako-auto"
	Det  = "krako-det"
)

// Options say what is served.
type Options struct {
	Engine *kora.Engine
	// Models lists the models of this machine; nil if there are none.
	Models func(context.Context) ([]reasoner.Model, error)
	// Zone and Locale are those of whoever asks.
	Zone, Locale string
	Now          func() time.Time
	// Version is shown by /health.
	Version string
}

// Bounds of what a request may be, in bytes, and of what is remembered.
const (
	maxBody      = 8 << 20
	maxRuns      = 1000
	maxResponses = 1000
)

// Server serves one KORA. It is safe for concurrent use. Close ends what runs in the
// background.
type Server struct {
	opts      Options
	runs      *shelf[*kora.Reply]
	responses *shelf[*response]
	ctx       context.Context
	cancel    context.CancelFunc
	running   sync.WaitGroup // responses
}

// New makes a server.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Server{opts: o, runs: newShelf[*kora.Reply](maxRuns), responses: newShelf[*response](maxResponses), ctx: ctx, cancel: cancel}
}

// Close cancels what runs in the background and returns when it has ended.
func (s *Server) Close() {
	s.cancel()
	s.running.Wait()
}

// Handler returns the API.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /v1/models":                 s.listModels,
		"GET /v1/models/{model...}":      s.getModel,
		"POST /v1/chat/completions":      s.chat,
		"POST /v1/responses":             s.createResponse,
		"GET /v1/responses/{id}":         s.getResponse,
		"POST /v1/responses/{id}/cancel": s.cancelResponse,
		"DELETE /v1/responses/{id}":      s.deleteResponse,
		"POST /v1/embeddings":            s.embed,
		"POST /execute":                  s.execute,
		"GET /models":                    s.listModels,
		"GET /health":                    s.health,
		"GET /telemetry/{run}":           s.telemetry,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); err != nil {
				writeError(w, err)
			}
		})
	}
	return mux
}

// read decodes a request's body.
func read(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &apiError{status: http.StatusRequestEntityTooLarge, kind: invalid, message: "the request is too long"}
	}
	if err != nil {
		return refuse("body", "cannot be read")
	}
	if err := json.Unmarshal(body, into); err != nil {
		if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return refuse(t.Field, "is of another type than "+t.Type.String())
		}
		return refuse("body", "is not what it should be: "+err.Error())
	}
	return nil
}

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // whoever asked is gone
	return nil
}

// ask is a question in the terms of a plan.
type ask struct {
	plan.Request
	// model is the name that was asked for.
	model string
	// shape is what the answer must be, nil for text.
	shape *shape
}

// prepare fills in what a request does not say itself.
func (s *Server) prepare(a *ask) {
	a.Zone, a.Locale, a.Now = s.opts.Zone, s.opts.Locale, s.opts.Now()
	switch {
	case a.model == Det:
		a.Models = plan.ModelNever
	case a.model == Auto || strings.HasPrefix(a.model, Auto+"-"):
		if a.shape != nil && a.shape.only {
			a.Models = plan.ModelOnly
		}
	default:
		a.Models, a.Request.Model.Name = plan.ModelOnly, a.model
	}
}

// carry plans and runs a question. heard gets the text of the answer while it is
// made, where that can be shown: void takes back what came before.
func (s *Server) carry(ctx context.Context, a *ask, heard func(text string, void bool)) (*kora.Reply, error) {
	s.prepare(a)
	if a.model == Det && a.shape != nil && a.shape.only {
		return s.noShape(a), nil
	}
	req, p := s.opts.Engine.Plan(a.Request)
	if a.shape != nil && p.Kind == plan.Model {
		if err := a.shape.apply(&p); err != nil {
			return nil, err
		}
	}
	var o kora.Observer
	if heard != nil && p.Graph != nil {
		answer := p.Graph.Outputs.Final[0].WorkUnitID
		o.Tokens = func(t contracts.Tokens) {
			if t.WorkUnitID == answer {
				heard(t.Text, t.Restart)
			}
		}
	}
	reply, err := s.opts.Engine.Carry(ctx, req, p, o)
	if err != nil {
		return nil, err
	}
	s.runs.put(reply.RunID, reply)
	return reply, nil
}

// noShape is the reply to a question for a document that only a model could write.
func (s *Server) noShape(a *ask) *kora.Reply {
	req, p := s.opts.Engine.Plan(plan.Request{Message: a.Message, Models: plan.ModelNever})
	return &kora.Reply{RunID: req.ID, Kind: plan.None, Plan: plan.Plan{Kind: plan.None, Reason: plan.NoModel, Decisions: p.Decisions},
		Error: contracts.Errorf(contracts.CodeUnsupported, "message", "only a model can answer in this form, and %s asks none", Det)}
}
