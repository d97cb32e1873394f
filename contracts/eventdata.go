package contracts

// SessionStarted is the data of execution.session.started.
type SessionStarted struct {
	GraphCID  string `json:"graph_cid"`
	RequestID string `json:"request_id"`
	Units     int    `json:"units"`
	// Prices is the version of the price plan that its units are charged by, absent
	// where nothing costs anything, and MaxCost the most that all of them may cost.
	Prices  string `json:"prices,omitempty"`
	MaxCost string `json:"max_cost,omitempty"`
}

// SessionEnded is the data of execution.session.completed, .failed and
// .cancelled.
type SessionEnded struct {
	StopReason StopReason `json:"stop_reason"`
	// FinalUnit is the unit whose output is the answer, if there is one.
	FinalUnit  UnitID `json:"final_unit,omitempty"`
	OutputCID  string `json:"output_cid,omitempty"`
	DurationMS int64  `json:"duration_ms"`
	Error      *Error `json:"error,omitempty"`
}

// UnitScheduled is the data of workunit.scheduled.
type UnitScheduled struct {
	Target   NodeID  `json:"target"`
	Score    float64 `json:"score"`
	Eligible int     `json:"eligible"`
	Privacy  Privacy `json:"privacy"`
	Reason   string  `json:"reason"`
	Lease    uint64  `json:"lease"`
	Epoch    uint64  `json:"epoch"`
	// Replica is 1 for a copy that runs beside the unit's own execution, and Reason
	// says why there is one. It is an execution of its own: the unit's state follows
	// index 0.
	Replica uint32 `json:"replica,omitempty"`
}

// UnitEnded is the data of workunit.completed, .failed, .timeout, .cancelled,
// .cached and .skipped: what ended, and the addresses that let anybody check it.
type UnitEnded struct {
	StopReason StopReason `json:"stop_reason"`
	Node       NodeID     `json:"node,omitempty"`
	DurationMS float64    `json:"duration_ms"`
	Fuel       uint64     `json:"fuel"`
	UnitCID    string     `json:"unit_cid,omitempty"`
	ResultCID  string     `json:"result_cid,omitempty"`
	BatchCID   string     `json:"batch_cid,omitempty"`
	OutputCID  string     `json:"output_cid,omitempty"`
	MediaType  string     `json:"media_type,omitempty"`
	Error      *Error     `json:"error,omitempty"`
	// Check is the run of the unit's checker on the result, where it has one.
	Check *Check `json:"check,omitempty"`
}

// UnitLeaseLost is the data of workunit.lease.lost.
type UnitLeaseLost struct {
	Node   NodeID `json:"node"`
	Lease  uint64 `json:"lease"`
	Reason string `json:"reason"`
	// Replica is 1 for a copy: the unit goes on under its own lease then.
	Replica uint32 `json:"replica,omitempty"`
}

// UnitRetried is the data of workunit.retried and .retry.dropped.
type UnitRetried struct {
	BackoffMS int64  `json:"backoff_ms"`
	Reason    string `json:"reason"`
}

// UnitSuperseded is the data of workunit.superseded: a released result was
// proved wrong, and another one stands in its place.
type UnitSuperseded struct {
	// OldNode computed the result that was wrong, Node the one that is right.
	OldNode      NodeID `json:"old_node"`
	OldResultCID string `json:"old_result_cid"`
	Node         NodeID `json:"node"`
	ResultCID    string `json:"result_cid"`
	UnitCID      string `json:"unit_cid,omitempty"`
	BatchCID     string `json:"batch_cid,omitempty"`
	OutputCID    string `json:"output_cid,omitempty"`
	Fuel         uint64 `json:"fuel"`
	Revision     uint32 `json:"revision"`
}

// CreditsMoved is the data of billing.credits.granted, .reserved, .released and
// .debited. Amount is a decimal with at most six places.
type CreditsMoved struct {
	Amount string `json:"amount"`
	// Transaction is the ledger's, where the event tells of one.
	Transaction string `json:"transaction,omitempty"`
	Currency    string `json:"currency,omitempty"`
	Reason      string `json:"reason,omitempty"`
	// Overdraft lets the tenant's balance go below zero from this grant on.
	Overdraft bool `json:"overdraft,omitempty"`
}

// UsageRecorded is the data of billing.usage.recorded: what a unit used that is
// charged, who ran it and what that earned. What the tenant paid is told by the
// billing.credits.debited of the same transaction.
type UsageRecorded struct {
	Transaction string    `json:"transaction"`
	Prices      string    `json:"prices"`
	Node        NodeID    `json:"node"`
	Operator    string    `json:"operator,omitempty"`
	Earned      string    `json:"earned"`
	Fuel        uint64    `json:"fuel,omitempty"`
	Tier        ModelTier `json:"tier,omitempty"`
	TokensIn    int64     `json:"tokens_in,omitempty"`
	TokensOut   int64     `json:"tokens_out,omitempty"`
	ResultCID   string    `json:"result_cid,omitempty"`
	BatchCID    string    `json:"batch_cid,omitempty"`
}

