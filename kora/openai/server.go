package openai

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
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
	return apiErrors(mux)
}

// apiErrors answers what mux has no handler for in the form of this API, which is all
// that its clients can read.
func apiErrors(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		unheard := &unheard{header: http.Header{}}
		mux.ServeHTTP(unheard, r)
		e := &apiError{status: unheard.status, kind: invalid, code: "unknown_url", message: "there is nothing at " + r.Method + " " + r.URL.Path}
		if allow := unheard.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			e.code, e.message = "method_not_allowed", r.URL.Path+" takes "+allow+", not "+r.Method
		}
		if at := unheard.header.Get("Location"); at != "" {
			w.Header().Set("Location", at)
		}
		writeError(w, e)
	})
}

// unheard takes note of a response that nobody gets.
type unheard struct {
	header http.Header
	status int
}

func (u *unheard) Header() http.Header         { return u.header }
func (u *unheard) Write(b []byte) (int, error) { return len(b), nil }
func (u *unheard) WriteHeader(status int)      { u.status = status }

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
			return refuse(fieldOf(t), "is not "+jsonKind(t.Type))
		}
		return refuse("body", "is not what it should be: "+err.Error())
	}
	return nil
}

// fieldOf is where a value stands in a request, without the names of our own types.
func fieldOf(t *json.UnmarshalTypeError) string {
	return cmp.Or(strings.TrimPrefix(t.Field, "sampling."), "body")
}

// jsonKind says what a value of a type is in JSON.
func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "a boolean"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float64, reflect.Float32:
		return "a number"
	case reflect.Pointer:
		return jsonKind(t.Elem())
	}
	return "a whole number"
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
	if a.Models == plan.ModelOnly && s.opts.Models == nil {
		if name := a.Request.Model.Name; name != "" {
			return nil, noModel(name)
		}
		return nil, contracts.Errorf(contracts.CodeModelUnavailable, "model", "there is no model to ask")
	}
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
