package coordinator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/eventlog/eventlogtest"
	"github.com/krako-labs/krako/coordinator/readmodel"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/p2p"
)

// world is a coordinator and its nodes in one process and in virtual time: the real
// coordinator and the real work stream, over pipes, with a log and blocks in memory
// that outlive a coordinator. Nodes compute nothing; their units take as long as is
// drawn for them.
type world struct {
	t      *testing.T
	log    *eventlogtest.Fake
	blocks memory
	clock  sync.WaitGroup // nodes and clients

	mu    sync.Mutex
	draw  *rand.Rand
	coord *coordinator.Coordinator
	net   *p2p.Memory
	end   func()
	lives int // of coordinators

	change []func(*coordinator.Config)
	misses int // heartbeats that streams outlive, as usual if 0

	graphs, units, copies, losses int
}

// memory is a block store without a disk.
type memory struct{ *blob.Memory }

func (m memory) Stage(ctx context.Context, blocks ...blob.Block) error { return m.Put(ctx, blocks...) }

func newWorld(t *testing.T) *world { return newWorldOf(t, 0) }

// newWorldOf is newWorld with streams that outlive some silence and a coordinator that
// is set up otherwise.
func newWorldOf(t *testing.T, misses int, change ...func(*coordinator.Config)) *world {
	w := &world{
		t: t, misses: misses, change: change, log: eventlogtest.NewFake(), draw: rand.New(rand.NewPCG(3, 7)),
		blocks: memory{blob.NewMemory(blob.MemoryOptions{MaxBytes: 1 << 30})},
	}
	if err := w.blocks.Put(t.Context(), module); err != nil {
		t.Fatal(err)
	}
	w.begin()
	return w
}