// EntryReversed is the data of billing.entry.reversed: a charge was taken back.
type EntryReversed struct {
	Transaction string `json:"transaction"`
	// Reverses is the transaction that was the charge, Node who had earned by it.
	Reverses string `json:"reverses"`
	Node     NodeID `json:"node"`
	// Amount is what the tenant has back.
	Amount string `json:"amount"`
}

// Quarantined is the data of billing.event.quarantined: accounting could not take an
// event in, put it aside and went on.
type Quarantined struct {
	// Event and EventType are the event's, Record the record of the log where that
	// could not be told as events at all.
	Event     string    `json:"event,omitempty"`
	EventType EventType `json:"event_type,omitempty"`
	Record    int64     `json:"record,omitempty"`
	Code      Code      `json:"code"`
	Reason    string    `json:"reason"`
}

// PricesChanged is the data of billing.prices.changed: the whole price plan that
// is in force from this event on.
type PricesChanged struct {
	Version string `json:"version"`
	Plan    JSON   `json:"plan"`
}

// AccountSuspended is the data of billing.account.suspended.
type AccountSuspended struct {
	Suspended bool   `json:"suspended"`
	Reason    string `json:"reason,omitempty"`
}

// LLMEnded is the data of the llm.invocation events.
type LLMEnded struct {
	Pod        NodeID    `json:"pod"`
	Tier       ModelTier `json:"tier"`
	Model      string    `json:"model"`
	TokensIn   int64     `json:"tokens_in"`
	TokensOut  int64     `json:"tokens_out"`
	DurationMS float64   `json:"duration_ms"`
	Error      *Error    `json:"error,omitempty"`
}

// NodeInfo is the data of the node and pod events.
type NodeInfo struct {
	Node     NodeID   `json:"node"`
	Kind     string   `json:"kind"`
	Version  string   `json:"version,omitempty"`
	Profiles []string `json:"profiles,omitempty"`
	Slots    int      `json:"slots,omitempty"`
	// Operator is who owns it, Class its class in the price plan.
	Operator string `json:"operator,omitempty"`
	Class    string `json:"class,omitempty"`
	Reason   string `json:"reason,omitempty"`
	// Replaces is the key that its key replaced.
	Replaces NodeID `json:"replaces,omitempty"`
}

// The kinds of TrustEvidence. EvidenceReplay comes of having a model's answer made
// again by another pod of its class and comparing the bytes: it weighs in where units
// go and proves nothing. EvidenceScore comes of having a pod of the trusted zone say how
// plausible an answer's tokens are: the same, across determinism classes. A conviction (a result of the node was proved wrong) and an
// equivocation (it signed two results under one lease) are proved. Nondeterminism (the
// module gives different results on two engines) blames nobody.
const (
	EvidenceReplay         = "model_replay"
	EvidenceScore          = "model_score"
	EvidenceConviction     = "conviction"
	EvidenceEquivocation   = "equivocation"
	EvidenceNondeterminism = "nondeterminism"
)

