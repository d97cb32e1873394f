package gateway

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/coordinator/access"
)

// Money is what a Fabric says of prices, credit and the ledger. Implementations are
// safe for concurrent use; by decides what a call sees and changes.
type Money interface {
	// Quote is the most that a graph can cost now.
	Quote(ctx context.Context, g *contracts.TaskGraph) (contracts.Quote, error)
	// Prices returns the price plan in force, NOT_FOUND if there is none.
	Prices(ctx context.Context) (contracts.JSON, error)
	// SetPrices returns when the plan is in force and durable.
	SetPrices(ctx context.Context, by access.Caller, doc []byte) error
	// Wallet returns a tenant's, NOT_FOUND when by may not see it; Wallets those that
	// by may see.
	Wallet(ctx context.Context, by access.Caller, t contracts.TenantID) (contracts.WalletView, error)
	Wallets(ctx context.Context, by access.Caller) (contracts.WalletList, error)
	// Grant gives credit, once for each grant id.
	Grant(ctx context.Context, by access.Caller, t contracts.TenantID, r contracts.CreditGrant) (contracts.WalletView, error)
	Suspend(ctx context.Context, by access.Caller, t contracts.TenantID, r contracts.AccountSuspended) error
	// Ledger, Statement and PutAside read the ledger.
	Ledger(ctx context.Context, by access.Caller, t contracts.TenantID, operator string, after int64, limit int) (contracts.LedgerPage, error)
	Statement(ctx context.Context, by access.Caller, t contracts.TenantID, operator string, from, to time.Time) (contracts.Statement, error)
	PutAside(ctx context.Context, by access.Caller) (contracts.PutAsideList, error)
	// Export calls fn with every event of the log.
	Export(ctx context.Context, by access.Caller, fn func(contracts.Event) error) error
	// Follow calls fn with every event from now on, in order and one at a time, until
	// ctx ends or fn fails, and returns why. It is for operators, as Export is.
	Follow(ctx context.Context, by access.Caller, fn func(contracts.Event) error) error
}

// moneyRoutes adds prices, credit and the ledger.
func (g *gateway) moneyRoutes(a api) {
	bad := []int{http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity}
	route(g, a, huma.Operation{
		OperationID: "quote", Method: http.MethodPost, Path: "/v1/quotes", Tags: []string{"money"},
		Summary:     "Say what a graph costs at most",
		Description: "Nothing is kept. Only units that succeed cost anything, each once, by what they used.",
		Errors:      append([]int{http.StatusNotFound, http.StatusRequestEntityTooLarge}, bad...),
	}, needs(contracts.ScopeSubmit, contracts.ScopeRead), g.quote)
	a.describeBody(http.MethodPost, "/v1/quotes", a.jsonBody(reflect.TypeFor[contracts.QuoteRequest]()))
	route(g, a, huma.Operation{
		OperationID: "get-prices", Method: http.MethodGet, Path: "/v1/prices", Tags: []string{"money"},
		Summary: "Get the price plan in force", Errors: []int{http.StatusNotFound},
	}, needs(), g.prices)
	route(g, a, huma.Operation{
		OperationID: "set-prices", Method: http.MethodPut, Path: "/v1/prices", Tags: []string{"money"},
		Summary:     "Put a price plan into force",
		Description: "For operators. A version means one plan for ever. Graphs that run keep their prices.",
		Errors:      append([]int{http.StatusConflict}, bad...),
	}, needs(contracts.ScopeAdmin), g.setPrices)
	a.describeBody(http.MethodPut, "/v1/prices", &huma.RequestBody{Required: true, Content: content(&huma.Schema{Type: huma.TypeObject}, "application/json")})
	route(g, a, huma.Operation{
		OperationID: "get-wallet", Method: http.MethodGet, Path: "/v1/wallet", Tags: []string{"money"},
		Summary: "Get a tenant's wallet", Errors: []int{http.StatusNotFound},
	}, needs(contracts.ScopeRead), g.wallet)
	route(g, a, huma.Operation{
		OperationID: "list-wallets", Method: http.MethodGet, Path: "/v1/wallets", Tags: []string{"money"},
		Summary: "List wallets",
	}, needs(contracts.ScopeRead), g.wallets)
	route(g, a, huma.Operation{
		OperationID: "grant-credit", Method: http.MethodPost, Path: "/v1/wallets/{tenant}/grants", Tags: []string{"money"},
		Summary:     "Give a tenant credit",
		Description: "For operators. Idempotent by grant_id.",
		Errors:      append([]int{http.StatusConflict}, bad...),
	}, needs(contracts.ScopeAdmin), g.grant)
	a.describeBody(http.MethodPost, "/v1/wallets/{tenant}/grants", a.jsonBody(reflect.TypeFor[contracts.CreditGrant]()))
	route(g, a, huma.Operation{
		OperationID: "suspend-account", Method: http.MethodPut, Path: "/v1/wallets/{tenant}/suspension", Tags: []string{"money"},
		Summary:     "Close a tenant's account to new graphs, or open it again",
		Description: "For operators. Graphs that run go on.",
		Errors:      bad,
	}, needs(contracts.ScopeAdmin), g.suspend)
	a.describeBody(http.MethodPut, "/v1/wallets/{tenant}/suspension", a.jsonBody(reflect.TypeFor[contracts.AccountSuspended]()))
	g.ledgerRoutes(a)
}

