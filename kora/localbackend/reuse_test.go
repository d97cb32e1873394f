package localbackend_test

import (
	"context"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/kora/localbackend"
)

// cached tells which units of a result were not run.
func cached(r *contracts.ExecutionResult) []bool {
	all := make([]bool, len(r.Telemetry.Tasks))
	for i := range r.Telemetry.Tasks {
		all[i] = r.Telemetry.Tasks[i].Cached
	}
	return all
}

func wantCached(t *testing.T, r *contracts.ExecutionResult, want ...bool) {
	t.Helper()
	wantEnd(t, r, contracts.StopSuccess, "")
	for i, got := range cached(r) {
		if got != want[i] {
			t.Errorf("unit %s is reused: %t, want %t", r.Telemetry.Tasks[i].TaskID, got, want[i])
		}
	}
}

// echoing is a graph of a unit that gives back n.
func echoing(m *contracts.Link, n string) *contracts.TaskGraph {
	u := unit(m, "a", "echo")
	u.Input = contracts.JSON(n)
	return graph(u)
}

// A unit that was run before, for the same tenant and with the same input, ends with
// the result that it had then, and says so.
func TestEqualUnitsAreRunOnce(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Results: 8})
	m := reactor(t, b)
	first := execute(t, b, echoing(m, `{"n":1}`))
	wantCached(t, first, false)
	again := start(context.Background(), t, b, echoing(m, `{"n":1}`))
	second := again.end()
	wantCached(t, second, true)
	x, y := first.Telemetry.Tasks[0], second.Telemetry.Tasks[0]
	if x.UnitCID != y.UnitCID || x.ResultCID != y.ResultCID || !x.Output.CID.Equals(y.Output.CID.Cid) || x.FuelUsed != y.FuelUsed || string(first.FinalOutput) != string(second.FinalOutput) {
		t.Errorf("ran with %+v, reused with %+v", x, y)
	}
	if len(y.Executors) != 1 || y.RetryCount != 0 || second.Telemetry.FuelUsed != 0 || second.Telemetry.DeterministicTaskCount != 1 {
		t.Errorf("telemetry of what was reused: %+v", second.Telemetry)
	}
	if again.count(contracts.EventUnitCached) != 1 || again.count(contracts.EventUnitScheduled)+again.count(contracts.EventUnitStarted)+again.count(contracts.EventUnitCompleted) != 0 {
		t.Errorf("told are %+v", again.events)
	}
	for _, e := range again.events {
		if err := e.Validate(); err != nil {
			t.Error(err)
		}
	}
	wantCached(t, execute(t, b, echoing(m, `{"n":2}`)), false)
	if h, err := b.Health(t.Context()); err != nil || h.Capacity.Queued != 0 {
		t.Errorf("%+v, %v: nothing waits any more", h, err)
	}
}

// Equal units of one graph count as well, and what is reused feeds what is not.
func TestReuseWithinAGraph(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Results: 8})
	m := reactor(t, b)
	twin := unit(m, "twin", "echo")
	twin.Dependencies = []contracts.UnitID{"a"}
	after := unit(m, "after", "echo")
	after.Dependencies, after.Bind = []contracts.UnitID{"twin"}, []contracts.Bind{{From: "twin", To: "/before"}}
	r := execute(t, b, graph(unit(m, "a", "echo"), twin, after))
	wantCached(t, r, false, true, false)
	if string(r.FinalOutput) != `{"before":{}}` {
		t.Errorf("answer is %s", r.FinalOutput)
	}
}

func TestWhoMayReuse(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Results: 64})
	m := reactor(t, b)
	of := func(tenant contracts.TenantID, privacy contracts.Privacy) *contracts.TaskGraph {
		g := echoing(m, `{"secret":1}`)
		g.TenantID, g.Policies = tenant, &contracts.Policies{PrivacyDefault: privacy}
		return g
	}
	for _, privacy := range []contracts.Privacy{contracts.AllowRemote, contracts.LocalOnly} {
		wantCached(t, execute(t, b, of("lab", privacy)), false)
		wantCached(t, execute(t, b, of("shop", privacy)), false) // that the lab has run it is none of the shop's business
		wantCached(t, execute(t, b, of("lab", privacy)), true)
	}
}

