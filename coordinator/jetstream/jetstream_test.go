package jetstream_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/eventlog/eventlogtest"
	"github.com/krako-labs/krako/coordinator/jetstream"
	"github.com/krako-labs/krako/coordinator/jetstream/natstest"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/blob/blobtest"
)

// local is a coordinator's own store, in memory.
type local struct {
	*blob.Memory
	mu    sync.Mutex
	marks map[string][]byte
}

func newLocal(t testing.TB) *local {
	t.Helper()
	return &local{Memory: blob.NewMemory(blob.MemoryOptions{MaxBytes: 1 << 30}), marks: map[string][]byte{}}
}

func (l *local) Stage(ctx context.Context, blocks ...blob.Block) error { return l.Put(ctx, blocks...) }

// marks are the local store's, apart from its blocks.
type marks struct{ *local }

func (m marks) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.marks[key], nil
}

func (m marks) Set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.marks[key] = value
	return nil
}

// claims are the local store's account of tenants.
type claims struct{ *local }

func (c claims) Stage(_ context.Context, t contracts.TenantID, blocks ...cid.Cid) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range blocks {
		c.marks[string(t)+"/"+b.String()] = []byte{1}
	}
	return nil
}

func (c claims) Has(_ context.Context, t contracts.TenantID, b cid.Cid) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.marks[string(t)+"/"+b.String()] != nil, nil
}

func config(url, name string, l *local) jetstream.Config {
	c := jetstream.DefaultConfig()
	c.Patience = 5 * time.Minute // of a loaded machine
	c.URL, c.Name, c.Blocks, c.Claims, c.Marks = url, name, l, claims{l}, marks{l}
	return c
}

// The whole suite of the port, against three servers.
func TestConformance(t *testing.T) {
	s, n := natstest.Start(t), 0
	eventlogtest.Run(t, func(t *testing.T) eventlogtest.Factory {
		n++
		c := config(s.URL(), fmt.Sprint("log", n), newLocal(t))
		return func() (eventlog.Log, error) {
			db, err := jetstream.Open(context.Background(), c)
			if err != nil {
				return nil, err
			}
			return db.Log(), nil
		}
	})
}

// A coordinator with an empty store of its own that takes over finds every block
// that was acknowledged or referred to, short and long.
func TestBlocksOutliveTheirCoordinator(t *testing.T) {
	s := natstest.Start(t)
	c := config(s.URL(), "blocks", newLocal(t))
	first, err := jetstream.Open(t.Context(), c)
	must(t, err)
	var kept []blob.Block
	for i, size := range []int{10, 64 << 10, 64<<10 + 1, 3 << 20} {
		b := blob.Raw(blobtest.Sample(uint64(i), size))
		must(t, first.Blocks().Put(t.Context(), b))
		kept = append(kept, b)
	}
	for i := range 40 {
		b := blob.Raw(blobtest.Sample(uint64(100+i), 60<<10))
		must(t, first.Blocks().Stage(t.Context(), b))
		must(t, first.Claims().Stage(t.Context(), "lab", b.CID))
		kept = append(kept, b)
	}
	history := eventlogtest.NewHistory()
	must(t, history.Append(t.Context(), first.Log(), 1))
	must(t, first.Close())

	c = config(s.URL(), "blocks", newLocal(t))
	second, err := jetstream.Open(t.Context(), c)
	must(t, err)
	defer func() { must(t, second.Close()) }()
	must(t, history.Verify(t.Context(), second.Log()))
	for i, b := range kept {
		ok, err := second.Blocks().Has(t.Context(), b.CID)
		if !ok || err != nil {
			t.Errorf("block %d of %d bytes is not there: %v", i, len(b.Data), err)
		}
		if data, err := second.Blocks().Get(t.Context(), b.CID); err != nil || !bytes.Equal(data, b.Data) {
			t.Errorf("block %d of %d bytes: %d bytes, %v", i, len(b.Data), len(data), err)
		}
	}
	for _, b := range kept[4:] {
		ours, err := second.Claims().Has(t.Context(), "lab", b.CID)
		must(t, err)
		theirs, err := second.Claims().Has(t.Context(), "other", b.CID)
		must(t, err)
		if !ours || theirs {
			t.Fatalf("the tenant that claimed a block may read it: %v, another: %v", ours, theirs)
		}
	}
	absent := blob.Raw([]byte("nobody stored this"))
	if _, err := second.Blocks().Get(t.Context(), absent.CID); !blob.IsNotFound(err) {
		t.Errorf("an absent block: %v", err)
	}
}