func (g *gateway) ledgerRoutes(a api) {
	route(g, a, huma.Operation{
		OperationID: "get-ledger", Method: http.MethodGet, Path: "/v1/ledger", Tags: []string{"money"},
		Summary: "List transactions of a tenant or an operator, oldest first",
		Errors:  []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusNotImplemented},
	}, needs(contracts.ScopeRead, contracts.ScopeNodes), g.ledger)
	route(g, a, huma.Operation{
		OperationID: "get-statement", Method: http.MethodGet, Path: "/v1/statement", Tags: []string{"money"},
		Summary: "Sum up the account of a tenant or an operator over a period",
		Errors:  []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusNotImplemented},
	}, needs(contracts.ScopeRead, contracts.ScopeNodes), g.statement)
	route(g, a, huma.Operation{
		OperationID: "list-put-aside", Method: http.MethodGet, Path: "/v1/ledger/put-aside", Tags: []string{"money"},
		Summary: "List events that accounting could not take in", Errors: []int{http.StatusNotImplemented},
	}, needs(contracts.ScopeAdmin), g.putAside)
	route(g, a, huma.Operation{
		OperationID: "export-events", Method: http.MethodGet, Path: "/v1/events", Tags: []string{"money"},
		Summary:     "Export every event of the log as it is now",
		Description: "For operators. Server-sent events as of a session; from them the ledger can be computed anew.",
		Responses:   map[string]*huma.Response{"200": {Description: "The events.", Content: content(streamSchema(), "text/event-stream")}},
	}, needs(contracts.ScopeAdmin), g.export)
}

func (g *gateway) quote(ctx context.Context, in *submitInput) (*jsonOutput[contracts.Quote], error) {
	if _, err := in.exchange.mediaType("application/json"); err != nil {
		return nil, err
	}
	doc, release, err := g.body(ctx, in.exchange, g.cfg.MaxDocumentBytes)
	if err != nil {
		return nil, err
	}
	defer release()
	var req contracts.QuoteRequest
	if err := jcs.DecodeStrict(doc, &req); err != nil {
		return nil, malformed(err)
	}
	if who := callerOf(ctx); req.TaskGraph.TenantID.Valid() && !who.Sees(req.TaskGraph.TenantID) {
		return nil, contracts.Errorf(contracts.CodeAuth, "/tenant_id", "the key is of tenant %s, the graph of tenant %s", who.Tenant, req.TaskGraph.TenantID)
	}
	q, err := g.fabric.Quote(ctx, &req.TaskGraph)
	return &jsonOutput[contracts.Quote]{q}, err
}

func (g *gateway) prices(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.JSON], error) {
	doc, err := g.fabric.Prices(ctx)
	return &jsonOutput[contracts.JSON]{doc}, err
}

func (g *gateway) setPrices(ctx context.Context, in *bodied) (*struct{}, error) {
	if _, err := in.exchange.mediaType("application/json"); err != nil {
		return nil, err
	}
	doc, release, err := g.body(ctx, in.exchange, maxSmall)
	if err != nil {
		return nil, err
	}
	defer release()
	return nil, g.fabric.SetPrices(ctx, callerOf(ctx), doc)
}

