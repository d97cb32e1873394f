package gateway

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
)

// Log is what a Fabric proves of its log.
type Log interface {
	// Checkpoint returns the log's signed state, UNSUPPORTED when it has no key.
	Checkpoint(ctx context.Context) (contracts.LogCheckpoint, error)
	// Growth proves that the log's first records are the ones it had when it had so
	// many. More than it has are a VALIDATION_ERROR.
	Growth(ctx context.Context, from int64) (contracts.LogGrowth, error)
	// Proof proves that a session's end, or its beginning while it runs, is in the
	// log. CONFLICT says that it will be in a moment.
	Proof(ctx context.Context, id contracts.SessionID) (contracts.LogProof, error)
}

// logRoutes adds what makes the log tamper evident. Sizes and roots tell nothing of
// what others run, so any key will do for them.
func (g *gateway) logRoutes(a api) {
	route(g, a, huma.Operation{
		OperationID: "get-log-checkpoint", Method: http.MethodGet, Path: "/v1/log/checkpoint", Tags: []string{"log"},
		Summary:     "Get the signed state of the log",
		Description: "Keep it: a log that does not grow out of it later was rewritten.",
		Errors:      []int{http.StatusNotImplemented},
	}, needs(), g.checkpoint)
	route(g, a, huma.Operation{
		OperationID: "get-log-growth", Method: http.MethodGet, Path: "/v1/log/growth", Tags: []string{"log"},
		Summary: "Prove that the log has only grown since it had so many records",
		Errors:  []int{http.StatusNotImplemented, http.StatusUnprocessableEntity},
	}, needs(), g.growth)
	route(g, a, huma.Operation{
		OperationID: "get-session-proof", Method: http.MethodGet, Path: "/v1/sessions/{id}/proof", Tags: []string{"log"},
		Summary:     "Prove that a session's end, or its beginning while it runs, is in the log",
		Description: "409 says that it will be in a moment.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict, http.StatusNotImplemented},
	}, needs(contracts.ScopeRead), g.proof)
}

func (g *gateway) checkpoint(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.LogCheckpoint], error) {
	c, err := g.fabric.Checkpoint(ctx)
	return &jsonOutput[contracts.LogCheckpoint]{c}, err
}

type growthInput struct {
	From int64 `query:"from" minimum:"0" default:"0" doc:"How many records the log had."`
}

func (g *gateway) growth(ctx context.Context, in *growthInput) (*jsonOutput[contracts.LogGrowth], error) {
	p, err := g.fabric.Growth(ctx, in.From)
	p.Proof = notNil(p.Proof)
	return &jsonOutput[contracts.LogGrowth]{p}, err
}

func (g *gateway) proof(ctx context.Context, in *sessionInput) (*jsonOutput[contracts.LogProof], error) {
	p, err := g.fabric.Proof(ctx, in.ID)
	p.Proof = notNil(p.Proof)
	return &jsonOutput[contracts.LogProof]{p}, err
}
