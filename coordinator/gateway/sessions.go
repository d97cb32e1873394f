package gateway

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jcs"
)

const submitOperation = "submit"

// sessionRoutes adds submission and what there is to know about sessions.
func (g *gateway) sessionRoutes(a api) {
	route(g, a, huma.Operation{
		OperationID: submitOperation, Method: http.MethodPost, Path: "/v1/sessions", Tags: []string{"sessions"},
		Summary:       "Submit a task graph",
		Description:   "Idempotent: the same tenant_id, request_id and graph always get the same session. The answer is durable.",
		DefaultStatus: http.StatusAccepted,
		Errors: []int{http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
			http.StatusUnprocessableEntity, http.StatusTooManyRequests},
	}, needs(contracts.ScopeSubmit), g.submit)
	a.describeBody(http.MethodPost, "/v1/sessions", a.jsonBody(reflect.TypeFor[contracts.SubmitRequest]()))
	route(g, a, huma.Operation{
		OperationID: "list-sessions", Method: http.MethodGet, Path: "/v1/sessions", Tags: []string{"sessions"},
		Summary: "List sessions, newest first",
		Errors:  []int{http.StatusNotFound},
	}, needs(contracts.ScopeRead), g.sessions)
	route(g, a, huma.Operation{
		OperationID: "get-session", Method: http.MethodGet, Path: "/v1/sessions/{id}", Tags: []string{"sessions"},
		Summary: "Get a session with the state of each unit",
		Errors:  []int{http.StatusNotFound},
	}, needs(contracts.ScopeRead), g.session)
	route(g, a, huma.Operation{
		OperationID: "cancel", Method: http.MethodPost, Path: "/v1/sessions/{id}/cancel", Tags: []string{"sessions"},
		Summary:     "Cancel a session",
		Description: "Idempotent. 204 means that the wish is durable; a session that has ended stays as it is.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict},
	}, needs(contracts.ScopeSubmit), g.cancel)
	route(g, a, huma.Operation{
		OperationID: "get-receipt", Method: http.MethodGet, Path: "/v1/sessions/{id}/units/{unit}/receipt", Tags: []string{"sessions"},
		Summary:     "Get what proves a unit's result offline",
		Description: "A unit id with slashes is percent-encoded into one path segment.",
		Errors:      []int{http.StatusNotFound},
	}, needs(contracts.ScopeRead), g.receipt)
}

type sessionInput struct {
	ID contracts.SessionID `path:"id" format:"uuid" doc:"The execution_session_id."`
}

type submitInput struct{ exchange exchange }

// Resolve implements huma.Resolver.
func (in *submitInput) Resolve(ctx huma.Context) []error {
	in.exchange = exchangeOf(ctx)
	return nil
}

type submitOutput struct {
	Location string `header:"Location" doc:"The path of the session."`
	Body     contracts.SubmitResponse
}

func (g *gateway) submit(ctx context.Context, in *submitInput) (*submitOutput, error) {
	began := time.Now()
	out, err := g.submitted(ctx, in.exchange)
	if err != nil {
		p := g.problem(ctx, submitOperation, forbidden(callerOf(ctx), err))
		p.Submission = verdict(err)
		return nil, p
	}
	if g.cfg.Answered != nil && !out.Existing {
		g.cfg.Answered(out.SessionID, began, time.Now())
	}
	return &submitOutput{Location: "/v1/sessions/" + string(out.SessionID), Body: out}, nil
}

func (g *gateway) submitted(ctx context.Context, x exchange) (contracts.SubmitResponse, error) {
	req, err := g.submission(ctx, x)
	if err == nil {
		err = g.entitled(ctx, &req.TaskGraph)
	}
	if err != nil {
		return contracts.SubmitResponse{}, err
	}
	return g.fabric.Submit(ctx, &req.TaskGraph, req.Metadata)
}

// submission reads the request strictly; nothing of it aliases the body.
func (g *gateway) submission(ctx context.Context, x exchange) (*contracts.SubmitRequest, error) {
	if _, err := x.mediaType("application/json"); err != nil {
		return nil, err
	}
	doc, release, err := g.body(ctx, x, g.cfg.MaxDocumentBytes)
	if err != nil {
		return nil, err
	}
	defer release()
	var req contracts.SubmitRequest
	req.TaskGraph.WorkUnits = make([]contracts.WorkUnit, 0, unitsIn(doc))
	if err := jcs.DecodeStrict(doc, &req); err != nil {
		return nil, malformed(err)
	}
	if req.Metadata.TraceID == "" {
		// W3C Trace Context: what is no traceparent is ignored where it is used.
		if parent := x.r.Header.Get("traceparent"); len(parent) <= maxName {
			req.Metadata.TraceID = parent
		}
	}
	return &req, checkMetadata(req.Metadata)
}

