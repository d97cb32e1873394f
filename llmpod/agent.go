package llmpod

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/durable"
	"github.com/krako-labs/krako/internal/p2p"
)

// Agent is one pod: the pools it serves from and its place in a cluster.
// NewAgent makes it, Run runs it once, Close releases it.
type Agent struct {
	cfg      AgentConfig
	log      *slog.Logger
	pools    []*Pool
	identity p2p.Identity
	lock     *os.File
	sequence *durable.Sequence // the goroutine that sends uses it
	// token and rotations are what the pod presents; connect uses them.
	token     *contracts.NodeToken
	rotations [][]byte
	host      *p2p.Host
	hand      *hand
	cluster   string // that the pod works for; serve uses it

	leaving context.Context // ends when a graceful stop begins
	leave   context.CancelFunc
}

// NewAgent opens the pod's data directory, which nobody else may have open. It
// connects to nobody. The pools are the caller's, who runs and closes them.
// Errors are those of Validate, *contracts.Error CONFLICT for a directory in use,
// or what went wrong with the machine.
func NewAgent(ctx context.Context, cfg AgentConfig, pools []*Pool, log *slog.Logger) (a *Agent, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if len(pools) == 0 {
		return nil, contracts.Errorf(contracts.CodeValidation, "model", "a pod serves at least one")
	}
	a = &Agent{cfg: cfg, log: log, pools: pools, hand: newHand(cfg.MaxUnacked)}
	a.leaving, a.leave = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return a, fmt.Errorf("create data directory: %w", err)
	}
	a.lock, err = durable.Lock(filepath.Join(cfg.DataDir, "lock"))
	if errors.Is(err, durable.ErrLocked) {
		return a, contracts.Errorf(contracts.CodeConflict, cfg.DataDir, "data directory is in use: %w", err)
	}
	if err != nil {
		return a, fmt.Errorf("lock data directory: %w", err)
	}
	if a.identity, err = p2p.LoadIdentity(identityFile(cfg.DataDir)); err != nil {
		return a, err
	}
	if a.rotations, err = p2p.Rotations(identityFile(cfg.DataDir), a.identity); err != nil {
		return a, err
	}
	if a.token, err = p2p.ReadToken(cfg.Token, cfg.TokenFile); err != nil {
		return a, err
	}
	if a.sequence, err = durable.OpenSequence(filepath.Join(cfg.DataDir, "sequence")); err != nil {
		return a, err
	}
	if a.host, err = p2p.NewHost(ctx, cfg.network(a.identity, log)); err != nil {
		return a, fmt.Errorf("open network: %w", err)
	}
	return a, nil
}

// Close releases what NewAgent opened. It must not be called while Run runs.
func (a *Agent) Close() error {
	a.leave()
	var errs []error
	if a.host != nil {
		errs = append(errs, a.host.Close())
	}
	if a.lock != nil {
		errs = append(errs, a.lock.Close())
	}
	return errors.Join(errs...)
}

// ID is the pod's name: the peer id under which it signs.
func (a *Agent) ID() contracts.NodeID { return contracts.NodeID(a.identity.ID()) }

// Drain begins a graceful stop: nothing more is asked for, what is in hand is
// finished and delivered, and Run returns.
func (a *Agent) Drain() { a.leave() }

func (a *Agent) drained() bool { return a.leaving.Err() != nil && a.hand.empty() }

// Run works until Drain has been called and everything is delivered (nil), or
// until ctx ends. Other errors are *contracts.Error: TIMEOUT when a graceful stop
// took too long, NETWORK_ERROR when no coordinator took the pod in for
// GiveUpAfter, or why the pod cannot go on.
func (a *Agent) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer a.hand.drop(contracts.Errorf(contracts.CodeCancelled, string(a.ID()), "the pod leaves"))
	defer cancel(nil)
	tasks.Go(func() { a.limitDrain(ctx, cancel) })
	for _, p := range a.pools {
		tasks.Go(func() { a.watch(ctx, p) })
	}
	return a.connected(ctx, &tasks)
}

// limitDrain ends a graceful stop that takes too long.
func (a *Agent) limitDrain(ctx context.Context, cancel context.CancelCauseFunc) {
	select {
	case <-a.leaving.Done():
	case <-ctx.Done():
		return
	}
	if pause(ctx, a.cfg.DrainTimeout) {
		cancel(contracts.Errorf(contracts.CodeTimeout, "drain", "units were still in hand after %s", a.cfg.DrainTimeout))
	}
}

