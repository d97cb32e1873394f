package coordinator_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/billing"
	"github.com/krako-labs/krako/coordinator/ledger"
	"github.com/krako-labs/krako/internal/p2p"
)

// An operator earns what its nodes earn, a node what it does under all its keys, and
// who has no operator is its own.
func TestEarningsFollowOperatorsAndKeys(t *testing.T) {
	f := startFabric(t)
	f.priced("1000")
	n := 0
	earn := func(w *worker, units int) {
		t.Helper()
		for range units {
			n++
			id := f.submit(graph(cheap("a", fmt.Sprintf(`{"n":%d}`, n))))
			w.send(w.seal(w.echo(w.take())))
			f.end(id)
		}
	}
	old, fresh, lone := identity(t), identity(t), identity(t)
	token := f.token(contracts.NodeTokenRequest{Operator: "chemistry", Uses: 2})
	first := f.stranger(old).with(f, token)
	first.join(f)
	earn(first, 2)
	first.host.Close()
	next := f.stranger(fresh).was(old)
	next.join(f)
	earn(next, 1)
	next.host.Close()
	mate := f.stranger(identity(t)).with(f, token)
	mate.join(f)
	earn(mate, 1)
	mate.host.Close()
	single := f.stranger(lone)
	single.join(f)
	earn(single, 1)
	single.host.Close()
	loner := f.stranger(identity(t)).was(lone)
	loner.join(f)
	earn(loner, 1)

	path := filepath.Join(t.TempDir(), "ledger.db")
	entries := f.keep(path)
	l, err := ledger.Open(t.Context(), path, f.db.Log().Cluster(), slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	node := func(ids ...string) (list []billing.Account) {
		for _, id := range ids {
			list = append(list, billing.NodeAccount(contracts.NodeID(id)))
		}
		return list
	}
	const each = 9 // thousandths: nine tenths of a cent
	for name, c := range map[string]struct {
		of    []billing.Account
		units int
	}{
		"the operator":           {[]billing.Account{billing.OperatorAccount("chemistry")}, 4},
		"its node's first key":   {node(old.ID()), 2},
		"both keys of that node": {node(fresh.ID(), old.ID()), 3},
		"its other node":         {node(mate.id.ID()), 1},
		"a node on its own":      {node(loner.id.ID(), lone.ID()), 2},
		"the book's account":     {[]billing.Account{billing.Account("operator/node:" + lone.ID())}, 2},
	} {
		s, err := l.Statement(t.Context(), c.of, time.Unix(0, 0), time.Now().Add(time.Hour))
		if want := billing.Amount(c.units * each * 1000).String(); err != nil || s.Closing != want || s.ByKind["charge"].Count != c.units {
			t.Errorf("%s: %+v (%v), want %s", name, s, err, want)
		}
		page, err := l.Page(t.Context(), c.of, 0, 100)
		if err != nil || len(page.Entries) != c.units {
			t.Errorf("%s: %d transactions (%v)", name, len(page.Entries), err)
		}
	}
	exported, _ := f.replay()
	if len(exported) != len(entries) {
		t.Errorf("exported events give %d transactions, the ledger has %d", len(exported), len(entries))
	}
	sum := map[string]int64{}
	for _, e := range entries {
		for _, p := range e.Postings {
			a, err := billing.ParseAmount(p.Amount)
			if err != nil {
				t.Fatal(err)
			}
			sum[e.ID] += int64(a)
		}
		if sum[e.ID] != 0 {
			t.Errorf("transaction %s sums to %d", e.ID, sum[e.ID])
		}
	}
}

// A pod earns for the operator that it was let in under, by its tokens, under all its
// keys and beside that operator's nodes; a pod without an operator earns for itself.
func TestOperatorsEarnByTheirPods(t *testing.T) {
	f := startFabric(t, withPods)
	f.priced("1000")
	old, fresh := identity(t), identity(t)
	token := f.token(contracts.NodeTokenRequest{Operator: "physics", Uses: 2})
	answer := func(w *worker, n int) {
		t.Helper()
		w.join(f)
		for range n {
			id := f.submit(calls())
			w.send(w.seal(w.says(w.take(), replayClass, "yes")))
			if r := f.end(id); r.Metadata.State != contracts.SessionCompleted {
				t.Fatalf("session is %s: %v", r.Metadata.State, r.Metadata.Error)
			}
		}
		w.host.Close()
	}
	pod := func(id p2p.Identity) *worker {
		w := f.stranger(id)
		w.hello = podHello(replayClass, 1)
		return w
	}
	answer(pod(old).with(f, token), 2)
	answer(pod(fresh).was(old), 1)
	lone := pod(identity(t))
	answer(lone, 1)
	node := f.stranger(identity(t)).with(f, token)
	node.join(f)
	id := f.submit(graph(cheap("a", `{"n":1}`)))
	node.send(node.seal(node.echo(node.take())))
	f.end(id)

	path := filepath.Join(t.TempDir(), "ledger.db")
	entries := f.keep(path)
	l, err := ledger.Open(t.Context(), path, f.db.Log().Cluster(), slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	// 12 tokens at 1 and 3 at 2 a million are 18 millionths, nine tenths of which are
	// 16.2 and rounded for each call; the node's unit earns 9000.
	for name, c := range map[string]struct {
		of    []billing.Account
		want  billing.Amount
		units int
	}{
		"the operator":       {[]billing.Account{billing.OperatorAccount("physics")}, 3*16 + 9000, 4},
		"its pod's keys":     {[]billing.Account{billing.NodeAccount(contracts.NodeID(old.ID())), billing.NodeAccount(contracts.NodeID(fresh.ID()))}, 3 * 16, 3},
		"a pod on its own":   {[]billing.Account{billing.OperatorAccount("node:" + lone.id.ID())}, 16, 1},
		"the book's account": {[]billing.Account{billing.Account("operator/node:" + lone.id.ID())}, 16, 1},
	} {
		s, err := l.Statement(t.Context(), c.of, time.Unix(0, 0), time.Now().Add(time.Hour))
		line := s.ByKind["charge"]
		if err != nil || s.Closing != c.want.String() || line.Count != c.units {
			t.Errorf("%s: %+v (%v), want %s in %d", name, s, err, c.want, c.units)
		}
	}
	if exported, _ := f.replay(); len(exported) != len(entries) {
		t.Errorf("exported events give %d transactions, the ledger has %d", len(exported), len(entries))
	}
}
