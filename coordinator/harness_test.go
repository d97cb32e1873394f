package coordinator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/ledger"
	"github.com/krako-labs/krako/coordinator/pebblelog"
	"github.com/krako-labs/krako/coordinator/readmodel"
	"github.com/krako-labs/krako/coordinator/transparency"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/p2p"
)

const profile = "test-0"

// patience bounds a wait for something that must happen, however busy the machine is.
const patience = 5 * time.Minute

// module stands for a Wasm module: these workers run nothing.
var module = blob.Raw([]byte("\x00asm is what it would be"))

// tasks is a catalogue of one task.
type tasks struct{}

func (tasks) Resolve(name string) (contracts.TaskView, bool) {
	return contracts.TaskView{Task: name, Module: contracts.Link{Cid: module.CID}, Entry: "run"}, name == "test/echo@1"
}
func (c tasks) Tasks() []contracts.TaskView {
	v, _ := c.Resolve("test/echo@1")
	return []contracts.TaskView{v}
}

// fabric is a coordinator in this process over a real log and a real network.
type fabric struct {
	*coordinator.Coordinator
	t      testing.TB
	dir    string
	db     *pebblelog.DB
	host   *p2p.Host
	id     p2p.Identity
	signer transparency.Key // of checkpoints
	stop   func()
	// stopWith is stop for a coordinator that may end with an error.
	stopWith func(contracts.Code)
	// read is the lowest offset that the log was read from since it was opened.
	read atomic.Uint64
	full atomic.Bool // the disk
	// noRoom counts what could not be written because it was full.
	noRoom atomic.Int64
	// scaler acts on how many pods are wanted, from the next open on.
	scaler coordinator.Scaler
	// books answer for accounts, from the next open on.
	books *ledger.Ledger
	// broken is a disk that fails; broke is closed when the coordinator has ended.
	broken atomic.Bool
	broke  chan struct{}
	on     atomic.Pointer[collections]
}

// watched notes from where a log is read, and has no room while full is set.
type watched struct {
	eventlog.Log
	read   *atomic.Uint64
	full   *atomic.Bool
	noRoom *atomic.Int64
	broken *atomic.Bool
}

var errBroken = contracts.Errorf(contracts.CodeInternal, "disk", "does not sync")

var errFull = contracts.Errorf(contracts.CodeResourceExhausted, "disk", "is nearly full")

func (w watched) Append(ctx context.Context, records [][]byte) (eventlog.Offset, error) {
	if w.full.Load() {
		w.noRoom.Add(1)
		return 0, errFull
	}
	if w.broken.Load() {
		return 0, errBroken
	}
	return w.Log.Append(ctx, records)
}

// bounded is a block store without room while full is set.
type bounded struct {
	*pebblelog.Blocks
	full   *atomic.Bool
	noRoom *atomic.Int64
	// on is told of collections.
	on *atomic.Pointer[collections]
}

// collections are what a test does while blocks are collected: before a block is
// looked at, and before some are erased.
type collections struct {
	each  func(blob.Held)
	erase func([]blob.Held)
}

func (b bounded) Each(ctx context.Context, fn func(blob.Held) error) error {
	return b.Blocks.Each(ctx, func(h blob.Held) error {
		if on := b.on.Load(); on != nil {
			on.each(h)
		}
		return fn(h)
	})
}

func (b bounded) Erase(ctx context.Context, blocks ...blob.Held) (blob.Erased, error) {
	if on := b.on.Load(); on != nil {
		on.erase(blocks)
	}
	return b.Blocks.Erase(ctx, blocks...)
}

func (b bounded) Put(ctx context.Context, blocks ...blob.Block) error {
	if b.full.Load() {
		b.noRoom.Add(1)
		return errFull
	}
	return b.Blocks.Put(ctx, blocks...)
}

func (b bounded) Stage(ctx context.Context, blocks ...blob.Block) error {
	if b.full.Load() {
		b.noRoom.Add(1)
		return errFull
	}
	return b.Blocks.Stage(ctx, blocks...)
}

func (w watched) Read(ctx context.Context, from eventlog.Offset, fn func(eventlog.Record) error) error {
	for low := w.read.Load(); uint64(from) < low && !w.read.CompareAndSwap(low, uint64(from)); low = w.read.Load() {
	}
	return w.Log.Read(ctx, from, fn)
}

