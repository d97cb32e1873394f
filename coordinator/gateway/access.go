package gateway

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/coordinator/access"
)

// Access is who may do what, as far as the fabric knows. Implementations are
// safe for concurrent use; by decides what a call sees and changes.
type Access interface {
	// Holder returns who holds a key now, and what its secret must hash to. It is
	// called for every request and must be quick. A key that is not known, revoked
	// or over is an AUTH_ERROR.
	Holder(id string) (access.Caller, access.Hash, error)
	// QuotaOf returns what a tenant may use; quick too.
	QuotaOf(t contracts.TenantID) contracts.Quota

	// Keys lists keys, oldest first.
	Keys(ctx context.Context, by access.Caller) (contracts.KeyList, error)
	// NewKey makes a key and returns when it is durable.
	NewKey(ctx context.Context, by access.Caller, r contracts.KeyRequest) (contracts.KeyCreated, error)
	// RevokeKey ends a key for good and for everybody when it returns. It is
	// idempotent.
	RevokeKey(ctx context.Context, by access.Caller, id string) error
	// Quotas lists tenants with what they may use and do use.
	Quotas(ctx context.Context, by access.Caller) (contracts.QuotaList, error)
	// Quota returns one tenant's, NOT_FOUND when by may not see it.
	Quota(ctx context.Context, by access.Caller, t contracts.TenantID) (contracts.QuotaView, error)
	// SetQuota returns when the quota is durable.
	SetQuota(ctx context.Context, by access.Caller, t contracts.TenantID, q contracts.Quota) error

	// Publish makes a part of computations public and Withdraw ends that; both return
	// when it is durable. A publication that is in force already is returned as it is.
	Publish(ctx context.Context, by access.Caller, p contracts.Publication) (contracts.PublicationView, error)
	Withdraw(ctx context.Context, by access.Caller, id string) error
	// Publications lists what is public, oldest first.
	Publications(ctx context.Context) (contracts.PublicationList, error)
}

// accessRoutes adds keys and quotas.
func (g *gateway) accessRoutes(a api) {
	route(g, a, huma.Operation{
		OperationID: "new-key", Method: http.MethodPost, Path: "/v1/keys", Tags: []string{"access"},
		Summary:       "Make an API key",
		Description:   "The answer is the only one that tells the secret. A tenant's admin makes keys of that tenant; an operator's key, of tenant *, makes keys of any.",
		DefaultStatus: http.StatusCreated,
		Errors:        []int{http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity},
	}, needs(contracts.ScopeAdmin), g.newKey)
	a.describeBody(http.MethodPost, "/v1/keys", a.jsonBody(reflect.TypeFor[contracts.KeyRequest]()))
	route(g, a, huma.Operation{
		OperationID: "list-keys", Method: http.MethodGet, Path: "/v1/keys", Tags: []string{"access"},
		Summary: "List API keys, oldest first, without secrets",
	}, needs(contracts.ScopeAdmin), g.keys)
	route(g, a, huma.Operation{
		OperationID: "revoke-key", Method: http.MethodDelete, Path: "/v1/keys/{key}", Tags: []string{"access"},
		Summary:     "Revoke an API key",
		Description: "Idempotent. From the answer on no request is accepted with the key.",
		Errors:      []int{http.StatusNotFound},
	}, needs(contracts.ScopeAdmin), g.revokeKey)
	route(g, a, huma.Operation{
		OperationID: "list-quotas", Method: http.MethodGet, Path: "/v1/quotas", Tags: []string{"access"},
		Summary: "List what tenants may use and do use",
	}, needs(contracts.ScopeRead), g.quotas)
	route(g, a, huma.Operation{
		OperationID: "get-quota", Method: http.MethodGet, Path: "/v1/quotas/{tenant}", Tags: []string{"access"},
		Summary:     "Say what a tenant may use and does use",
		Description: "A tenant with slashes is percent-encoded into one path segment.",
		Errors:      []int{http.StatusNotFound},
	}, needs(contracts.ScopeRead), g.quota)
	route(g, a, huma.Operation{
		OperationID: "set-quota", Method: http.MethodPut, Path: "/v1/quotas/{tenant}", Tags: []string{"access"},
		Summary:     "Replace what a tenant may use",
		Description: "For operators, whose keys are of tenant *. Graphs that run keep what they were granted.",
		Errors:      []int{http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity},
	}, needs(contracts.ScopeAdmin), g.setQuota)
	a.describeBody(http.MethodPut, "/v1/quotas/{tenant}", a.jsonBody(reflect.TypeFor[contracts.Quota]()))
}