// begin starts a coordinator on the log.
func (w *world) begin() {
	cfg := coordinator.DefaultConfig()
	cfg.Profile, cfg.Secret, cfg.CacheEntries = profile, bytes.Repeat([]byte{7}, 32), 0
	for _, c := range w.change {
		c(&cfg)
	}
	w.lives++
	log := w.log.Open()
	model, err := readmodel.Open(w.t.Context(), filepath.Join(w.t.TempDir(), fmt.Sprint(w.lives)), log.Cluster())
	if err != nil {
		w.t.Fatal(err)
	}
	network := p2p.NewMemory("coordinator", slog.New(slog.DiscardHandler))
	if w.misses > 0 {
		network.Misses = w.misses
	}
	c, err := coordinator.New(cfg, coordinator.Parts{
		Log: log, Blocks: w.blocks, Network: network, Tasks: tasks{}, Logger: slog.New(slog.DiscardHandler), Sessions: model,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	select {
	case <-c.Ready():
	case err := <-ended:
		w.t.Fatal("the coordinator does not begin:", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.coord, w.net = c, network
	w.end = func() {
		cancel()
		network.Close()
		if err := <-ended; err != nil && !errors.Is(err, eventlog.ErrFenced) {
			w.t.Errorf("coordinator ended: %v", err)
		}
		if err := model.Close(); err != nil {
			w.t.Error(err)
		}
	}
}

// crash has another coordinator take the log over from one that knows nothing of it
// yet: what that decided last is refused.
func (w *world) crash() {
	end := w.end
	w.log.Open() // fences the one that runs
	end()
	w.begin()
}

func (w *world) now() (*coordinator.Coordinator, *p2p.Memory) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.coord, w.net
}

// between draws a time.
func (w *world) between(least, most time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return least + time.Duration(w.draw.Int64N(int64(most-least)))
}

func (w *world) intn(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.draw.IntN(n)
}

// simNode is a node that serves stream after stream until ctx ends.
type simNode struct {
	*worker
	world *world
	slow  time.Duration // how many times longer its units take
	bad   atomic.Int32  // how many more units it cannot run
	// away is how long it stays away when it is killed.
	kill chan time.Duration
}

const simSlots = 2

func (w *world) addNode(ctx context.Context, slow time.Duration) *simNode {
	id, err := p2p.NewIdentity()
	if err != nil {
		w.t.Fatal(err)
	}
	n := &simNode{worker: &worker{t: w.t, id: id}, world: w, slow: slow, kill: make(chan time.Duration, 1)}
	w.clock.Go(func() {
		for ctx.Err() == nil {
			away := n.live(ctx)
			select {
			case <-time.After(away):
			case <-ctx.Done():
			}
		}
	})
	return n
}

// live serves one stream and returns how long to stay away after it.
func (n *simNode) live(ctx context.Context) time.Duration {
	_, network := n.world.now()
	hello := p2p.Hello{Kind: "node", Version: "sim", Profiles: []string{profile}, Engine: "none", Slots: simSlots}
	s, err := network.OpenWork(ctx, n.id.ID(), hello, func() p2p.Heartbeat {
		n.mu.Lock()
		defer n.mu.Unlock()
		return p2p.Heartbeat{Running: slices.Clone(n.held)}
	})
	if err != nil {
		return time.Second
	}
	n.stream, n.cluster = s, s.Welcome().Cluster
	n.seq.Store(max(n.seq.Load(), s.Welcome().LastSeq))
	n.forget()
	units := make(chan p2p.Unit, 4*simSlots)
	dropped := make(chan struct{})
	go n.read(s, units, dropped)
	var slots sync.WaitGroup
	alive, stop := context.WithCancel(ctx)
	for range simSlots {
		slots.Go(func() { n.serve(alive, s, units) })
	}
	away := time.Second
	err = s.Send(ctx, &p2p.Credit{N: 2 * simSlots})
	select {
	case away = <-n.kill:
		network.Cut(n.id.ID()) // without a word
	case <-dropped:
	case <-ctx.Done():
	}
	stop()
	s.Close(err)
	<-dropped
	slots.Wait()
	return away
}

// read hands on what is assigned until the stream ends.
func (n *simNode) read(s *p2p.WorkStream, units chan<- p2p.Unit, ended chan<- struct{}) {
	defer close(ended)
	defer close(units)
	for {
		m, err := s.Recv()
		if err != nil {
			return
		}
		switch m := m.(type) {
		case *p2p.Assign:
			n.mu.Lock()
			for _, u := range m.Units {
				n.held = append(n.held, u.Lease)
			}
			n.mu.Unlock()
			for _, u := range m.Units {
				units <- u // credit bounds them
			}
		case *p2p.Cancel:
			for _, l := range m.Leases {
				n.drop(l)
			}
		}
	}
}

// drop reports whether a lease was held, and is no more.
func (n *simNode) drop(lease uint64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.Index(n.held, lease)
	if i >= 0 {
		n.held = slices.Delete(n.held, i, i+1)
	}
	return i >= 0
}

// serve is one slot.
func (n *simNode) serve(ctx context.Context, s *p2p.WorkStream, units <-chan p2p.Unit) {
	for u := range units {
		took := n.slow * n.world.between(500*time.Millisecond, 2*time.Second)
		select {
		case <-time.After(took):
		case <-ctx.Done():
			continue // until the stream has ended
		}
		if n.bad.Add(-1) >= 0 && n.drop(u.Lease) {
			_ = s.Send(ctx, &p2p.Fault{Lease: u.Lease, Code: contracts.CodeInternal, Message: "broken"})
		} else if n.drop(u.Lease) {
			a := n.echo(u)
			a.item.Observed.DurationUS = uint64(took.Microseconds())
			if s.Send(ctx, n.seal(a)) != nil {
				continue
			}
		}
		_ = s.Send(ctx, &p2p.Credit{N: 1}) // a stream that has ended needs none
	}
}

// client hands in one graph after the other until over is closed.
func (w *world) client(k int, over <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-over:
			return
		default:
		}
		w.graph(fmt.Sprintf("%d.%d", k, i))
	}
}

// graph hands in a graph of three layers and checks what becomes of it.
func (w *world) graph(name string) {
	var list []contracts.WorkUnit
	for i := range 12 {
		list = append(list, unit(fmt.Sprint("a", i), fmt.Sprintf(`{"n":%q,"i":%d}`, name, i)))
	}
	for i := range 12 {
		list = append(list, unit(fmt.Sprint("b", i), `{}`, fmt.Sprint("a", i), fmt.Sprint("a", (i+1)%12)))
	}
	var all []string
	for i := range 12 {
		all = append(all, fmt.Sprint("b", i))
	}
	list = append(list, unit("end", `{}`, all...))
	g := graph(list...)
	id := w.insist(g)
	for { // a coordinator that is gone answers no more
		c, _ := w.now()
		if _, ok, err := c.Result(w.t.Context(), id); err == nil && ok {
			break
		}
		time.Sleep(time.Second) // in virtual time: another one begins
	}
	completed, ids, copies, losses := map[string]bool{}, map[string]bool{}, 0, 0
	for last := ""; ; {
		c, _ := w.now()
		err := c.Events(w.t.Context(), id, last, func(e contracts.Event) error {
			if last = e.ID; ids[e.ID] {
				w.t.Errorf("event %s came twice", e.ID)
			}
			ids[e.ID] = true
			switch e.Type {
			case contracts.EventUnitScheduled:
				if completed[e.Subject] {
					w.t.Errorf("unit %s of %s was given out after its result was acknowledged", e.Subject, name)
				}
				copies += int(e.Replica())
			case contracts.EventUnitLeaseLost:
				losses++
			case contracts.EventUnitCompleted:
				if completed[e.Subject] {
					w.t.Errorf("unit %s of %s completed twice", e.Subject, name)
				}
				completed[e.Subject] = true
			}
			return e.Validate()
		})
		if err == nil {
			break
		}
		time.Sleep(time.Second)
	}
	if len(completed) != len(list) {
		w.t.Errorf("%d of %d units of %s completed", len(completed), len(list), name)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.graphs, w.units, w.copies, w.losses = w.graphs+1, w.units+len(completed), w.copies+copies, w.losses+losses
}

// insist hands a graph in until somebody has accepted it: a coordinator that is gone
// may have, and then the next one knows of it.
func (w *world) insist(g *contracts.TaskGraph) contracts.SessionID {
	for {
		c, _ := w.now()
		f := &fabric{t: w.t, Coordinator: c}
		res, err := f.Submit(w.t.Context(), g, contracts.SubmissionMetadata{})
		if err == nil {
			return res.SessionID
		}
		time.Sleep(time.Second)
	}
}

// TestClusterOfAHundredNodesWithChurn has a fifth of a hundred nodes be killed or cut
// off each minute, three of them be ten times slower than the others, and the
// coordinator lose its log to another one now and then. Every graph that was accepted
// ends with every unit completed once.
func TestClusterOfAHundredNodesWithChurn(t *testing.T) {
	minutes := 1
	if !testing.Short() {
		minutes = 5
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		began := time.Now()
		ctx, cancel := context.WithCancel(context.Background())
		var nodes []*simNode
		for i := range 100 {
			slow := time.Duration(1)
			if i < 3 {
				slow = 10
			}
			nodes = append(nodes, w.addNode(ctx, slow))
		}
		over := make(chan struct{})
		var clients sync.WaitGroup
		for k := range 6 {
			clients.Go(func() { w.client(k, over) })
		}
		kills, every := 0, 3*time.Second // a fifth of a hundred a minute
		for tick := range time.Duration(minutes) * time.Minute / every {
			time.Sleep(every)
			n := nodes[w.intn(len(nodes))]
			if w.intn(3) == 0 {
				_, network := w.now()
				network.Cut(n.id.ID()) // it is there and finds out by silence
			} else {
				select {
				case n.kill <- w.between(time.Second, 30*time.Second):
				default: // it is dying
				}
			}
			kills++
			if tick%20 == 10 {
				w.crash()
			}
		}
		close(over)
		clients.Wait()
		t.Logf("%s of %d nodes: %d killed or cut off, %d coordinators; %d graphs, %d units, %d executions lost or overtaken, %d copies",
			time.Since(began).Round(time.Second), len(nodes), kills, w.lives, w.graphs, w.units, w.losses, w.copies)
		if w.graphs < 6 || w.losses == 0 {
			t.Error("too little happened to say anything")
		}
		cancel()
		w.end()
		w.clock.Wait()
	})
}
