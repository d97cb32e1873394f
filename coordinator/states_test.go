package coordinator_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/narrate"
)

// becomes waits until a node is in a state.
func (f *fabric) becomes(w *worker, want string) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	for last := ""; last != want; {
		v, err := f.Trust(ctx, contracts.NodeID(w.id.ID()))
		if err != nil {
			f.t.Fatalf("node is %s, not %s: %v", last, want, err)
		}
		last = v.State
	}
}

// TestAStrangersLife takes a node through all its states: it waits, is let in, is proved
// wrong once and again as a member, is readmitted and sent away. The log tells of each step, with the
// reason.
func TestAStrangersLife(t *testing.T) {
	id, trusted := zone(t)
	f := startFabric(t, trusted, used, approval)
	judge := f.connectAs(id)
	w := f.stranger(identity(t))
	w.join(f)
	order := func(what string) {
		t.Helper()
		o := contracts.NodeOrder{Order: what, Reason: "because we " + what}
		if err := f.Order(t.Context(), access.Operator(), contracts.NodeID(w.id.ID()), o); err != nil {
			t.Fatal(err)
		}
	}
	lie := func(n string) {
		t.Helper()
		f.submit(graph(unit("a", `{"n":`+n+`}`)))
		w.send(w.seal(w.lie(w.take())))
		for range 2 { // on one engine, and since that contradicts the node on the other
			judge.send(judge.seal(judge.echo(judge.take())))
		}
	}
	f.becomes(w, "registered")
	order(contracts.OrderApprove)
	f.becomes(w, "active")
	f.submit(graph(unit("a", `{"n":0}`))) // an audit that it passes makes it a member
	w.send(w.seal(w.echo(w.take())))
	judge.send(judge.seal(judge.echo(judge.take())))
	f.standing(w, "member")
	lie("1")
	f.becomes(w, "quarantined")
	lie("2")
	f.becomes(w, "suspended")
	order(contracts.OrderReadmit)
	f.becomes(w, "quarantined")
	order(contracts.OrderRemove)
	f.becomes(w, "removed")

	want := []contracts.EventType{
		contracts.EventNodeRegistered, contracts.EventNodeApproved, contracts.EventNodeQuarantined, contracts.EventNodeSuspended,
		contracts.EventNodeApproved, contracts.EventNodeRemoved,
	}
	var told []contracts.EventType
	teller := narrate.New(f.db.Log(), f.db.Blocks(), func(e contracts.Event) {
		if !slices.Contains(want, e.Type) {
			return
		}
		var n contracts.NodeInfo
		if err := json.Unmarshal(e.Data, &n); err != nil {
			t.Error(err)
		}
		if n.Node != contracts.NodeID(w.id.ID()) {
			return
		}
		if told = append(told, e.Type); e.Type != contracts.EventNodeRegistered && n.Reason == "" {
			t.Errorf("%s has no reason: %+v", e.Type, n)
		}
	})
	if err := f.db.Log().Read(t.Context(), 1, func(rec eventlog.Record) error { return teller.Take(t.Context(), rec) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(told, want) {
		t.Errorf("told is %v, want %v", told, want)
	}
}