type walletInput struct {
	Tenant contracts.TenantID `query:"tenant" maxLength:"128" doc:"Whose; absent for the key's own."`
}

func (g *gateway) wallet(ctx context.Context, in *walletInput) (*jsonOutput[contracts.WalletView], error) {
	who, t := callerOf(ctx), in.Tenant
	if t == "" {
		t = who.Tenant
	}
	w, err := g.fabric.Wallet(ctx, who, t)
	return &jsonOutput[contracts.WalletView]{w}, err
}

func (g *gateway) wallets(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.WalletList], error) {
	l, err := g.fabric.Wallets(ctx, callerOf(ctx))
	l.Wallets = notNil(l.Wallets)
	return &jsonOutput[contracts.WalletList]{l}, err
}

func (g *gateway) grant(ctx context.Context, in *setQuotaInput) (*jsonOutput[contracts.WalletView], error) {
	var r contracts.CreditGrant
	if err := g.decode(ctx, in.exchange, &r); err != nil {
		return nil, err
	}
	w, err := g.fabric.Grant(ctx, callerOf(ctx), in.Tenant, r)
	return &jsonOutput[contracts.WalletView]{w}, err
}

func (g *gateway) suspend(ctx context.Context, in *setQuotaInput) (*struct{}, error) {
	var r contracts.AccountSuspended
	if err := g.decode(ctx, in.exchange, &r); err != nil {
		return nil, err
	}
	return nil, g.fabric.Suspend(ctx, callerOf(ctx), in.Tenant, r)
}

type ledgerInput struct {
	Tenant   contracts.TenantID `query:"tenant" maxLength:"128" doc:"Whose wallet; absent for the key's own tenant, or for all with an operator's key."`
	Operator string             `query:"operator" maxLength:"128" doc:"Whose earnings: an operator, or node:<id> for a node without one."`
	After    int64              `query:"after" minimum:"0" doc:"The next of the page before."`
	Limit    int                `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"The most transactions to return."`
}

func (g *gateway) ledger(ctx context.Context, in *ledgerInput) (*jsonOutput[contracts.LedgerPage], error) {
	p, err := g.fabric.Ledger(ctx, callerOf(ctx), in.Tenant, in.Operator, in.After, in.Limit)
	p.Entries = notNil(p.Entries)
	return &jsonOutput[contracts.LedgerPage]{p}, err
}

type statementInput struct {
	Tenant   contracts.TenantID `query:"tenant" maxLength:"128" doc:"Whose wallet; absent for the key's own tenant."`
	Operator string             `query:"operator" maxLength:"128" doc:"Whose earnings."`
	From     time.Time          `query:"from" doc:"The beginning of the period; absent for all time."`
	To       time.Time          `query:"to" doc:"Its end, which is not in it; absent for all time."`
}

func (g *gateway) statement(ctx context.Context, in *statementInput) (*jsonOutput[contracts.Statement], error) {
	from, to := in.From, in.To
	if from.IsZero() {
		from = time.Unix(0, 0).UTC()
	}
	if to.IsZero() {
		to = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	s, err := g.fabric.Statement(ctx, callerOf(ctx), in.Tenant, in.Operator, from, to)
	return &jsonOutput[contracts.Statement]{s}, err
}

func (g *gateway) putAside(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.PutAsideList], error) {
	l, err := g.fabric.PutAside(ctx, callerOf(ctx))
	l.Events = notNil(l.Events)
	return &jsonOutput[contracts.PutAsideList]{l}, err
}

func (g *gateway) export(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	leave, err := g.enter()
	if err != nil {
		return nil, err
	}
	who := callerOf(ctx)
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer leave()
		x := exchangeOf(hc)
		ctx, cancel := untilDrain(x.r.Context())
		defer cancel()
		s := &stream{w: x.w, control: http.NewResponseController(x.w), keepAlive: g.cfg.KeepAlive}
		err := s.run(ctx, func(ctx context.Context, fn func(contracts.Event) error) error { return g.fabric.Export(ctx, who, fn) })
		if err == nil || s.err != nil || ctx.Err() != nil {
			return
		}
		if p := g.problem(ctx, "export-events", forbidden(who, err)); !s.open {
			p.write(x.w)
		}
	}}, nil
}