// unitsIn guesses how many units a document has, so that room for 100,000 of them
// is made once and not by doubling.
func unitsIn(doc []byte) int {
	return min(bytes.Count(doc, []byte(`"id":`)), contracts.DefaultLimits().MaxUnits)
}

// malformed reports a document that is not strict JSON of its form as
// contracts.ParseGraph does: as a violation at its place in the graph.
func malformed(err error) error {
	pointer := ""
	if e, ok := errors.AsType[*jcs.Error](err); ok {
		pointer = e.Pointer
	}
	at, inGraph := strings.CutPrefix(pointer+"/", "/task_graph/")
	if !inGraph {
		return contracts.Errorf(contracts.CodeValidation, pointer, "%w", err)
	}
	at = strings.TrimSuffix("/"+at, "/")
	v := &contracts.Violation{Rule: contracts.RuleDocument, Path: at, Message: err.Error()}
	invalid := &contracts.InvalidError{Violations: []*contracts.Violation{v}}
	return &contracts.Error{Code: contracts.CodeValidation, Message: err.Error(), Offender: invalid.Offender(), Cause: invalid}
}

func checkMetadata(m contracts.SubmissionMetadata) error {
	const at = "/submission_metadata/"
	switch {
	case m.SubmittedAt.IsZero():
		return contracts.Errorf(contracts.CodeValidation, at+"submitted_at", "is missing")
	case m.KoraVersion == "" || len(m.KoraVersion) > maxName:
		return contracts.Errorf(contracts.CodeValidation, at+"kora_version", "must be 1 to %d bytes", maxName)
	case len(m.TraceID) > maxName:
		return contracts.Errorf(contracts.CodeValidation, at+"trace_id", "must be at most %d bytes", maxName)
	}
	return nil
}

// verdict is what CONTRACTS section 10 calls a refused submission; "" when the
// submission was not judged.
func verdict(err error) contracts.SubmitStatus {
	switch contracts.CodeOf(err) {
	case contracts.CodeBudgetExceeded:
		return contracts.SubmitRejectedBudget
	case contracts.CodeRateLimited, contracts.CodeResourceExhausted:
		return contracts.SubmitRejectedCapacity
	case contracts.CodeValidation, contracts.CodeVersionMismatch, contracts.CodeUnsupported:
		if v := contracts.AsViolations(err); len(v) > 0 && v[0].Rule == contracts.RuleBudget {
			return contracts.SubmitRejectedBudget
		}
		return contracts.SubmitRejectedSchema
	}
	return ""
}

type listInput struct {
	Cursor string `query:"cursor" maxLength:"256" doc:"The next of the page before; absent for the first page."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"The most sessions to return."`
}

type jsonOutput[T any] struct{ Body T }

func (g *gateway) sessions(ctx context.Context, in *listInput) (*jsonOutput[contracts.SessionList], error) {
	list, err := g.fabric.Sessions(ctx, callerOf(ctx).Tenant, in.Cursor, in.Limit)
	list.Sessions = notNil(list.Sessions)
	return &jsonOutput[contracts.SessionList]{list}, err
}

func (g *gateway) session(ctx context.Context, in *sessionInput) (*jsonOutput[contracts.SessionView], error) {
	view, err := g.fabric.Session(ctx, in.ID)
	view.WorkUnits = notNil(view.WorkUnits)
	return &jsonOutput[contracts.SessionView]{view}, err
}

func (g *gateway) cancel(ctx context.Context, in *sessionInput) (*struct{}, error) {
	return nil, g.fabric.Cancel(ctx, in.ID)
}

type receiptInput struct {
	ID   contracts.SessionID `path:"id" format:"uuid" doc:"The execution_session_id."`
	Unit contracts.UnitID    `path:"unit" maxLength:"128" pattern:"^[A-Za-z0-9._:/-]+$" doc:"The work_unit_id."`
}

func (g *gateway) receipt(ctx context.Context, in *receiptInput) (*jsonOutput[contracts.Receipt], error) {
	r, err := g.fabric.Receipt(ctx, in.ID, in.Unit)
	return &jsonOutput[contracts.Receipt]{r}, err
}

// notNil makes an empty list [] in JSON, not null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
