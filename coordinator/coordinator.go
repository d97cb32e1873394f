package coordinator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/ledger"
	"github.com/krako-labs/krako/coordinator/readmodel"
	"github.com/krako-labs/krako/coordinator/transparency"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/p2p"
	"golang.org/x/sync/semaphore"
)

// Blocks is the coordinator's content store.
type Blocks interface {
	blob.Store
	// Stage stores blocks that become durable no later than the next append to
	// the log that returns.
	Stage(ctx context.Context, blocks ...blob.Block) error
}

// Catalogue resolves task names, once per graph at admission.
type Catalogue interface {
	// Resolve returns the task with the given name@version.
	Resolve(name string) (contracts.TaskView, bool)
	// Tasks returns the whole catalogue.
	Tasks() []contracts.TaskView
}

// Network is how workers reach a coordinator: a p2p.Host.
type Network interface {
	// ID is the coordinator's peer id.
	ID() string
	// ServeBlocks and ServeWork open the door to workers.
	ServeBlocks(read p2p.ReadBlockFunc)
	ServeWork(admit p2p.AdmitFunc, serve p2p.ServeFunc)
	// FetchBlock reads a block of up to most bytes from a connected peer.
	FetchBlock(ctx context.Context, peer string, c cid.Cid, most int64) ([]byte, error)
}

// Parts are what a coordinator is wired from. All are owned by the caller,
// which closes them after Run has returned.
type Parts struct {
	Log    eventlog.Log
	Blocks Blocks
	// Claims says who may read which block; without, only operators read those of
	// sessions that have ended.
	Claims  Claims
	Network Network
	Tasks   Catalogue
	Logger  *slog.Logger
	// Sessions is the read model of the sessions that have ended.
	Sessions *readmodel.Model
	// Ledger answers for accounts; without one nobody does. The caller runs it.
	Ledger *ledger.Ledger
	// Scaler acts on how many pods are wanted; without one nobody does.
	Scaler Scaler
	// Key signs checkpoints of the log; without one there are none.
	Key *transparency.Key
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// Coordinator is a running fabric. Its methods may be called by any number of
// goroutines while Run runs.
type Coordinator struct {
	cfg    Config
	parts  Parts
	log    *slog.Logger
	source string

	inbox   chan func(*state)
	stopped chan struct{}
	// idle is closed when the loop has ended, before those have whom it may have kept
	// waiting.
	idle    chan struct{}
	ready   chan struct{}
	state   *state
	tellers sync.WaitGroup

	projector *projector
	// book is what is durable of keys and quotas; usage in it is out of date.
	book    atomic.Pointer[access.Book]
	lookups *semaphore.Weighted
	// catalogue is what the tasks are made of.
	catalogue map[program]bool
	// generation is that of the loop's recent sessions.
	generation atomic.Uint64

	stored outputs
	// store is Parts.Blocks; collector lets go of blocks of it, nil if nobody does.
	store     Blocks
	collector *collector
}

// errStopped is what callers get once the coordinator has stopped.
var errStopped = contracts.Errorf(contracts.CodeInternal, "coordinator", "is stopped")

// inboxSize bounds how many callers may be queued at the loop's door.
const inboxSize = 1024

// New checks the configuration and makes a coordinator. It does nothing until
// Run is called.
func New(cfg Config, parts Parts) (*Coordinator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, "coordinator config", "%w", err)
	}
	// A graph that never fits is not valid here; to ask again would be of no use.
	cfg.Limits.MaxUnits = min(cfg.Limits.MaxUnits, cfg.MaxUnits)
	if parts.Now == nil {
		parts.Now = time.Now
	}
	if parts.Claims == nil {
		parts.Claims = unclaimed{}
	}
	c := &Coordinator{
		cfg: cfg, parts: parts, log: parts.Logger, source: "/krako/coordinator/" + parts.Log.Cluster(),
		inbox: make(chan func(*state), inboxSize), stopped: make(chan struct{}), idle: make(chan struct{}), ready: make(chan struct{}),
		lookups: semaphore.NewWeighted(1), catalogue: map[program]bool{},
	}
	for _, t := range parts.Tasks.Tasks() {
		c.catalogue[program{t.Module.Cid, t.Entry}] = true
	}
	c.store = parts.Blocks
	if all, ok := parts.Blocks.(blob.Collectable); ok && cfg.BlockGrace > 0 {
		c.collector = newCollector(c, all)
		c.parts.Blocks = guarded{parts.Blocks, c.collector}
	}
	c.projector = newProjector(c)
	return c, nil
}

// Ready is closed when the state has been rebuilt from the log and the
// coordinator takes work.
func (c *Coordinator) Ready() <-chan struct{} { return c.ready }

// Run rebuilds the state from the log, opens the door to workers and runs until
// ctx ends or the log fails. It returns nil after an orderly stop.
func (c *Coordinator) Run(ctx context.Context) error {
	defer close(c.stopped)
	st, err := c.rebuild(ctx)
	if err != nil {
		return fmt.Errorf("rebuild state: %w", err)
	}
	c.state = st
	c.book.Store(st.book.Clone())
	c.parts.Network.ServeBlocks(c.serveBlock)
	c.parts.Network.ServeWork(c.admitWorker, c.serveWorker)
	close(c.ready)
	folded := make(chan struct{})
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { defer close(folded); c.projector.run(own) }()
	if !c.cfg.Retain.Keeps() {
		c.tellers.Go(func() { c.retireAlways(own) })
	}
	if c.collector != nil {
		c.tellers.Go(func() { c.collector.run(own) })
	}
	if c.parts.Scaler != nil && st.scaling.wanted != nil {
		c.tellers.Go(func() { c.runScaler(own, st.scaling.wanted) })
	}
	err = st.loop(own)
	close(c.idle)
	<-folded
	cancel()
	c.tellers.Wait()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// do runs f on the loop and returns when it has run.
func (c *Coordinator) do(ctx context.Context, f func(*state)) error {
	ran := make(chan struct{})
	if err := c.post(ctx, func(st *state) { f(st); close(ran) }); err != nil {
		return err
	}
	select {
	case <-ran:
		return nil
	case <-c.idle: // stopped is closed only when all who ask have ended
		return errStopped
	case <-c.stopped:
		return errStopped
	}
}

// post hands f to the loop without waiting for it to run.
func (c *Coordinator) post(ctx context.Context, f func(*state)) error {
	select {
	case c.inbox <- f:
		return nil
	case <-c.idle:
		return errStopped
	case <-c.stopped:
		return errStopped
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// serveBlock lets a node read a block only while it holds a lease on a unit
// that needs it.
func (c *Coordinator) serveBlock(ctx context.Context, peer string, id cid.Cid) ([]byte, error) {
	var allowed bool
	err := c.do(ctx, func(st *state) { allowed = st.mayRead(contracts.NodeID(peer), id) })
	if err != nil {
		return nil, err
	}
	if !allowed {
		return nil, blob.NotFound(id)
	}
	return c.parts.Blocks.Get(ctx, id)
}
