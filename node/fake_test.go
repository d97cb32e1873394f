package node

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"slices"
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

// patience bounds a wait for something that must happen.
const patience = time.Minute

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
		Cluster: c.cluster, LeaseMS: 60_000, HeartbeatMS: 1000, MaxBatch: contracts.MaxBatchItems, LastSeq: c.lastSeq,
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

// session is the coordinator's end of one work stream.
type session struct {
	*p2p.WorkStream
	c     *fakeCoordinator
	in    chan p2p.Message
	leave chan error
}

func (s *session) receive() {
	defer close(s.in)
	for {
		m, err := s.Recv()
		if err != nil {
			return
		}
		s.in <- m
	}
}

// expect returns the next message of a type and passes over all others.
func expect[M p2p.Message](s *session) M {
	s.c.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case m, ok := <-s.in:
			if !ok {
				s.c.t.Fatalf("stream ended before a %T: %v", *new(M), s.Err())
			}
			if want, ok := m.(M); ok {
				return want
			}
		case <-deadline:
			s.c.t.Fatalf("no %T came", *new(M))
		}
	}
}

// beat waits for a heartbeat that says what the test waits for.
func (s *session) beat(says func(*p2p.Heartbeat) bool) {
	s.c.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if says(expect[*p2p.Heartbeat](s)) {
			return
		}
	}
	s.c.t.Fatal("no heartbeat says what is waited for")
}

// run assigns a unit that does not end and waits until it has a slot.
func (s *session) run(lease uint64, v *contracts.Invocation) {
	s.c.t.Helper()
	s.assign(lease, v)
	s.beat(func(h *p2p.Heartbeat) bool {
		return slices.Contains(h.Running, lease) && h.LoadPercent > 0
	})
}

func (s *session) send(m p2p.Message) {
	s.c.t.Helper()
	if err := s.Send(context.Background(), m); err != nil {
		s.c.t.Fatalf("send %T: %v", m, err)
	}
}

// assign waits for credit and hands out a unit.
func (s *session) assign(lease uint64, v *contracts.Invocation) {
	s.c.t.Helper()
	s.give(p2p.Unit{Lease: lease, Epoch: 7, Attempt: 1, Invocation: block(s.c.t, v)})
}

func (s *session) give(u p2p.Unit) {
	s.c.t.Helper()
	for s.Credit() == 0 {
		expect[*p2p.Credit](s)
	}
	s.send(&p2p.Assign{Units: []p2p.Unit{u}})
}

// delivered is one result, verified, with its output if that came along.
type delivered struct {
	contracts.Result
	observed contracts.Observed
	seq      uint64
	output   []byte
}

// results waits for the results of n leases, verifies and acknowledges them.
func (s *session) results(n int) map[uint64]delivered {
	s.c.t.Helper()
	all := make(map[uint64]delivered)
	for len(all) < n {
		m := expect[*p2p.Results](s)
		for lease, d := range s.c.open(s.Peer(), m) {
			if _, twice := all[lease]; twice {
				s.c.t.Errorf("lease %d was delivered twice", lease)
			}
			all[lease] = d
			s.send(&p2p.Ack{Seq: d.seq})
		}
	}
	return all
}

// open checks everything that a coordinator checks of a batch.
func (c *fakeCoordinator) open(peer string, m *p2p.Results) map[uint64]delivered {
	c.t.Helper()
	b, err := contracts.OpenBatch(m.Batch)
	if err != nil {
		c.t.Fatalf("open batch: %v", err)
	}
	if b.Cluster != c.cluster || string(b.Node) != peer || len(b.Results) != len(m.Items) {
		c.t.Fatalf("batch of %s in %s with %d results, %d items", b.Node, b.Cluster, len(b.Results), len(m.Items))
	}
	outputs := make(map[cid.Cid][]byte)
	for _, o := range m.Outputs {
		if err := dagcbor.Verify(o.CID.Cid, o.Data); err != nil {
			c.t.Errorf("output: %v", err)
		}
		outputs[o.CID.Cid] = o.Data
	}
	all := make(map[uint64]delivered)
	for i, item := range b.Results {
		r, id, err := contracts.DecodeResult(m.Items[i])
		if err != nil || !id.Equals(item.ResultCID.Cid) {
			c.t.Fatalf("item %d is %s, signed is %s: %v", i, id, item.ResultCID, err)
		}
		d := delivered{Result: *r, observed: item.Observed, seq: b.Seq}
		if r.Output != nil {
			d.output = outputs[r.Output.Cid]
		}
		all[item.Observed.Lease] = d
	}
	return all
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

// wantFault checks the next fault.
func (s *session) wantFault(lease uint64, code contracts.Code, mentions string) {
	s.c.t.Helper()
	f := expect[*p2p.Fault](s)
	if f.Lease != lease || f.Code != code || !bytes.Contains([]byte(f.Message), []byte(mentions)) {
		s.c.t.Errorf("fault of lease %d: %s: %s; want lease %d, %s, mentioning %q", f.Lease, f.Code, f.Message, lease, code, mentions)
	}
}
