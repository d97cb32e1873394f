package localbackend_test

import (
	"context"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/kora/localbackend"
)

func TestRunTimeoutAndBackoff(t *testing.T) {
	c := newClock()
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Clock: c, RunTimeout: time.Minute})
	u := unit(reactor(t, b), "a", "loop")
	u.Timeouts = &contracts.Timeouts{RunMS: new(int64(1500))}
	u.Retries = &contracts.Retries{MaxAttempts: 3, BackoffMS: 1000}
	s := start(context.Background(), t, b, graph(u))
	for attempt := range 3 {
		if d := c.next(3 * time.Second); d != 1500*time.Millisecond {
			t.Errorf("attempt %d was stopped after %s", attempt, d)
		}
		if attempt == 2 {
			break
		}
		if base, d := time.Second<<attempt, c.next(3*time.Second); d < base || d >= base+time.Second {
			t.Errorf("back-off %d is %s, want %s to %s", attempt, d, base, base+time.Second)
		}
	}
	wantEnd(t, s.end(), contracts.StopTimeout, contracts.CodeTimeout)
	if n := s.count(contracts.EventUnitTimeout); n != 3 {
		t.Errorf("%d timeouts are told", n)
	}
}

func TestMachineBoundsEveryRun(t *testing.T) {
	c := newClock()
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Clock: c, RunTimeout: 5 * time.Second})
	u := unit(reactor(t, b), "a", "loop")
	u.Timeouts = &contracts.Timeouts{RunMS: new(int64(9_007_199_254_740_991))}
	u.Idempotent = new(bool)
	s := start(context.Background(), t, b, graph(u))
	if d := c.next(time.Minute); d != 5*time.Second {
		t.Errorf("run was stopped after %s", d)
	}
	wantEnd(t, s.end(), contracts.StopTimeout, contracts.CodeTimeout)
}

func TestSessionDeadline(t *testing.T) {
	c := newClock()
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Clock: c})
	m := reactor(t, b)
	second := unit(m, "b", "echo")
	second.Dependencies = []contracts.UnitID{"a"}
	g := graph(unit(m, "a", "loop"), second)
	g.Budgets.MaxLatencyMS = new(int64(2000))
	s := start(context.Background(), t, b, g)
	c.await(2) // the other is the run's
	if d := c.next(time.Minute); d != 2*time.Second {
		t.Errorf("session was stopped after %s", d)
	}
	r := s.end()
	wantEnd(t, r, contracts.StopTimeout, contracts.CodeTimeout)
	if r.Telemetry.TotalLatencyMS != 2000 {
		t.Errorf("session took %d ms", r.Telemetry.TotalLatencyMS)
	}
	for _, task := range r.Telemetry.Tasks {
		if task.Status != contracts.UnitCancelled || task.StopReason != contracts.StopTimeout {
			t.Errorf("unit %s ended %s, %s", task.TaskID, task.Status, task.StopReason)
		}
	}
}

func TestDeadlineThatHasPassed(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Clock: newClock()})
	g := graph(unit(reactor(t, b), "a", "echo"))
	g.Budgets.MaxLatencyMS = new(int64(0))
	r := execute(t, b, g)
	wantEnd(t, r, contracts.StopTimeout, contracts.CodeTimeout)
	if len(r.Telemetry.Tasks[0].Executors) != 0 {
		t.Error("a unit was run after the deadline")
	}
}

func TestWaitForAPlace(t *testing.T) {
	c := newClock()
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Clock: c, Parallel: 1})
	m := reactor(t, b)
	late := unit(m, "late", "echo")
	late.Timeouts = &contracts.Timeouts{DispatchMS: new(int64(3000))}
	g := graph(unit(m, "loop", "loop"), late)
	s := start(context.Background(), t, b, g)
	c.await(2) // the other is the run's
	if d := c.next(time.Minute); d != 3*time.Second {
		t.Errorf("unit waited %s", d)
	}
	r := s.end()
	wantEnd(t, r, contracts.StopSubstrateFailure, contracts.CodeRegionUnavailable)
	if task := r.Telemetry.Tasks[1]; task.Status != contracts.UnitFailed || len(task.Executors) != 0 {
		t.Errorf("unit that found no place is %s, run %d times", task.Status, len(task.Executors))
	}
}

func TestPlacesBoundAllExecutions(t *testing.T) {
	c := newClock()
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Clock: c, Parallel: 1})
	m := reactor(t, b)
	ctx, cancel := context.WithCancel(context.Background())
	hog := graph(unit(m, "a", "loop"))
	scheduled := make(chan struct{})
	ended := make(chan error)
	go func() {
		_, err := b.Execute(ctx, hog, contracts.ExecutionContext{}, func(e contracts.Event) {
			if e.Type == contracts.EventUnitScheduled {
				close(scheduled)
			}
		})
		ended <- err
	}()
	<-scheduled
	if h, err := b.Health(ctx); err != nil || h.Capacity.FreeSlots != 0 || h.Capacity.Slots != 1 {
		t.Errorf("health is %+v, %v", h, err)
	}
	s := start(context.Background(), t, b, graph(unit(m, "b", "echo")))
	cancel()
	if err := <-ended; contracts.CodeOf(err) != contracts.CodeCancelled {
		t.Errorf("execution that was cancelled ended with %v", err)
	}
	wantEnd(t, s.end(), contracts.StopSuccess, "")
}
