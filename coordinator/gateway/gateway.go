package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sync/semaphore"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
)

// gateway answers requests from a Fabric. It is safe for concurrent use.
type gateway struct {
	fabric Fabric
	cfg    Config
	log    *slog.Logger
	auth   *authenticator
	rates  *rates

	buffered *semaphore.Weighted // bytes of request bodies in memory
	waiting  *semaphore.Weighted // event streams and long polls
	watchers atomic.Int32        // open consoles
}

// New returns the handler of the whole API. It is meant for the server that
// Serve runs on a listener from Listen; under another one, event streams and
// long polls do not end early when the server shuts down.
func New(f Fabric, cfg Config, log *slog.Logger) http.Handler {
	cfg = cfg.orDefaults()
	g := &gateway{
		fabric:   f,
		cfg:      cfg,
		log:      log,
		auth:     newAuthenticator(f),
		rates:    newRates(f, max(cfg.MaxDocumentBytes, cfg.MaxBlockBytes)),
		buffered: semaphore.NewWeighted(cfg.MaxBufferedBytes),
		waiting:  semaphore.NewWeighted(int64(cfg.MaxWaiting)),
	}
	mux := http.NewServeMux()
	g.serve(mux)
	return g.guard(orProblem(mux))
}

// serve adds all that is answered to mux: the operations, their description, and
// the pages.
func (g *gateway) serve(mux humago.Mux) {
	doc, err := g.register(mux).document()
	explorerRoutes(mux)
	consoleRoutes(mux)
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) {
		if err != nil {
			g.problem(r.Context(), "openapi", err).write(w)
			return
		}
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(doc)
	})
}

// register adds every operation to mux and returns the API that describes them.
func (g *gateway) register(mux humago.Mux) api {
	a := newAPI(mux)
	g.sessionRoutes(a)
	g.followRoutes(a)
	g.explainRoutes(a)
	g.conductRoutes(a)
	g.blockRoutes(a)
	g.stateRoutes(a)
	g.metricsRoutes(a)
	g.accessRoutes(a)
	g.publicRoutes(a)
	g.logRoutes(a)
	g.moneyRoutes(a)
	g.watchRoutes(a)
	return a
}

// api is the routes so far and their description.
type api struct{ huma.API }

func newAPI(mux humago.Mux) api {
	components := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	aliases(components)
	cfg := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "Krako gateway",
				Version:     contracts.Version,
				Description: "Submit task graphs, follow their sessions, and move blocks.",
			},
			Components: &huma.Components{
				Schemas: components,
				SecuritySchemes: map[string]*huma.SecurityScheme{keyScheme: {
					Type: "http", Scheme: "bearer", BearerFormat: "kk_<id>_<secret>",
					Description: "An API key, bound to a tenant and scopes. What an operation lists are scopes, one of which the key must have; admin stands for any.",
				}},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{translate},
	}
	// Clients ignore what they do not know in an answer; document closes the
	// types of requests, where unknown fields are refused.
	cfg.AllowAdditionalPropertiesByDefault = true
	return api{humago.New(mux, cfg)}
}

// route adds an operation for callers who meet a need. Its errors become
// problems.
func route[I, O any](g *gateway, a api, op huma.Operation, n need, handle func(context.Context, *I) (*O, error)) {
	n.describe(&op)
	op.Middlewares = huma.Middlewares{g.admit(op, n)}
	huma.Register(a.API, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, g.problem(ctx, op.OperationID, forbidden(callerOf(ctx), err))
		}
		return out, nil
	})
}

// problem turns an error of an operation into its answer. Only here are internal
// errors logged: the client is told nothing of them.
func (g *gateway) problem(ctx context.Context, operation string, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p // the operation had more to say of it
	}
	p := newProblem(err)
	p.retryAfter = g.cfg.RetryAfter
	if l, ok := errors.AsType[*access.Later](err); ok {
		p.retryAfter = l.After
	}
	if p.Code == contracts.CodeInternal {
		g.log.ErrorContext(ctx, "request failed", "operation", operation, "error", details(err))
	}
	return p
}

// details adds the cause to the message of an error, which need not hold it.
func details(err error) error {
	if e, ok := errors.AsType[*contracts.Error](err); ok && e.Cause != nil {
		return fmt.Errorf("%w (cause: %w)", err, e.Cause)
	}
	return err
}
