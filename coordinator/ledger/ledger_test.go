package ledger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/credit"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/ledger"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/internal/sqlite"
)

const cluster = "01890a5d-ac96-774b-bcce-b302099a8057"

// log is a log in memory that does not grow.
type log struct{ records [][]byte }

func (log) Cluster() string         { return cluster }
func (l log) Last() eventlog.Offset { return eventlog.Offset(len(l.records)) }

func (l log) Read(_ context.Context, from eventlog.Offset, fn func(eventlog.Record) error) error {
	for at := max(1, from); at <= l.Last(); at++ {
		if err := fn(eventlog.Record{Offset: at, Data: l.records[at-1]}); err != nil {
			return err
		}
	}
	return nil
}

func (l log) Wait(ctx context.Context, from eventlog.Offset) error {
	if l.Last() >= from {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

// blocks has none.
type blocks struct{}

func (blocks) Get(_ context.Context, id cid.Cid) ([]byte, error) {
	return nil, contracts.Errorf(contracts.CodeNotFound, id.String(), "no such block")
}

func record(t *testing.T, r session.Record) []byte {
	t.Helper()
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func grant(t *testing.T, id string, amount int64) []byte {
	t.Helper()
	f := credit.Fact{At: 1, Grant: &credit.Grant{ID: id, Tenant: "lab", Amount: amount}}
	b, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return record(t, session.Record{At: 1_700_000_000_000_000, Credit: b})
}

// read runs a ledger over a log to its end and returns its transactions and what it
// put aside.
func read(t *testing.T, path string, l log) ([]contracts.LedgerEntry, []contracts.PutAside) {
	t.Helper()
	return readAt(t, path, l, nil)
}

func readAt(t *testing.T, path string, l log, clock func() time.Time) ([]contracts.LedgerEntry, []contracts.PutAside) {
	t.Helper()
	books, err := ledger.Open(t.Context(), path, cluster, slog.New(slog.DiscardHandler), clock)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- books.Run(ctx, l, blocks{}) }()
	for books.Through() < l.Last() {
		books.Await(t.Context(), l.Last())
	}
	page, err := books.Page(t.Context(), nil, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	aside, err := books.PutAside(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := books.Close(); err != nil {
		t.Error(err)
	}
	return page.Entries, aside.Events
}

// What makes no sense is put aside by name, and what stands behind it is read: a
// grant of nothing, a fact that is none, a session whose graph is lost.
func TestWhatMakesNoSenseIsPutAside(t *testing.T) {
	lost := session.Accepted{Graph: contracts.Link{Cid: cid.MustParse("bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua")}, Tenant: "lab", Prices: "1"}
	l := log{[][]byte{
		grant(t, "1", 5), grant(t, "2", -5), record(t, session.Record{At: 2, Credit: []byte{0xa0}}),
		record(t, session.Record{At: 3, Session: cluster, Accepted: &lost}), []byte("no record"), grant(t, "3", 7),
	}}
	var told []int64
	teller := ledger.NewTeller(l, blocks{}, nil, func(e contracts.Event) {
		if err := e.Validate(); err != nil {
			t.Error(err)
		}
		if e.Type == contracts.EventQuarantined {
			var q contracts.Quarantined
			if err := json.Unmarshal(e.Data, &q); err != nil {
				t.Error(err)
			}
			told = append(told, q.Record)
		}
	})
	if err := l.Read(t.Context(), 1, func(r eventlog.Record) error { return teller.Take(t.Context(), r) }); err != nil {
		t.Fatal(err)
	}
	// The second record is told as an event, which is named; no event is made of the others.
	if fmt.Sprint(told) != "[0 3 4 5]" {
		t.Errorf("told as put aside are %v", told)
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	for range 2 { // the second time from the snapshot
		entries, aside := read(t, path, l)
		if len(entries) != 2 || entries[1].Postings[1].Amount != "0.000007" {
			t.Errorf("transactions are %+v", entries)
		}
		var records []int64
		for _, a := range aside {
			records = append(records, a.Record)
			if a.Code == "" || a.Reason == "" {
				t.Errorf("put aside without a word: %+v", a)
			}
		}
		if len(records) != 4 || records[0] != 2 || records[1] != 3 || records[2] != 4 || records[3] != 5 {
			t.Errorf("put aside are %+v", aside)
		}
	}
}

// A file that is damaged, or whose snapshot is, or that is of another log, is
// computed again.
func TestADamagedLedgerIsComputedAgain(t *testing.T) {
	l := log{[][]byte{grant(t, "1", 5), grant(t, "2", 6)}}
	for name, damage := range map[string]func(path string) error{
		"bytes":    func(path string) error { return os.WriteFile(path, []byte("this was a ledger"), 0o600) },
		"snapshot": func(path string) error { return update(t, path, "UPDATE position SET book = x'7b'") },
		"owner":    func(path string) error { return update(t, path, "UPDATE position SET log = 'another'") },
		"position": func(path string) error { return update(t, path, "DELETE FROM position") },
	} {
		path := filepath.Join(t.TempDir(), "ledger.db")
		want, _ := read(t, path, l)
		if err := damage(path); err != nil {
			t.Fatal(err)
		}
		if got, _ := read(t, path, l); len(want) != 2 || len(got) != 2 || got[1].ID != want[1].ID {
			t.Errorf("%s: %d transactions, there were %d", name, len(got), len(want))
		}
	}
}

// update changes a ledger's file behind its back.
func update(t *testing.T, path, statement string) error {
	t.Helper()
	db, _, err := sqlite.Open(t.Context(), path, 3, "")
	if err != nil {
		return err
	}
	if err := db.Update(t.Context(), func(tx *sqlite.Tx) error { return tx.Exec(statement) }); err != nil {
		return err
	}
	return db.Close()
}

// A grant of a time that is yet to come is put aside by name, also by a ledger that
// runs, and counts once its time has come.
func TestTheFutureIsPutAsideUntilItComes(t *testing.T) {
	late := func() []byte {
		f := credit.Fact{At: 1, Grant: &credit.Grant{ID: "2", Tenant: "lab", Amount: 7}}
		b, err := f.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return record(t, session.Record{At: 1_700_003_600_000_000, Credit: b})
	}()
	l := log{[][]byte{grant(t, "1", 5), late, grant(t, "3", 6)}}
	path := filepath.Join(t.TempDir(), "ledger.db")
	now := time.UnixMicro(1_700_000_000_000_000)
	for _, step := range []struct {
		after           time.Duration
		entries, asides int
	}{{0, 2, 1}, {time.Minute, 2, 1}, {2 * time.Hour, 3, 0}, {2 * time.Hour, 3, 0}} {
		entries, aside := readAt(t, path, l, func() time.Time { return now.Add(step.after) })
		if len(entries) != step.entries || len(aside) != step.asides {
			t.Errorf("after %s there are %d transactions and %+v put aside", step.after, len(entries), aside)
		}
		if len(aside) == 1 && (aside[0].Record != 2 || aside[0].Event == "" || aside[0].Code != contracts.CodeValidation) {
			t.Errorf("put aside is %+v", aside[0])
		}
	}
}
