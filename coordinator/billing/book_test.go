package billing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// teller makes valid events.
type teller struct {
	n  int
	at time.Time
}

func (s *teller) event(kind contracts.EventType, tenant string, session int, unit string, data any) contracts.Event {
	s.n++
	if s.at.IsZero() {
		s.at = noon
	}
	s.at = s.at.Add(time.Millisecond)
	d, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	e := contracts.Event{
		SpecVersion: "1.0", ID: fmt.Sprintf("01890a5d-ac96-774b-8000-%012x", s.n), Source: "/krako/coordinator/test",
		Type: kind, Subject: unit, Time: contracts.Time{Time: s.at}, TenantID: contracts.TenantID(tenant), Data: d,
	}
	if session > 0 {
		e.SessionID = contracts.SessionID(fmt.Sprintf("01890a5d-ac96-774b-9000-%012x", session))
		e.GraphID = "01890a5d-ac96-774b-bcce-b302099a8057"
	}
	return e
}

func plan() contracts.PricesChanged {
	p := DefaultPlan()
	p.CPU.PerGfuel, p.CPU.Minimum, p.OperatorShare, p.CachedShare = decimal("1"), decimal("0.01"), decimal("0.8"), decimal("0.1")
	doc, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return contracts.PricesChanged{Version: p.Version, Plan: contracts.JSON(doc)}
}

func feed(t *testing.T, b *Book, events ...contracts.Event) []Transaction {
	t.Helper()
	var all []Transaction
	for i := range events {
		ts, bad := b.Apply(&events[i], time.Time{})
		if bad != nil {
			t.Fatalf("%s: %+v", events[i].Type, bad)
		}
		all = append(all, ts...)
	}
	return all
}

func wantWallet(t *testing.T, b *Book, tenant string, balance, reserved, spent string) {
	t.Helper()
	w, _ := b.Wallet(contracts.TenantID(tenant))
	if got := fmt.Sprint(w.Balance, w.Reserved, w.Spent); got != balance+" "+reserved+" "+spent {
		t.Errorf("%s has %s, want %s %s %s", tenant, got, balance, reserved, spent)
	}
}

func TestAUnitIsChargedOnce(t *testing.T) {
	var s teller
	b := New()
	done := s.event(contracts.EventUnitCompleted, "acme", 1, "u", contracts.UnitEnded{StopReason: "success", Node: "n", Fuel: 2_500_000_000, ResultCID: "res", BatchCID: "bat"})
	feed(t, b, done) // before there are prices, nothing costs anything
	wantWallet(t, b, "acme", "0.000000", "0.000000", "0.000000")

	b = New()
	all := feed(t, b,
		s.event(contracts.EventPricesChanged, "", 0, "", plan()),
		s.event(contracts.EventNodeApproved, "", 0, "", contracts.NodeInfo{Node: "n", Kind: "node", Operator: "lab"}),
		s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "100"}),
		s.event(contracts.EventCreditsReserved, "acme", 1, "u", contracts.CreditsMoved{Amount: "10"}),
		done, done,
	)
	wantWallet(t, b, "acme", "97.500000", "0.000000", "2.500000")
	if b.Earned("lab").String() != "2.000000" || b.state.Protocol.String() != "0.500000" {
		t.Errorf("lab earned %s, the protocol %s", b.Earned("lab"), b.state.Protocol)
	}
	if len(all) != 3 || all[2].Result != "res" || all[2].Batch != "bat" || all[2].Event != done.ID || all[2].Plan != "default-1" {
		t.Errorf("transactions: %+v", all)
	}
	// The same unit told by another event is the same unit.
	again := done
	again.ID = "01890a5d-ac96-774b-8000-ffffffffffff"
	if ts := feed(t, b, again); len(ts) != 0 {
		t.Errorf("charged again: %+v", ts)
	}
}

func TestFailuresCostNothing(t *testing.T) {
	var s teller
	b := New()
	feed(t, b,
		s.event(contracts.EventPricesChanged, "", 0, "", plan()),
		s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "100"}),
		s.event(contracts.EventCreditsReserved, "acme", 1, "u", contracts.CreditsMoved{Amount: "10"}),
		s.event(contracts.EventCreditsReserved, "acme", 1, "v", contracts.CreditsMoved{Amount: "20"}),
		s.event(contracts.EventUnitFailed, "acme", 1, "u", contracts.UnitEnded{StopReason: "execution_failed", Node: "n", Fuel: 5}),
	)
	wantWallet(t, b, "acme", "80.000000", "20.000000", "0.000000")
	feed(t, b, s.event(contracts.EventSessionCancelled, "acme", 1, "", contracts.SessionEnded{StopReason: "cancelled"}))
	wantWallet(t, b, "acme", "100.000000", "0.000000", "0.000000")
}

