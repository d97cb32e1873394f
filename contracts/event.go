package contracts

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Event is a CloudEvents 1.0 event in its JSON form (CONTRACTS section 7).
// Delivery is at least once: consumers deduplicate by ID.
type Event struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Type        EventType `json:"type"`
	// Subject is the work unit id, empty for events of a session or node.
	Subject         string `json:"subject,omitempty"`
	Time            Time   `json:"time"`
	DataContentType string `json:"datacontenttype,omitempty"`
	DataSchema      string `json:"dataschema,omitempty"`

	TenantID    TenantID  `json:"tenantid,omitempty"`
	GraphID     string    `json:"graphid,omitempty"`
	SessionID   SessionID `json:"sessionid,omitempty"`
	Attempt     uint32    `json:"attempt,omitempty"`
	TraceParent string    `json:"traceparent,omitempty"`

	Data json.RawMessage `json:"data,omitempty"`
}

// EventType is one of a closed list per contract minor version.
type EventType string

// Session events.
const (
	EventSessionStarted   EventType = "execution.session.started"
	EventSessionCompleted EventType = "execution.session.completed"
	EventSessionFailed    EventType = "execution.session.failed"
	EventSessionCancelled EventType = "execution.session.cancelled"
	EventSessionRejected  EventType = "session.rejected"
)

// Work unit events.
const (
	EventUnitQueued       EventType = "workunit.queued"
	EventUnitReady        EventType = "workunit.ready"
	EventUnitScheduled    EventType = "workunit.scheduled"
	EventUnitClaimed      EventType = "workunit.claimed"
	EventUnitStarted      EventType = "workunit.started"
	EventUnitCompleted    EventType = "workunit.completed"
	EventUnitValidated    EventType = "workunit.validated"
	EventUnitFailed       EventType = "workunit.failed"
	EventUnitTimeout      EventType = "workunit.timeout"
	EventUnitCancelled    EventType = "workunit.cancelled"
	EventUnitLeaseLost    EventType = "workunit.lease.lost"
	EventUnitRetried      EventType = "workunit.retried"
	EventUnitRetryDropped EventType = "workunit.retry.dropped"
	EventUnitSkipped      EventType = "workunit.skipped"
	EventUnitDeferred     EventType = "workunit.deferred"
	EventUnitRejected     EventType = "workunit.rejected"
	EventUnitCached       EventType = "workunit.cached"
	EventReplicaCompared  EventType = "workunit.replica.compared"
	EventUnitSuperseded   EventType = "workunit.superseded"
)

// Model invocation events.
const (
	EventLLMStarted   EventType = "llm.invocation.started"
	EventLLMCompleted EventType = "llm.invocation.completed"
	EventLLMFailed    EventType = "llm.invocation.failed"
)

// Node and pod events.
const (
	EventNodeRegistered  EventType = "node.registered"
	EventNodeApproved    EventType = "node.approved"
	EventNodeHealth      EventType = "node.health.updated"
	EventNodeUnavailable EventType = "node.unavailable"
	EventNodeQuarantined EventType = "node.quarantined"
	EventNodeSuspended   EventType = "node.suspended"
	EventNodeRemoved     EventType = "node.removed"
	EventNodeKeyRotated  EventType = "node.key.rotated"
	EventPodReady        EventType = "pod.ready"
	EventPodDegraded     EventType = "pod.degraded"
	EventPodUnavailable  EventType = "pod.unavailable"
)

// Capacity events.
const (
	EventScaleRequested    EventType = "capacity.scale.requested"
	EventScaleApplied      EventType = "capacity.scale.applied"
	EventAdmissionChanged  EventType = "capacity.admission.mode.changed"
	EventCongestionChanged EventType = "congestion.mode.changed"
	EventQueueDepth        EventType = "queue.depth.updated"
)

// Trust events.
const (
	EventTrustScore    EventType = "trust.score.updated"
	EventTrustEvidence EventType = "trust.evidence.recorded"
)

// Billing events.
const (
	EventUsageRecorded    EventType = "billing.usage.recorded"
	EventCreditsGranted   EventType = "billing.credits.granted"
	EventCreditsReserved  EventType = "billing.credits.reserved"
	EventCreditsReleased  EventType = "billing.credits.released"
	EventCreditsDebited   EventType = "billing.credits.debited"
	EventEntryReversed    EventType = "billing.entry.reversed"
	EventAccountSuspended EventType = "billing.account.suspended"
	EventPricesChanged    EventType = "billing.prices.changed"
	// EventQuarantined tells of an event, or a record of the log, that accounting put
	// aside because it makes no sense.
	EventQuarantined EventType = "billing.event.quarantined"
)