// What wants to be run is run, failures too, and what has no place any more.
func TestWhatIsNotReused(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Results: 2})
	m := reactor(t, b)
	once := echoing(m, `{"n":1}`)
	once.WorkUnits[0].Idempotent = new(bool)
	for range 2 {
		wantCached(t, execute(t, b, once), false)
		once.GraphID, once.RequestID = graph(once.WorkUnits[0]).GraphID, graph(once.WorkUnits[0]).RequestID
	}
	for range 2 {
		if r := execute(t, b, graph(unit(m, "a", "trap"))); r.Telemetry.Tasks[0].Cached || r.Metadata.StopReason != contracts.StopExecutionFailed {
			t.Errorf("failed unit: %+v", r.Telemetry.Tasks[0])
		}
	}
	for _, n := range []string{`{"n":2}`, `{"n":3}`, `{"n":4}`} {
		wantCached(t, execute(t, b, echoing(m, n)), false)
	}
	wantCached(t, execute(t, b, echoing(m, `{"n":4}`)), true)
	wantCached(t, execute(t, b, echoing(m, `{"n":3}`)), true)
	wantCached(t, execute(t, b, echoing(m, `{"n":2}`)), false) // beyond the bound
	none := newBackend(t, sandbox.Config{}, localbackend.Options{})
	m = reactor(t, none)
	for range 2 {
		wantCached(t, execute(t, none, echoing(m, `{"n":1}`)), false)
	}
}

// A unit's own schema and conditions are about what it ends with, run or not.
func TestReusedOutputsAreJudgedAnew(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Results: 8})
	m := reactor(t, b)
	wantCached(t, execute(t, b, echoing(m, `{"n":1}`)), false)
	strict := echoing(m, `{"n":1}`)
	strict.WorkUnits[0].OutputSchema = contracts.JSON(`{"required":["other"]}`)
	r := execute(t, b, strict)
	if u := r.Telemetry.Tasks[0]; u.Cached || u.ValidationStatus != contracts.ValidationFailed {
		t.Errorf("unit whose schema does not fit: %+v", u)
	}
	fits := echoing(m, `{"n":1}`)
	fits.WorkUnits[0].OutputSchema = contracts.JSON(`{"required":["n"]}`)
	fits.WorkUnits = append(fits.WorkUnits, unit(m, "b", "echo"))
	fits.WorkUnits[1].Dependencies = []contracts.UnitID{"a"}
	fits.WorkUnits[1].When = []contracts.Condition{{Dependency: "a", Condition: contracts.OnEquals, Select: "/n", Value: contracts.JSON("1")}}
	fits.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: "b"}}
	s := start(context.Background(), t, b, fits)
	r = s.end()
	wantCached(t, r, true, false)
	if r.Telemetry.Tasks[0].ValidationStatus != contracts.ValidationPassed || s.count(contracts.EventUnitValidated) != 1 {
		t.Errorf("reused unit with a schema: %+v", r.Telemetry.Tasks[0])
	}
}

// Reuse takes nothing of a budget, and a budget is not wider for it.
func TestReuseAndBudgets(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Results: 8})
	m := reactor(t, b)
	wantCached(t, execute(t, b, echoing(m, `{"n":1}`)), false)
	g := echoing(m, `{"n":1}`)
	next, last := unit(m, "b", "echo"), unit(m, "c", "echo")
	next.Input, next.Dependencies = contracts.JSON(`{"n":2}`), []contracts.UnitID{"a"}
	last.Input, last.Dependencies = contracts.JSON(`{"n":3}`), []contracts.UnitID{"b"}
	g.WorkUnits = append(g.WorkUnits, next, last)
	one := int64(1)
	g.Budgets.MaxCPUUnits = &one
	g.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: "c"}}
	r := execute(t, b, g)
	wantEnd(t, r, contracts.StopBudgetExhausted, contracts.CodeBudgetExceeded)
	if u := r.Telemetry.Tasks; !u[0].Cached || u[1].Cached || u[1].Status != contracts.UnitSuccess || u[2].Status != contracts.UnitCancelled {
		t.Errorf("units are %+v", u)
	}
	if r.Telemetry.FuelUsed != r.Telemetry.Tasks[1].FuelUsed {
		t.Errorf("%d fuel used, the one unit that ran took %d", r.Telemetry.FuelUsed, r.Telemetry.Tasks[1].FuelUsed)
	}
}

// forgetful is a store from which blocks go.
type forgetful struct {
	blob.Store
	gone map[cid.Cid]bool
}

func (f *forgetful) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	if f.gone[c] {
		return nil, blob.NotFound(c)
	}
	return f.Store.Get(ctx, c)
}

func (f *forgetful) Has(ctx context.Context, c cid.Cid) (bool, error) {
	if f.gone[c] {
		return false, nil
	}
	return f.Store.Has(ctx, c)
}

func TestAnOutputThatIsGoneIsMadeAgain(t *testing.T) {
	f := &forgetful{Store: blob.NewMemory(blob.MemoryOptions{MaxBytes: 1 << 26}), gone: map[cid.Cid]bool{}}
	b := overBlocks(t, sandbox.Config{}, f, localbackend.Options{Results: 8})
	m := reactor(t, b)
	r := execute(t, b, echoing(m, `{"n":1}`))
	f.gone[r.Telemetry.Tasks[0].Output.CID.Cid] = true
	g := echoing(m, `{"n":1}`)
	g.Outputs.Final[0].Select = ""
	s := start(context.Background(), t, b, g)
	<-s.done
	if s.err == nil && s.result.Telemetry.Tasks[0].Cached {
		t.Error("a result is reused whose output is gone")
	}
}
