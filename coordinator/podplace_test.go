package coordinator_test

import (
	"slices"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
)

// within bounds how long a unit waits for a place.
func within(u contracts.WorkUnit, ms int64) contracts.WorkUnit {
	u.Timeouts = &contracts.Timeouts{DispatchMS: &ms}
	return u
}

// idle joins as a pod that has asked for more than a test has to give, and says that
// it runs whatever there is.
func (f *fabric) idle() *worker {
	hello := podHello(replayClass, 16)
	hello.Profiles = append(hello.Profiles, profile)
	w := f.connectWith(hello)
	w.send(&p2p.Credit{N: 16})
	return w
}

// asked is a graph of one call that may go to any pod.
func asked(prompt string) *contracts.TaskGraph {
	g := calls()
	g.WorkUnits[0].Model.Prompt = prompt
	return g
}

// isGivenFirst hands a call in that anybody may answer and has the worker answer it.
// It must be the next thing that the worker is given: whatever was placed before it
// would have come before it.
func (w *worker) isGivenFirst(f *fabric, prompt string) {
	w.t.Helper()
	id := f.submit(asked(prompt))
	for {
		a, ok := w.recv().(*p2p.Assign)
		if !ok {
			continue
		}
		inv, _, err := contracts.DecodeModelInvocation(a.Units[0].Invocation)
		if err != nil || len(a.Units) != 1 || inv.Prompt != prompt {
			w.t.Fatalf("the pod is given %d units, first %+v (%v)", len(a.Units), inv, err)
		}
		w.send(w.seal(w.says(a.Units[0], replayClass, "yes")))
		f.end(id)
		return
	}
}

// unplaced waits for a session whose first unit nobody must have been given.
func (f *fabric) unplaced(id contracts.SessionID, want contracts.Code) {
	f.t.Helper()
	task := f.end(id).Telemetry.Tasks[0]
	if task.Error == nil || task.Error.Code != want || len(task.Executors) != 0 {
		f.t.Errorf("%s was given to %v and ended with %v, want %s", task.TaskID, task.Executors, task.Error, want)
	}
}

// TestINV1CPUUnitsStayOffPods: a pod is given none, where nobody else is there and it
// is idle, and no copy of one either.
func TestINV1CPUUnitsStayOffPods(t *testing.T) {
	t.Run("alone", func(t *testing.T) {
		f := startFabric(t, withPods)
		pod := f.idle()
		for _, kind := range []contracts.UnitType{contracts.Deterministic, contracts.Retrieval, contracts.SmallModel} {
			u := within(unit("cpu", `{"n":1}`), 300)
			u.Type = kind
			f.unplaced(f.submit(graph(u)), contracts.CodeRegionUnavailable)
		}
		pod.isGivenFirst(f, "hello")
		// It was the pod that did not suit: a node has it at once.
		id := f.submit(graph(unit("cpu", `{"n":1}`)))
		node := f.connect()
		go node.work()
		if got := f.end(id).Telemetry.Tasks[0].Executors; !slices.Equal(got, []contracts.NodeID{node.node()}) {
			t.Errorf("the unit was run by %v", got)
		}
	})
	t.Run("a copy", func(t *testing.T) {
		f := startFabric(t, withPods, shortLease)
		pod := f.idle()
		go f.connect().work()
		r := f.end(f.submit(graph(moded(unit("cpu", `{"n":1}`), contracts.VerifyQuorum))))
		if e := r.Metadata.Error; e == nil || e.Code != contracts.CodeNoQuorum {
			t.Errorf("without a second node the session ended %s: %v", r.Metadata.StopReason, e)
		}
		pod.isGivenFirst(f, "hello")
	})
}