func TestModelCallsAreChargedByTokens(t *testing.T) {
	var s teller
	b := New()
	feed(t, b,
		s.event(contracts.EventPricesChanged, "", 0, "", plan()),
		s.event(contracts.EventPodReady, "", 0, "", contracts.NodeInfo{Node: "p", Kind: "pod", Operator: "gpu"}),
		s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "1"}),
		s.event(contracts.EventLLMCompleted, "acme", 1, "u", contracts.LLMEnded{Pod: "p", Tier: contracts.TierLarge, TokensIn: 100_000, TokensOut: 200_000}),
		s.event(contracts.EventUnitCompleted, "acme", 1, "u", contracts.UnitEnded{StopReason: "success", Node: "p"}),
		s.event(contracts.EventLLMCompleted, "acme", 1, "v", contracts.LLMEnded{Pod: "p", Tier: contracts.TierLarge, TokensIn: 9, TokensOut: 9}),
		s.event(contracts.EventUnitFailed, "acme", 1, "v", contracts.UnitEnded{StopReason: "validation_failed", Node: "p"}),
	)
	wantWallet(t, b, "acme", "0.650000", "0.000000", "0.350000")
	if got := b.Earned("gpu").String(); got != "0.280000" {
		t.Errorf("gpu earned %s", got)
	}
}

func TestSupersededChargesMove(t *testing.T) {
	var s teller
	b := New()
	over := s.event(contracts.EventUnitSuperseded, "acme", 1, "u", contracts.UnitSuperseded{OldNode: "liar", Node: "n", ResultCID: "right", OldResultCID: "wrong", Fuel: 1e9, Revision: 2})
	feed(t, b,
		s.event(contracts.EventPricesChanged, "", 0, "", plan()),
		s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "100"}),
		s.event(contracts.EventUnitCompleted, "acme", 1, "u", contracts.UnitEnded{StopReason: "success", Node: "liar", Fuel: 1e9}),
		s.event(contracts.EventSessionCompleted, "acme", 1, "", contracts.SessionEnded{StopReason: "success"}),
		over, over,
	)
	wantWallet(t, b, "acme", "99.000000", "0.000000", "1.000000")
	if b.Earned("node:liar") != 0 || b.Earned("node:n").String() != "0.800000" {
		t.Errorf("the liar has %s, who was right %s", b.Earned("node:liar"), b.Earned("node:n"))
	}
}

// A tenant without overdraft never goes below zero; whoever worked is paid.
func TestWalletsNeverGoNegative(t *testing.T) {
	var s teller
	b := New()
	feed(t, b,
		s.event(contracts.EventPricesChanged, "", 0, "", plan()),
		s.event(contracts.EventCreditsGranted, "poor", 0, "", contracts.CreditsMoved{Amount: "1"}),
		s.event(contracts.EventUnitCompleted, "poor", 1, "u", contracts.UnitEnded{StopReason: "success", Node: "n", Fuel: 3e9}),
		s.event(contracts.EventCreditsGranted, "rich", 0, "", contracts.CreditsMoved{Amount: "1", Overdraft: true}),
		s.event(contracts.EventUnitCompleted, "rich", 2, "u", contracts.UnitEnded{StopReason: "success", Node: "n", Fuel: 3e9}),
	)
	wantWallet(t, b, "poor", "0.000000", "0.000000", "1.000000")
	wantWallet(t, b, "rich", "-2.000000", "0.000000", "3.000000")
	if b.Earned("node:n").String() != "4.800000" {
		t.Errorf("the node earned %s", b.Earned("node:n"))
	}
	if _, bad := b.Apply(new(s.event(contracts.EventCreditsReserved, "poor", 3, "u", contracts.CreditsMoved{Amount: "0.5"})), time.Time{}); bad == nil || bad.Code != contracts.CodeBudgetExceeded {
		t.Errorf("reserved what is not there: %+v", bad)
	}
}

