package gateway

import (
	"context"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
)

// Fabric is what the gateway is a gateway to. Implementations are safe for
// concurrent use. Errors are *contracts.Error wherever the caller is at fault
// or can do something about it; any other error is an internal one, of which
// the caller learns no more than that it happened.
type Fabric interface {
	Access
	Log
	Money

	// Submit validates g, admits it and returns when the session is durable. The
	// gateway has proved only that g is one strict document of its form. An
	// invalid graph is a VALIDATION_ERROR with a *contracts.InvalidError in its
	// chain, a lack of capacity RATE_LIMITED or RESOURCE_EXHAUSTED, a known
	// (tenant_id, request_id) with another graph a CONFLICT.
	Submit(ctx context.Context, g *contracts.TaskGraph, m contracts.SubmissionMetadata) (contracts.SubmitResponse, error)
	// Cancel returns when the wish is durable. It is idempotent; a session that
	// has ended stays as it is. An unknown session is NOT_FOUND.
	Cancel(ctx context.Context, id contracts.SessionID) error
	// Session returns a session with the state of each unit.
	Session(ctx context.Context, id contracts.SessionID) (contracts.SessionView, error)
	// Owner returns whose a session is, NOT_FOUND when it is unknown.
	Owner(ctx context.Context, id contracts.SessionID) (contracts.TenantID, error)
	// Sessions returns at most limit sessions of a tenant, or of EveryTenant, newest first, from where cursor
	// (the Next of an earlier page, "" for the first) says.
	Sessions(ctx context.Context, t contracts.TenantID, cursor string, limit int) (contracts.SessionList, error)
	// Events calls fn with every event of the session after the event with id
	// after ("" = from the start), in order and one at a time, then follows live
	// until the session is final or ctx ends. It returns nil only when fn has seen
	// the last event, fn's error as it is, and NOT_FOUND, before any call of fn,
	// when the session or the event after is unknown.
	Events(ctx context.Context, id contracts.SessionID, after string, fn func(contracts.Event) error) error
	// Result waits until the session is final or ctx is done and returns the JSON
	// of its ExecutionResult; ok is false when it is
	// not final yet. NOT_FOUND for an unknown session comes at once.
	Result(ctx context.Context, id contracts.SessionID) (doc contracts.Document, ok bool, err error)
	// Receipt returns what proves the result of one unit, NOT_FOUND when the unit
	// has no signed result.
	Receipt(ctx context.Context, id contracts.SessionID, unit contracts.UnitID) (contracts.Receipt, error)
	// Explain says where a unit of a running session could go, NOT_FOUND when no
	// such unit is running.
	Explain(ctx context.Context, id contracts.SessionID, unit contracts.UnitID) (contracts.UnitPlacement, error)

	// Trust says what is known of a node's conduct, NOT_FOUND for one that was never
	// seen. Order carries out a decision about a node.
	Trust(ctx context.Context, id contracts.NodeID) (contracts.NodeTrust, error)
	Order(ctx context.Context, by access.Caller, id contracts.NodeID, o contracts.NodeOrder) error

	// NewNodeToken makes a token that lets nodes and pods in, RevokeNodeToken ends one,
	// idempotently; both return when that is durable. NodeTokens lists them, oldest
	// first, and Operators who runs nodes and pods, by name.
	NewNodeToken(ctx context.Context, by access.Caller, r contracts.NodeTokenRequest) (contracts.NodeTokenCreated, error)
	RevokeNodeToken(ctx context.Context, by access.Caller, id string) error
	NodeTokens(ctx context.Context, by access.Caller) (contracts.NodeTokenList, error)
	Operators(ctx context.Context) (contracts.OperatorList, error)

	// Nodes lists the nodes that the coordinator knows.
	Nodes(ctx context.Context) (contracts.NodeList, error)
	// Capacity says how many pods there are and should be, and how much is let in.
	Capacity(ctx context.Context) (contracts.CapacityView, error)
	// Tasks lists the task catalogue.
	Tasks(ctx context.Context) (contracts.TaskList, error)
	// Capabilities says what graphs are accepted.
	Capabilities(ctx context.Context) (contracts.BackendCapabilities, error)
	// Health says whether work can be taken now.
	Health(ctx context.Context) (contracts.BackendStatus, error)

	// PutBlock stores data, which it may keep, for a tenant or for EveryTenant, and
	// returns its address.
	PutBlock(ctx context.Context, t contracts.TenantID, codec uint64, data []byte) (cid.Cid, error)
	// GetBlock returns verified bytes, which the gateway only reads, or NOT_FOUND.
	GetBlock(ctx context.Context, c cid.Cid) ([]byte, error)
	// MayRead reports whether a tenant, or EveryTenant, may read a block: to know an
	// address is no permission. It says nothing of whether the block is there.
	MayRead(ctx context.Context, t contracts.TenantID, c cid.Cid) (bool, error)
	// Refers reports whether a session, which must be known, named a block or
	// brought it forth.
	Refers(ctx context.Context, id contracts.SessionID, c cid.Cid) (bool, error)
	// HasBlock reports whether the block is there.
	HasBlock(ctx context.Context, c cid.Cid) (bool, error)
}
