package contracts

import "slices"

// SessionState is the state of one ExecutionSession (CONTRACTS section 6).
type SessionState string

// The session states; the last three are final.
const (
	SessionInitialized SessionState = "initialized"
	SessionRunning     SessionState = "running"
	SessionCompleted   SessionState = "completed"
	SessionFailed      SessionState = "failed"
	SessionCancelled   SessionState = "cancelled"
)

// Final reports whether the session has ended.
func (s SessionState) Final() bool {
	return s == SessionCompleted || s == SessionFailed || s == SessionCancelled
}

// UnitState is the state of one WorkUnitExecution.
type UnitState string

// The unit states.
const (
	UnitQueued     UnitState = "queued"
	UnitReady      UnitState = "ready"
	UnitDispatched UnitState = "dispatched"
	UnitRunning    UnitState = "running"
	UnitSuccess    UnitState = "success"
	UnitFailed     UnitState = "failed"
	UnitTimeout    UnitState = "timeout"
	UnitCancelled  UnitState = "cancelled"
	UnitSkipped    UnitState = "skipped"
)

// Final reports whether the unit can only leave this state by a retry.
func (s UnitState) Final() bool {
	switch s {
	case UnitSuccess, UnitFailed, UnitTimeout, UnitCancelled, UnitSkipped:
		return true
	}
	return false
}

// Transition is one allowed step of a state machine and the event that makes it.
type Transition[S ~string] struct {
	From  S
	Event EventType
	To    S
}

// SessionTransitions returns every allowed step of a session.
func SessionTransitions() []Transition[SessionState] { return slices.Clone(sessionSteps) }

// UnitTransitions returns every allowed step of a unit's execution.
func UnitTransitions() []Transition[UnitState] { return slices.Clone(unitSteps) }

var sessionSteps = []Transition[SessionState]{
	{SessionInitialized, EventSessionStarted, SessionRunning},
	{SessionInitialized, EventSessionCancelled, SessionCancelled},
	{SessionRunning, EventSessionCompleted, SessionCompleted},
	{SessionRunning, EventSessionFailed, SessionFailed},
	{SessionRunning, EventSessionCancelled, SessionCancelled},
}

var unitSteps = []Transition[UnitState]{
	{UnitQueued, EventUnitReady, UnitReady},
	{UnitQueued, EventUnitSkipped, UnitSkipped},
	{UnitQueued, EventUnitFailed, UnitFailed},
	{UnitQueued, EventUnitCancelled, UnitCancelled},
	{UnitReady, EventUnitScheduled, UnitDispatched},
	{UnitReady, EventUnitCached, UnitSuccess},
	{UnitReady, EventUnitFailed, UnitFailed},
	{UnitReady, EventUnitTimeout, UnitTimeout},
	{UnitReady, EventUnitCancelled, UnitCancelled},
	{UnitDispatched, EventUnitStarted, UnitRunning},
	{UnitDispatched, EventUnitCompleted, UnitSuccess},
	{UnitDispatched, EventUnitFailed, UnitFailed},
	{UnitDispatched, EventUnitTimeout, UnitTimeout},
	{UnitDispatched, EventUnitLeaseLost, UnitReady},
	{UnitDispatched, EventUnitCancelled, UnitCancelled},
	{UnitRunning, EventUnitCompleted, UnitSuccess},
	{UnitRunning, EventUnitFailed, UnitFailed},
	{UnitRunning, EventUnitTimeout, UnitTimeout},
	{UnitRunning, EventUnitLeaseLost, UnitReady},
	{UnitRunning, EventUnitCancelled, UnitCancelled},
	{UnitFailed, EventUnitRetried, UnitReady},
	{UnitTimeout, EventUnitRetried, UnitReady},
}

// Next returns the state that event leads to from s, or false when there is
// no such transition.
func (s UnitState) Next(event EventType) (UnitState, bool) {
	return next(unitSteps, s, event)
}

// Next returns the state that event leads to from s, or false when there is
// no such transition.
func (s SessionState) Next(event EventType) (SessionState, bool) {
	return next(sessionSteps, s, event)
}

func next[S ~string](table []Transition[S], from S, event EventType) (S, bool) {
	for _, t := range table {
		if t.From == from && t.Event == event {
			return t.To, true
		}
	}
	return from, false
}
