package coordinator_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/contracts"
)

// events collects what a session tells from the event with id after.
func (f *fabric) events(id contracts.SessionID, after string) []contracts.Event {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	var all []contracts.Event
	err := f.Events(ctx, id, after, func(e contracts.Event) error {
		all = append(all, e)
		return e.Validate()
	})
	if err != nil {
		f.t.Fatalf("follow session: %v", err)
	}
	return all
}

func TestRestartGoesOnWhereItStopped(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`), unit("b", `{}`, "a"), unit("c", `{}`, "b")))
	w.send(w.seal(w.echo(w.take())))
	w.expectAck(1)
	held := w.take() // b is out while the coordinator is away
	before := w.stream
	f.stop()
	<-before.Done()
	f.open()

	w.join(f)
	if last := w.stream.Welcome().LastSeq; last != 1 {
		t.Errorf("coordinator remembers batch %d, want 1", last)
	}
	w.send(w.seal(w.echo(held))) // the lease of the epoch before is still the unit's
	w.expectAck(2)
	w.send(w.seal(w.echo(w.take())))
	r := f.end(id)
	if string(r.FinalOutput) != `{"b":{"a":{"n":1}}}` {
		t.Errorf("answer is %s", r.FinalOutput)
	}
	for _, task := range r.Telemetry.Tasks {
		if len(task.Executors) != 1 {
			t.Errorf("unit %s was given out %d times", task.TaskID, len(task.Executors))
		}
	}
}

func TestEventsAreTheSameAfterARestartAndFromAnyPoint(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`), unit("b", `{}`, "a")))
	go w.work()
	live := f.events(id, "")
	f.end(id)
	view, err := f.Session(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	w.leave()
	f.stop()
	f.open()
	if d := cmp.Diff(live, f.events(id, "")); d != "" {
		t.Errorf("events differ after a restart (-live +rebuilt):\n%s", d)
	}
	for i, e := range live {
		if d := cmp.Diff(live[i+1:], f.events(id, e.ID), cmp.Transformer("nil", func(es []contracts.Event) int { return len(es) })); d != "" {
			t.Errorf("resumed after event %d: %s", i, d)
		}
	}
	again, err := f.Session(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(view, again, cmp.Comparer(func(a, b contracts.Link) bool { return a.String() == b.String() })); d != "" {
		t.Errorf("session differs after a restart:\n%s", d)
	}
	if err := f.Events(t.Context(), id, "no-such-event", func(contracts.Event) error { return nil }); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("resuming after an unknown event: %v", err)
	}
}

func TestSubmissionIsIdempotent(t *testing.T) {
	f := startFabric(t)
	g := graph(unit("a", `{"n":1}`))
	id := f.submit(g)
	again, err := f.Submit(t.Context(), g, contracts.SubmissionMetadata{})
	if err != nil || again.SessionID != id || !again.Existing {
		t.Errorf("same submission gave %+v (%v), want session %s", again, err, id)
	}
	f.stop()
	f.open()
	if again, err = f.Submit(t.Context(), g, contracts.SubmissionMetadata{}); err != nil || again.SessionID != id {
		t.Errorf("same submission after a restart gave %+v (%v), want session %s", again, err, id)
	}
	g.WorkUnits[0].Input = contracts.JSON(`{"n":2}`)
	if _, err := f.Submit(t.Context(), g, contracts.SubmissionMetadata{}); contracts.CodeOf(err) != contracts.CodeConflict {
		t.Errorf("same request with another graph: %v, want CONFLICT", err)
	}
}

func TestLostLeaseAfterRestart(t *testing.T) {
	f := startFabric(t, shortLease)
	w := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`)))
	w.take()
	w.leave()
	f.stop()
	f.open(shortLease)
	other := f.connect()
	go other.work()
	if r := f.end(id); r.Metadata.State != contracts.SessionCompleted {
		t.Errorf("session is %s: %v", r.Metadata.State, r.Metadata.Error)
	}
}

func TestReconnectedNodeGivesUpWhatItForgot(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`)))
	first := w.take()
	w.forget()
	w.join(f) // a new stream that knows of no lease
	second := w.take()
	if second.Lease == first.Lease {
		t.Error("the forgotten lease was not replaced")
	}
	w.send(w.seal(w.echo(second)))
	if r := f.end(id); r.Metadata.State != contracts.SessionCompleted {
		t.Errorf("session is %s", r.Metadata.State)
	}
}