// bodied is the input of an operation that reads a small JSON body itself.
type bodied struct{ exchange exchange }

// Resolve implements huma.Resolver.
func (in *bodied) Resolve(ctx huma.Context) []error {
	in.exchange = exchangeOf(ctx)
	return nil
}

// maxSmall bounds the JSON bodies that are not graphs.
const maxSmall = 64 << 10

// decode reads a small JSON body strictly.
func (g *gateway) decode(ctx context.Context, x exchange, v any) error {
	if _, err := x.mediaType("application/json"); err != nil {
		return err
	}
	doc, release, err := g.body(ctx, x, maxSmall)
	if err != nil {
		return err
	}
	defer release()
	if err := jcs.DecodeStrict(doc, v); err != nil {
		return malformed(err)
	}
	return nil
}

func (g *gateway) newKey(ctx context.Context, in *bodied) (*jsonOutput[contracts.KeyCreated], error) {
	var r contracts.KeyRequest
	if err := g.decode(ctx, in.exchange, &r); err != nil {
		return nil, err
	}
	k, err := g.fabric.NewKey(ctx, callerOf(ctx), r)
	return &jsonOutput[contracts.KeyCreated]{k}, err
}

func (g *gateway) keys(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.KeyList], error) {
	l, err := g.fabric.Keys(ctx, callerOf(ctx))
	l.Keys = notNil(l.Keys)
	return &jsonOutput[contracts.KeyList]{l}, err
}

type keyInput struct {
	Key string `path:"key" maxLength:"64" doc:"The key's id."`
}

func (g *gateway) revokeKey(ctx context.Context, in *keyInput) (*struct{}, error) {
	return nil, g.fabric.RevokeKey(ctx, callerOf(ctx), in.Key)
}

func (g *gateway) quotas(ctx context.Context, _ *struct{}) (*jsonOutput[contracts.QuotaList], error) {
	l, err := g.fabric.Quotas(ctx, callerOf(ctx))
	l.Quotas = notNil(l.Quotas)
	return &jsonOutput[contracts.QuotaList]{l}, err
}

type tenantInput struct {
	Tenant contracts.TenantID `path:"tenant" maxLength:"128" pattern:"^[A-Za-z0-9._:/-]+$" doc:"The tenant_id."`
}

func (g *gateway) quota(ctx context.Context, in *tenantInput) (*jsonOutput[contracts.QuotaView], error) {
	v, err := g.fabric.Quota(ctx, callerOf(ctx), in.Tenant)
	return &jsonOutput[contracts.QuotaView]{v}, err
}

type setQuotaInput struct {
	Tenant   contracts.TenantID `path:"tenant" maxLength:"128" pattern:"^[A-Za-z0-9._:/-]+$" doc:"The tenant_id."`
	exchange exchange
}

// Resolve implements huma.Resolver.
func (in *setQuotaInput) Resolve(ctx huma.Context) []error {
	in.exchange = exchangeOf(ctx)
	return nil
}

func (g *gateway) setQuota(ctx context.Context, in *setQuotaInput) (*struct{}, error) {
	var q contracts.Quota
	if err := g.decode(ctx, in.exchange, &q); err != nil {
		return nil, err
	}
	return nil, g.fabric.SetQuota(ctx, callerOf(ctx), in.Tenant, q)
}
