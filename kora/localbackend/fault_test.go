package localbackend_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/kora/localbackend"
)

// frail is a store that fails when it is told to.
type frail struct {
	blob.Store
	puts, gets atomic.Pointer[error]
	left       atomic.Int64 // failures that remain
}

var errDisk = errors.New("disk /dev/secret is on fire")

func (f *frail) Put(ctx context.Context, blocks ...blob.Block) error {
	if err := f.fails(&f.puts); err != nil {
		return err
	}
	return f.Store.Put(ctx, blocks...)
}

func (f *frail) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	if err := f.fails(&f.gets); err != nil {
		return nil, err
	}
	return f.Store.Get(ctx, c)
}

func (f *frail) fails(of *atomic.Pointer[error]) error {
	if err := of.Load(); err != nil && f.left.Add(-1) >= 0 {
		return *err
	}
	return nil
}

// newFrail opens a backend over a frail store that holds the guest.
func newFrail(t *testing.T, c *clock, box sandbox.Config, o localbackend.Options) (*localbackend.Backend, *frail, *contracts.Link) {
	t.Helper()
	o.Clock = c
	f := &frail{Store: blob.NewMemory(blob.MemoryOptions{MaxBytes: 1 << 24})}
	b := overBlocks(t, box, f, o)
	return b, f, reactor(t, b)
}

func TestPassingFaultIsRetried(t *testing.T) {
	c := newClock()
	b, f, m := newFrail(t, c, sandbox.Config{}, localbackend.Options{})
	f.gets.Store(&errDisk)
	f.left.Store(2)
	s := start(context.Background(), t, b, graph(unit(m, "a", "echo")))
	for range 2 {
		c.next(time.Second)
	}
	r := s.end()
	wantEnd(t, r, contracts.StopSuccess, "")
	task := r.Telemetry.Tasks[0]
	if task.RetryCount != 2 || len(task.Executors) != 3 || s.count(contracts.EventUnitRetried) != 2 {
		t.Errorf("unit was retried %d times by %v", task.RetryCount, task.Executors)
	}
	for _, e := range s.events {
		if strings.Contains(string(e.Data), "secret") {
			t.Errorf("event %s tells of this machine: %s", e.Type, e.Data)
		}
	}
}

func TestLastingFaultIsNot(t *testing.T) {
	c := newClock()
	b, f, m := newFrail(t, c, sandbox.Config{}, localbackend.Options{})
	f.gets.Store(&errDisk)
	f.left.Store(1 << 30)
	s := start(context.Background(), t, b, graph(unit(m, "a", "echo")))
	c.next(time.Second)
	c.next(time.Second)
	r := s.end()
	wantEnd(t, r, contracts.StopRetryExhausted, contracts.CodeInternal)
	if len(r.Telemetry.Tasks[0].Executors) != contracts.DefaultAttempts {
		t.Errorf("unit was run by %v", r.Telemetry.Tasks[0].Executors)
	}
}

func TestModuleThatVanished(t *testing.T) {
	b, f, m := newFrail(t, newClock(), sandbox.Config{}, localbackend.Options{})
	gone := error(blob.NotFound(m.Cid))
	f.gets.Store(&gone)
	f.left.Store(1 << 30)
	r := execute(t, b, graph(unit(m, "a", "echo")))
	wantEnd(t, r, contracts.StopSubstrateFailure, contracts.CodeNotFound)
	if e := r.Telemetry.Tasks[0].Error; e == nil || !strings.Contains(e.Message, m.String()) {
		t.Errorf("error %v does not name the module", e)
	}
}

func TestResultThatCannotBeKept(t *testing.T) {
	c := newClock()
	b, f, m := newFrail(t, c, sandbox.Config{}, localbackend.Options{})
	u := unit(m, "a", "echo")
	u.Retries = &contracts.Retries{MaxAttempts: 1}
	g := graph(u)
	s := start(context.Background(), t, b, g)
	s.end() // the module is ready now
	full := error(contracts.Errorf(contracts.CodeResourceExhausted, "store", "is full"))
	g = graph(u)
	if _, err := g.Canonical(); err != nil {
		t.Fatal(err)
	}
	f.puts.Store(&full)
	f.left.Store(1)
	if _, err := b.Execute(context.Background(), g, contracts.ExecutionContext{}, nil); contracts.CodeOf(err) != contracts.CodeResourceExhausted {
		t.Errorf("graph that cannot be kept: %v", err)
	}
	s = start(context.Background(), t, b, g)
	wantEnd(t, s.end(), contracts.StopSuccess, "")
}

func TestAnswerThatCannotBeRead(t *testing.T) {
	b, f, m := newFrail(t, newClock(), sandbox.Config{}, localbackend.Options{})
	execute(t, b, graph(unit(m, "a", "echo"))) // the module is ready now
	f.gets.Store(&errDisk)
	f.left.Store(1)
	g := graph(unit(m, "a", "echo"))
	for range 2 { // nor is it another time
		if _, err := b.Execute(context.Background(), g, contracts.ExecutionContext{}, nil); contracts.CodeOf(err) != contracts.CodeInternal {
			t.Errorf("execution whose answer cannot be read: %v", err)
		}
	}
}

func TestUnitsThatThisMachineDoesNotTake(t *testing.T) {
	c := newClock()
	b, _, m := newFrail(t, c, sandbox.Config{}, localbackend.Options{MaxMemoryMB: 8, MaxInput: 16})
	large := unit(m, "a", "echo")
	large.Constraints = &contracts.Constraints{MemoryMB: new(int64(9))}
	wantEnd(t, execute(t, b, graph(large)), contracts.StopSubstrateFailure, contracts.CodeUnsupported)

	heavy := unit(m, "a", "concat")
	heavy.Constraints = &contracts.Constraints{MemoryMB: new(int64(8))}
	heavy.Blobs = map[string]contracts.Link{"x": *m}
	heavy.Retries = &contracts.Retries{MaxAttempts: 1}
	wantEnd(t, execute(t, b, graph(heavy)), contracts.StopSubstrateFailure, contracts.CodeResourceExhausted)
}
