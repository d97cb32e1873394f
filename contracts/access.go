package contracts

import "slices"

// Scope is one thing that an API key allows.
type Scope string

// The scopes. An operation asks for one of them; admin allows whatever another
// scope does, and the keys and quotas of the key's tenant.
const (
	// ScopeSubmit allows to submit and cancel graphs.
	ScopeSubmit Scope = "submit"
	// ScopeRead allows to read sessions, events, results, receipts and blocks.
	ScopeRead Scope = "read"
	// ScopeBlocks allows to store and read blocks.
	ScopeBlocks Scope = "blocks"
	// ScopeNodes allows to see the nodes of the fabric.
	ScopeNodes Scope = "nodes"
	// ScopeAdmin allows everything.
	ScopeAdmin Scope = "admin"
)

// Scopes returns every scope.
func Scopes() []Scope {
	return []Scope{ScopeSubmit, ScopeRead, ScopeBlocks, ScopeNodes, ScopeAdmin}
}

// Valid reports whether s is one of Scopes.
func (s Scope) Valid() bool { return slices.Contains(Scopes(), s) }

// EveryTenant stands for all tenants where a key names its own. No graph can
// have it as its tenant_id.
const EveryTenant TenantID = "*"

// KeyRequest is the body of POST /v1/keys.
type KeyRequest struct {
	// Tenant is whose the key is, "*" for an operator's.
	Tenant TenantID `json:"tenant_id"`
	// Scopes are what it allows, at least one.
	Scopes []Scope `json:"scopes"`
	// Note says in words what the key is for.
	Note string `json:"note,omitempty"`
	// ExpiresAt is when the key ends, absent for never.
	ExpiresAt *Time `json:"expires_at,omitempty"`
}

// KeyView is what there is to know of a key but its secret.
type KeyView struct {
	ID        string   `json:"id"`
	Tenant    TenantID `json:"tenant_id"`
	Scopes    []Scope  `json:"scopes"`
	Note      string   `json:"note,omitempty"`
	CreatedAt Time     `json:"created_at"`
	ExpiresAt *Time    `json:"expires_at,omitempty"`
	RevokedAt *Time    `json:"revoked_at,omitempty"`
}

// KeyCreated is the answer of POST /v1/keys, the only one that tells a secret.
type KeyCreated struct {
	KeyView
	// Key is what a client sends; only a hash of it is kept.
	Key string `json:"key"`
}

// KeyList is the answer of GET /v1/keys, oldest first.
type KeyList struct {
	Keys []KeyView `json:"keys"`
}

// Quota is what one tenant may use. A member that is 0 or absent is unlimited.
type Quota struct {
	// Graphs may run at the same time.
	Graphs int `json:"graphs,omitempty"`
	// BlockBytes may be stored as blocks, each counted once per tenant.
	BlockBytes int64 `json:"block_bytes,omitempty"`
	// BodyBytesPerSecond is the long-run rate of request bodies; a minute's worth,
	// and at least one largest body, may come at once.
	BodyBytesPerSecond int64 `json:"body_bytes_per_second,omitempty"`
	// RequestsPerSecond is the long-run rate of requests of the tenant, and of each
	// of its keys; twice as many may come at once.
	RequestsPerSecond float64 `json:"requests_per_second,omitempty"`
	// FuelPerDay and TokensPerDay are what units may use between midnights UTC.
	FuelPerDay   uint64 `json:"fuel_per_day,omitempty"`
	TokensPerDay uint64 `json:"tokens_per_day,omitempty"`
}

// Usage is what a tenant uses of its quota now.
type Usage struct {
	Graphs     int    `json:"graphs"`
	BlockBytes int64  `json:"block_bytes"`
	Fuel       uint64 `json:"fuel"`
	Tokens     uint64 `json:"tokens"`
	// FuelHeld is the fuel that running graphs may use yet.
	FuelHeld   uint64 `json:"fuel_held"`
	TokensHeld uint64 `json:"tokens_held"`
}

// QuotaView is one tenant's quota and what it uses of it.
type QuotaView struct {
	Tenant TenantID `json:"tenant_id"`
	// Default is set while nobody has set a quota for the tenant.
	Default bool  `json:"default,omitempty"`
	Quota   Quota `json:"quota"`
	Usage   Usage `json:"usage"`
}

// QuotaList is the answer of GET /v1/quotas, by tenant.
type QuotaList struct {
	Quotas []QuotaView `json:"quotas"`
}
