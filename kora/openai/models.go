package openai

import (
	"net/http"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/plan"
)

type modelCard struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// cards lists KORA's own models and this machine's. One whose server does not answer
// is not listed.
func (s *Server) cards(r *http.Request) []modelCard {
	all := []modelCard{{Auto, "model", 0, "krako"}, {Det, "model", 0, "krako"}}
	if s.opts.Models == nil {
		return all
	}
	found, err := s.opts.Models(r.Context())
	if err != nil {
		return all
	}
	for _, m := range found {
		all = append(all, modelCard{m.Name, "model", 0, string(m.Kind)})
	}
	return all
}

func (s *Server) listModels(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, map[string]any{"object": "list", "data": s.cards(r)})
}

func (s *Server) getModel(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("model")
	for _, c := range s.cards(r) {
		if c.ID == id {
			return writeJSON(w, c)
		}
	}
	return noModel(id)
}

func noModel(name string) error {
	return &apiError{status: http.StatusNotFound, kind: invalid, code: "model_not_found", param: "model", message: "there is no model " + name}
}

// execute serves upstream's POST /execute: a prompt in, the answer and what it took
// out.
func (s *Server) execute(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Version string `json:"api_version"`
		Prompt  string `json:"prompt"`
		Input   string `json:"input"`
		Model   string `json:"model"`
		Mode    string `json:"mode"`
	}
	if err := read(w, r, &req); err != nil {
		return err
	}
	a := &ask{model: Auto, Request: plan.Request{Message: req.Prompt + req.Input}}
	switch {
	case req.Mode == "deterministic":
		a.model = Det
	case req.Mode == "direct":
		a.Models = plan.ModelOnly
	case req.Model != "":
		a.model = req.Model
	}
	reply, err := s.carry(r.Context(), a, nil)
	if err != nil {
		return err
	}
	w.Header().Set("Krako-Run-Id", reply.RunID)
	return writeJSON(w, map[string]any{
		"api_version": contracts.BackendVersion, "run_id": reply.RunID, "ok": reply.Error == nil, "final": reply.Text,
		"error": reply.Error, "krako": noteOf(reply), "result": reply.Result,
	})
}

// health serves /health.
func (s *Server) health(w http.ResponseWriter, r *http.Request) error {
	h, err := s.opts.Engine.Backend.Health(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]any{"status": "ok", "api_version": contracts.BackendVersion, "version": s.opts.Version, "backend": h})
}

// telemetry serves what a run took.
func (s *Server) telemetry(w http.ResponseWriter, r *http.Request) error {
	reply, ok := s.runs.get(r.PathValue("run"))
	if !ok {
		return &apiError{status: http.StatusNotFound, kind: invalid, code: "run_not_found", message: "no run " + r.PathValue("run") + " is remembered"}
	}
	return writeJSON(w, map[string]any{"api_version": contracts.BackendVersion, "krako": noteOf(reply), "result": reply.Result, "plan": reply.Plan})
}
