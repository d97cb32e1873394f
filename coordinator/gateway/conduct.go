package gateway

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
)

// conductRoutes adds what is known of nodes' conduct, and orders about them.
func (g *gateway) conductRoutes(a api) {
	route(g, a, huma.Operation{
		OperationID: "get-trust", Method: http.MethodGet, Path: "/v1/trust/{node}", Tags: []string{"fabric"},
		Summary: "Say what is known of a node's conduct",
		Errors:  []int{http.StatusNotFound},
	}, needs(contracts.ScopeNodes), g.trust)
	route(g, a, huma.Operation{
		OperationID: "order-node", Method: http.MethodPut, Path: "/v1/trust/{node}", Tags: []string{"fabric"},
		Summary:     "Let a node in, suspend it, or let it begin again",
		Description: "For operators.",
		Errors:      []int{http.StatusConflict, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity},
	}, needs(contracts.ScopeAdmin), g.order)
	a.describeBody(http.MethodPut, "/v1/trust/{node}", a.jsonBody(reflect.TypeFor[contracts.NodeOrder]()))
}

type nodeInput struct {
	Node contracts.NodeID `path:"node" maxLength:"128" doc:"The node's peer id."`
}

type orderInput struct {
	Node     contracts.NodeID `path:"node" maxLength:"128" doc:"The node's peer id."`
	exchange exchange
}

// Resolve implements huma.Resolver.
func (in *orderInput) Resolve(ctx huma.Context) []error {
	in.exchange = exchangeOf(ctx)
	return nil
}

func (g *gateway) trust(ctx context.Context, in *nodeInput) (*jsonOutput[contracts.NodeTrust], error) {
	v, err := g.fabric.Trust(ctx, in.Node)
	v.History = notNil(v.History)
	return &jsonOutput[contracts.NodeTrust]{v}, err
}

func (g *gateway) order(ctx context.Context, in *orderInput) (*struct{}, error) {
	var o contracts.NodeOrder
	if err := g.decode(ctx, in.exchange, &o); err != nil {
		return nil, err
	}
	return nil, g.fabric.Order(ctx, callerOf(ctx), in.Node, o)
}
