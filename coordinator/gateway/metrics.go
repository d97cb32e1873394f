package gateway

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
)

// metricsRoutes adds what Prometheus reads. The figures name no tenant, but say what
// all of them do together, as the list of nodes does.
func (g *gateway) metricsRoutes(a api) {
	route(g, a, huma.Operation{
		OperationID: "get-metrics", Method: http.MethodGet, Path: "/metrics", Tags: []string{"health"},
		Summary:     "Get the coordinator's figures for Prometheus",
		Description: "In Prometheus' text format, or another one of its that is asked for.",
		Errors:      []int{http.StatusNotImplemented, http.StatusServiceUnavailable},
		Responses: map[string]*huma.Response{
			"200": {Description: "The figures", Content: content(&huma.Schema{Type: huma.TypeString}, "text/plain")},
		},
	}, needs(contracts.ScopeNodes), g.metrics)
}

func (g *gateway) metrics(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	if g.cfg.Metrics == nil {
		return nil, contracts.Errorf(contracts.CodeUnsupported, "/metrics", "this gateway has no figures")
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		x := exchangeOf(hc)
		answer := held{header: http.Header{}, status: http.StatusOK}
		g.cfg.Metrics.ServeHTTP(&answer, x.r)
		switch {
		case answer.status == http.StatusServiceUnavailable:
			g.problem(ctx, "get-metrics", refuse(answer.status, contracts.CodeResourceExhausted, "/metrics", "the figures are being read too often at the same time")).write(x.w)
		case answer.status != http.StatusOK:
			g.problem(ctx, "get-metrics", fmt.Errorf("read metrics: %d: %.200s", answer.status, answer.body.Bytes())).write(x.w)
		default:
			for name, values := range answer.header {
				x.w.Header()[name] = values
			}
			_, _ = x.w.Write(answer.body.Bytes()) // a client that left needs no figures
		}
	}}, nil
}

// held takes an answer of a few kilobytes that may still turn out to be none.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *held) Header() http.Header         { return h.header }
func (h *held) WriteHeader(status int)      { h.status = status }
func (h *held) Write(b []byte) (int, error) { return h.body.Write(b) }
