package localbackend

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/sandbox"
)

// Backend runs graphs in this process. It is safe for concurrent use. No
// goroutine of it outlives the calls of Execute, so there is nothing to close.
type Backend struct {
	box    *sandbox.Sandbox
	blocks blob.Store
	opts   Options

	places      chan struct{} // one element for each CPU unit that runs
	modelPlaces chan struct{} // one for each llm unit
	queued      atomic.Int64  // units that wait for a place, or back off
	results     *results

	mu       sync.Mutex
	sessions registry
}

var (
	_ contracts.ExecutionBackend = (*Backend)(nil)
	_ contracts.BlockStore       = (*Backend)(nil)
)

// New returns a backend that runs units in box and keeps modules, inputs,
// outputs and results in blocks; both stay the caller's, and box must stay open
// while Execute runs. Options that cannot be are a VALIDATION_ERROR.
func New(box *sandbox.Sandbox, blocks blob.Store, opts Options) (*Backend, error) {
	opts, err := opts.filled()
	if err != nil {
		return nil, err
	}
	return &Backend{
		box: box, blocks: blocks, opts: opts,
		places: make(chan struct{}, opts.Parallel), modelPlaces: make(chan struct{}, opts.ModelParallel),
		results: newResults(opts.Results), sessions: newRegistry(opts.MaxSessions, opts.Remember),
	}, nil
}

// Execute implements contracts.ExecutionBackend. A request that comes again
// while its session is remembered gets that session: its result, and all of its
// events. The session is cancelled when the context of any of its callers ends,
// and Execute returns when nothing of it runs any more.
func (b *Backend) Execute(ctx context.Context, g *contracts.TaskGraph, ec contracts.ExecutionContext, observe func(contracts.Event)) (*contracts.ExecutionResult, error) {
	return b.ExecuteAloud(ctx, g, ec, observe, nil)
}

// ExecuteAloud is Execute that also hands on what models say while they say it: say,
// if not nil, is called with one piece of a unit's answer after the other, at the
// same time as observe, and must not block for long. A caller that comes later to a
// session hears what is said from then on. The result alone counts.
func (b *Backend) ExecuteAloud(ctx context.Context, g *contracts.TaskGraph, ec contracts.ExecutionContext, observe func(contracts.Event), say func(contracts.Tokens)) (*contracts.ExecutionResult, error) {
	if ctx.Err() != nil {
		return nil, interrupted(ctx, "execution")
	}
	by := &ear{say}
	e, fresh, err := b.admit(ctx, g, ec, by)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, e.cancel)()
	defer e.voice.mute(by)
	switch {
	case fresh && observe == nil:
		b.conduct(e) // on this goroutine: there is nobody to tell meanwhile
	case fresh:
		go b.conduct(e)
	}
	if observe != nil {
		e.tell(observe)
	}
	<-e.over
	if ctx.Err() != nil && e.session.Run().Outcome().State == contracts.SessionCancelled {
		return nil, interrupted(ctx, string(e.session.ID))
	}
	return e.result()
}

// Health implements contracts.ExecutionBackend.
func (b *Backend) Health(context.Context) (contracts.BackendStatus, error) {
	s := contracts.BackendStatus{
		State: contracts.Healthy, Version: b.opts.Version,
		Capacity: contracts.CapacitySummary{
			Nodes: 1, Slots: b.opts.Parallel, FreeSlots: b.opts.Parallel - len(b.places), Queued: int(b.queued.Load()),
		},
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sessions.full() {
		s.State, s.Reason = contracts.Degraded, "as many sessions run as may"
	}
	return s, nil
}

// Capabilities implements contracts.ExecutionBackend.
func (b *Backend) Capabilities(context.Context) (contracts.BackendCapabilities, error) {
	types := []contracts.UnitType{contracts.Deterministic, contracts.Retrieval, contracts.SmallModel}
	if b.opts.Models != nil {
		types = append(types, contracts.LLM)
	}
	return contracts.BackendCapabilities{
		InterfaceVersion: contracts.BackendVersion, SchemaVersions: []string{contracts.Version}, Profiles: []string{sandbox.Profile},
		TaskTypes: types, MaxConcurrency: b.opts.MaxSessions, Limits: b.opts.Limits,
	}, nil
}

// interrupted is the error of a call whose context has ended.
func interrupted(ctx context.Context, what string) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return contracts.Errorf(contracts.CodeTimeout, what, "deadline: %w", ctx.Err())
	}
	return contracts.Errorf(contracts.CodeCancelled, what, "cancelled: %w", ctx.Err())
}
