package dag_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"pgregory.net/rapid"
)

var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newNarrator() *dag.Narrator {
	return &dag.Narrator{
		Source: "/krako/test/1", Tenant: "lab", Graph: "01890a5d-ac96-774b-bcce-b302099a8057",
		Session: "01890a5d-ac96-774b-bcce-b302099a8059", TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}
}

// tell executes a plan whose every unit ends as failing says, in the order of
// readiness, and returns its events.
func tell(t *rapid.T, p *dag.Plan, failing func(i int) bool) []contracts.Event {
	n := newNarrator()
	run, changes := dag.Start(p)
	at := began
	events := n.Changes(at, p, changes)
	for !run.Over() {
		i := 0
		for run.State(i) != contracts.UnitReady {
			i++
		}
		at = at.Add(time.Millisecond)
		unit := p.Unit(i)
		run.Dispatched(i)
		events = append(events, n.Event(at, contracts.EventUnitScheduled, unit.ID, 1, contracts.UnitScheduled{Target: "n", Privacy: p.Privacy(i), Reason: "placed"}))
		e := dag.Ending{State: contracts.UnitSuccess, Reason: contracts.StopSuccess}
		if failing(i) {
			e = dag.Ending{State: contracts.UnitFailed, Reason: contracts.StopExecutionFailed, Code: contracts.CodeTrap}
		}
		changes, ok := run.End(i, e)
		if !ok {
			t.Fatalf("unit %d cannot end", i)
		}
		events = append(events, n.Ended(at.Add(time.Millisecond), at, unit, 1, e.State, contracts.UnitEnded{StopReason: e.Reason})...)
		events = append(events, n.Changes(at.Add(time.Millisecond), p, changes)...)
	}
	o := run.Outcome()
	events = append(events, n.Over(at, o.State, contracts.SessionEnded{StopReason: o.Reason}))
	if n.Told != uint64(len(events)) {
		t.Fatalf("%d events were told, %d were made", n.Told, len(events))
	}
	return events
}

// TestEventsAreValidAndFollowTheMachine reads a told run back through the state
// machine of CONTRACTS section 6.
func TestEventsAreValidAndFollowTheMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := compile(t, drawGraph(t))
		fails := rapid.SliceOfN(rapid.Bool(), p.Len(), p.Len()).Draw(t, "fails")
		events := tell(t, p, func(i int) bool { return fails[i] })
		state := map[string]contracts.UnitState{}
		ids := map[string]bool{}
		for _, e := range events {
			if err := e.Validate(); err != nil {
				t.Fatal(err)
			}
			if ids[e.ID] {
				t.Fatalf("two events have the id %s", e.ID)
			}
			ids[e.ID] = true
			if e.Subject == "" || e.Type == contracts.EventUnitValidated {
				continue
			}
			from, ok := state[e.Subject]
			if !ok {
				from = contracts.UnitQueued
			}
			to, ok := from.Next(e.Type)
			if !ok {
				t.Fatalf("%s of unit %s in state %s", e.Type, e.Subject, from)
			}
			state[e.Subject] = to
		}
		for id, s := range state {
			if !s.Final() {
				t.Fatalf("the last event of unit %s leaves it %s", id, s)
			}
		}
		again := tell(t, p, func(i int) bool { return fails[i] })
		if !slices.EqualFunc(events, again, func(a, b contracts.Event) bool { return a.ID == b.ID && a.Type == b.Type }) {
			t.Fatal("telling the same run again gives other events")
		}
	})
}

func TestEventIDsAreUUIDv7OfTheirTime(t *testing.T) {
	n := newNarrator()
	at := began.Add(123 * time.Millisecond)
	id, err := uuid.Parse(n.Event(at, contracts.EventUnitReady, "a", 0, nil).ID)
	if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 {
		t.Fatalf("id is %s of version %d (%v)", id, id.Version(), err)
	}
	sec, nsec := id.Time().UnixTime()
	if got := time.Unix(sec, nsec); got.Sub(at).Abs() >= time.Millisecond {
		t.Errorf("the id's time is %s, the event's %s", got.UTC(), at)
	}
}

// TestEndOfAUnitWithASchema checks the order that every backend shares.
func TestEndOfAUnitWithASchema(t *testing.T) {
	unit := &contracts.WorkUnit{ID: "a", OutputSchema: contracts.JSON(`{}`)}
	var types []contracts.EventType
	for _, e := range newNarrator().Ended(began, began, unit, 2, contracts.UnitSuccess, contracts.UnitEnded{StopReason: contracts.StopSuccess, Fuel: 7}) {
		types = append(types, e.Type)
		if e.Attempt != 2 || e.Subject != "a" || e.TraceParent == "" {
			t.Errorf("event is %+v", e)
		}
		if e.Type != contracts.EventUnitCompleted {
			continue
		}
		var data contracts.UnitEnded
		if err := json.Unmarshal(e.Data, &data); err != nil || data.Fuel != 7 || e.DataSchema != contracts.DataSchemaOf(e.Type) || e.DataContentType != "application/json" {
			t.Errorf("data is %s of %s (%v)", e.Data, e.DataSchema, err)
		}
	}
	want := []contracts.EventType{contracts.EventUnitStarted, contracts.EventUnitValidated, contracts.EventUnitCompleted}
	if !slices.Equal(types, want) {
		t.Errorf("events are %v, want %v", types, want)
	}
}

// TestMutedNarratorCounts keeps the ids of what is told later the same.
func TestMutedNarratorCounts(t *testing.T) {
	loud, muted := newNarrator(), newNarrator()
	loud.Event(began, contracts.EventUnitReady, "a", 0, nil)
	muted.Mute = true
	muted.Event(began, contracts.EventUnitReady, "a", 0, nil)
	muted.Mute = false
	if a, b := loud.Event(began, contracts.EventUnitReady, "b", 0, nil), muted.Event(began, contracts.EventUnitReady, "b", 0, nil); a.ID != b.ID {
		t.Errorf("ids are %s and %s", a.ID, b.ID)
	}
}
