package jetstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/eventlog/eventlogtest"
	"github.com/krako-labs/krako/coordinator/jetstream"
	"github.com/krako-labs/krako/coordinator/jetstream/natstest"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/blob/blobtest"
)

// job tells a writer process what to do.
type job struct {
	URL, Name string
	First     int
}

// write appends batches, numbered from First, until it is refused, and reports
// each acknowledgement.
func write(arg string) error {
	var j job
	if err := json.Unmarshal([]byte(arg), &j); err != nil {
		return err
	}
	l := &local{Memory: blob.NewMemory(blob.MemoryOptions{MaxBytes: 64 << 20}), marks: map[string][]byte{}}
	c := config(j.URL, j.Name, l)
	c.Lease = time.Second
	db, err := jetstream.Open(context.Background(), c)
	if err != nil {
		return err
	}
	for id := j.First; ; id++ {
		fmt.Println("try", id)
		at, err := db.Log().Append(context.Background(), eventlogtest.Batch(id))
		if errors.Is(err, eventlog.ErrFenced) {
			fmt.Println("fenced")
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Println("ack", id, at)
	}
}

// A coordinator that is frozen loses the log to another one, and is refused when
// it wakes up: what it had tried last is in the log once or not at all.
func TestFrozenLeaderIsFenced(t *testing.T) {
	s, history := natstest.Start(t), eventlogtest.NewHistory()
	frozen := spawn(t, asWriter, job{URL: s.URL(), Name: "frozen", First: 1})
	note := func(until int) {
		for n := 0; n < until && frozen.lines.Scan(); {
			var id int
			var at eventlog.Offset
			if _, err := fmt.Sscanf(frozen.lines.Text(), "try %d", &id); err == nil {
				history.Try(id)
			} else if _, err := fmt.Sscanf(frozen.lines.Text(), "ack %d %d", &id, &at); err == nil {
				history.Ack(id, at)
				n++
			} else if frozen.lines.Text() == "fenced" {
				return
			}
		}
	}
	note(20)
	must(t, frozen.Process.Signal(syscall.SIGSTOP))

	c := config(s.URL(), "frozen", newLocal(t))
	c.Lease = time.Second
	db, err := jetstream.Open(t.Context(), c)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	for id := range 20 {
		must(t, history.Append(t.Context(), db.Log(), 1_000_000+id))
	}
	must(t, frozen.Process.Signal(syscall.SIGCONT))
	note(1 << 30)
	if err := frozen.Wait(); err != nil {
		t.Errorf("the woken coordinator ended with %v, want to be fenced", err)
	}
	for id := range 20 {
		must(t, history.Append(t.Context(), db.Log(), 2_000_000+id))
	}
	must(t, history.Verify(t.Context(), db.Log()))
}

// Servers are killed one after the other, the stream's leader among them, while a
// coordinator appends: appends wait and go on, nothing acknowledged is lost and
// nothing is there twice.
func TestServersAreKilled(t *testing.T) {
	s, history := natstest.Plan(t), eventlogtest.NewHistory()
	running := make([]*child, 3)
	for i := range running {
		running[i] = spawn(t, asServer, s.Server(i))
	}
	for _, c := range running {
		c.expect(t, "ready")
	}
	c := config(s.URL(), "killed", newLocal(t))
	db := openSoon(t, c)
	rounds, next := 6, 0
	if testing.Short() {
		rounds = 3 // each of them once
	}
	for round := range rounds {
		done := make(chan error, 1)
		go func() {
			for range 60 {
				next++
				if err := history.Append(t.Context(), db.Log(), next); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		i := round % 3
		must(t, running[i].Process.Kill())
		_ = running[i].Wait() // killed
		must(t, <-done)
		running[i] = spawn(t, asServer, s.Server(i))
		running[i].expect(t, "ready")
		must(t, history.Verify(t.Context(), db.Log()))
	}
	must(t, db.Close())
	db = openSoon(t, c)
	must(t, history.Verify(t.Context(), db.Log()))
	must(t, db.Close())
}

// openSoon opens a log on servers that may be electing a leader still.
func openSoon(t *testing.T, c jetstream.Config) *jetstream.DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		db, err := jetstream.Open(ctx, c)
		if err == nil {
			return db
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
}

// staging calls a function whenever blocks are copied into a local store.
type staging struct {
	*local
	on func()
}

func (s staging) Stage(ctx context.Context, blocks ...blob.Block) error {
	s.on()
	return s.local.Stage(ctx, blocks...)
}

// hearing calls a function for each warning.
type hearing struct {
	slog.Handler
	on func()
}

func (h hearing) Enabled(context.Context, slog.Level) bool { return true }
func (h hearing) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		h.on()
	}
	return nil
}

// A coordinator that takes over while the servers stop answering waits for them, for
// as long as it has the lease: it does not end, and begins with all there is.
func TestNewLeaderRidesOutServersThatDoNotAnswer(t *testing.T) {
	s, history := natstest.Plan(t), eventlogtest.NewHistory()
	running := make([]*child, 3)
	for i := range running {
		running[i] = spawn(t, asServer, s.Server(i))
	}
	for _, c := range running {
		c.expect(t, "ready")
	}
	first := openSoon(t, config(s.URL(), "waits", newLocal(t)))
	must(t, history.Append(t.Context(), first.Log(), 1))
	var kept []blob.Block
	for i := range 200 { // more than one reader's answer holds
		kept = append(kept, blob.Raw(blobtest.Sample(uint64(i), 60<<10)))
	}
	must(t, first.Blocks().Put(t.Context(), kept...))
	must(t, history.Append(t.Context(), first.Log(), 2))
	must(t, first.Close())

	signal := func(sig syscall.Signal) {
		for _, c := range running[:2] { // without them the third can do nothing
			if err := c.Process.Signal(sig); err != nil {
				t.Error(err)
			}
		}
	}
	var freeze, thaw sync.Once
	var frozen, stuck atomic.Bool
	own := newLocal(t)
	c := config(s.URL(), "waits", own)
	c.Blocks = staging{own, func() { freeze.Do(func() { signal(syscall.SIGSTOP); frozen.Store(true) }) }}
	c.Logger = slog.New(hearing{slog.DiscardHandler, func() {
		if frozen.Load() {
			thaw.Do(func() { signal(syscall.SIGCONT); stuck.Store(true) })
		}
	}})
	second, err := jetstream.Open(t.Context(), c)
	must(t, err)
	if !stuck.Load() {
		t.Error("the servers stood still and nothing had to be asked twice")
	}
	must(t, history.Verify(t.Context(), second.Log()))
	for i, b := range kept {
		if ok, err := own.Has(t.Context(), b.CID); !ok || err != nil {
			t.Fatalf("block %d was not copied (%v)", i, err)
		}
	}
	must(t, history.Append(t.Context(), second.Log(), 3))
	must(t, second.Close())
}
