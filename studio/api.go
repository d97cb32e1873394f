package studio

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// OpenAPI returns the OpenAPI 3.1 document of what the page asks, indented. The
// page's types are made from it.
func OpenAPI() ([]byte, error) {
	s := &Server{log: slog.New(slog.DiscardHandler)}
	a := newAPI(http.NewServeMux())
	s.register(a)
	return document(a)
}

func document(a huma.API) ([]byte, error) {
	b, err := json.MarshalIndent(a.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode OpenAPI document: %w", err)
	}
	return append(b, '\n'), nil
}

// body is an answer.
type body[T any] struct{ Body T }

// route adds an operation. Its errors become problems.
func route[I, O any](s *Server, a huma.API, method, path, id, summary string, do func(context.Context, *I) (O, error)) {
	huma.Register(a, huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, MaxBodyBytes: maxBody},
		func(ctx context.Context, in *I) (*body[O], error) {
			out, err := do(ctx, in)
			if err != nil {
				return nil, s.asProblem(ctx, err)
			}
			return &body[O]{out}, nil
		})
}

func (s *Server) register(a huma.API) {
	route(s, a, http.MethodGet, "/api/state", "get-state", "What can be asked, and how it is", s.state)
	route(s, a, http.MethodPut, "/api/settings/{name}", "set-setting", "Change one setting", s.setSetting)
	route(s, a, http.MethodGet, "/api/chats", "list-chats", "Chats, the last one used first", s.listChats)
	route(s, a, http.MethodGet, "/api/chats/{id}", "get-chat", "A chat and all its messages", s.getChat)
	route(s, a, http.MethodPatch, "/api/chats/{id}", "change-chat", "Rename a chat, or show another branch", s.changeChat)
	route(s, a, http.MethodDelete, "/api/chats/{id}", "delete-chat", "Delete a chat for good", s.deleteChat)
	route(s, a, http.MethodPost, "/api/chats", "import-chat", "Add a chat that was exported", s.importChat)
	route(s, a, http.MethodPost, "/api/messages", "ask", "Say something and have it answered", s.ask)
	route(s, a, http.MethodPost, "/api/quotes", "quote", "What a question would need and cost, without running it", s.quote)
	route(s, a, http.MethodGet, "/api/fabric", "get-fabric", "The Krako fabric that questions can run on", s.getFabric)
	route(s, a, http.MethodPut, "/api/fabric", "set-fabric", "Name another fabric", s.setFabric)
	route(s, a, http.MethodDelete, "/api/fabric", "forget-fabric", "Forget the fabric and its key", s.forgetFabric)
	route(s, a, http.MethodGet, "/api/runs/{id}/units/{unit}/placement", "explain-unit", "Where a unit that runs on a fabric could go, and why not elsewhere", s.placement)
	route(s, a, http.MethodGet, "/api/runs/{id}", "get-run", "A run", s.getRun)
	route(s, a, http.MethodPost, "/api/runs/{id}/stop", "stop-run", "Stop a run", s.stopRun)
	route(s, a, http.MethodGet, "/api/runs/{id}/events", "list-events", "The events of a run that has ended", s.runEvents)
	route(s, a, http.MethodGet, "/api/runs/{id}/drawing", "draw-run", "Places of a run's units", s.drawing)
	route(s, a, http.MethodGet, "/api/runs/{id}/units/{unit}", "get-unit", "All there is to know of a unit", s.unit)
	route(s, a, http.MethodGet, "/api/runs/{id}/units/{unit}/proof", "check-unit", "Check addresses and signature of a unit's result", s.checkUnit)
	route(s, a, http.MethodPost, "/api/runs/{id}/repeat", "repeat-run", "Run the same graph again and compare results", s.repeat)
}

// none is an answer that says nothing.
type none struct{}
