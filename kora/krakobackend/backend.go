// Package krakobackend runs KORA's graphs on a Krako fabric: an optional plugin over
// contracts/client. It submits a graph, hands on its events and what models say while
// it runs, cancels it when the caller goes, and returns the same result that a local
// run of the graph has.
//
// Nothing is ever sent by itself: no local failure, and no want of capacity, brings a
// graph here. Before the first block or graph leaves this machine the person who owns
// it is asked, once for a gateway, and a no is a PRIVACY_VIOLATION.
package krakobackend

import (
	"context"
	"sync"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
)

// Question is what somebody is asked to agree to.
type Question struct {
	// Gateway is where data would go.
	Gateway string
	// Units and Models count the work units and those of them that ask a model; both
	// are 0 when a block is to be sent ahead of a graph.
	Units, Models int
}

// Consent asks whether data may be sent. It is called once at a time, and not again
// for a gateway after a yes. An error is a no for now.
type Consent func(ctx context.Context, q Question) (bool, error)

// Backend is a fabric behind a gateway. It is safe for concurrent use.
type Backend struct {
	remote  *client.Backend
	gateway string
	consent Consent

	mu     sync.Mutex
	agreed bool
}

var (
	_ contracts.ExecutionBackend = (*Backend)(nil)
	_ contracts.BlockStore       = (*Backend)(nil)
)

// New returns the fabric behind c, which is at gateway. consent must not be nil.
// Submissions name version as that of KORA.
func New(c *client.Client, gateway, version string, consent Consent) *Backend {
	return &Backend{remote: client.NewBackend(c, version), gateway: gateway, consent: consent}
}

// Agreed says that a person has agreed already.
func Agreed(context.Context, Question) (bool, error) { return true, nil }

// agree returns nil once somebody has agreed.
func (b *Backend) agree(ctx context.Context, g *contracts.TaskGraph) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.agreed {
		return nil
	}
	q := Question{Gateway: b.gateway}
	if g != nil {
		q.Units = len(g.WorkUnits)
		for i := range g.WorkUnits {
			if g.WorkUnits[i].Type == contracts.LLM {
				q.Models++
			}
		}
	}
	ok, err := b.consent(ctx, q)
	if err != nil {
		return contracts.Errorf(contracts.CodePrivacyViolation, b.gateway, "nobody agreed to send data there: %w", err)
	}
	if !ok {
		return contracts.Errorf(contracts.CodePrivacyViolation, b.gateway, "whoever was asked did not agree to send data there")
	}
	b.agreed = true
	return nil
}

// Execute implements contracts.ExecutionBackend.
func (b *Backend) Execute(ctx context.Context, g *contracts.TaskGraph, ec contracts.ExecutionContext, observe func(contracts.Event)) (*contracts.ExecutionResult, error) {
	return b.ExecuteAloud(ctx, g, ec, observe, nil)
}

// ExecuteAloud is Execute that also hands on what models say, as kora.Speaker has it.
func (b *Backend) ExecuteAloud(ctx context.Context, g *contracts.TaskGraph, ec contracts.ExecutionContext, observe func(contracts.Event), say func(contracts.Tokens)) (*contracts.ExecutionResult, error) {
	if err := b.agree(ctx, g); err != nil {
		return nil, err
	}
	return b.remote.ExecuteAloud(ctx, g, ec, observe, say)
}

// Health implements contracts.ExecutionBackend. It sends nothing of the user's.
func (b *Backend) Health(ctx context.Context) (contracts.BackendStatus, error) {
	return b.remote.Health(ctx)
}

// Capabilities implements contracts.ExecutionBackend. It sends nothing of the user's.
func (b *Backend) Capabilities(ctx context.Context) (contracts.BackendCapabilities, error) {
	return b.remote.Capabilities(ctx)
}

// PutBlock implements contracts.BlockStore.
func (b *Backend) PutBlock(ctx context.Context, codec uint64, data []byte) (cid.Cid, error) {
	if err := b.agree(ctx, nil); err != nil {
		return cid.Undef, err
	}
	return b.remote.PutBlock(ctx, codec, data)
}

// GetBlock implements contracts.BlockStore.
func (b *Backend) GetBlock(ctx context.Context, c cid.Cid) ([]byte, error) {
	if err := b.agree(ctx, nil); err != nil {
		return nil, err
	}
	return b.remote.GetBlock(ctx, c)
}
