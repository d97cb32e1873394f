package chaos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/durable"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/internal/sandbox/worker"
)

// Config says where the node works and what it does there.
type Config struct {
	// DataDir keeps its key, identity.key as an honest node's, and its numbers.
	DataDir      string
	Coordinators []string
	Plan         Plan
}

const (
	// window is how many units the node asks for.
	window = 16
	// maxBlock bounds what it fetches.
	maxBlock = 64 << 20
	runTime  = time.Minute
	retry    = 100 * time.Millisecond
)

// agent is the node. The goroutine that works owns what no lock guards.
type agent struct {
	cfg  Config
	log  *slog.Logger
	id   p2p.Identity
	host *p2p.Host
	seq  *durable.Sequence
	run  worker.Runner

	done int                // units
	last []byte             // output that was computed
	held []*p2p.Results     // batches to be sent after the next one
	seen map[cid.Cid][]byte // blocks

	peer string // of the stream

	recorded atomic.Uint64 // number of the batch that was last acknowledged

	mu     sync.Mutex
	leases map[uint64]bool
}

// Run works until ctx ends. The error says what kept it from beginning.
func Run(ctx context.Context, cfg Config, log *slog.Logger) (err error) {
	a := &agent{cfg: cfg, log: log, seen: map[cid.Cid][]byte{}, leases: map[uint64]bool{}}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("create data directory: %w", err)
	}
	if a.id, err = p2p.LoadIdentity(filepath.Join(cfg.DataDir, "identity.key")); err != nil {
		return err
	}
	if a.seq, err = durable.OpenSequence(filepath.Join(cfg.DataDir, "sequence")); err != nil {
		return err
	}
	a.run, err = worker.NewInProcess(ctx, worker.Options{
		Slots: 1, CacheDir: filepath.Join(cfg.DataDir, "code"), CacheBytes: 1 << 30, ModuleBytes: 256 << 20,
		MaxModule: maxBlock, MaxPages: 1 << 15, MaxInput: maxBlock,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.run.Close()) }()
	net := p2p.DefaultConfig()
	net.Identity, net.Coordinators, net.UserAgent = a.id, cfg.Coordinators, "krako-chaos"
	if a.host, err = p2p.NewHost(ctx, net); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.host.Close()) }()
	for ctx.Err() == nil {
		if err := a.work(ctx); err != nil && ctx.Err() == nil {
			a.log.Info("work stream ended", "error", err)
		}
		pause(ctx, retry)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// errVanish ends a stream that is left without a word.
var errVanish = errors.New("vanished")

// work serves one stream.
func (a *agent) work(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var stream *p2p.WorkStream
	for hint := range a.host.FindCoordinators(ctx) {
		err := a.host.Connect(ctx, hint)
		if err == nil {
			stream, err = a.host.OpenWork(ctx, hint.Peer, hello(), a.heartbeat)
		}
		if err == nil {
			break
		}
		a.log.Info("coordinator not joined", "error", err)
	}
	if stream == nil {
		return ctx.Err()
	}
	if err := a.seq.Pass(stream.Welcome().LastSeq); err != nil {
		return err
	}
	a.log.Info("work stream open", "node", a.id.ID())
	a.peer = stream.Peer()
	units := make(chan p2p.Unit, window) // credit bounds what comes
	received := make(chan error, 1)
	go func() { received <- a.receive(ctx, stream, units) }()
	err := a.serve(ctx, stream, units)
	if !errors.Is(err, errVanish) {
		stream.Close(nil)
	}
	cancel()
	<-received
	return err
}

func hello() p2p.Hello {
	return p2p.Hello{
		Kind: "node", Version: "chaos", Profiles: []string{sandbox.Profile}, Engine: "wazero chaos", Slots: 1, MemoryMB: 2048,
	}
}

// receive hands units on until the stream ends.
func (a *agent) receive(ctx context.Context, s *p2p.WorkStream, units chan<- p2p.Unit) error {
	defer close(units)
	for {
		m, err := s.Recv()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *p2p.Assign:
			for _, u := range m.Units {
				a.hold(u.Lease)
				select {
				case units <- u:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		case *p2p.Cancel:
			for _, lease := range m.Leases {
				a.release(lease)
			}
		case *p2p.Reject:
			a.log.Info("batch rejected", "seq", m.Seq, "code", m.Code, "reason", m.Message)
		case *p2p.Ack:
			a.log.Info("batch recorded", "seq", m.Seq)
			a.recorded.Store(m.Seq)
		}
	}
}

// serve treats units as they come.
func (a *agent) serve(ctx context.Context, s *p2p.WorkStream, units <-chan p2p.Unit) error {
	if err := s.Send(ctx, &p2p.Credit{N: window}); err != nil {
		return err
	}
	for u := range units {
		err := a.treat(ctx, s, &u)
		if err == nil && len(units) == 0 {
			err = a.flush(ctx, s) // nothing comes that they could be late behind
		}
		if err == nil {
			err = s.Send(ctx, &p2p.Credit{N: 1})
		}
		if errors.Is(err, errVanish) {
			a.forget()
			a.log.Info("vanishes", "for", a.cfg.Plan.away().String())
			if err := a.host.Disconnect(s.Peer()); err != nil {
				return err
			}
			pause(ctx, a.cfg.Plan.away())
			return err
		}
		if err != nil {
			return err
		}
	}
	return s.Err()
}

func (a *agent) heartbeat() p2p.Heartbeat {
	a.mu.Lock()
	defer a.mu.Unlock()
	var h p2p.Heartbeat
	for lease := range a.leases {
		h.Running = append(h.Running, lease)
	}
	slices.Sort(h.Running)
	return h
}

func (a *agent) hold(lease uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.leases[lease] = true
}

func (a *agent) release(lease uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.leases, lease)
}

func (a *agent) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.leases)
	a.held = nil
}

// Get implements worker.Blocks.
func (a *agent) Get(ctx context.Context, id cid.Cid, most int64) ([]byte, error) {
	if b, ok := a.seen[id]; ok {
		return b, nil
	}
	b, err := a.host.FetchBlock(ctx, a.peer, id, most)
	if err != nil {
		return nil, err
	}
	if len(a.seen) >= 4096 {
		clear(a.seen)
	}
	a.seen[id] = b
	return b, nil
}

// compute runs a unit as an honest node does.
func (a *agent) compute(ctx context.Context, id cid.Cid, call *contracts.Invocation) (sandbox.Outcome, error) {
	wasm, err := a.Get(ctx, call.Module.Cid, maxBlock)
	if err == nil {
		err = a.run.Admit(ctx, call.Module.Cid, wasm)
	}
	if err != nil {
		return sandbox.Outcome{}, err
	}
	var end worker.End
	a.run.Run([]worker.Task{{Context: ctx, Unit: id, Call: call, Limit: runTime}}, a, func(_ int, e worker.End) { end = e })
	return end.Outcome, end.Err
}
