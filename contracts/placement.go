package contracts

// UnitPlacement is the answer of GET /v1/sessions/{id}/units/{unit}/placement: where
// a unit of a running session could go now, and why not elsewhere.
type UnitPlacement struct {
	SessionID SessionID `json:"execution_session_id"`
	UnitID    UnitID    `json:"work_unit_id"`
	State     UnitState `json:"state"`
	// Reason says what the unit waits for, if it waits.
	Reason string `json:"reason"`
	// Node holds it, if one does, and Copy runs it beside that one.
	Node NodeID `json:"node,omitempty"`
	Copy NodeID `json:"copy,omitempty"`
	// Eligible counts the candidates that could take it now, Total all workers that
	// are connected.
	Eligible int `json:"eligible"`
	Total    int `json:"total"`
	// QueuedMS is how long a ready unit has waited for its turn, in milliseconds, and
	// Ahead how many units stand before it in its own queue: those of its priority
	// and tenant that can go to the same workers.
	QueuedMS int64 `json:"queued_ms,omitempty"`
	Ahead    int   `json:"ahead,omitempty"`
	// Candidates are the first of them in the order of preference.
	Candidates []PlacementCandidate `json:"candidates"`
}

// MaxCandidates bounds the candidates of a UnitPlacement.
const MaxCandidates = 1000

// PlacementCandidate is one worker as it looks for one unit.
type PlacementCandidate struct {
	NodeID NodeID `json:"node_id"`
	// Verdict is "eligible", or what keeps the unit from going there.
	Verdict string `json:"verdict"`
	// Score is the weighted sum of the parts, each in [0, 1].
	Score       float64 `json:"score"`
	Headroom    float64 `json:"headroom"`
	Load        float64 `json:"load"`
	Reliability float64 `json:"reliability"`
	Locality    float64 `json:"locality"`
	// Held is how many units the worker has, Free how many more it asked for.
	Held int `json:"held"`
	Free int `json:"free,omitempty"`
	// Continues says, of an llm unit, that the worker has read what the unit's session
	// has said so far, and need not read it again.
	Continues bool `json:"continues,omitempty"`
}
