package contracts_test

import (
	"slices"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// prose is CONTRACTS section 6 step by step: from, the states it leads to.
var prose = map[contracts.UnitState][]contracts.UnitState{
	contracts.UnitQueued:     {contracts.UnitReady, contracts.UnitSkipped, contracts.UnitFailed, contracts.UnitCancelled},
	contracts.UnitReady:      {contracts.UnitDispatched, contracts.UnitSuccess, contracts.UnitFailed, contracts.UnitTimeout, contracts.UnitCancelled},
	contracts.UnitDispatched: {contracts.UnitRunning, contracts.UnitSuccess, contracts.UnitFailed, contracts.UnitTimeout, contracts.UnitReady, contracts.UnitCancelled},
	contracts.UnitRunning:    {contracts.UnitSuccess, contracts.UnitFailed, contracts.UnitTimeout, contracts.UnitReady, contracts.UnitCancelled},
	contracts.UnitFailed:     {contracts.UnitReady},
	contracts.UnitTimeout:    {contracts.UnitReady},
}

var sessionProse = map[contracts.SessionState][]contracts.SessionState{
	contracts.SessionInitialized: {contracts.SessionRunning, contracts.SessionCancelled},
	contracts.SessionRunning:     {contracts.SessionCompleted, contracts.SessionFailed, contracts.SessionCancelled},
}

// states of both machines as declared.
func declared[S ~string](t *testing.T, typeName string) []S {
	t.Helper()
	var out []S
	for _, s := range constants(t, "state.go", typeName) {
		out = append(out, S(s))
	}
	return out
}

func TestUnitMachineIsClosed(t *testing.T) {
	states := declared[contracts.UnitState](t, "UnitState")
	checkMachine(t, states, contracts.UnitTransitions(), contracts.UnitState.Next)
	checkProse(t, states, contracts.UnitTransitions(), prose)
}

func TestSessionMachineIsClosed(t *testing.T) {
	states := declared[contracts.SessionState](t, "SessionState")
	checkMachine(t, states, contracts.SessionTransitions(), contracts.SessionState.Next)
	checkProse(t, states, contracts.SessionTransitions(), sessionProse)
}

// checkMachine tries every event in every state and expects exactly the listed
// steps, each by a valid event between declared states, and no way out of a
// final state but a retry.
func checkMachine[S interface {
	~string
	Final() bool
}](t *testing.T, states []S, steps []contracts.Transition[S], next func(S, contracts.EventType) (S, bool)) {
	t.Helper()
	listed := map[contracts.Transition[S]]bool{}
	for _, s := range steps {
		if listed[s] {
			t.Errorf("%v is listed twice", s)
		}
		listed[s] = true
		if !s.Event.Valid() || !slices.Contains(states, s.From) || !slices.Contains(states, s.To) {
			t.Errorf("%v names an event or state that does not exist", s)
		}
		if s.From.Final() && s.Event != contracts.EventUnitRetried {
			t.Errorf("%v leaves a final state without a retry", s)
		}
	}
	found := 0
	for _, from := range append(states, "no such state") {
		for _, event := range append(contracts.EventTypes(), "no.such.event") {
			to, ok := next(from, event)
			switch {
			case ok && !listed[contracts.Transition[S]{From: from, Event: event, To: to}]:
				t.Errorf("%s --%s--> %s is not listed", from, event, to)
			case ok:
				found++
			case to != from:
				t.Errorf("%s in state %s is refused but leads to %s", event, from, to)
			}
		}
	}
	if found != len(steps) {
		t.Errorf("%d steps are listed, %d are taken", len(steps), found)
	}
}

func checkProse[S ~string](t *testing.T, states []S, steps []contracts.Transition[S], want map[S][]S) {
	t.Helper()
	for _, from := range states {
		var got []S
		for _, s := range steps {
			if s.From == from && !slices.Contains(got, s.To) {
				got = append(got, s.To)
			}
		}
		slices.Sort(got)
		expected := slices.Sorted(slices.Values(want[from]))
		if !slices.Equal(got, expected) {
			t.Errorf("from %s the steps lead to %v, want %v", from, got, expected)
		}
	}
}

// TestEveryStateIsReached walks the unit machine from its first state.
func TestEveryStateIsReached(t *testing.T) {
	reached := map[contracts.UnitState]bool{contracts.UnitQueued: true}
	for range contracts.UnitTransitions() {
		for _, s := range contracts.UnitTransitions() {
			if reached[s.From] {
				reached[s.To] = true
			}
		}
	}
	for _, s := range declared[contracts.UnitState](t, "UnitState") {
		if !reached[s] {
			t.Errorf("no path leads to %s", s)
		}
	}
}

// TestTransitionsAreCopies keeps a caller from changing the machine.
func TestTransitionsAreCopies(t *testing.T) {
	contracts.UnitTransitions()[0].To = contracts.UnitSuccess
	contracts.SessionTransitions()[0].To = contracts.SessionFailed
	contracts.EventTypes()[0] = "x"
	if contracts.UnitTransitions()[0].To != contracts.UnitReady || contracts.SessionTransitions()[0].To != contracts.SessionRunning ||
		contracts.EventTypes()[0] != contracts.EventSessionStarted {
		t.Error("a caller changed the closed lists")
	}
}