// TrustEvidence is the data of trust.evidence.recorded: what was found about a node,
// or about a module.
type TrustEvidence struct {
	Kind   string `json:"kind"`
	Node   NodeID `json:"node,omitempty"`
	Module *Link  `json:"module,omitempty"`
	// Verdict is "same" or "different", of answers that were compared, "plausible" or
	// "implausible", of one that was scored.
	Verdict string `json:"verdict,omitempty"`
	// By is whom the node was compared with, or who scored it; Trusted says that it is of the trusted
	// zone.
	By      NodeID `json:"by,omitempty"`
	Trusted bool   `json:"trusted,omitempty"`
	// SessionID and UnitID are where the answer was used, UnitCID what was asked,
	// ResultCID and OtherCID what the two answered, Class the determinism class.
	SessionID SessionID `json:"execution_session_id,omitempty"`
	UnitID    UnitID    `json:"work_unit_id,omitempty"`
	UnitCID   string    `json:"unit_cid,omitempty"`
	ResultCID string    `json:"result_cid,omitempty"`
	OtherCID  string    `json:"other_result_cid,omitempty"`
	Class     string    `json:"class,omitempty"`
	// Check names the check that proved it, Proof is a block that proves an
	// equivocation to everybody.
	Check  string `json:"check,omitempty"`
	Proof  *Link  `json:"proof,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// TrustScore is the data of trust.score.updated: what a node may do from now on.
type TrustScore struct {
	Node NodeID `json:"node"`
	// Standing is probation, member, suspended or banned.
	Standing string `json:"standing"`
	Reason   string `json:"reason"`
	// Credibility is the chance that its next result is right, Checks the weight of
	// the unforeseeable checks that this rests on; both as of the change.
	Credibility float64 `json:"credibility"`
	Checks      float64 `json:"checks"`
}

// NewEventData returns a pointer to the empty data of events of type t, nil for
// types that carry none in this version.
func NewEventData(t EventType) any {
	switch t {
	case EventSessionStarted:
		return new(SessionStarted)
	case EventSessionCompleted, EventSessionFailed, EventSessionCancelled:
		return new(SessionEnded)
	case EventUnitScheduled:
		return new(UnitScheduled)
	case EventUnitCompleted, EventUnitFailed, EventUnitTimeout, EventUnitCancelled, EventUnitSkipped, EventUnitCached:
		return new(UnitEnded)
	case EventUnitLeaseLost:
		return new(UnitLeaseLost)
	case EventUnitRetried, EventUnitRetryDropped:
		return new(UnitRetried)
	case EventUnitSuperseded:
		return new(UnitSuperseded)
	case EventCreditsGranted, EventCreditsReserved, EventCreditsReleased, EventCreditsDebited:
		return new(CreditsMoved)
	case EventUsageRecorded:
		return new(UsageRecorded)
	case EventEntryReversed:
		return new(EntryReversed)
	case EventQuarantined:
		return new(Quarantined)
	case EventPricesChanged:
		return new(PricesChanged)
	case EventAccountSuspended:
		return new(AccountSuspended)
	case EventScaleRequested:
		return new(ScaleRequested)
	case EventScaleApplied:
		return new(ScaleApplied)
	case EventAdmissionChanged:
		return new(AdmissionChanged)
	case EventCongestionChanged:
		return new(CongestionChanged)
	case EventQueueDepth:
		return new(QueueDepth)
	case EventLLMStarted, EventLLMCompleted, EventLLMFailed:
		return new(LLMEnded)
	case EventNodeRegistered, EventNodeApproved, EventNodeHealth, EventNodeUnavailable, EventNodeQuarantined,
		EventNodeSuspended, EventNodeRemoved, EventNodeKeyRotated, EventPodReady, EventPodDegraded, EventPodUnavailable:
		return new(NodeInfo)
	case EventTrustEvidence:
		return new(TrustEvidence)
	case EventTrustScore:
		return new(TrustScore)
	}
	return nil
}

// requiredData lists, per type, the members that an event's data always has:
// those without which its reader could not tell what happened.
func requiredData(t EventType) []string {
	switch NewEventData(t).(type) {
	case *SessionStarted:
		return []string{"graph_cid", "request_id", "units"}
	case *SessionEnded:
		return []string{"stop_reason", "duration_ms"}
	case *UnitScheduled:
		return []string{"target", "score", "eligible", "privacy", "reason", "lease", "epoch"}
	case *UnitEnded:
		return []string{"stop_reason", "duration_ms", "fuel"}
	case *UnitLeaseLost:
		return []string{"node", "lease", "reason"}
	case *UnitRetried:
		return []string{"backoff_ms", "reason"}
	case *UnitSuperseded:
		return []string{"old_node", "old_result_cid", "node", "result_cid", "fuel", "revision"}
	case *CreditsMoved:
		return []string{"amount"}
	case *UsageRecorded:
		return []string{"transaction", "prices", "node", "earned"}
	case *EntryReversed:
		return []string{"transaction", "reverses", "node", "amount"}
	case *Quarantined:
		return []string{"code", "reason"}
	case *PricesChanged:
		return []string{"version", "plan"}
	case *AccountSuspended:
		return []string{"suspended"}
	case *ScaleRequested:
		return []string{"from", "to", "concurrency", "reason"}
	case *ScaleApplied:
		return []string{"wanted", "running"}
	case *AdmissionChanged:
		return []string{"of", "mode", "reason"}
	case *CongestionChanged:
		return []string{"congestion"}
	case *QueueDepth:
		return []string{"queued", "running", "wait_p95_ms", "pods", "slots"}
	case *LLMEnded:
		return []string{"pod", "tier", "model", "tokens_in", "tokens_out", "duration_ms"}
	case *NodeInfo:
		return []string{"node", "kind"}
	case *TrustEvidence:
		return []string{"kind"}
	case *TrustScore:
		return []string{"node", "standing", "reason", "credibility", "checks"}
	}
	return nil
}
