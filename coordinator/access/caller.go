package access

import (
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// Caller is who makes a request: the holder of a key. The zero Caller is nobody.
type Caller struct {
	Key    string // the key's id
	Tenant contracts.TenantID
	scopes []contracts.Scope
}

// Operator is the process itself and its tests: a caller that may do everything.
func Operator() Caller {
	return Caller{Tenant: contracts.EveryTenant, scopes: []contracts.Scope{contracts.ScopeAdmin}}
}

// Known reports whether the caller holds a key.
func (c Caller) Known() bool { return len(c.scopes) > 0 }

// May reports whether the caller's key has one of the scopes.
func (c Caller) May(one ...contracts.Scope) bool {
	return slices.Contains(c.scopes, contracts.ScopeAdmin) || slices.ContainsFunc(one, func(s contracts.Scope) bool { return slices.Contains(c.scopes, s) })
}

// Sees reports whether what belongs to a tenant is the caller's business.
func (c Caller) Sees(t contracts.TenantID) bool {
	return c.Tenant == contracts.EveryTenant && c.Known() || c.Tenant == t && t != ""
}

// Must is nil if the caller may, else an AUTH_ERROR that says what is missing
// and how to come by it.
func (c Caller) Must(one ...contracts.Scope) error {
	if c.May(one...) {
		return nil
	}
	return contracts.Errorf(contracts.CodeAuth, "kk_"+c.Key, "this key has the scopes %s; the request needs %s. An admin makes such a key with 'krako keys new --scope %s'",
		list(c.scopes, " and "), list(one, " or "), one[0])
}

func list(scopes []contracts.Scope, between string) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, between)
}
