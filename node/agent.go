package node

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
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/durable"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox/worker"
	"github.com/krako-labs/krako/node/machine"
)

// Agent is one node. New makes it, Run runs it once, Close releases it.
type Agent struct {
	cfg       Config
	log       *slog.Logger
	rules     rules
	identity  p2p.Identity
	id        contracts.NodeID
	dir       *dataDir
	host      *p2p.Host
	runner    worker.Runner
	backlog   *backlog
	outbox    *outbox
	governor  *governor
	journal   *journal
	sequence  *durable.Sequence // the goroutine that holds the stream uses it, and the next two
	token     *contracts.NodeToken
	rotations [][]byte // that no coordinator was told of

	cluster atomic.Pointer[cluster] // nil before the first stream
	link    atomic.Pointer[link]    // nil without a stream

	leaving context.Context // ends when a graceful stop begins
	leave   context.CancelFunc
}

// New opens the node's data directory, which nobody else may have open, and
// makes its host and its first worker process. It connects to nobody. Errors are those of
// Validate, *contracts.Error CONFLICT for a data directory in use, or what went
// wrong with the machine.
func New(ctx context.Context, cfg Config, log *slog.Logger) (a *Agent, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	a = &Agent{
		cfg: cfg, log: log, rules: cfg.rules(),
		backlog: newBacklog(&cfg), outbox: newOutbox(cfg.MaxUnacked),
	}
	a.leaving, a.leave = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.dir, err = openDataDir(cfg.DataDir); err != nil {
		return a, err
	}
	if a.identity, err = p2p.LoadIdentity(a.dir.identity()); err != nil {
		return a, err
	}
	a.id = contracts.NodeID(a.identity.ID())
	if a.rotations, err = p2p.Rotations(a.dir.identity(), a.identity); err != nil {
		return a, err
	}
	if a.token, err = cfg.token(); err != nil {
		return a, err
	}
	if a.sequence, err = durable.OpenSequence(a.dir.sequence()); err != nil {
		return a, err
	}
	if a.governor, err = openGovernor(&cfg, a.dir.pause(), machine.Machine{}); err != nil {
		return a, err
	}
	a.journal = openJournal(a.dir.journal(), log)
	if a.runner, err = openRunner(ctx, &cfg, a.dir.code(), log); err != nil {
		return a, fmt.Errorf("open sandbox: %w", err)
	}
	if a.host, err = p2p.NewHost(ctx, cfg.network(a.identity, log)); err != nil {
		return a, fmt.Errorf("open network: %w", err)
	}
	a.host.ServeBlocks(a.readOutput)
	return a, nil
}

// Close releases what New opened. It must not be called while Run runs.
func (a *Agent) Close() error {
	var errs []error
	if a.host != nil {
		errs = append(errs, a.host.Close())
	}
	if a.runner != nil {
		errs = append(errs, a.runner.Close())
	}
	if a.dir != nil {
		errs = append(errs, a.dir.close())
	}
	return errors.Join(errs...)
}

// ID returns the node's name: the peer id under which it signs.
func (a *Agent) ID() contracts.NodeID { return a.id }

// Drain begins a graceful stop: no more units are asked for, those in hand are
// run, results are delivered and acknowledged, and Run returns. It returns at
// once and may be called again.
func (a *Agent) Drain() { a.leave() }

// Run works until Drain has been called and everything is delivered (nil), or
// until ctx ends, which stops at once. Other errors are *contracts.Error: TIMEOUT
// when a graceful stop took longer than Config.DrainTimeout, NETWORK_ERROR when
// there was no work stream for Config.GiveUpAfter; or they say why the node
// cannot go on, such as a disk that does not keep the batch sequence.
func (a *Agent) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer a.backlog.close()
	defer a.backlog.cancelAll(errLeaving)
	defer cancel(nil)
	a.look(time.Now()) // before anything is asked for
	tasks.Go(func() { a.govern(ctx) })
	for range a.cfg.Slots {
		tasks.Go(a.work)
	}
	tasks.Go(func() { a.limitDrain(ctx, cancel) })
	return a.keepConnected(ctx)
}

// heartbeat lists every lease that the node answers for.
func (a *Agent) heartbeat() p2p.Heartbeat {
	busy, _ := a.backlog.usage()
	return p2p.Heartbeat{
		Running:     a.outbox.leases(a.backlog.leases()),
		LoadPercent: min(100*busy/a.cfg.Slots, 100),
		FreeSlots:   max(a.cfg.Slots-busy, 0),
		Pause:       a.governor.cause(),
	}
}

// readOutput gives an output to the coordinator that is to record it. For
// anybody else there is no such block.
func (a *Agent) readOutput(_ context.Context, peer string, c cid.Cid) ([]byte, error) {
	if l := a.link.Load(); l != nil && l.stream.Peer() == peer {
		if data, ok := a.outbox.get(c); ok {
			return data, nil
		}
	}
	return nil, blob.NotFound(c)
}
