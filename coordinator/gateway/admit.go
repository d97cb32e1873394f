package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
)

// need is what an operation asks of its caller. The zero need can be met by
// nobody, so that an operation that says nothing is closed.
type need struct {
	open  bool // no key
	key   bool // any key, or, if there are some, one with one of the scopes
	oneOf []contracts.Scope
}

// needs asks for a key that has one of the scopes, or for any key.
func needs(oneOf ...contracts.Scope) need { return need{key: true, oneOf: oneOf} }

// nothing asks for no key. One that is sent must be valid all the same.
func nothing() need { return need{open: true} }

// keyScheme is the name of the API keys in the OpenAPI document.
const keyScheme = "key"

// describe adds to an operation what it asks for, and how it says no.
func (n need) describe(op *huma.Operation) {
	if n.open {
		op.Security = []map[string][]string{}
		return
	}
	for _, s := range n.oneOf {
		op.Security = append(op.Security, map[string][]string{keyScheme: {string(s)}})
	}
	if len(n.oneOf) == 0 {
		op.Security = []map[string][]string{{keyScheme: {}}}
	}
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests} {
		if !slices.Contains(op.Errors, status) {
			op.Errors = append(op.Errors, status)
		}
	}
}

// met is nil when a caller may do the operation.
func (n need) met(who access.Caller) error {
	switch {
	case n.open, n.key && len(n.oneOf) == 0 && who.Known():
		return nil
	case n.key:
		return who.Must(n.oneOf...)
	}
	return contracts.Errorf(contracts.CodeAuth, "", "nobody may do this")
}

type callerKey struct{}

// callerOf returns who makes the request of an operation.
func callerOf(ctx context.Context) access.Caller {
	who, _ := ctx.Value(callerKey{}).(access.Caller)
	return who
}

// admit is in front of an operation, before anything of the request is looked
// at but its header: who calls, may they, do they call too often, and, under
// /v1/sessions/{id}, is the session theirs.
func (g *gateway) admit(op huma.Operation, n need) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		who, err := g.admitted(hc, op, n)
		if err != nil {
			p := g.problem(hc.Context(), op.OperationID, forbidden(who, err))
			if op.OperationID == submitOperation {
				p.Submission = verdict(err)
			}
			p.write(exchangeOf(hc).w)
			return
		}
		next(huma.WithValue(hc, callerKey{}, who))
	}
}

func (g *gateway) admitted(hc huma.Context, op huma.Operation, n need) (access.Caller, error) {
	r := exchangeOf(hc).r
	if n.open && len(r.Header.Values("Authorization")) == 0 {
		return access.Caller{}, nil
	}
	who, err := g.auth.caller(r)
	if err != nil {
		return access.Caller{}, err
	}
	if err := g.rates.request(who); err != nil {
		return who, err
	}
	if err := n.met(who); err != nil {
		return who, err
	}
	if strings.HasPrefix(op.Path, "/v1/sessions/{id}") {
		return who, g.owns(hc.Context(), who, contracts.SessionID(hc.Param("id")))
	}
	return who, nil
}

// owns is nil when a session is the caller's business. Another's session is
// answered like one that does not exist.
func (g *gateway) owns(ctx context.Context, who access.Caller, id contracts.SessionID) error {
	if who.Sees(contracts.EveryTenant) {
		return nil
	}
	owner, err := g.fabric.Owner(ctx, id)
	if err == nil && who.Sees(owner) {
		return nil
	}
	if err == nil || contracts.CodeOf(err) == contracts.CodeNotFound {
		err = contracts.Errorf(contracts.CodeNotFound, clip(string(id), maxName), "no such session")
	}
	return err
}

// forbidden tells a key that is not enough (403) from one that is none (401).
func forbidden(who access.Caller, err error) error {
	e, ok := errors.AsType[*contracts.Error](err)
	if _, has := errors.AsType[*refusal](err); !ok || has || e.Code != contracts.CodeAuth || !who.Known() {
		return err
	}
	return &refusal{http.StatusForbidden, e}
}