// model is the read model's file.
func (f *fabric) model() string { return filepath.Join(f.dir, "sessions.db") }

type tuning func(*coordinator.Config)

// shortLease is for tests in which a lease must expire.
func shortLease(c *coordinator.Config) { c.Lease = 400 * time.Millisecond }

func startFabric(t testing.TB, tune ...tuning) *fabric {
	t.Helper()
	id, err := p2p.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	f := &fabric{t: t, dir: t.TempDir(), id: id}
	f.open(tune...)
	t.Cleanup(func() { f.stop() })
	return f
}

// open starts the coordinator on the directory, for the first time or again.
func (f *fabric) open(tune ...tuning) {
	t := f.t
	t.Helper()
	var err error
	if f.db, err = pebblelog.Open(f.dir, pebblelog.DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	if err := f.db.Blocks().Put(t.Context(), module); err != nil {
		t.Fatal(err)
	}
	f.host = newHost(t, f.id)
	cfg := coordinator.DefaultConfig()
	cfg.Profile, cfg.Secret = profile, bytes.Repeat([]byte{7}, 32)
	cfg.Heartbeat, cfg.Lease = 100*time.Millisecond, time.Minute
	for _, f := range tune {
		f(&cfg)
	}
	model, err := readmodel.Open(t.Context(), f.model(), f.db.Log().Cluster())
	if err != nil {
		t.Fatal(err)
	}
	if f.signer.Public() == "" {
		if f.signer, err = transparency.NewKey(f.db.Log().Cluster()); err != nil {
			t.Fatal(err)
		}
	}
	f.read.Store(1 << 62)
	f.Coordinator, err = coordinator.New(cfg, coordinator.Parts{
		Log: watched{f.db.Log(), &f.read, &f.full, &f.noRoom, &f.broken}, Blocks: bounded{f.db.Blocks(), &f.full, &f.noRoom, &f.on}, Claims: f.db.Claims(), Network: f.host, Tasks: tasks{}, Logger: slog.New(slog.DiscardHandler),
		Sessions: model, Key: &f.signer, Scaler: f.scaler, Ledger: f.books,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	broke := make(chan struct{})
	f.broke = broke
	go func() {
		ended <- f.Run(ctx)
		close(broke)
	}()
	<-f.Ready()
	f.stop = func() { f.stopWith("") }
	f.stopWith = func(want contracts.Code) {
		f.stop = func() {}
		cancel()
		if err := <-ended; err != nil && contracts.CodeOf(err) != want {
			t.Errorf("coordinator ended: %v", err)
		}
		if err := f.host.Close(); err != nil {
			t.Error(err)
		}
		if err := model.Close(); err != nil {
			t.Error(err)
		}
		if err := f.db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func newHost(t testing.TB, id p2p.Identity) *p2p.Host {
	t.Helper()
	cfg := p2p.DefaultConfig()
	cfg.Identity, cfg.Listen = id, p2p.ListenAddrs(netip.MustParseAddr("127.0.0.1"), 0)
	// These workers do not come back by themselves: who is gone says so by closing, and a
	// busy machine stands still for longer than a stream outlives usually.
	cfg.HeartbeatMisses = int(patience / (100 * time.Millisecond))
	cfg.DialTimeout, cfg.BlockPatience = patience, patience
	h, err := p2p.NewHost(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// graph returns a graph of the given units whose answer is the last one's.
func graph(units ...contracts.WorkUnit) *contracts.TaskGraph {
	return &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "test", GraphID: uuid.NewString(), RequestID: uuid.NewString(),
		TenantID: "lab", CreatedAt: contracts.Time{Time: time.UnixMilli(1_700_000_000_000)}, WorkUnits: units,
		Outputs: contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: units[len(units)-1].ID}}},
	}
}

func unit(id string, input string, deps ...string) contracts.WorkUnit {
	u := contracts.WorkUnit{
		ID: contracts.UnitID(id), Type: contracts.Deterministic, Program: &contracts.Program{Task: "test/echo@1"}, Input: contracts.JSON(input),
	}
	for _, d := range deps {
		u.Dependencies = append(u.Dependencies, contracts.UnitID(d))
		u.Bind = append(u.Bind, contracts.Bind{From: contracts.UnitID(d), To: "/" + d})
	}
	return u
}

// Submit submits a copy: a graph that was submitted belongs to the coordinator,
// and tests go on using theirs.
func (f *fabric) Submit(ctx context.Context, g *contracts.TaskGraph, m contracts.SubmissionMetadata) (contracts.SubmitResponse, error) {
	f.t.Helper()
	doc, err := json.Marshal(g)
	if err != nil {
		f.t.Fatal(err)
	}
	var c contracts.TaskGraph
	if err := json.Unmarshal(doc, &c); err != nil {
		f.t.Fatal(err)
	}
	return f.Coordinator.Submit(ctx, &c, m)
}

func (f *fabric) submit(g *contracts.TaskGraph) contracts.SessionID {
	f.t.Helper()
	res, err := f.Submit(f.t.Context(), g, contracts.SubmissionMetadata{})
	if err != nil {
		f.t.Fatal(err)
	}
	return res.SessionID
}

// end waits for a session and returns its result.
func (f *fabric) end(id contracts.SessionID) *contracts.ExecutionResult {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	doc, ok, err := f.Result(ctx, id)
	if err != nil || !ok {
		f.t.Fatalf("session did not end (%v)", err)
	}
	var text bytes.Buffer
	if _, err := doc.WriteTo(&text); err != nil || int64(text.Len()) != doc.Size() {
		f.t.Fatalf("%d of %d bytes of the result: %v", text.Len(), doc.Size(), err)
	}
	r := &contracts.ExecutionResult{}
	if err := json.Unmarshal(text.Bytes(), r); err != nil {
		f.t.Fatal(err)
	}
	return r
}

// worker is the other end of a work stream, in the test's hands.
type worker struct {
	t       testing.TB
	id      p2p.Identity
	host    *p2p.Host
	stream  *p2p.WorkStream
	cluster string
	hello   p2p.Hello // what it says of itself beside the usual
	seq     atomic.Uint64

	mu   sync.Mutex
	held []uint64 // what heartbeats say it holds
	why  string   // and why it is paused
	ails string   // what is out of order with it
}

// pause tells the coordinator at once that the worker is paused, "" that it is
// not.
func (w *worker) pause(why string) {
	w.t.Helper()
	w.mu.Lock()
	w.why = why
	h := p2p.Heartbeat{Running: slices.Clone(w.held), Pause: why}
	w.mu.Unlock()
	w.send(&h)
}

// nodeIs waits until the list of nodes says why a worker is paused.
func (f *fabric) nodeIs(w *worker, paused string) {
	f.t.Helper()
	for {
		list, err := f.Nodes(f.t.Context())
		if err != nil {
			f.t.Fatal(err)
		}
		for _, n := range list.Nodes {
			if n.NodeID == contracts.NodeID(w.id.ID()) && n.Paused == paused {
				return
			}
		}
	}
}

// connect joins the fabric as a worker with a new identity that has granted no
// credit yet.
func (f *fabric) connect() *worker {
	f.t.Helper()
	id, err := p2p.NewIdentity()
	if err != nil {
		f.t.Fatal(err)
	}
	return f.connectAs(id)
}

func (f *fabric) connectAs(id p2p.Identity) *worker {
	t := f.t
	t.Helper()
	w := &worker{t: t, id: id, host: newHost(t, id)}
	t.Cleanup(func() { w.host.Close() })
	w.join(f)
	return w
}

func (w *worker) join(f *fabric) {
	w.t.Helper()
	if err := w.tryJoin(f); err != nil {
		w.t.Fatal(err)
	}
}

// tryJoin is join for a worker that may be refused.
func (w *worker) tryJoin(f *fabric) error {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	if err := w.host.Connect(ctx, p2p.PeerHint{Peer: f.host.ID(), Addrs: f.host.Addrs()}); err != nil {
		w.t.Fatal(err)
	}
	hello := w.hello
	hello.Version, hello.Engine = "test", "none"
	if hello.Kind == "" {
		hello.Kind, hello.Slots = "node", 1
		if hello.Profiles == nil {
			hello.Profiles = []string{profile}
		}
	}
	s, err := w.host.OpenWork(ctx, f.host.ID(), hello, func() p2p.Heartbeat {
		w.mu.Lock()
		defer w.mu.Unlock()
		return p2p.Heartbeat{Running: slices.Clone(w.held), Pause: w.why, Degraded: w.ails}
	})
	if err != nil {
		return err
	}
	w.stream, w.cluster = s, s.Welcome().Cluster
	return nil
}

func (w *worker) send(m p2p.Message) {
	w.t.Helper()
	if err := w.stream.Send(w.t.Context(), m); err != nil {
		w.t.Fatalf("send %T: %v", m, err)
	}
}

// recv returns the next message that is not a heartbeat.
func (w *worker) recv() p2p.Message {
	w.t.Helper()
	for {
		m, err := w.stream.Recv()
		if err != nil {
			w.t.Fatalf("receive: %v", err)
		}
		if _, beat := m.(*p2p.Heartbeat); !beat {
			return m
		}
	}
}

// take grants one unit and returns it when it comes.
func (w *worker) take() p2p.Unit {
	w.t.Helper()
	w.send(&p2p.Credit{N: 1})
	for {
		if a, ok := w.recv().(*p2p.Assign); ok {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.held = append(w.held, a.Units[0].Lease)
			return a.Units[0]
		}
	}
}

// forget makes heartbeats list no lease any more.
func (w *worker) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = nil
}

// answer is a result of one unit, not sealed yet.
type answer struct {
	item   contracts.BatchItem
	result []byte
	output []byte
}

// echo computes what test/echo@1 computes: its input.
func (w *worker) echo(u p2p.Unit) answer {
	w.t.Helper()
	inv, unit, err := contracts.DecodeInvocation(u.Invocation)
	if err != nil {
		w.t.Fatal(err)
	}
	out := inv.Input.Inline
	link := contracts.Link{Cid: dagcbor.RawCID(out)}
	r := contracts.Result{
		Unit: contracts.Link{Cid: unit}, Outcome: contracts.Succeeded, Output: &link, MediaType: contracts.DefaultMediaType,
		OutputBytes: uint64(len(out)), FuelUsed: 1, MemoryPages: 1,
	}
	return w.answer(u, &r, out)
}

// trap is a deterministic failure.
func (w *worker) trap(u p2p.Unit) answer {
	w.t.Helper()
	r := contracts.Result{Unit: contracts.Link{Cid: dagcbor.CID(u.Invocation)}, Outcome: contracts.Failed, ErrorCode: contracts.CodeTrap}
	return w.answer(u, &r, nil)
}

func (w *worker) answer(u p2p.Unit, r *contracts.Result, out []byte) answer {
	w.t.Helper()
	block, err := r.Block()
	if err != nil {
		w.t.Fatal(err)
	}
	now := contracts.Time{Time: time.Now().UTC()}
	return answer{result: block, output: out, item: contracts.BatchItem{
		ResultCID: contracts.Link{Cid: dagcbor.CID(block)},
		Observed:  contracts.Observed{Node: contracts.NodeID(w.id.ID()), Lease: u.Lease, Epoch: u.Epoch, Attempt: uint32(u.Attempt), StartedAt: now, FinishedAt: now},
	}}
}

// seal signs answers as one batch with the worker's next number.
func (w *worker) seal(answers ...answer) *p2p.Results {
	w.t.Helper()
	b := contracts.Batch{Cluster: w.cluster, Seq: w.seq.Add(1)}
	return w.sealBatch(b, answers...)
}

func (w *worker) sealBatch(b contracts.Batch, answers ...answer) *p2p.Results {
	w.t.Helper()
	m := &p2p.Results{}
	for _, a := range answers {
		b.Results = append(b.Results, a.item)
		m.Items = append(m.Items, a.result)
		if a.output != nil {
			m.Outputs = append(m.Outputs, p2p.Output{CID: contracts.Link{Cid: dagcbor.RawCID(a.output)}, Data: a.output})
		}
	}
	sealed, err := b.Seal(w.id.Private())
	if err != nil {
		w.t.Fatal(err)
	}
	m.Batch = sealed
	return m
}

// work answers every unit honestly until the test ends or the stream does.
func (w *worker) work() {
	w.send(&p2p.Credit{N: 64})
	for {
		m, err := w.stream.Recv()
		if err != nil {
			return
		}
		if a, ok := m.(*p2p.Assign); ok {
			var answers []answer
			for _, u := range a.Units {
				answers = append(answers, w.echo(u))
			}
			if w.stream.Send(context.Background(), w.seal(answers...)) != nil {
				return
			}
			if w.stream.Send(context.Background(), &p2p.Credit{N: len(a.Units)}) != nil {
				return
			}
		}
	}
}