// watch makes the sender look again whenever a server comes or goes: what may be
// asked for has changed.
func (a *Agent) watch(ctx context.Context, p *Pool) {
	for ctx.Err() == nil {
		changed := p.broker.changes()
		a.hand.stir()
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// connected serves one work stream after the other.
func (a *Agent) connected(ctx context.Context, tasks *sync.WaitGroup) error {
	searching, found := context.WithCancel(ctx)
	defer found()
	hints := a.host.FindCoordinators(searching)
	wait := a.cfg.ReconnectMin
	for {
		s, err := a.connect(ctx, hints)
		if err != nil {
			return a.stopped(ctx, err)
		}
		began := time.Now()
		err = a.serve(ctx, s, tasks)
		if fatal, ok := errors.AsType[*fatalError](err); ok {
			return fatal.cause
		}
		if a.drained() {
			return nil
		}
		if ctx.Err() != nil {
			return a.stopped(ctx, err)
		}
		a.log.Warn("work stream lost", "coordinator", s.Peer(), "error", err)
		if time.Since(began) > a.cfg.ReconnectMax {
			wait = a.cfg.ReconnectMin
		}
		pause(ctx, wait/2+time.Duration(rand.Int64N(int64(wait/2)+1)))
		wait = min(2*wait, a.cfg.ReconnectMax)
	}
}

// stopped is what Run returns: nil if the caller or a finished drain ended it.
func (a *Agent) stopped(ctx context.Context, err error) error {
	if fatal, ok := errors.AsType[*fatalError](err); ok {
		return fatal.cause
	}
	if e, ok := errors.AsType[*contracts.Error](context.Cause(ctx)); ok {
		return e
	}
	return nil
}

// fatalError is a failure that another stream would not heal.
type fatalError struct{ cause error }

func (e *fatalError) Error() string { return e.cause.Error() }

// connect tries coordinators until one admits the pod.
func (a *Agent) connect(ctx context.Context, hints <-chan p2p.PeerHint) (*p2p.WorkStream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(a.leaving, func() {
		if a.drained() {
			cancel(nil)
		}
	})()
	if d := a.cfg.GiveUpAfter; d > 0 {
		defer time.AfterFunc(d, func() {
			cancel(&fatalError{contracts.Errorf(contracts.CodeNetwork, "coordinator", "none was reached in %s", d)})
		}).Stop()
	}
	for {
		select {
		case hint, ok := <-hints:
			if !ok {
				if ctx.Err() != nil {
					return nil, context.Cause(ctx)
				}
				return nil, &fatalError{errors.New("the network was closed")}
			}
			if err := a.host.Connect(ctx, hint); err != nil {
				a.log.Warn("coordinator not reached", "coordinator", hint.Peer, "error", err)
				continue
			}
			hello, err := a.present(a.hello(), hint.Peer)
			if err != nil {
				return nil, &fatalError{err}
			}
			s, err := a.host.OpenWork(ctx, hint.Peer, hello, a.heartbeat)
			if err == nil {
				a.presented()
				return s, nil
			}
			a.log.Warn("coordinator not joined", "coordinator", hint.Peer, "error", err)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (a *Agent) hello() p2p.Hello {
	h := p2p.Hello{Kind: "pod", Version: a.cfg.Version, Profiles: []string{contracts.ProfileLLM1, p2p.ScoreProfile(contracts.ProfileLLM1)}, Engine: "llama.cpp", Tags: a.cfg.Tags, Region: a.cfg.Region}
	for _, p := range a.pools {
		m := p.Model()
		op := contracts.Generate
		if m.Embeddings {
			op = contracts.Embed
		}
		h.Slots += m.Slots
		h.Models = append(h.Models, p2p.Model{Name: m.Name, Tier: m.Tier, Class: m.Class, Context: m.Context, Operation: op})
	}
	return h
}

func (a *Agent) heartbeat() p2p.Heartbeat {
	total, free := a.usage()
	load := 0
	if total > 0 {
		load = 100 * (total - free) / total
	}
	h := p2p.Heartbeat{Running: a.hand.leases(), LoadPercent: load, FreeSlots: free}
	if why := a.ailment(); total == 0 {
		h.Pause = why
	} else {
		h.Degraded = why
	}
	return h
}

// maxAilment bounds what a heartbeat says of a model that is not served, in bytes.
const maxAilment = 200

// ailment says which model the pod cannot serve now, and why; "" if it serves all. A
// model that is loaded when it is asked for is served.
func (a *Agent) ailment() string {
	for _, p := range a.pools {
		if total, _, _ := p.Usage(); total > 0 {
			continue
		}
		why := "model " + p.Model().Name + " is being started"
		if err := p.Ready(); err != nil {
			why = err.Error()
		}
		return strings.ToValidUTF8(why[:min(len(why), maxAilment)], "")
	}
	return ""
}

// usage counts the slots of servers that are ready.
func (a *Agent) usage() (total, free int) {
	for _, p := range a.pools {
		n, f, _ := p.Usage()
		total, free = total+n, free+f
	}
	return total, free
}

// pause waits for d. It returns false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
