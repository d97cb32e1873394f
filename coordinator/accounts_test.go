package coordinator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/ledger"
)

// accounts are the events of billing that a list has, without those that the log
// itself says.
func accounts(list []contracts.Event) (of []contracts.Event) {
	for _, e := range list {
		if strings.HasPrefix(e.Source, "/krako/billing/") {
			of = append(of, e)
		}
	}
	return of
}

func (f *fabric) everything() []contracts.Event {
	f.t.Helper()
	var list []contracts.Event
	if err := f.Export(f.t.Context(), access.Operator(), func(e contracts.Event) error { list = append(list, e); return e.Validate() }); err != nil {
		f.t.Fatal(err)
	}
	return list
}

// follow collects what is told from now on until stop says that it was enough.
func (f *fabric) follow(stop func(contracts.Event) bool) (wait func() []contracts.Event) {
	f.t.Helper()
	enough := errors.New("enough")
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	var list []contracts.Event
	ended := make(chan error, 1)
	go func() {
		ended <- f.Follow(ctx, access.Operator(), func(e contracts.Event) error {
			if list = append(list, e); stop(e) {
				return enough
			}
			return nil
		})
	}()
	return func() []contracts.Event {
		f.t.Helper()
		defer cancel()
		if err := <-ended; !errors.Is(err, enough) {
			f.t.Fatalf("followed %d events: %v", len(list), err)
		}
		return list
	}
}

// What units cost is told behind what they did, to who exports and to who follows, by
// a coordinator whose ledger has a snapshot and after a restart: the same events with
// the same ids, a usage and a debit for each charge of the ledger.
func TestAccountsAreTold(t *testing.T) {
	f := startFabric(t)
	f.priced("1000")
	go f.connect().work()
	run := func(n int) {
		t.Helper()
		f.end(f.submit(graph(cheap("a", fmt.Sprintf(`{"n":%d}`, n)), cheap("b", fmt.Sprintf(`{"n":%d}`, n+1000)))))
	}
	run(1)
	path := filepath.Join(t.TempDir(), "ledger.db")
	f.keep(path) // its snapshot is of here
	run(2)
	before, cluster := f.everything(), f.db.Log().Cluster()

	f.stop()
	books, err := ledger.Open(t.Context(), path, cluster, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = books.Close() })
	f.books = books
	f.open()
	if diff := cmp.Diff(accounts(before), accounts(f.everything())); diff != "" {
		t.Errorf("after a restart other events are told: %s", diff)
	}
	go f.connect().work()
	heard := make(chan struct{})
	first := sync.OnceFunc(func() { close(heard) })
	wait := f.follow(func(e contracts.Event) bool {
		first()
		return e.Type == contracts.EventAccountSuspended
	})
	last := false
	for n := 10; !last; n++ { // until it is heard, and once more
		select {
		case <-heard:
			last = true
		default:
		}
		run(n)
	}
	if err := f.Suspend(t.Context(), access.Operator(), "nobody", contracts.AccountSuspended{Suspended: true, Reason: "the end"}); err != nil {
		t.Fatal(err)
	}
	followed := accounts(wait())
	whole := accounts(f.everything())
	if len(followed) < 2 || len(whole) < len(followed) {
		t.Fatalf("followed were %d, exported %d", len(followed), len(whole))
	}
	if diff := cmp.Diff(whole[len(whole)-len(followed):], followed); diff != "" {
		t.Errorf("who follows hears something else than who exports: %s", diff)
	}

	told := map[string]int{}
	for _, e := range whole {
		var d struct{ Transaction string }
		if err := json.Unmarshal(e.Data, &d); err != nil {
			t.Fatal(err)
		}
		told[string(e.Type)+" "+d.Transaction]++
	}
	f.books = nil
	charges := 0
	for _, e := range f.keep(filepath.Join(t.TempDir(), "anew.db")) {
		if e.Kind != "charge" {
			continue
		}
		charges++
		for _, k := range []contracts.EventType{contracts.EventUsageRecorded, contracts.EventCreditsDebited} {
			if told[string(k)+" "+e.ID] != 1 {
				t.Errorf("%s of %s was told %d times", k, e.ID, told[string(k)+" "+e.ID])
			}
		}
	}
	if charges < 8 || len(told) != 2*charges {
		t.Errorf("%d charges, %d events: %v", charges, len(told), told)
	}
	f.replay() // what was told in between changes nothing
}

// A lie that was paid for is reversed, and that is told; an audit of what cost nothing
// is nobody's flaw.
func TestReversalsAreTold(t *testing.T) {
	for name, amount := range map[string]string{"paid": "1000", "for nothing": ""} {
		t.Run(name, func(t *testing.T) {
			id, trusted := zone(t)
			f := startFabric(t, trusted, used)
			if amount != "" {
				f.priced(amount)
			}
			liar := f.connect()
			s := f.submit(graph(cheap("a", `{"n":1}`)))
			liar.send(liar.seal(liar.lie(liar.take())))
			liar.expectAck(1)
			f.end(s)
			go f.connectAs(id).work()
			f.answers(s, `{"n":1}`)
			kinds := map[contracts.EventType]int{}
			for _, e := range accounts(f.everything()) {
				kinds[e.Type]++
				if e.Type == contracts.EventEntryReversed && !strings.Contains(string(e.Data), liar.id.ID()) {
					t.Errorf("who had earned is not named: %s", e.Data)
				}
			}
			want := map[contracts.EventType]int{}
			if amount != "" {
				want = map[contracts.EventType]int{contracts.EventUsageRecorded: 2, contracts.EventCreditsDebited: 2, contracts.EventEntryReversed: 1}
			}
			if diff := cmp.Diff(want, kinds); diff != "" {
				t.Error(diff)
			}
			f.replay()
		})
	}
}
