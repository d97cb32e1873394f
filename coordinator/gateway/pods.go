package gateway

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
)

// podRoutes adds what there is to know about LLM pods.
func (g *gateway) podRoutes(a api) {
	list := huma.Operation{OperationID: "list-pods", Method: http.MethodGet, Path: "/v1/pods", Tags: []string{"fabric"}, Summary: "List the LLM pods the coordinator knows and what they serve"}
	route(g, a, list, needs(contracts.ScopeNodes), g.pods)
}

// pods are the nodes that serve models.
func (g *gateway) pods(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.NodeList], error) {
	list, err := g.fabric.Nodes(ctx)
	list.Nodes = notNil(slices.DeleteFunc(list.Nodes, func(n contracts.NodeView) bool { return n.Kind != "pod" }))
	return &jsonOutput[contracts.NodeList]{list}, err
}
