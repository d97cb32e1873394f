package gateway

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
)

// publicRoutes adds what is public.
func (g *gateway) publicRoutes(a api) {
	route(g, a, huma.Operation{
		OperationID: "publish", Method: http.MethodPost, Path: "/v1/publications", Tags: []string{"access"},
		Summary: "Say of a part of computations that it is nobody's secret",
		Description: "For operators of the fabric. Idempotent. Every tenant may read the block from then on. The result of a unit whose module is published " +
			"or of the catalogue, whose input is published, and whose every blob is published under its name, may be used again by every tenant.",
		DefaultStatus: http.StatusCreated,
		Errors:        []int{http.StatusNotFound, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity},
	}, needs(contracts.ScopeAdmin), g.publish)
	a.describeBody(http.MethodPost, "/v1/publications", a.jsonBody(reflect.TypeFor[contracts.Publication]()))
	route(g, a, huma.Operation{
		OperationID: "list-publications", Method: http.MethodGet, Path: "/v1/publications", Tags: []string{"access"},
		Summary: "List what is public, oldest first",
	}, needs(), g.publications)
	route(g, a, huma.Operation{
		OperationID: "withdraw", Method: http.MethodDelete, Path: "/v1/publications/{publication}", Tags: []string{"access"},
		Summary:     "End a publication",
		Description: "For operators of the fabric. What was given out stays.",
		Errors:      []int{http.StatusNotFound},
	}, needs(contracts.ScopeAdmin), g.withdraw)
}

func (g *gateway) publish(ctx context.Context, in *bodied) (*jsonOutput[contracts.PublicationView], error) {
	var p contracts.Publication
	if err := g.decode(ctx, in.exchange, &p); err != nil {
		return nil, err
	}
	v, err := g.fabric.Publish(ctx, callerOf(ctx), p)
	return &jsonOutput[contracts.PublicationView]{v}, err
}

func (g *gateway) publications(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.PublicationList], error) {
	l, err := g.fabric.Publications(ctx)
	l.Publications = notNil(l.Publications)
	return &jsonOutput[contracts.PublicationList]{l}, err
}

type publicationInput struct {
	Publication string `path:"publication" maxLength:"128" doc:"The publication's id."`
}

func (g *gateway) withdraw(ctx context.Context, in *publicationInput) (*struct{}, error) {
	return nil, g.fabric.Withdraw(ctx, callerOf(ctx), in.Publication)
}
