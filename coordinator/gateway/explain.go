package gateway

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
)

// explainRoutes adds the explanation of placement.
func (g *gateway) explainRoutes(a api) {
	route(g, a, huma.Operation{
		OperationID: "explain-placement", Method: http.MethodGet, Path: "/v1/sessions/{id}/units/{unit}/placement", Tags: []string{"sessions"},
		Summary:     "Explain where a unit of a running session could go",
		Description: "Lists the connected workers in the order of preference, with what keeps the unit from each that is not eligible.",
		Errors:      []int{http.StatusNotFound},
	}, needs(contracts.ScopeRead), g.explain)
}

func (g *gateway) explain(ctx context.Context, in *receiptInput) (*jsonOutput[contracts.UnitPlacement], error) {
	v, err := g.fabric.Explain(ctx, in.ID, in.Unit)
	v.Candidates = notNil(v.Candidates)
	return &jsonOutput[contracts.UnitPlacement]{v}, err
}