// A stream that may forget is not used, whoever made it.
func TestForgetfulStreamsAreRefused(t *testing.T) {
	s := natstest.Start(t)
	nc, err := nats.Connect(s.URL())
	must(t, err)
	defer nc.Close()
	js, err := natsjs.New(nc)
	must(t, err)
	sound := natsjs.StreamConfig{
		Storage: natsjs.FileStorage, Replicas: 3, Discard: natsjs.DiscardNew, DenyDelete: true, DenyPurge: true,
		Metadata: map[string]string{"krako-cluster": "6a2f41a3-c54c-4ce8-b2d2-0324e1c32e22"},
	}
	for name, spoil := range map[string]func(*natsjs.StreamConfig){
		"sound":    func(*natsjs.StreamConfig) {},
		"age":      func(c *natsjs.StreamConfig) { c.MaxAge = time.Hour },
		"old":      func(c *natsjs.StreamConfig) { c.Discard = natsjs.DiscardOld },
		"deletes":  func(c *natsjs.StreamConfig) { c.DenyDelete = false },
		"purges":   func(c *natsjs.StreamConfig) { c.DenyPurge = false },
		"memory":   func(c *natsjs.StreamConfig) { c.Storage = natsjs.MemoryStorage },
		"alone":    func(c *natsjs.StreamConfig) { c.Replicas = 1 },
		"no-id":    func(c *natsjs.StreamConfig) { c.Metadata = nil },
		"messages": func(c *natsjs.StreamConfig) { c.MaxMsgs = 1000 },
	} {
		cfg := sound
		cfg.Name, cfg.Subjects = "KRAKO_"+name, []string{"krako." + name + ".log"}
		spoil(&cfg)
		_, err := js.CreateStream(t.Context(), cfg)
		must(t, err)
		db, err := jetstream.Open(t.Context(), config(s.URL(), name, newLocal(t)))
		switch {
		case name == "sound":
			must(t, err)
			must(t, db.Close())
		case contracts.CodeOf(err) != contracts.CodeValidation:
			t.Errorf("%s: opened with %v", name, err)
		}
	}
	c := config(s.URL(), "denied", newLocal(t))
	c.RequireDeny = true
	if _, err := jetstream.Open(t.Context(), c); contracts.CodeOf(err) != contracts.CodeAuth {
		t.Errorf("an account that may do everything: %v", err)
	}
}

// A leader that lets go is followed at once, and by one of those who wait.
func TestOneLeadsAtATime(t *testing.T) {
	s := natstest.Start(t)
	history, leading := eventlogtest.NewHistory(), make(chan struct{}, 1)
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			c := config(s.URL(), "one", newLocal(t))
			c.Lease = time.Minute // who leads lets go: a machine that stands still is no reason to follow
			db, err := jetstream.Open(t.Context(), c)
			if err != nil {
				t.Error(err)
				return
			}
			select {
			case leading <- struct{}{}:
			default:
				t.Error("two lead at once")
			}
			for b := range 10 {
				if err := history.Append(t.Context(), db.Log(), i*10+b); err != nil {
					t.Error(err)
				}
			}
			if err := history.Verify(t.Context(), db.Log()); err != nil {
				t.Error(err)
			}
			<-leading
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(history.Acked()); n != 30 {
		t.Errorf("%d batches acknowledged, want 30", n)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
