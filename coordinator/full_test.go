package coordinator_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// A full disk refuses what is new and holds up what runs. The coordinator answers
// all the while, and goes on when there is room.
func TestFullDiskIsWaitedFor(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	var units []contracts.WorkUnit
	for i := range 200 {
		units = append(units, unit(fmt.Sprint("u", i), fmt.Sprintf(`{"n":%d}`, i)))
	}
	id := f.submit(graph(units...))
	held := w.take() // the graph is under way
	f.full.Store(true)
	if _, err := f.Submit(t.Context(), graph(unit("a", `{"n":1}`)), contracts.SubmissionMetadata{}); contracts.CodeOf(err) != contracts.CodeResourceExhausted {
		t.Errorf("a submission on a full disk: %v, want RESOURCE_EXHAUSTED", err)
	}
	// Something to be written comes up all the same, and cannot be yet.
	before := f.noRoom.Load()
	cancelled := f.cancelBegins(id)
	for answers := 0; answers < 20; {
		if _, err := f.Session(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if f.noRoom.Load() > before { // it was refused
			answers++
		}
	}
	f.full.Store(false)
	if err := <-cancelled; err != nil {
		t.Error(err)
	}
	if r := f.end(id); r.Metadata.State != contracts.SessionCancelled {
		t.Errorf("session is %s", r.Metadata.State)
	}
	if got := f.end(f.submitAnd(graph(unit("a", `{"n":1}`)), w)); got.Metadata.State != contracts.SessionCompleted {
		t.Errorf("after there was room again a session is %s", got.Metadata.State)
	}
	_ = held
}

// cancelBegins cancels a session beside the test.
func (f *fabric) cancelBegins(id contracts.SessionID) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f.Cancel(f.t.Context(), id) }()
	return done
}

// submitAnd submits a graph and lets a worker do all that is asked of it.
func (f *fabric) submitAnd(g *contracts.TaskGraph, w *worker) contracts.SessionID {
	f.t.Helper()
	id := f.submit(g)
	go w.work()
	return id
}

// A coordinator that is told to stop on a full disk stops.
func TestFullDiskDoesNotHoldUpTheEnd(t *testing.T) {
	f := startFabric(t)
	id := f.submit(graph(unit("a", `{"n":1}`)))
	f.full.Store(true)
	cancelled := f.cancelBegins(id)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	f.stopWith(contracts.CodeResourceExhausted)
	select {
	case <-cancelled:
	case <-ctx.Done():
		t.Error("a caller still waits")
	}
	f.full.Store(false)
	f.open()
	if view, err := f.Session(t.Context(), id); err != nil || view.State.Final() {
		t.Errorf("session is %s (%v): what could not be written was not decided", view.State, err)
	}
}

// A disk that fails ends the coordinator, and whoever waits is told: nothing is
// tried again, for what the disk holds is not known any more.
func TestFailingDiskEndsTheCoordinator(t *testing.T) {
	f := startFabric(t)
	id := f.submit(graph(unit("a", `{"n":1}`)))
	f.broken.Store(true)
	cancelled := f.cancelBegins(id)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case <-f.broke:
	case <-ctx.Done():
		t.Fatal("the coordinator goes on")
	}
	select {
	case err := <-cancelled:
		if err == nil {
			t.Error("cancelled, says a coordinator that could not write it down")
		}
	case <-ctx.Done():
		t.Error("a caller still waits")
	}
	f.stopWith(contracts.CodeInternal)
	f.broken.Store(false)
	f.open()
	if view, err := f.Session(t.Context(), id); err != nil || view.State.Final() {
		t.Errorf("session is %s (%v): what could not be written was not decided", view.State, err)
	}
}