// TestINV2LocalOnlyCallsStayInTheTrustedZone: a call that must not leave the zone is
// never given to a pod outside it. It waits for one of the zone, also when that is
// lost in the middle of the answer, or ends with MODEL_UNAVAILABLE.
func TestINV2LocalOnlyCallsStayInTheTrustedZone(t *testing.T) {
	private := func(c *contracts.WorkUnit) {
		c.Constraints = &contracts.Constraints{Privacy: contracts.LocalOnly}
	}
	for name, keep := range map[string]func(*contracts.TaskGraph){
		"itself":    func(g *contracts.TaskGraph) { private(&g.WorkUnits[0]) },
		"its graph": func(g *contracts.TaskGraph) { g.Policies = &contracts.Policies{PrivacyDefault: contracts.LocalOnly} },
		"asks for the zone": func(g *contracts.TaskGraph) {
			g.WorkUnits[0].Constraints = &contracts.Constraints{TrustedNodeRequired: true}
		},
	} {
		t.Run("fails, "+name, func(t *testing.T) {
			_, inZone := zone(t)
			f := startFabric(t, withPods, inZone)
			outside := f.idle()
			g := calls()
			g.WorkUnits[0] = within(g.WorkUnits[0], 300)
			keep(g)
			f.unplaced(f.submit(g), contracts.CodeModelUnavailable)
			outside.isGivenFirst(f, "of no secret")
		})
	}
	t.Run("waits", func(t *testing.T) {
		id, inZone := zone(t)
		f := startFabric(t, withPods, inZone)
		outside := f.idle()
		// The second call reads what the first has answered, and is as private.
		g := graph(unit("a", `{}`), unit("b", `{}`))
		llm(g)
		private(&g.WorkUnits[0])
		g.WorkUnits[1] = contracts.WorkUnit{
			ID: "b", Type: contracts.LLM, Dependencies: []contracts.UnitID{"a"}, Bind: []contracts.Bind{{From: "a", To: "/a"}}, Model: g.WorkUnits[0].Model,
		}
		s := f.submit(g)
		outside.isGivenFirst(f, "before there is a pod of the zone")
		inside := f.connectAsWith(id, podHello(replayClass, 1))
		u := inside.take()
		inside.send(&p2p.Tokens{Lease: u.Lease, Text: "half", Tokens: []int{7}})
		f.heard(s, "half")
		inside.host.Close()
		inside = f.connectAsWith(id, podHello(replayClass, 1)) // and has nothing in hand
		f.readyAgain(s, "a")
		f.parts(inside)
		outside.isGivenFirst(f, "after it is lost")
		inside = f.connectAsWith(id, podHello(replayClass, 1))
		u = inside.take()
		if u.Resume == nil || u.Resume.Text != "half" {
			t.Errorf("the zone's pod goes on from %+v", u.Resume)
		}
		inside.send(inside.seal(inside.says(u, replayClass, "half of it")))
		f.waitReady(s, "b")
		outside.isGivenFirst(f, "while the second waits")
		inside.send(inside.seal(inside.says(inside.take(), replayClass, "all")))
		for _, task := range f.end(s).Telemetry.Tasks {
			if slices.Contains(task.Executors, outside.node()) || task.Status != contracts.UnitSuccess {
				t.Errorf("%s is %s, given to %v", task.TaskID, task.Status, task.Executors)
			}
		}
	})
}

// heard returns when a listener of a session would hear a text.
func (f *fabric) heard(id contracts.SessionID, text string) {
	f.t.Helper()
	limit := time.After(patience)
	for {
		pieces, stop := f.Listen(f.t.Context(), id)
		select {
		case p := <-pieces:
			stop()
			if p.Text == text {
				return
			}
		case <-limit:
			stop()
			f.t.Fatalf("nobody says %q", text)
		}
	}
}

// readyAgain returns when a unit that was out waits for a place again.
func (f *fabric) readyAgain(id contracts.SessionID, unit contracts.UnitID) {
	f.t.Helper()
	for began := time.Now(); ; {
		v, err := f.Explain(f.t.Context(), id, unit)
		if err != nil {
			f.t.Fatal(err)
		}
		if v.State == contracts.UnitReady {
			return
		}
		if time.Since(began) > patience {
			f.t.Fatalf("%s is %s: %s", unit, v.State, v.Reason)
		}
	}
}