// What cannot be read is put aside by name and moves nothing.
func TestBadEventsAreQuarantined(t *testing.T) {
	var s teller
	b := New()
	feed(t, b, s.event(contracts.EventPricesChanged, "", 0, "", plan()))
	before, _ := b.Snapshot()
	noTier := s.event(contracts.EventLLMCompleted, "acme", 1, "u", contracts.LLMEnded{Pod: "p", Tier: "huge", TokensIn: 1, TokensOut: 1})
	for name, c := range map[string]struct {
		e    contracts.Event
		code contracts.Code
	}{
		"negative grant":  {s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "-1"}), contracts.CodeValidation},
		"NaN":             {s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "NaN"}), contracts.CodeValidation},
		"nobody's grant":  {s.event(contracts.EventCreditsGranted, "", 0, "", contracts.CreditsMoved{Amount: "1"}), contracts.CodeValidation},
		"no data":         {s.event(contracts.EventCreditsGranted, "acme", 0, "", nil), contracts.CodeValidation},
		"negative price":  {s.event(contracts.EventPricesChanged, "", 0, "", contracts.PricesChanged{Version: "x", Plan: contracts.JSON(`{"version":"x","currency":"C","cpu":{"per_gfuel":"-1","minimum":"0"},"llm":{},"operator_share":"0","cached_share":"0"}`)}), contracts.CodeValidation},
		"nothing to undo": {s.event(contracts.EventUnitSuperseded, "acme", 1, "u", contracts.UnitSuperseded{OldNode: "a", Node: "b", ResultCID: "r", OldResultCID: "q"}), contracts.CodeNotFound},
		"from the future": {func() contracts.Event {
			e := s.event(contracts.EventCreditsGranted, "acme", 0, "", contracts.CreditsMoved{Amount: "1"})
			e.Time = contracts.Time{Time: noon.Add(time.Hour)}
			return e
		}(), contracts.CodeValidation},
	} {
		if ts, bad := b.Apply(&c.e, noon); bad == nil || bad.Code != c.code || bad.Event != c.e.ID || len(ts) > 0 {
			t.Errorf("%s: %+v, %+v", name, bad, ts)
		}
	}
	feed(t, b, noTier)
	done := s.event(contracts.EventUnitCompleted, "acme", 1, "u", contracts.UnitEnded{StopReason: "success", Node: "p"})
	if _, bad := b.Apply(&done, time.Time{}); bad == nil || bad.Code != contracts.CodeNotFound {
		t.Errorf("a tier without a price: %+v", bad)
	}
	after, _ := b.Snapshot()
	if w, _ := b.Wallet("acme"); w.Balance != 0 || w.Spent != 0 {
		t.Errorf("something moved:\n%s\n%s", before, after)
	}
}

// history generates a log with duplicates, retries, failures, cached units,
// reversals and sessions that run side by side.
func history(seed uint64, n int) []contracts.Event {
	rng := rand.New(rand.NewPCG(seed, 2))
	var s teller
	events := []contracts.Event{s.event(contracts.EventPricesChanged, "", 0, "", plan())}
	for i := range 20 {
		events = append(events, s.event(contracts.EventNodeApproved, "", 0, "", contracts.NodeInfo{Node: contracts.NodeID(fmt.Sprint("n", i)), Kind: "node", Operator: fmt.Sprint("op", i%7), Class: []string{"", "gpu"}[i%2]}))
	}
	tenants := []string{"a", "b", "c"}
	for _, t := range tenants {
		events = append(events, s.event(contracts.EventCreditsGranted, t, 0, "", contracts.CreditsMoved{Amount: "1000.5"}))
	}
	for len(events) < n {
		session := 1 + len(events)/200 + rng.IntN(5)
		tenant, unit, node := tenants[session%3], fmt.Sprint("u", rng.IntN(40)), contracts.NodeID(fmt.Sprint("n", rng.IntN(20)))
		var e contracts.Event
		switch rng.IntN(12) {
		case 0:
			e = s.event(contracts.EventCreditsReserved, tenant, session, unit, contracts.CreditsMoved{Amount: Amount(1 + rng.Int64N(2e6)).String()})
		case 1:
			e = s.event(contracts.EventUnitFailed, tenant, session, unit, contracts.UnitEnded{StopReason: "execution_failed", Node: node})
		case 2:
			e = s.event(contracts.EventUnitCached, tenant, session, unit, contracts.UnitEnded{StopReason: "success", Node: node, Fuel: rng.Uint64N(1e9)})
		case 3:
			e = s.event(contracts.EventUnitSuperseded, tenant, session, unit, contracts.UnitSuperseded{OldNode: node, OldResultCID: "x", Node: "n1", ResultCID: "y", Fuel: 7, Revision: 2})
		case 4:
			e = s.event(contracts.EventLLMCompleted, tenant, session, unit, contracts.LLMEnded{Pod: node, Tier: contracts.TierSmall, TokensIn: rng.Int64N(1e5), TokensOut: rng.Int64N(1e5)})
		case 5:
			e = events[rng.IntN(len(events))] // delivered again, late
		case 6:
			e = s.event(contracts.EventSessionCompleted, tenant, max(1, session-5), "", contracts.SessionEnded{StopReason: "success"})
		case 7:
			e = s.event(contracts.EventCreditsGranted, tenant, 0, "", contracts.CreditsMoved{Amount: "0.25"})
		default:
			e = s.event(contracts.EventUnitCompleted, tenant, session, unit, contracts.UnitEnded{StopReason: "success", Node: node, Fuel: rng.Uint64N(3e9)})
		}
		events = append(events, e)
	}
	return events
}

