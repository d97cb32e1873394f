package credit_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/billing"
	"github.com/krako-labs/krako/coordinator/credit"
)

var now = time.UnixMicro(1_800_000_000_000_000)

func doc(version, currency string) []byte {
	return fmt.Appendf(nil, `{"version": %q, "currency": %q, "cpu": {"per_gfuel": "2", "minimum": "0.001", "classes": {"gpu": "3"}},
		"llm": {"small": {"in_per_million": "1", "out_per_million": "4"}}, "operator_share": "0.9", "cached_share": "0.5"}`, version, currency)
}

func apply(t *testing.T, b *credit.Book, f credit.Fact) {
	t.Helper()
	encoded, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if f, err = credit.DecodeFact(encoded); err != nil {
		t.Fatal(err)
	}
	if err := b.Apply(f); err != nil {
		t.Fatal(err)
	}
}

// Accounts are bounded; who has one goes on.
func TestAccountsAreBounded(t *testing.T) {
	b := credit.NewBook()
	op := access.Operator()
	open := func(i int) error {
		f, err := b.Suspend(now, op, contracts.TenantID(fmt.Sprint("t", i)), contracts.AccountSuspended{})
		if err == nil {
			err = b.Apply(f)
		}
		return err
	}
	for i := range 100_000 {
		if err := open(i); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := open(7); err != nil {
		t.Errorf("an account that there is: %v", err)
	}
	if err := open(100_000); contracts.CodeOf(err) != contracts.CodeResourceExhausted {
		t.Errorf("one more: %v", err)
	}
}

// TestFactsFoldToTheSameBook takes a book apart into facts and puts them together,
// grants that are forgotten included.
func TestFactsFoldToTheSameBook(t *testing.T) {
	b := credit.NewBook()
	op := access.Operator()
	for _, v := range []string{"1", "2"} {
		f, ok, err := b.SetPrices(now, op, doc(v, "USD"))
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		apply(t, b, f)
	}
	for i := range 10_050 {
		f, ok, err := b.Grant(now, op, contracts.TenantID(fmt.Sprint("t", i%3)), contracts.CreditGrant{GrantID: fmt.Sprint(i), Amount: "0.000007", Overdraft: i == 4})
		if err != nil || !ok {
			t.Fatal(i, ok, err)
		}
		apply(t, b, f)
	}
	f, err := b.Suspend(now, op, "t2", contracts.AccountSuspended{Suspended: true, Reason: "unpaid"})
	if err != nil {
		t.Fatal(err)
	}
	apply(t, b, f)
	b.Spend("t0", 5000)
	again := credit.NewBook()
	for _, f := range b.Facts() {
		apply(t, again, f)
	}
	for _, x := range []contracts.TenantID{"t0", "t1", "t2", "t3"} {
		if got, want := again.View(x, 9), b.View(x, 9); got != want {
			t.Errorf("%s: %+v, want %+v", x, got, want)
		}
	}
	if !reflect.DeepEqual(again.Facts(), b.Facts()) {
		t.Error("the facts of the facts differ")
	}
	if b.View("t1", 0).Overdraft != true || b.View("t2", 0).Reason != "unpaid" || b.View("t0", 0).Spent != "0.005000" {
		t.Errorf("%+v", b.View("t0", 0))
	}
}

func TestPricesMeanOneThing(t *testing.T) {
	b := credit.NewBook()
	op := access.Operator()
	f, _, err := b.SetPrices(now, op, doc("1", "USD"))
	if err != nil {
		t.Fatal(err)
	}
	apply(t, b, f)
	for name, d := range map[string][]byte{"another plan of the version": []byte(`{"version":"1","currency":"USD"}`), "another currency": doc("2", "EUR")} {
		if _, _, err := b.SetPrices(now, op, d); contracts.CodeOf(err) != contracts.CodeConflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, ok, err := b.SetPrices(now, op, doc("1", "USD")); ok || err != nil {
		t.Errorf("the same again: %t, %v", ok, err)
	}
	if _, err := b.PlanOf("3"); contracts.CodeOf(err) != contracts.CodeInternal {
		t.Errorf("a plan that never was: %v", err)
	}
	if err := b.Apply(credit.Fact{Prices: &credit.Prices{Version: "4", Plan: []byte("{")}}); err == nil {
		t.Error("prices that are none were folded")
	}
	if _, err := credit.DecodeFact([]byte{0xa0}); contracts.CodeOf(err) != contracts.CodeInternal {
		t.Errorf("a fact of nothing: %v", err)
	}
}

// TestQuotesAreBoundedByBudgets: a graph costs no more than its units, its budgets
// of fuel and tokens, and its max_cost_usd allow.
func TestQuotesAreBoundedByBudgets(t *testing.T) {
	p := billing.Plan{}
	b := credit.NewBook()
	f, _, err := b.SetPrices(now, access.Operator(), doc("1", "USD"))
	if err != nil {
		t.Fatal(err)
	}
	apply(t, b, f)
	p = *b.Plan()
	cpu := contracts.WorkUnit{ID: "c", Type: contracts.Deterministic, Constraints: &contracts.Constraints{Fuel: new(int64(500_000_000))}}
	llm := contracts.WorkUnit{ID: "m", Type: contracts.LLM, Model: &contracts.ModelCall{Tier: contracts.TierSmall, MaxTokens: 1000}}
	graph := contracts.TaskGraph{WorkUnits: []contracts.WorkUnit{cpu, cpu, llm}}
	for _, c := range []struct {
		change func(*contracts.Budgets)
		want   string
	}{
		// Two units of half a Gfuel on the dearest class cost 2 × 0.5 × 2 × 3, the call
		// 132072 tokens at the dearer price.
		{func(*contracts.Budgets) {}, "6.528289"},
		{func(b *contracts.Budgets) { b.MaxTokens = new(int64(10_000)) }, "6.040001"},
		{func(b *contracts.Budgets) { b.MaxFuel = new(int64(100_000_000)) }, "1.130291"},
		{func(b *contracts.Budgets) { b.MaxCostUSD = "0.25" }, "0.250000"},
		{func(b *contracts.Budgets) { b.MaxCostUSD = "25" }, "6.528289"},
	} {
		g := graph
		c.change(&g.Budgets)
		if q, err := credit.QuoteOf(&p, &g); err != nil || q.Most.String() != c.want {
			t.Errorf("%+v: %s (%v), want %s", g.Budgets, q.Most, err, c.want)
		}
	}
	llm.Model.Tier = contracts.TierLarge
	graph.WorkUnits = []contracts.WorkUnit{llm}
	if _, err := credit.QuoteOf(&p, &graph); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("a tier without a price: %v", err)
	}
}

func TestPursePaysOnce(t *testing.T) {
	plan := billing.DefaultPlan()
	p := credit.Purse{Plan: &plan, Limit: 100}
	p.Hold(1, 60)
	if p.Check(40) != credit.Fits || p.Check(41) != credit.NotYet {
		t.Error("60 of 100 are held")
	}
	p.Release(1)
	p.Pay(1, 30)
	p.Pay(1, 30) // it ran again
	if p.Spent() != 30 || p.Check(71) != credit.Never || p.Due() != 30 || p.Promised() != 100 {
		t.Errorf("spent %s, due %s", p.Spent(), p.Due())
	}
	p.Hold(2, 50)
	p.Sweep(func(int) bool { return false })
	if p.Check(70) != credit.Fits {
		t.Error("what is held for a unit that is not out was not given back")
	}
	p.Close()
	p.Pay(3, 5) // for a result that was superseded after the end
	if p.Due() != 0 || p.Promised() != 0 || p.Spent() != 30 || p.Check(1000) != credit.Fits {
		t.Errorf("after its end %s is due and %s spent", p.Due(), p.Spent())
	}
}
