package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
)

// Bounds of a long poll. A result that is there already may still take a read of
// the log, so that even a request that does not want to wait waits a little.
const (
	minWait = 100 * time.Millisecond
	maxWait = 60 * time.Second
)

// followRoutes adds what waits for a session.
func (g *gateway) followRoutes(a api) {
	route(g, a, huma.Operation{
		OperationID: "get-result", Method: http.MethodGet, Path: "/v1/sessions/{id}/result", Tags: []string{"sessions"},
		Summary:     "Get the result of a session, waiting for it if asked",
		Description: "A session that failed or was cancelled has a result too. Ask again on 202.",
		Errors:      []int{http.StatusNotFound, http.StatusTooManyRequests},
		Responses: map[string]*huma.Response{
			"200": answer[contracts.ExecutionResult](a, "The session is final; this is its result"),
			"202": answer[Pending](a, "The session is not final yet"),
		},
	}, needs(contracts.ScopeRead), g.result)
	a.ref(eventType)
	route(g, a, huma.Operation{
		OperationID: "get-events", Method: http.MethodGet, Path: "/v1/sessions/{id}/events", Tags: []string{"sessions"},
		Summary:     "Follow the events of a session",
		Description: eventsDescription,
		Errors:      []int{http.StatusNotFound, http.StatusTooManyRequests},
		Responses: map[string]*huma.Response{
			"200": {Description: "The events", Content: content(streamSchema(), "text/event-stream")},
			"204": {Description: "The session is final and there is no event after the one named"},
		},
	}, needs(contracts.ScopeRead), g.events)
}

// Pending is the answer to a request for a result that is not there yet.
type Pending struct {
	Status    contracts.SessionState `json:"status" enum:"running" doc:"Always running; the session's own state says more."`
	SessionID contracts.SessionID    `json:"execution_session_id"`
}

type resultInput struct {
	ID   contracts.SessionID `path:"id" format:"uuid" doc:"The execution_session_id."`
	Wait string              `query:"wait" maxLength:"16" example:"30s" doc:"How long to wait, as a Go duration of at most 60s; absent means not at all."`
}

func (g *gateway) result(ctx context.Context, in *resultInput) (*huma.StreamResponse, error) {
	wait, err := parseWait(in.Wait)
	if err != nil {
		return nil, err
	}
	leave, err := g.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := untilDrain(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, max(wait, minWait))
	defer cancel()
	doc, ok, err := g.fabric.Result(ctx, in.ID)
	switch {
	case ok:
		return g.document(http.StatusOK, doc), nil
	case err != nil && !errors.Is(err, ctx.Err()):
		return nil, err
	}
	pending, err := json.Marshal(Pending{contracts.SessionRunning, in.ID})
	return g.document(http.StatusAccepted, bytes.NewReader(pending)), err
}

// document answers with a document that is JSON already. One that cannot be
// written to its end is cut off, which its length tells the client.
func (g *gateway) document(status int, doc contracts.Document) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/json")
		hc.SetHeader("Content-Length", strconv.FormatInt(doc.Size(), 10))
		hc.SetStatus(status)
		if _, err := doc.WriteTo(hc.BodyWriter()); err != nil {
			g.log.ErrorContext(hc.Context(), "answer was cut off", "operation", "get-result", "error", err)
		}
	}}
}

func parseWait(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > maxWait {
		return 0, contracts.Errorf(contracts.CodeValidation, "query.wait", "%q is not a duration of 0s to %s", s, maxWait)
	}
	return d, nil
}

// enter takes one of the places of those who wait; leave gives it back.
func (g *gateway) enter() (leave func(), err error) {
	if !g.waiting.TryAcquire(1) {
		return nil, contracts.Errorf(contracts.CodeResourceExhausted, "", "too many clients are waiting at the same time")
	}
	return func() { g.waiting.Release(1) }, nil
}

// drainKey is the key under which Serve leaves its own context in those of
// requests.
type drainKey struct{}

// untilDrain ends with ctx or when the server begins to shut down: who waits
// then would hold it up.
func untilDrain(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	serving, ok := ctx.Value(drainKey{}).(context.Context)
	if !ok {
		return ctx, cancel
	}
	stop := context.AfterFunc(serving, cancel)
	return ctx, func() { stop(); cancel() }
}
