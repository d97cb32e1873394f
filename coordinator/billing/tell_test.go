package billing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// tellAll returns a history with what a book makes of it told in between.
func tellAll(t *testing.T, b *Book, events []contracts.Event) (told, consequences []contracts.Event, all []Transaction) {
	t.Helper()
	for i := range events {
		ts, bad := b.Apply(&events[i], noon.Add(24*time.Hour))
		list := Tell(&events[i], ts, bad)
		told = append(append(told, events[i]), list...)
		consequences = append(consequences, list...)
		all = append(all, ts...)
	}
	return told, consequences, all
}

// What a book is told as changes no book: one that hears it too, twice and late, comes
// to the same bytes. It is the same whenever it is told, names every transaction, and
// its amounts are the ledger's.
func TestWhatIsToldIsNeverReadBack(t *testing.T) {
	events := history(5, 20_000)
	b := New()
	told, list, all := tellAll(t, b, events)
	_, again, _ := tellAll(t, New(), events)
	first, _ := json.Marshal(list)
	second, _ := json.Marshal(again)
	if !bytes.Equal(first, second) {
		t.Error("telling it again tells something else")
	}
	twin := New()
	for i := range told {
		twin.Apply(&told[i], time.Time{})
		twin.Apply(&told[i/2], time.Time{}) // at least once means late, too
	}
	plain := New()
	for i, k := range told {
		if !derived(&k) {
			plain.Apply(&told[i], time.Time{})
		}
		if !derived(&told[i/2]) {
			plain.Apply(&told[i/2], time.Time{})
		}
	}
	x, _ := twin.Snapshot()
	y, _ := plain.Snapshot()
	if !bytes.Equal(x, y) {
		t.Error("a book that hears what books are told as differs")
	}

	byID := map[string]Transaction{}
	for _, tx := range all {
		byID[tx.ID] = tx
	}
	kinds, ids, spent := map[contracts.EventType]int{}, map[string]string{}, map[contracts.TenantID]Amount{}
	for i := range list {
		e := &list[i]
		if err := e.Validate(); err != nil {
			t.Fatal(err)
		}
		if was, ok := ids[e.ID]; ok && was != string(e.Data) {
			t.Fatalf("two events have the id %s: %s and %s", e.ID, was, e.Data)
		}
		ids[e.ID] = string(e.Data)
		kinds[e.Type]++
		var d struct{ Transaction, Amount string }
		if err := json.Unmarshal(e.Data, &d); err != nil {
			t.Fatal(err)
		}
		if e.Type == contracts.EventQuarantined {
			continue
		}
		tx, ok := byID[d.Transaction]
		if !ok || tx.Tenant != e.TenantID || tx.Session != e.SessionID || string(tx.Unit) != e.Subject {
			t.Fatalf("%s tells %+v, the ledger has %+v", e.Type, e, tx)
		}
		a, _ := ParseAmount(d.Amount)
		switch e.Type {
		case contracts.EventCreditsDebited:
			spent[e.TenantID] += a
		case contracts.EventEntryReversed:
			spent[e.TenantID] -= a
		}
	}
	for _, k := range []contracts.EventType{
		contracts.EventUsageRecorded, contracts.EventCreditsDebited, contracts.EventCreditsReleased, contracts.EventEntryReversed, contracts.EventQuarantined,
	} {
		if kinds[k] == 0 {
			t.Errorf("no %s was told", k)
		}
	}
	for tenant, a := range spent {
		if w, _ := b.Wallet(tenant); w.Spent != a {
			t.Errorf("%s is told to have spent %s, its wallet says %s", tenant, a, w.Spent)
		}
	}
}

// Each thing that is put aside is told by the offender's id, type and why.
func TestWhatIsPutAsideIsTold(t *testing.T) {
	var s teller
	b := New()
	for name, c := range map[string]struct {
		e    contracts.Event
		want string
	}{
		"negative":   {s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "-1"}), "not positive"},
		"NaN":        {s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "NaN"}), "NaN"},
		"the future": {s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "1"}), "yet to come"},
	} {
		now := noon.Add(time.Hour)
		if name == "the future" {
			now = noon.Add(-time.Hour)
		}
		ts, bad := b.Apply(&c.e, now)
		list := Tell(&c.e, ts, bad)
		if len(list) != 1 || list[0].Type != contracts.EventQuarantined || list[0].Validate() != nil || list[0].TenantID != "acme" {
			t.Fatalf("%s: told are %+v", name, list)
		}
		var q contracts.Quarantined
		if err := json.Unmarshal(list[0].Data, &q); err != nil {
			t.Fatal(err)
		}
		if q.Event != c.e.ID || q.EventType != c.e.Type || q.Code != contracts.CodeValidation || !strings.Contains(q.Reason, c.want) {
			t.Errorf("%s: told is %+v", name, q)
		}
	}
	r := TellRecord(7, "/krako/coordinator/x", contracts.Time{Time: noon}, contracts.CodeValidation, "is no record")
	if err := r.Validate(); err != nil || !derived(&r) || string(r.Data) != `{"record":7,"code":"VALIDATION_ERROR","reason":"is no record"}` {
		t.Errorf("%+v (%v)", r, err)
	}
}

// A reservation that was let go stays so when that is delivered again.
func TestALateReleaseTakesNothing(t *testing.T) {
	var s teller
	b := New()
	held := func(a string) contracts.Event {
		return s.event(contracts.EventCreditsReserved, "acme", 1, "u", contracts.CreditsMoved{Amount: a})
	}
	let := s.event(contracts.EventCreditsReleased, "acme", 1, "u", contracts.CreditsMoved{Amount: "10"})
	feed(t, b, s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "100"}), held("10"), let, held("20"), let)
	wantWallet(t, b, "acme", "80.000000", "20.000000", "0.000000")
}

// How sessions lie beside each other in the log is nothing to what anybody pays or
// earns, where there is credit enough.
func TestSessionsBesideEachOtherDoNotMatter(t *testing.T) {
	var s teller
	head := []contracts.Event{s.event(contracts.EventPricesChanged, "", 0, "", plan())}
	for _, tenant := range []string{"a", "b", "c"} {
		head = append(head, s.event(contracts.EventCreditsGranted, tenant, 0, "", contracts.CreditsMoved{Amount: "1000000"}))
	}
	bySession := map[contracts.SessionID][]contracts.Event{}
	mixed := append([]contracts.Event(nil), head...)
	for _, e := range history(6, 20_000) {
		if e.SessionID != "" {
			mixed = append(mixed, e)
			bySession[e.SessionID] = append(bySession[e.SessionID], e)
		}
	}
	sorted := append([]contracts.Event(nil), head...)
	for _, id := range sortedKeys(bySession) {
		sorted = append(sorted, bySession[id]...)
	}
	var docs []string
	for _, events := range [][]contracts.Event{mixed, sorted} {
		b := New()
		n := 0
		for i := range events {
			ts, _ := b.Apply(&events[i], time.Time{})
			n += len(ts)
		}
		w, _ := b.Wallets()
		docs = append(docs, fmt.Sprintf("%d transactions, %s", n, w))
	}
	if docs[0] != docs[1] || len(bySession) < 50 {
		t.Errorf("in %d sessions:\n%s\n%s", len(bySession), docs[0], docs[1])
	}
}