// ledger folds a history and returns ledger, wallets and how it went.
func ledger(t *testing.T, b *Book, events []contracts.Event) (lines []byte, anomalies int) {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	for i := range events {
		ts, bad := b.Apply(&events[i], time.Time{})
		if bad != nil {
			anomalies++
		}
		for k := range ts {
			if ts[k].Sum() != 0 {
				t.Fatalf("transaction sums to %s: %+v", ts[k].Sum(), ts[k])
			}
			if err := enc.Encode(&ts[k]); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out.Bytes(), anomalies
}

// The same events give the same bytes, at once, again, and over a snapshot; all
// money is somewhere; nobody is below zero.
func TestReplayIsByteIdentical(t *testing.T) {
	n := 200_000
	if testing.Short() {
		n = 20_000
	}
	if long {
		n = 1_000_000
	}
	events := history(1, n)
	first, second := New(), New()
	a, anomalies := ledger(t, first, events)
	if anomalies == 0 || anomalies > n/5 {
		t.Errorf("%d anomalies in %d events", anomalies, n)
	}
	half := len(events) / 2
	b, _ := ledger(t, second, events[:half])
	snapshot, err := second.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	third, err := Restore(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := ledger(t, third, events[half:])
	if !bytes.Equal(a, append(b, c...)) {
		t.Error("the ledger over a snapshot differs")
	}
	w1, _ := first.Wallets()
	w2, _ := third.Wallets()
	s1, _ := first.Snapshot()
	s2, _ := third.Snapshot()
	if !bytes.Equal(w1, w2) || !bytes.Equal(s1, s2) {
		t.Error("wallets or state over a snapshot differ")
	}
	sum := first.state.Protocol + first.state.Issued
	for _, e := range first.state.Earned {
		sum += e
	}
	for id, w := range first.state.Wallets {
		sum += w.Balance + w.Reserved
		if w.Balance < 0 || w.Reserved < 0 {
			t.Errorf("%s has %+v", id, w)
		}
	}
	if sum != 0 {
		t.Errorf("money is lost or made: %s", sum)
	}
	if len(a) == 0 {
		t.Error("nothing was charged")
	}
}

func BenchmarkApply(b *testing.B) {
	events := history(1, 100_000)
	b.ReportAllocs()
	book := New()
	b.ResetTimer()
	begun := processorTime()
	for i := range b.N {
		if i%len(events) == 0 {
			book = New()
		}
		book.Apply(&events[i%len(events)], time.Time{})
	}
	b.ReportMetric(float64((processorTime()-begun).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// lines are the transactions of a history, one JSON document each.
func lines(b *Book, events []contracts.Event) [][]byte {
	var all [][]byte
	for i := range events {
		ts, _ := b.Apply(&events[i], time.Time{})
		for k := range ts {
			doc, err := json.Marshal(&ts[k])
			if err != nil {
				panic(err)
			}
			all = append(all, doc)
		}
	}
	return all
}
