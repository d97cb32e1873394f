package dag

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/krako-labs/krako/contracts"
)

// Narrator tells a run as CloudEvents, in the order that every backend shares:
// a unit is scheduled, started, validated if it has a schema, then completed or
// failed, and what follows from its end comes after. Event ids are UUIDv7s
// derived from the session and the event's number in it, so that telling the
// same run again gives the same ids.
type Narrator struct {
	// Source is the CloudEvents source, e.g. /krako/coordinator/<cluster>.
	Source  string
	Tenant  contracts.TenantID
	Graph   string
	Session contracts.SessionID
	// TraceParent is copied to every event.
	TraceParent string
	// Told is the number of events told so far.
	Told uint64
	// Mute counts events without making them, for a run nobody listens to.
	Mute bool
}

// Event makes the next event. Data is encoded with encoding/json and must be
// one of the contract's event data types, which cannot fail to encode.
func (n *Narrator) Event(at time.Time, t contracts.EventType, unit contracts.UnitID, attempt uint32, data any) contracts.Event {
	if n.Mute {
		n.Told++
		return contracts.Event{}
	}
	e := contracts.Event{
		SpecVersion: "1.0", ID: n.id(at), Source: n.Source, Type: t, Subject: string(unit), Time: contracts.Time{Time: at.UTC()},
		TenantID: n.Tenant, GraphID: n.Graph, SessionID: n.Session, Attempt: attempt, TraceParent: n.TraceParent,
	}
	n.Told++
	if data != nil {
		b, err := json.Marshal(data)
		if err != nil {
			panic("dag: event data does not encode: " + err.Error())
		}
		e.Data, e.DataContentType, e.DataSchema = b, "application/json", contracts.DataSchemaOf(t)
	}
	return e
}

// id derives a UUIDv7: milliseconds of the event's time, then bits of a hash
// of session and event number (RFC 9562 section 5.7 lets the rest be random).
func (n *Narrator) id(at time.Time) string {
	var seed [8]byte
	binary.BigEndian.PutUint64(seed[:], n.Told)
	h := sha256.Sum256(append([]byte(n.Session), seed[:]...))
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(at.UnixMilli())<<16)
	copy(id[6:], h[:10])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// Ended tells how an executed unit ended: started, validated where it was held to a
// schema or a checker and passed, and the end itself.
func (n *Narrator) Ended(at, started time.Time, unit *contracts.WorkUnit, attempt uint32, state contracts.UnitState, data contracts.UnitEnded) []contracts.Event {
	return n.EndedByModel(at, started, unit, attempt, state, data, nil)
}

// EndedByModel is Ended for a unit that a model was asked for: what it did is told
// between the unit's start and its validation. call is nil if nothing is known of
// that.
func (n *Narrator) EndedByModel(at, started time.Time, unit *contracts.WorkUnit, attempt uint32, state contracts.UnitState, data contracts.UnitEnded, call *contracts.LLMEnded) []contracts.Event {
	events := make([]contracts.Event, 0, 5)
	if !started.IsZero() {
		events = append(events, n.Event(started, contracts.EventUnitStarted, unit.ID, attempt, nil))
	}
	if call != nil {
		begun := contracts.LLMEnded{Pod: call.Pod, Tier: call.Tier, Model: call.Model}
		events = append(events, n.Event(started, contracts.EventLLMStarted, unit.ID, attempt, begun))
		end := contracts.EventLLMCompleted
		if call.Error != nil {
			end = contracts.EventLLMFailed
		}
		events = append(events, n.Event(at, end, unit.ID, attempt, *call))
	}
	if state == contracts.UnitSuccess && Validated(unit) {
		events = append(events, n.Event(at, contracts.EventUnitValidated, unit.ID, attempt, nil))
	}
	return append(events, n.Event(at, endEvent(state), unit.ID, attempt, data))
}

// MuteEnd counts the events that EndedByModel would make, for a run nobody listens
// to; it reports false, and counts nothing, for one that somebody does.
func (n *Narrator) MuteEnd(started time.Time, unit *contracts.WorkUnit, state contracts.UnitState, model bool) bool {
	if !n.Mute {
		return false
	}
	n.Told++
	if !started.IsZero() {
		n.Told++
	}
	if model {
		n.Told += 2
	}
	if state == contracts.UnitSuccess && Validated(unit) {
		n.Told++
	}
	return true
}

// Cached tells that a ready unit ended with a result that was known before.
func (n *Narrator) Cached(at time.Time, unit *contracts.WorkUnit, data contracts.UnitEnded) []contracts.Event {
	events := make([]contracts.Event, 0, 2)
	if Validated(unit) {
		events = append(events, n.Event(at, contracts.EventUnitValidated, unit.ID, 0, nil))
	}
	return append(events, n.Event(at, contracts.EventUnitCached, unit.ID, 0, data))
}

func endEvent(s contracts.UnitState) contracts.EventType {
	switch s {
	case contracts.UnitSuccess:
		return contracts.EventUnitCompleted
	case contracts.UnitTimeout:
		return contracts.EventUnitTimeout
	case contracts.UnitCancelled:
		return contracts.EventUnitCancelled
	case contracts.UnitSkipped:
		return contracts.EventUnitSkipped
	}
	return contracts.EventUnitFailed
}

// Changes tells what followed from something else, in order.
func (n *Narrator) Changes(at time.Time, p *Plan, changes []Change) []contracts.Event {
	if n.Mute {
		n.Told += uint64(len(changes))
		return nil
	}
	events := make([]contracts.Event, 0, len(changes))
	for _, c := range changes {
		id := p.Unit(c.Unit).ID
		if c.State == contracts.UnitReady {
			events = append(events, n.Event(at, contracts.EventUnitReady, id, 0, nil))
			continue
		}
		events = append(events, n.Event(at, endEvent(c.State), id, 0, contracts.UnitEnded{StopReason: c.Reason}))
	}
	return events
}

// Over tells the end of the whole session.
func (n *Narrator) Over(at time.Time, state contracts.SessionState, data contracts.SessionEnded) contracts.Event {
	t := contracts.EventSessionFailed
	switch state {
	case contracts.SessionCompleted:
		t = contracts.EventSessionCompleted
	case contracts.SessionCancelled:
		t = contracts.EventSessionCancelled
	}
	return n.Event(at, t, "", 0, data)
}
