package coordinator_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/internal/p2p"
)

func graphOf(n int, name string, p contracts.Priority) *contracts.TaskGraph {
	units := make([]contracts.WorkUnit, n)
	for i := range units {
		units[i] = unit(fmt.Sprint("u", i), fmt.Sprintf(`{%q:%d}`, name, i))
		units[i].Priority = p
	}
	return graph(units...)
}

// As units pile up, graphs that can wait are refused first and told when to ask
// again, what does not fit now is refused whatever it is, and what never fits is not
// valid here.
func TestAdmissionByPriority(t *testing.T) {
	f := startFabric(t, func(c *coordinator.Config) { c.MaxUnits = 20 })
	refused := func(n int, p contracts.Priority, want bool) {
		t.Helper()
		_, err := f.Submit(t.Context(), graphOf(n, "x", p), contracts.SubmissionMetadata{})
		later, ok := errors.AsType[*access.Later](err)
		if ok != want || want && (contracts.CodeOf(err) != contracts.CodeResourceExhausted || later.After <= 0) || !want && err != nil {
			t.Fatalf("%d units of %s: %v, want refused %t", n, p, err, want)
		}
	}
	if _, err := f.Submit(t.Context(), graphOf(21, "x", contracts.P0), contracts.SubmissionMetadata{}); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("a graph that never fits: %v", err)
	}
	if c, err := f.Capabilities(t.Context()); err != nil || c.Limits.MaxUnits != 20 {
		t.Errorf("said to take %d units (%v)", c.Limits.MaxUnits, err)
	}
	refused(13, contracts.P3, false)
	refused(1, contracts.P3, false) // 14 of 20: throttled
	refused(1, contracts.P3, true)
	refused(4, contracts.P2, false) // 18 of 20: critical
	refused(1, contracts.P1, true)
	refused(1, contracts.P0, false)
	refused(2, contracts.P0, true)
}

// opens has a worker fail all that it is given, one after the other and on behind the
// test, and returns when its circuit is open, which is after five: more come only
// behind pauses, to try it, if that is looked at so late.
func (f *fabric) opens(bad *worker, code contracts.Code, id contracts.SessionID, unit contracts.UnitID) {
	f.t.Helper()
	began := time.Now()
	var faults atomic.Int64
	go func() {
		for bad.stream.Send(f.t.Context(), &p2p.Credit{N: 1}) == nil {
			var a *p2p.Assign
			for ok := false; !ok; {
				m, err := bad.stream.Recv()
				if err != nil {
					return
				}
				a, ok = m.(*p2p.Assign)
			}
			faults.Add(1)
			if bad.stream.Send(f.t.Context(), &p2p.Fault{Lease: a.Units[0].Lease, Code: code, Message: "broken"}) != nil {
				return
			}
		}
	}()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	for {
		v, err := f.Explain(ctx, id, unit)
		if err != nil {
			f.t.Fatal(err)
		}
		if len(v.Candidates) > 0 && v.Candidates[0].Verdict == "circuit_open" {
			break
		}
	}
	const pause = 5 * time.Second // the first, and the shortest
	if n, most := faults.Load(), 5+int64(time.Since(began)/pause); n < 5 || n > most {
		f.t.Errorf("the circuit is open after %d units, want 5 and no more than %d", n, most)
	}
}

// A node that fails everything gets nothing more, while others go on.
func TestCircuitOpens(t *testing.T) {
	f := startFabric(t)
	bad := f.connect()
	id := f.submit(graphOf(6, "n", contracts.P2))
	f.opens(bad, contracts.CodeInternal, id, "u5")
	good := f.connect()
	go good.work()
	if r := f.end(id); r.Metadata.State != contracts.SessionCompleted {
		t.Errorf("session is %s: %v", r.Metadata.State, r.Metadata.Error)
	}
}

// A pod that fails every call gets nothing more either.
func TestCircuitOfAPodOpens(t *testing.T) {
	f := startFabric(t, withPods)
	g := graphOf(6, "n", contracts.P2)
	for i := range g.WorkUnits {
		g.WorkUnits[i] = contracts.WorkUnit{ID: g.WorkUnits[i].ID, Type: contracts.LLM, Retries: &contracts.Retries{MaxAttempts: 5, BackoffMS: 1}, Model: &contracts.ModelCall{
			Operation: contracts.Generate, Tier: contracts.TierSmall, Prompt: fmt.Sprint("hello ", i), FreeText: true,
		}}
	}
	bad := f.pod(replayClass, 1)
	id := f.submit(g)
	f.opens(bad, contracts.CodeModelUnavailable, id, "u5")
	good := f.pod(replayClass, 6)
	for range 6 {
		u := good.take()
		good.send(good.seal(good.says(u, replayClass, "yes")))
	}
	if r := f.end(id); r.Metadata.State != contracts.SessionCompleted {
		t.Errorf("session is %s: %v", r.Metadata.State, r.Metadata.Error)
	}
}

// Where everything fails, a tenant's retries are used up before every unit has had
// all its attempts.
func TestRetriesAreUsedUp(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	const units = 110
	g := graphOf(units, "n", contracts.P2)
	g.Policies = &contracts.Policies{FailurePolicy: contracts.ContinueOnError}
	for i := range g.WorkUnits {
		g.WorkUnits[i].Retries = &contracts.Retries{MaxAttempts: 2, BackoffMS: 1}
	}
	id := f.submit(g)
	go func() {
		w.send(&p2p.Credit{N: 1000})
		for {
			m, err := w.stream.Recv()
			if err != nil {
				return
			}
			if a, ok := m.(*p2p.Assign); ok {
				for _, u := range a.Units { // says nothing about the node
					w.send(&p2p.Fault{Lease: u.Lease, Code: contracts.CodeTimeout, Message: "too slow"})
				}
			}
		}
	}()
	f.end(id)
	n := map[contracts.EventType]int{}
	if err := f.Events(t.Context(), id, "", func(e contracts.Event) error { n[e.Type]++; return nil }); err != nil {
		t.Fatal(err)
	}
	if n[contracts.EventUnitRetried] != 100 || n[contracts.EventUnitRetryDropped] != units-100 {
		t.Errorf("%d retries, %d dropped, want 100 and %d", n[contracts.EventUnitRetried], n[contracts.EventUnitRetryDropped], units-100)
	}
}
