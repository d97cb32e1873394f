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
		Summary:     "Let a node in, suspend it, let it begin again, or remove it",
		Description: "For operators.",
		Errors:      []int{http.StatusConflict, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity},
	}, needs(contracts.ScopeAdmin), g.order)
	a.describeBody(http.MethodPut, "/v1/trust/{node}", a.jsonBody(reflect.TypeFor[contracts.NodeOrder]()))
	route(g, a, huma.Operation{
		OperationID: "new-node-token", Method: http.MethodPost, Path: "/v1/node-tokens", Tags: []string{"fabric"},
		Summary:       "Make a token that lets nodes and pods in under an operator",
		Description:   "For operators of the fabric. The answer is the only one that tells the secret.",
		DefaultStatus: http.StatusCreated,
		Errors:        []int{http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity},
	}, needs(contracts.ScopeAdmin), g.newNodeToken)
	a.describeBody(http.MethodPost, "/v1/node-tokens", a.jsonBody(reflect.TypeFor[contracts.NodeTokenRequest]()))
	route(g, a, huma.Operation{
		OperationID: "list-node-tokens", Method: http.MethodGet, Path: "/v1/node-tokens", Tags: []string{"fabric"},
		Summary:     "List the tokens for nodes, oldest first, without secrets",
		Description: "For operators of the fabric.",
	}, needs(contracts.ScopeAdmin), g.nodeTokens)
	route(g, a, huma.Operation{
		OperationID: "revoke-node-token", Method: http.MethodDelete, Path: "/v1/node-tokens/{token}", Tags: []string{"fabric"},
		Summary:     "End a token for nodes",
		Description: "For operators of the fabric. Idempotent. Who was let in with it stays.",
		Errors:      []int{http.StatusNotFound},
	}, needs(contracts.ScopeAdmin), g.revokeNodeToken)
	route(g, a, huma.Operation{
		OperationID: "list-operators", Method: http.MethodGet, Path: "/v1/operators", Tags: []string{"fabric"},
		Summary: "List who runs nodes and pods, with these",
	}, needs(contracts.ScopeNodes), g.operators)
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

func (g *gateway) newNodeToken(ctx context.Context, in *bodied) (*jsonOutput[contracts.NodeTokenCreated], error) {
	var r contracts.NodeTokenRequest
	if err := g.decode(ctx, in.exchange, &r); err != nil {
		return nil, err
	}
	t, err := g.fabric.NewNodeToken(ctx, callerOf(ctx), r)
	return &jsonOutput[contracts.NodeTokenCreated]{t}, err
}

func (g *gateway) nodeTokens(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.NodeTokenList], error) {
	l, err := g.fabric.NodeTokens(ctx, callerOf(ctx))
	l.Tokens = notNil(l.Tokens)
	return &jsonOutput[contracts.NodeTokenList]{l}, err
}

type nodeTokenInput struct {
	Token string `path:"token" maxLength:"64" doc:"The token's id."`
}

func (g *gateway) revokeNodeToken(ctx context.Context, in *nodeTokenInput) (*struct{}, error) {
	return nil, g.fabric.RevokeNodeToken(ctx, callerOf(ctx), in.Token)
}

func (g *gateway) operators(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.OperatorList], error) {
	l, err := g.fabric.Operators(ctx)
	l.Operators = notNil(l.Operators)
	return &jsonOutput[contracts.OperatorList]{l}, err
}
