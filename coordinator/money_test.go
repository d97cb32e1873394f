package coordinator_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
)

// prices make a unit of one fuel cost a cent, and one of a thousand at most ten.
func prices(version string) []byte {
	return fmt.Appendf(nil, `{"version": %q, "currency": "USD", "cpu": {"per_gfuel": "10000000", "minimum": "0.005"},
		"llm": {"small": {"in_per_million": "1", "out_per_million": "2"}}, "operator_share": "0.9", "cached_share": "0.5"}`, version)
}

// cheap is a unit that may use a thousand fuel.
func cheap(id, input string) contracts.WorkUnit {
	u := unit(id, input)
	u.Constraints = &contracts.Constraints{Fuel: new(int64(1000))}
	return u
}

func (f *fabric) priced(amount string) {
	f.t.Helper()
	if err := f.SetPrices(f.t.Context(), access.Operator(), prices("p-1")); err != nil {
		f.t.Fatal(err)
	}
	if amount != "" {
		f.grant("g-1", amount)
	}
}

func (f *fabric) grant(id, amount string) {
	f.t.Helper()
	if _, err := f.Grant(f.t.Context(), access.Operator(), "lab", contracts.CreditGrant{GrantID: id, Amount: amount}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fabric) walletIs(balance, promised string) {
	f.t.Helper()
	w, err := f.Wallet(f.t.Context(), access.Operator(), "lab")
	if err != nil || w.Balance != balance || w.Promised != promised {
		f.t.Errorf("wallet is %+v (%v), want a balance of %s and %s promised", w, err, balance, promised)
	}
}

// A graph is let in only when the credit covers all that it may cost, and pays what
// it did cost.
func TestGraphsPayForWhatSucceeded(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	g := graph(cheap("a", `{"n":1}`), cheap("b", `{"n":2}`))
	f.end(func() contracts.SessionID { go w.work(); return f.submit(g) }())
	f.priced("15")
	f.walletIs("15.000000", "0.000000")

	poor := graph(cheap("a", `{"n":3}`), cheap("b", `{"n":4}`))
	_, err := f.Submit(t.Context(), poor, contracts.SubmissionMetadata{})
	if contracts.CodeOf(err) != contracts.CodeBudgetExceeded {
		t.Fatalf("a graph for 20 at most was let in with a credit of 15: %v", err)
	}
	poor.Budgets.MaxCostUSD = "12"
	q, err := f.Quote(t.Context(), poor)
	if err != nil || q.Most != "12.000000" || q.Units["a"] != "10.000000" || !q.Affordable || q.Available != "15.000000" {
		t.Errorf("quote is %+v (%v)", q, err)
	}
	r := f.end(f.submit(poor))
	if r.Metadata.State != contracts.SessionCompleted || r.Telemetry.CostUSD != "0.020000" {
		t.Errorf("session is %s and cost %s", r.Metadata.State, r.Telemetry.CostUSD)
	}
	f.walletIs("14.980000", "0.000000")

	// Known results cost their share.
	poor.RequestID = graph(unit("x", "")).RequestID
	if r := f.end(f.submit(poor)); r.Telemetry.CostUSD != "0.010000" || !r.Telemetry.Tasks[0].Cached {
		t.Errorf("a session of known results cost %s", r.Telemetry.CostUSD)
	}
	f.walletIs("14.970000", "0.000000")

	f.stop()
	f.open()
	f.walletIs("14.970000", "0.000000")
}

// What a graph may cost ends it when no unit fits any more.
func TestMaxCostEndsASession(t *testing.T) {
	f := startFabric(t)
	f.priced("100")
	g := graph(cheap("a", `{"n":1}`), cheap("b", `{"n":2}`))
	g.WorkUnits[1].Dependencies = []contracts.UnitID{"a"}
	g.Budgets.MaxCostUSD = "10.005"
	go f.connect().work()
	r := f.end(f.submit(g))
	if r.Metadata.StopReason != contracts.StopBudgetExhausted || r.Telemetry.CostUSD != "0.010000" {
		t.Errorf("session ended with %s and cost %s", r.Metadata.StopReason, r.Telemetry.CostUSD)
	}
	f.walletIs("99.990000", "0.000000")
}

// 200 submissions race for credit that is enough for three of them.
func TestARaceForTheLastCreditNeverOverdraws(t *testing.T) {
	f := startFabric(t)
	f.priced("30.5")
	var (
		in, out atomic.Int32
		ids     = make(chan contracts.SessionID, 200)
		all     sync.WaitGroup
	)
	for i := range 200 {
		all.Go(func() {
			res, err := f.Submit(t.Context(), graph(cheap("a", fmt.Sprintf(`{"n":%d}`, i))), contracts.SubmissionMetadata{})
			switch {
			case err == nil:
				in.Add(1)
				ids <- res.SessionID
			case contracts.CodeOf(err) == contracts.CodeBudgetExceeded:
				out.Add(1)
			default:
				t.Errorf("submission %d: %v", i, err)
			}
		})
	}
	all.Wait()
	close(ids)
	if in.Load() != 3 || out.Load() != 197 {
		t.Fatalf("%d graphs were let in and %d refused", in.Load(), out.Load())
	}
	f.walletIs("30.500000", "30.000000")
	f.stop()
	f.open() // what is promised is promised over a restart
	f.walletIs("30.500000", "30.000000")
	go f.connect().work()
	for id := range ids {
		f.end(id)
	}
	f.walletIs("30.470000", "0.000000")
}

func TestMoneyIsAnOperatorsAffair(t *testing.T) {
	f := startFabric(t)
	lab := access.Caller{Tenant: "lab"}
	_, err := f.Grant(t.Context(), lab, "lab", contracts.CreditGrant{GrantID: "1", Amount: "5"})
	if contracts.CodeOf(err) != contracts.CodeAuth {
		t.Errorf("a tenant granted itself credit: %v", err)
	}
	f.priced("5")
	f.grant("g-1", "5") // the same grant again
	f.walletIs("5.000000", "0.000000")
	for name, r := range map[string]contracts.CreditGrant{
		"negative": {GrantID: "2", Amount: "-1"}, "NaN": {GrantID: "2", Amount: "NaN"}, "infinite": {GrantID: "2", Amount: "Inf"},
		"too fine": {GrantID: "2", Amount: "0.0000001"}, "no id": {Amount: "1"}, "too much": {GrantID: "2", Amount: "9999999999999"},
	} {
		if _, err := f.Grant(t.Context(), access.Operator(), "lab", r); err == nil {
			t.Errorf("%s: granted", name)
		}
	}
	if _, err := f.Grant(t.Context(), access.Operator(), "lab", contracts.CreditGrant{GrantID: "g-1", Amount: "6"}); contracts.CodeOf(err) != contracts.CodeConflict {
		t.Errorf("another grant under the same id: %v", err)
	}
	if err := f.SetPrices(t.Context(), access.Operator(), prices("p-1")); err != nil {
		t.Errorf("the same prices again: %v", err)
	}
	if err := f.SetPrices(t.Context(), access.Operator(), []byte(`{"version":"p-2","currency":"USD","cpu":{"per_gfuel":"-1","minimum":"0"}}`)); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("negative prices: %v", err)
	}
	if err := f.Suspend(t.Context(), access.Operator(), "lab", contracts.AccountSuspended{Suspended: true, Reason: "unpaid"}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Submit(t.Context(), graph(cheap("a", `{"n":1}`)), contracts.SubmissionMetadata{}); contracts.CodeOf(err) != contracts.CodeBudgetExceeded {
		t.Errorf("a suspended tenant's graph: %v", err)
	}
}
