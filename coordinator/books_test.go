package coordinator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/billing"
	"github.com/krako-labs/krako/coordinator/ledger"
)

// keep runs a ledger on the fabric's log until it has read all of it, and returns
// its transactions.
func (f *fabric) keep(path string) []contracts.LedgerEntry {
	t := f.t
	t.Helper()
	l, err := ledger.Open(t.Context(), path, f.db.Log().Cluster(), slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx, f.db.Log(), f.db.Blocks()) }()
	last := f.db.Log().Last()
	for l.Through() < last {
		l.Await(t.Context(), last)
	}
	var all []contracts.LedgerEntry
	for after := int64(0); ; {
		page, err := l.Page(t.Context(), nil, after, 7)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Entries...)
		if after = page.Next; after == 0 {
			break
		}
	}
	if aside, err := l.PutAside(t.Context()); err != nil || len(aside.Events) != 0 {
		t.Errorf("put aside: %+v (%v)", aside, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	return all
}

// replay computes the ledger from exported events.
func (f *fabric) replay() ([]contracts.LedgerEntry, *billing.Book) {
	f.t.Helper()
	book, all := billing.New(), []contracts.LedgerEntry(nil)
	err := f.Export(f.t.Context(), access.Operator(), func(e contracts.Event) error {
		ts, bad := book.Apply(&e, time.Now())
		if bad != nil {
			f.t.Errorf("%s was put aside: %+v", e.Type, bad)
		}
		for i := range ts {
			doc, err := json.Marshal(&ts[i])
			if err != nil {
				return err
			}
			var entry contracts.LedgerEntry
			if err := json.Unmarshal(doc, &entry); err != nil {
				return err
			}
			all = append(all, entry)
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return all, book
}

// The ledger is not there while graphs run, and comes to the same as exported
// events, as the loop's own reckoning, and as itself from its snapshot.
func TestALedgerThatWasStoppedCatchesUp(t *testing.T) {
	f := startFabric(t)
	f.priced("1000")
	go f.connect().work()
	for i := range 20 {
		r := f.end(f.submit(graph(cheap("a", fmt.Sprintf(`{"n":%d}`, i)), cheap("b", fmt.Sprintf(`{"n":%d}`, i/2)))))
		if r.Metadata.State != contracts.SessionCompleted {
			t.Fatalf("session %d is %s", i, r.Metadata.State)
		}
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	behind := f.keep(path)
	exported, book := f.replay()
	if diff := cmp.Diff(exported, behind); diff != "" || len(behind) < 30 {
		t.Fatalf("the ledger has %d transactions, not what exported events give: %s", len(behind), diff)
	}
	w, _ := book.Wallet("lab")
	f.walletIs(w.Balance.String(), "0.000000")

	open := f.submit(graph(cheap("a", `{"n":"late"}`), cheap("b", `{"n":"later"}`)))
	f.end(open)
	again := f.keep(path) // from its snapshot
	anew := f.keep(filepath.Join(t.TempDir(), "ledger.db"))
	if diff := cmp.Diff(again, anew); diff != "" || len(again) != len(behind)+2 {
		t.Errorf("from its snapshot the ledger has %d transactions, not %d: %s", len(again), len(anew), diff)
	}
}
