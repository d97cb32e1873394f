package coordinator_test

import (
	"slices"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/internal/p2p"
)

// executed tells which of a session's units were run and which were known.
func executed(r *contracts.ExecutionResult) (cached []bool) {
	for _, t := range r.Telemetry.Tasks {
		cached = append(cached, t.Cached)
	}
	return cached
}

// An equal unit of a later graph is not run again: it ends with what is known, is
// credited to who computed it, proves as much as before, and still does after a
// restart.
func TestEqualUnitsAreNotRunTwice(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	first := f.submit(graph(unit("a", `{"n":1}`)))
	w.send(w.seal(w.echo(w.take())))
	was := f.end(first).Telemetry.Tasks[0]
	again := func() {
		t.Helper()
		id := f.submit(graph(unit("x", `{"n":1}`)))
		r := f.end(id) // there is no credit: nobody could run it
		got := r.Telemetry.Tasks[0]
		if !got.Cached || got.UnitCID != was.UnitCID || got.ResultCID != was.ResultCID || !slices.Equal(got.Executors, was.Executors) || string(r.FinalOutput) != `{"n":1}` {
			t.Errorf("%+v with %s, was %+v", got, r.FinalOutput, was)
		}
		if r.Telemetry.FuelUsed != 0 {
			t.Errorf("%d fuel was used", r.Telemetry.FuelUsed)
		}
		var types []contracts.EventType
		if err := f.Events(t.Context(), id, "", func(e contracts.Event) error { types = append(types, e.Type); return nil }); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(types, contracts.EventUnitCached) || slices.Contains(types, contracts.EventUnitScheduled) {
			t.Errorf("told %v", types)
		}
		receipt, err := f.Receipt(t.Context(), id, "x")
		if err != nil {
			t.Fatal(err)
		}
		if v, err := receipt.Verify(); err != nil || v.ResultCID != was.ResultCID {
			t.Errorf("receipt proves %+v, %v", v, err)
		}
	}
	again()
	w.leave()
	f.stop()
	f.open()
	again()
}

// Equal units that are ready together wait for the first of them. When its node
// loses it, the next one goes.
func TestEqualUnitsWaitForOne(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`), unit("b", `{"n":1}`), unit("c", `{"n":1}`)))
	lost := w.take()
	w.send(&p2p.Fault{Lease: lost.Lease, Code: contracts.CodeInternal, Message: "out of memory"})
	u := w.take() // of another unit: a backs off
	if u.Lease == lost.Lease {
		t.Fatal("the same lease came twice")
	}
	w.send(w.seal(w.echo(u)))
	r := f.end(id)
	n := 0
	for _, cached := range executed(r) {
		if cached {
			n++
		}
	}
	if n != 2 || r.Metadata.State != contracts.SessionCompleted {
		t.Errorf("%v were known, the session is %s", executed(r), r.Metadata.State)
	}
}

// Who may use whose results. What is not reused is run, by the worker.
func TestWhoseResultsAreReused(t *testing.T) {
	own := func(c *coordinator.Config) { c.ShareResults = []contracts.TenantID{"b"} }
	all := func(c *coordinator.Config) { c.ShareResults = []contracts.TenantID{"*"} }
	off := func(c *coordinator.Config) { c.CacheEntries = 0 }
	same, once, local := unit("a", `{"n":1}`), unit("a", `{"n":1}`), unit("a", `{"n":1}`)
	once.Idempotent = new(bool)
	local.Constraints = &contracts.Constraints{Privacy: contracts.LocalOnly}
	for _, c := range []struct {
		name    string
		tune    tuning
		trusted bool
		unit    contracts.WorkUnit
		other   contracts.TenantID
		want    bool
	}{
		{"the same tenant", nil, false, same, "lab", true},
		{"another tenant", nil, true, same, "b", false},
		{"another tenant, where both allow it", all, true, same, "b", true},
		{"another tenant, where one allows it", own, true, same, "b", false},
		{"another tenant, of any node", all, false, same, "b", false},
		{"INV2 another tenant, local_only", all, true, local, "b", false},
		{"the same tenant, local_only", all, true, local, "lab", true},
		{"a unit that wants to be run", nil, false, once, "lab", false},
		{"without a cache", off, false, same, "lab", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, err := p2p.NewIdentity()
			if err != nil {
				t.Fatal(err)
			}
			f := startFabric(t, func(cfg *coordinator.Config) {
				if c.trusted {
					cfg.Trusted = []contracts.NodeID{contracts.NodeID(id.ID())}
				}
				if c.tune != nil {
					c.tune(cfg)
				}
			})
			w := f.connectAs(id)
			go w.work()
			f.end(f.submit(graph(c.unit)))
			g := graph(c.unit)
			g.TenantID = c.other
			if got := executed(f.end(f.submit(g)))[0]; got != c.want {
				t.Errorf("reused %t, want %t", got, c.want)
			}
		})
	}
}