// EventTypes returns the closed list in the order of CONTRACTS section 7.
func EventTypes() []EventType {
	return []EventType{
		EventSessionStarted, EventSessionCompleted, EventSessionFailed, EventSessionCancelled, EventSessionRejected,
		EventUnitQueued, EventUnitReady, EventUnitScheduled, EventUnitClaimed, EventUnitStarted, EventUnitCompleted,
		EventUnitValidated, EventUnitFailed, EventUnitTimeout, EventUnitCancelled, EventUnitLeaseLost, EventUnitRetried,
		EventUnitRetryDropped, EventUnitSkipped, EventUnitDeferred, EventUnitRejected, EventUnitCached,
		EventReplicaCompared, EventUnitSuperseded,
		EventLLMStarted, EventLLMCompleted, EventLLMFailed,
		EventNodeRegistered, EventNodeApproved, EventNodeHealth, EventNodeUnavailable, EventNodeQuarantined,
		EventNodeSuspended, EventNodeRemoved, EventNodeKeyRotated, EventPodReady, EventPodDegraded, EventPodUnavailable,
		EventScaleRequested, EventScaleApplied, EventAdmissionChanged, EventCongestionChanged, EventQueueDepth,
		EventTrustScore, EventTrustEvidence,
		EventUsageRecorded, EventCreditsGranted, EventCreditsReserved, EventCreditsReleased, EventCreditsDebited,
		EventEntryReversed, EventAccountSuspended, EventPricesChanged, EventQuarantined,
	}
}

var eventTypes = func() map[EventType]bool {
	set := map[EventType]bool{}
	for _, t := range EventTypes() {
		set[t] = true
	}
	return set
}()

// Valid reports whether t is in the closed list.
func (t EventType) Valid() bool { return eventTypes[t] }

func (t EventType) ofUnit() bool {
	return strings.HasPrefix(string(t), "workunit.") || strings.HasPrefix(string(t), "llm.")
}

func (t EventType) ofSession() bool {
	return t.ofUnit() || strings.HasPrefix(string(t), "execution.session.")
}

// Replica returns the index of the execution that an event of a unit is about: 0
// for the unit's own, more for one that runs beside it and does not move the
// unit's state.
func (e *Event) Replica() uint32 {
	var data struct {
		Replica uint32 `json:"replica"`
	}
	switch e.Type {
	case EventUnitScheduled, EventUnitLeaseLost:
		_ = json.Unmarshal(e.Data, &data) // data that is no object names no replica
	}
	return data.Replica
}

// Validate checks that every required field is present and well-formed, those
// of the data included. The error is an *Error naming the field.
func (e *Event) Validate() error {
	field, why := e.flaw()
	if why == "" {
		field, why = e.dataFlaw()
	}
	if why == "" {
		return nil
	}
	return Errorf(CodeValidation, field, "event %.64q: %s", e.ID, why)
}

// flaw returns the first field of the envelope that is wrong and why.
func (e *Event) flaw() (field, why string) {
	switch {
	case e.SpecVersion != "1.0":
		return "specversion", "is not 1.0"
	case !validUUID(e.ID):
		return "id", "is not a UUID in lower case"
	case !strings.HasPrefix(e.Source, "/krako/"):
		return "source", "does not start with /krako/"
	case !e.Type.Valid():
		return "type", "is not in the closed list"
	case e.Time.IsZero():
		return "time", "is missing"
	case e.Type.ofUnit() && e.Subject == "":
		return "subject", "names no work unit"
	case e.Type.ofSession() && e.TenantID == "":
		return "tenantid", "is missing"
	case e.Type.ofSession() && !validUUID(e.GraphID):
		return "graphid", "is not a UUID in lower case"
	case e.Type.ofSession() && !validUUID(string(e.SessionID)):
		return "sessionid", "is not a UUID in lower case"
	}
	return "", ""
}

func (e *Event) dataFlaw() (field, why string) {
	required := requiredData(e.Type)
	if len(required) == 0 {
		return "", ""
	}
	var there uint64 // a bit for each that is required
	if !eachMember(e.Data, func(name, value []byte) {
		for i, r := range required {
			if string(name) != r {
				continue
			}
			if there &^= 1 << i; string(value) != "null" {
				there |= 1 << i
			}
		}
	}) {
		return "data", "is not a JSON object"
	}
	for i, name := range required {
		if there&(1<<i) == 0 {
			return "data." + name, "is missing"
		}
	}
	return "", ""
}

// eachMember calls fn with every member of the JSON object doc, the name without its
// quotes and the value as it stands, and reports whether doc is one. Every event that
// accounting reads passes here, so nothing is made of it.
func eachMember(doc []byte, fn func(name, value []byte)) bool {
	if !json.Valid(doc) {
		return false
	}
	doc = bytes.Trim(doc, " \t\r\n")
	if string(doc) == "null" {
		return true // an object without members, to encoding/json
	}
	if doc[0] != '{' {
		return false
	}
	// It is valid: a member ends at a comma or brace that is in nothing else.
	var name []byte
	depth, begin := 0, 1
	for i := 0; i < len(doc); i++ {
		switch doc[i] {
		case '"':
			i += stringEnd(doc[i+1:])
		case '{', '[':
			depth++
		case ':':
			if depth == 1 {
				name, begin = bare(bytes.TrimSpace(doc[begin:i])), i+1
			}
		case ',', '}', ']':
			if depth == 1 && name != nil {
				fn(name, bytes.TrimSpace(doc[begin:i]))
				name = nil
			}
			if depth == 1 {
				begin = i + 1
			}
			if doc[i] != ',' {
				depth--
			}
		}
	}
	return true
}

// stringEnd is how far behind a string's first quote its last one is, plus one.
func stringEnd(s []byte) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

// bare is a name without quotes and escapes.
func bare(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // it is valid
	return []byte(s)
}

// DataSchemaOf returns the dataschema of a type at this contract version.
func DataSchemaOf(t EventType) string {
	return "https://schemas.krako.dev/v" + Version + "/event-data/" + string(t) + ".json"
}
