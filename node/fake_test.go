package node

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox"
)

// patience bounds a wait for something that must happen, and beat is what coordinators
// ask for. A stream outlives a machine that stands still: tests close theirs.
const (
	patience      = 5 * time.Minute
	beat          = time.Second
	patientMisses = int(patience / beat)
)

// fakeCoordinator admits one node at a time over a real host on loopback and
// leaves it to the test what to say to it.
type fakeCoordinator struct {
	t       testing.TB
	host    *p2p.Host
	joined  chan *session
	cluster string

	mu      sync.Mutex
	lastSeq uint64
	refuse  error
	blocks  map[cid.Cid][]byte
	asked   map[cid.Cid]int
}

func newCoordinator(t testing.TB, cluster string) *fakeCoordinator {
	t.Helper()
	id, err := p2p.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	cfg := p2p.DefaultConfig()
	cfg.Identity = id
	cfg.Listen = []string{"/ip4/127.0.0.1/tcp/0"}
	cfg.HeartbeatMisses, cfg.BlockPatience = patientMisses, patience
	host, err := p2p.NewHost(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := &fakeCoordinator{
		t: t, host: host, cluster: cluster, joined: make(chan *session, 16),
		blocks: make(map[cid.Cid][]byte), asked: make(map[cid.Cid]int),
	}
	t.Cleanup(func() { _ = host.Close() })
	host.ServeWork(c.admit, c.serve)
	host.ServeBlocks(c.read)
	return c
}

func (c *fakeCoordinator) admit(context.Context, string, p2p.Hello) (p2p.Welcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return p2p.Welcome{
		Cluster: c.cluster, LeaseMS: 60_000, HeartbeatMS: int(beat.Milliseconds()), MaxBatch: contracts.MaxBatchItems, LastSeq: c.lastSeq,
	}, c.refuse
}

func (c *fakeCoordinator) serve(ctx context.Context, s *p2p.WorkStream) error {
	j := &session{c: c, WorkStream: s, in: make(chan p2p.Message, 1<<14), leave: make(chan error, 1)}
	go j.receive()
	c.joined <- j
	select {
	case err := <-j.leave:
		return err
	case <-ctx.Done():
		return nil
	}
}

func (c *fakeCoordinator) read(_ context.Context, _ string, id cid.Cid) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[id]++
	if b, ok := c.blocks[id]; ok {
		return b, nil
	}
	return nil, blob.NotFound(id)
}

// keep stores a block and returns its address.
func (c *fakeCoordinator) keep(data []byte) contracts.Link {
	id := dagcbor.RawCID(data)
	c.keepAs(id, data)
	return contracts.Link{Cid: id}
}

func (c *fakeCoordinator) keepAs(id cid.Cid, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blocks[id] = data
}

func (c *fakeCoordinator) fetches(id cid.Cid) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[id]
}

func (c *fakeCoordinator) recordedUpTo(seq uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastSeq = seq
}

// wait returns the next stream that a node opens.
func (c *fakeCoordinator) wait() *session {
	c.t.Helper()
	select {
	case s := <-c.joined:
		return s
	case <-time.After(patience):
		c.t.Fatal("no node joined")
		return nil
	}
}

// invocation is a small call of a module.
func (c *fakeCoordinator) invocation(wasm []byte, change ...func(*contracts.Invocation)) *contracts.Invocation {
	v := &contracts.Invocation{
		V: 1, Profile: sandbox.Profile, Module: c.keep(wasm),
		Input: contracts.Payload{Inline: []byte("{}")}, Fuel: 1 << 50, MemoryPages: 64,
	}
	for _, f := range change {
		f(v)
	}
	return v
}

func block(t testing.TB, v *contracts.Invocation) []byte {
	t.Helper()
	b, err := v.Block()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// trial is an agent under test.
type trial struct {
	*Agent
	t    testing.TB
	stop context.CancelFunc
	end  chan error
	once sync.Once
}

// testConfig finds the coordinators and starts over quickly.
func testConfig(t testing.TB, cs ...*fakeCoordinator) Config {
	cfg := DefaultConfig()
	cfg.DataDir = t.TempDir()
	for _, c := range cs {
		cfg.Coordinators = append(cfg.Coordinators, c.host.Addrs()...)
	}
	cfg.Slots = 2
	cfg.MemoryMB = 256
	cfg.ReconnectMin, cfg.ReconnectMax = time.Millisecond, 10*time.Millisecond
	cfg.DrainTimeout = patience
	cfg.Isolation = IsolationNone
	cfg.misses = patientMisses
	return cfg
}

func start(t testing.TB, cfg Config) *trial {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("KRAKO_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	a, err := New(context.Background(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &trial{Agent: a, t: t, stop: stop, end: make(chan error, 1)}
	go func() { r.end <- a.Run(ctx) }()
	t.Cleanup(func() { r.kill() })
	return r
}

// kill ends the agent at once. It may be called again.
func (r *trial) kill() {
	r.stop()
	_ = r.wait()
	r.once.Do(func() {
		if err := r.Close(); err != nil {
			r.t.Errorf("close agent: %v", err)
		}
	})
}

// wait returns how Run ended.
func (r *trial) wait() error {
	r.t.Helper()
	select {
	case err := <-r.end:
		r.end <- err
		return err
	case <-time.After(patience):
		r.t.Fatal("agent does not end")
		return nil
	}
}

func noop(t testing.TB) []byte {
	t.Helper()
	wasm, err := os.ReadFile("../wasmtasks/noop/noop.wasm")
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}
