package coordinator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/internal/p2p"
)

// connectWith joins the fabric as a worker that says of itself what hello does.
func (f *fabric) connectWith(hello p2p.Hello) *worker {
	f.t.Helper()
	id, err := p2p.NewIdentity()
	if err != nil {
		f.t.Fatal(err)
	}
	return f.connectAsWith(id, hello)
}

func (f *fabric) connectAsWith(id p2p.Identity, hello p2p.Hello) *worker {
	f.t.Helper()
	w := &worker{t: f.t, id: id, host: newHost(f.t, id), hello: hello}
	f.t.Cleanup(func() { w.host.Close() })
	w.join(f)
	return w
}

func tagged(u contracts.WorkUnit, tag string) contracts.WorkUnit {
	u.ExecutionHint = &contracts.ExecutionHint{NodeTags: []string{tag}}
	return u
}

// A unit that nobody can take holds up no other, and is taken as soon as somebody
// comes who can.
func TestUnitsGoWhereTheyAsk(t *testing.T) {
	f := startFabric(t)
	plain := f.connect()
	id := f.submit(graph(tagged(unit("gpu", `{"n":1}`), "gpu"), unit("any", `{"n":2}`)))
	plain.send(plain.seal(plain.echo(plain.take())))
	v, err := f.Explain(t.Context(), id, "gpu")
	if err != nil {
		t.Fatal(err)
	}
	if v.State != contracts.UnitReady || v.Eligible != 0 || v.Total != 1 || v.Candidates[0].Verdict != "missing_tag" {
		t.Errorf("explained as %+v", v)
	}
	w := f.connectWith(p2p.Hello{Tags: []string{"gpu"}})
	w.send(w.seal(w.echo(w.take())))
	r := f.end(id)
	if got := r.Telemetry.Tasks[0].Executors; !slices.Equal(got, []contracts.NodeID{contracts.NodeID(w.id.ID())}) {
		t.Errorf("gpu was run by %v", got)
	}
	if got := r.Telemetry.Tasks[1].Executors; !slices.Equal(got, []contracts.NodeID{contracts.NodeID(plain.id.ID())}) {
		t.Errorf("any was run by %v", got)
	}
}

func TestExplain(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`), unit("b", `{"n":2}`, "a")))
	reason := func(unit contracts.UnitID, want string) contracts.UnitPlacement {
		t.Helper()
		v, err := f.Explain(t.Context(), id, unit)
		if err != nil || !strings.HasPrefix(v.Reason, want) {
			t.Fatalf("unit %s: %+v, %v, want %q", unit, v, err, want)
		}
		return v
	}
	reason("a", "no connected worker can take it now")
	reason("b", "it waits for the units it depends on")
	u := w.take()
	if v := reason("a", "it is out under a lease"); v.Node != contracts.NodeID(w.id.ID()) || v.Candidates[0].Verdict != "no_free_credits" || v.Candidates[0].Held != 1 {
		t.Errorf("%+v", v)
	}
	for _, c := range []struct {
		id   contracts.SessionID
		unit contracts.UnitID
	}{{id, "x"}, {"01890a5d-ac96-774b-bcce-b302099a8057", "a"}} {
		if _, err := f.Explain(t.Context(), c.id, c.unit); contracts.CodeOf(err) != contracts.CodeNotFound {
			t.Errorf("%s of %s: %v", c.unit, c.id, err)
		}
	}
	go w.work()
	w.send(w.seal(w.echo(u)))
	f.end(id)
}

// Two tenants share a node by turns, however much one of them submitted first, and
// the urgent unit of a third goes before both.
func TestTenantsShare(t *testing.T) {
	f := startFabric(t)
	var ids []contracts.SessionID
	submit := func(tenant string, n int, p contracts.Priority) {
		units := make([]contracts.WorkUnit, n)
		for i := range units {
			units[i] = unit(fmt.Sprint(tenant, i), fmt.Sprintf(`{"%s":%d}`, tenant, i))
			units[i].Priority = p
		}
		g := graph(units...)
		g.TenantID = contracts.TenantID(tenant)
		ids = append(ids, f.submit(g))
	}
	submit("big", 20, contracts.P2)
	submit("small", 3, contracts.P2)
	submit("urgent", 1, contracts.P0)
	w := f.connect()
	var order []byte
	for range 24 {
		u := w.take()
		inv, _, err := contracts.DecodeInvocation(u.Invocation)
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, inv.Input.Inline[2])
		w.send(w.seal(w.echo(u)))
	}
	if got := string(order[:7]); got != "ubsbsbs" {
		t.Errorf("units went in the order %s", order)
	}
	for _, id := range ids {
		f.end(id)
	}
}

// Units for which a budget is reserved elsewhere wait and all go in the end.
func TestParkedUnitsGo(t *testing.T) {
	f := startFabric(t, func(*coordinator.Config) {})
	w := f.connect()
	units := make([]contracts.WorkUnit, 30)
	fuel := int64(1000)
	for i := range units {
		units[i] = unit(fmt.Sprint("u", i), fmt.Sprintf(`{"n":%d}`, i))
		units[i].Constraints = &contracts.Constraints{Fuel: &fuel}
	}
	g := graph(units...)
	budget := int64(3 * 1000)
	g.Budgets.MaxFuel = &budget // three at a time
	id := f.submit(g)
	go w.work()
	if r := f.end(id); r.Metadata.State != contracts.SessionCompleted {
		t.Errorf("session is %s: %v", r.Metadata.State, r.Metadata.Error)
	}
}
