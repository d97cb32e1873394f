package studio

import (
	"encoding/json"

	"github.com/krako-labs/krako/contracts"
)

// Attempt is one try at a unit. Times are milliseconds since the run began.
type Attempt struct {
	Number  int     `json:"number"`
	Node    string  `json:"node"`
	StartMS float64 `json:"start_ms"`
	EndMS   float64 `json:"end_ms"`
	// Outcome is how it ended: completed, failed, timeout, cancelled, lease lost.
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
}

// Event is an event of a run.
type Event struct {
	ID      string  `json:"id"`
	Type    string  `json:"type"`
	Unit    string  `json:"unit"`
	AtMS    float64 `json:"at_ms"`
	Attempt int     `json:"attempt"`
	Data    any     `json:"data"`
}

// eventsOf reads what is kept. Damage shows as no events: they only illustrate.
func eventsOf(raw json.RawMessage) []contracts.Event {
	var events []contracts.Event
	if json.Unmarshal(raw, &events) != nil {
		return nil
	}
	return events
}

// since is how long after the first event an event was, in milliseconds.
func since(events []contracts.Event, i int) float64 {
	return float64(events[i].Time.Sub(events[0].Time.Time).Microseconds()) / 1000
}

func listed(raw json.RawMessage) []Event {
	events := eventsOf(raw)
	out := make([]Event, len(events))
	for i := range events {
		e := &events[i]
		out[i] = Event{ID: e.ID, Type: string(e.Type), Unit: e.Subject, AtMS: since(events, i), Attempt: int(e.Attempt), Data: e.Data}
	}
	return out
}

// attempts gives every unit its attempts, by folding the events.
func (v *Run) attempts(raw json.RawMessage) {
	events := eventsOf(raw)
	unit := make(map[string]*Unit, len(v.Units))
	for i := range v.Units {
		unit[v.Units[i].ID] = &v.Units[i]
	}
	for i := range events {
		e := &events[i]
		u := unit[e.Subject]
		if u == nil || e.Replica() > 0 {
			continue // a copy is an execution beside the unit's own
		}
		var data struct {
			Target, Node, Reason string
			StopReason           string           `json:"stop_reason"`
			Error                *contracts.Error `json:"error"`
		}
		_ = json.Unmarshal(e.Data, &data)
		at := since(events, i)
		switch e.Type {
		case contracts.EventUnitScheduled:
			u.Attempts = append(u.Attempts, Attempt{Number: len(u.Attempts) + 1, Node: data.Target, StartMS: at, EndMS: at, Outcome: "running"})
		case contracts.EventUnitCompleted, contracts.EventUnitFailed, contracts.EventUnitTimeout, contracts.EventUnitCancelled, contracts.EventUnitLeaseLost:
			if n := len(u.Attempts); n > 0 {
				a := &u.Attempts[n-1]
				a.EndMS, a.Outcome, a.Reason = at, string(e.Type)[len("workunit."):], data.Reason
				if data.Error != nil {
					a.Reason = data.Error.Message
				}
			}
		}
	}
}

// broken takes from the events what a result would say of a run that has none: one
// that was stopped, or whose backend was lost. Every unit is in the state that its
// events left it in.
func (v *Run) broken(raw json.RawMessage) {
	state := make(map[string]contracts.UnitState, len(v.Units))
	for _, e := range eventsOf(raw) {
		v.Session = string(e.SessionID)
		if e.Replica() > 0 {
			continue
		}
		from, ok := state[e.Subject]
		if !ok {
			from = contracts.UnitQueued
		}
		state[e.Subject], _ = from.Next(e.Type)
	}
	for i := range v.Units {
		if s, ok := state[v.Units[i].ID]; ok {
			v.Units[i].Status = string(s)
		}
	}
}
