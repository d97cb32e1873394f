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
