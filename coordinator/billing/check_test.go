package billing

import (
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
)

func TestAuditFindsEveryFlaw(t *testing.T) {
	events := history(3, 3000)
	b := New()
	var good []Transaction
	for i := range events {
		ts, _ := b.Apply(&events[i], time.Time{})
		good = append(good, ts...)
	}
	audit := func(ledger []Transaction) map[Flaw]int {
		a := NewAudit(good, nil)
		for _, x := range ledger {
			a.Take(x)
		}
		n := map[Flaw]int{}
		for _, f := range a.Findings() {
			n[f.Flaw]++
		}
		return n
	}
	if found := audit(good); len(found) != 0 {
		t.Fatalf("a sound ledger has %v", found)
	}
	charge := -1
	for i := range good {
		if good[i].Kind == Charge && good[i].Reverses == "" && len(good[i].Postings) == 3 {
			charge = i
			break
		}
	}
	for flaw, spoil := range map[Flaw]func([]Transaction) []Transaction{
		Unbalanced: func(l []Transaction) []Transaction {
			l[charge].Postings = append([]Posting(nil), l[charge].Postings...)
			l[charge].Postings[0].Amount++
			return l
		},
		Duplicate: func(l []Transaction) []Transaction { return append(l, l[charge]) },
		Missing:   func(l []Transaction) []Transaction { return append(l[:charge:charge], l[charge+1:]...) },
		Altered:   func(l []Transaction) []Transaction { l[charge].Node = "another"; return l },
		Orphan: func(l []Transaction) []Transaction {
			x := l[charge]
			x.ID, x.Unit = "00", "nobody's"
			return append(l, x)
		},
		Negative: func(l []Transaction) []Transaction {
			return append(l, Transaction{ID: "01", Kind: Charge, Postings: []Posting{{"tenant/a", -1e12}, {"protocol", 1e12}}})
		},
	} {
		if found := audit(spoil(append([]Transaction(nil), good...))); found[flaw] == 0 {
			t.Errorf("%s was not found: %v", flaw, found)
		}
	}
}

func TestStatementsAddUp(t *testing.T) {
	events := history(4, 5000)
	b := New()
	from, to := events[1000].Time.Time, events[3000].Time.Time
	before, within, after := NewStatement(TenantAccount("a"), noon, from), NewStatement(TenantAccount("a"), from, to), NewStatement(TenantAccount("a"), to, to.Add(24*time.Hour))
	for i := range events {
		ts, _ := b.Apply(&events[i], time.Time{})
		for k := range ts {
			for _, s := range []*Statement{before, within, after} {
				s.Take(&ts[k])
			}
		}
	}
	w, _ := b.Wallet("a")
	if before.Closing != within.Opening || within.Closing != after.Opening || after.Closing != w.Balance {
		t.Errorf("%+v\n%+v\n%+v\nwallet %+v", before, within, after, w)
	}
	if within.ByKind[Charge].Count == 0 || within.ByKind[Charge].Fuel == 0 {
		t.Errorf("nothing was charged: %+v", within)
	}
}

func TestQuoteIsAnUpperBound(t *testing.T) {
	p := DefaultPlan()
	q, err := p.Quote([]Bound{{Unit: "a", Fuel: 5e12}, {Unit: "b", Tier: contracts.TierSmall, In: 1e6, Out: 1e6}})
	if err != nil || q.Most.String() != "0.085000" || q.Units["a"].String() != "0.005000" {
		t.Errorf("%+v (%v)", q, err)
	}
	if _, err := p.Quote([]Bound{{Unit: "a", Tier: "huge"}}); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("no price: %v", err)
	}
	p.CPU.PerGfuel = decimal("900000000")
	if _, err := p.Quote([]Bound{{Unit: "a", Fuel: 9e12}, {Unit: "b", Fuel: 9e12}}); contracts.CodeOf(err) != contracts.CodeResourceExhausted {
		t.Errorf("too much: %v", err)
	}
}
