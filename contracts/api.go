package contracts

// SubmitRequest is the body of POST /v1/sessions (CONTRACTS section 10).
type SubmitRequest struct {
	TaskGraph TaskGraph          `json:"task_graph"`
	Metadata  SubmissionMetadata `json:"submission_metadata"`
}

// SubmissionMetadata says who submits and in which trace.
type SubmissionMetadata struct {
	SubmittedAt Time   `json:"submitted_at"`
	KoraVersion string `json:"kora_version"`
	TraceID     string `json:"trace_id,omitempty"`
}

// SubmitResponse is the answer to an accepted submission. The same tenant_id,
// request_id and graph always get the same session.
type SubmitResponse struct {
	Status    SubmitStatus `json:"status"`
	SessionID SessionID    `json:"execution_session_id"`
	GraphCID  string       `json:"graph_cid"`
	// Existing is set when the session was accepted by an earlier submission.
	Existing bool `json:"existing,omitempty"`
}

// SubmitStatus is the verdict on a submission.
type SubmitStatus string

// The verdicts on a submission.
const (
	SubmitAccepted         SubmitStatus = "accepted"
	SubmitRejectedSchema   SubmitStatus = "rejected_schema_invalid"
	SubmitRejectedBudget   SubmitStatus = "rejected_budget_invalid"
	SubmitRejectedCapacity SubmitStatus = "rejected_capacity"
)

// SessionSummary is one line of a list of sessions.
type SessionSummary struct {
	SessionID SessionID    `json:"execution_session_id"`
	TenantID  TenantID     `json:"tenant_id"`
	GraphID   string       `json:"graph_id"`
	RequestID string       `json:"request_id"`
	GraphCID  string       `json:"graph_cid"`
	State     SessionState `json:"state"`
	Units     UnitCounts   `json:"units"`
	StartedAt Time         `json:"started_at"`
	EndedAt   *Time        `json:"ended_at,omitempty"`
}

// UnitCounts counts a session's units by what is left to do.
type UnitCounts struct {
	Total   int `json:"total"`
	Waiting int `json:"waiting"`
	Running int `json:"running"`
	Done    int `json:"done"`
	Failed  int `json:"failed"`
}

// SessionView is a session with the state of each unit.
type SessionView struct {
	SessionSummary
	WorkUnits []UnitView `json:"work_units"`
}

// UnitView is the state of one unit.
type UnitView struct {
	ID         UnitID     `json:"id"`
	Type       UnitType   `json:"type"`
	State      UnitState  `json:"state"`
	StopReason StopReason `json:"stop_reason,omitempty"`
	Attempt    uint32     `json:"attempt"`
	Node       NodeID     `json:"node,omitempty"`
	UnitCID    string     `json:"unit_cid,omitempty"`
	ResultCID  string     `json:"result_cid,omitempty"`
	BatchCID   string     `json:"batch_cid,omitempty"`
	Output     *OutputRef `json:"output,omitempty"`
	// Check is the run of the unit's checker on the result, where it has one.
	Check *Check `json:"check,omitempty"`
}

// SessionList is a page of sessions, newest first. An empty Next is the end.
type SessionList struct {
	Sessions []SessionSummary `json:"sessions"`
	Next     string           `json:"next,omitempty"`
}

// Tokens is a piece of an answer that is being made: the data of SSE frames named
// tokens, which have no id and are never repeated. The result alone counts.
type Tokens struct {
	WorkUnitID UnitID `json:"work_unit_id"`
	Text       string `json:"text"`
	// Restart says that what came before is void: the answer is made again.
	Restart bool `json:"restart,omitempty"`
}

// NodeView is what a coordinator knows of one node.
type NodeView struct {
	NodeID    NodeID   `json:"node_id"`
	Kind      string   `json:"kind"`
	Version   string   `json:"version"`
	Profiles  []string `json:"profiles"`
	Engine    string   `json:"engine"`
	Slots     int      `json:"slots"`
	Region    string   `json:"region,omitempty"`
	Tags      []string `json:"tags,omitempty"`
	Connected bool     `json:"connected"`
	// Paused is why the node takes no units for now, "" while it does.
	Paused     string `json:"paused,omitempty"`
	Leases     int    `json:"leases"`
	UnitsDone  uint64 `json:"units_done"`
	BatchSeq   uint64 `json:"batch_seq"`
	LastSeenAt Time   `json:"last_seen_at"`
	// Models are what a pod serves.
	Models []ModelView `json:"models,omitempty"`
	// State is registered, active, quarantined, suspended or removed, Reason why it is
	// that, where something has been said of it.
	State  string `json:"state,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Operator answers for the node, "" where nobody but itself does; Trusted says that
	// it is of the trusted zone.
	Operator string `json:"operator,omitempty"`
	Trusted  bool   `json:"trusted,omitempty"`
	// ReplacedBy is the key by which the node is known now.
	ReplacedBy NodeID `json:"replaced_by,omitempty"`
}

// ModelView is a model that a pod serves.
type ModelView struct {
	Name      string         `json:"name"`
	Tier      ModelTier      `json:"tier"`
	Operation ModelOperation `json:"operation"`
	// Class is the determinism class: results are comparable byte for byte in it.
	Class         string `json:"class"`
	ContextWindow int64  `json:"context_window"`
}

// NodeList is the answer of GET /v1/nodes.
type NodeList struct {
	Nodes []NodeView `json:"nodes"`
}

// TaskView is one entry of the task catalogue.
type TaskView struct {
	Task string `json:"task"`
	// Type is the type of the units that the task is made for.
	Type        UnitType `json:"type,omitempty"`
	Module      Link     `json:"module"`
	Entry       string   `json:"entry,omitempty"`
	Description string   `json:"description"`
	MediaType   string   `json:"media_type"`
	// Input and Blobs tell people which JSON the task takes and which blobs it
	// reads.
	Input string `json:"input,omitempty"`
	Blobs string `json:"blobs,omitempty"`
	// InputSchema and OutputSchema are JSON Schemas, absent where the task has
	// none.
	InputSchema  JSON          `json:"input_schema,omitzero"`
	OutputSchema JSON          `json:"output_schema,omitzero"`
	Examples     []TaskExample `json:"examples,omitempty"`
}

// TaskExample is a call of a task and what comes of it: an output, the content
// address of one that is not JSON, or an error.
type TaskExample struct {
	Name  string `json:"name"`
	Input JSON   `json:"input"`
	// Blobs are the contents of blobs by their names, and BlobsFrom those that are
	// outputs of other examples, which it names task/example.
	Blobs     map[string]string `json:"blobs,omitempty"`
	BlobsFrom map[string]string `json:"blobs_from,omitempty"`
	Output    JSON              `json:"output,omitzero"`
	OutputCID string            `json:"output_cid,omitempty"`
	Error     Code              `json:"error,omitempty"`
}

// TaskList is the answer of GET /v1/tasks.
type TaskList struct {
	Tasks []TaskView `json:"tasks"`
}

// BlockStored is the answer of PUT /v1/blocks.
type BlockStored struct {
	CID   Link  `json:"cid"`
	Bytes int64 `json:"bytes"`
}

// Receipt is everything needed to check one result offline, without trusting
// the coordinator that handed it out.
type Receipt struct {
	V int `json:"v"`
	// Batch is the signed envelope, Index the result's place in it and Path its
	// RFC 6962 audit path to the batch's root.
	Batch []byte   `json:"batch"`
	Index int      `json:"index"`
	Path  [][]byte `json:"path"`
	// Result and Unit are the result block and the invocation block.
	Result []byte `json:"result"`
	Unit   []byte `json:"unit"`
	// Check is what the unit's checker signed, where it has one that ran.
	Check *CheckReceipt `json:"check,omitempty"`
}

// CheckReceipt is a Receipt of a checker's run, with its output.
type CheckReceipt struct {
	Batch  []byte   `json:"batch"`
	Index  int      `json:"index"`
	Path   [][]byte `json:"path"`
	Result []byte   `json:"result"`
	Unit   []byte   `json:"unit"`
	// Output is empty where the checker failed.
	Output []byte `json:"output,omitempty"`
}

// NodeTrust is what is known of a node's conduct: the answer of GET
// /v1/trust/{node}. Reliability is whether it answers, Standing and Credibility are
// whether what it answers is right; neither follows from the other.
type NodeTrust struct {
	NodeID   NodeID `json:"node_id"`
	Operator string `json:"operator,omitempty"`
	// State is registered, active, quarantined, suspended or removed.
	State string `json:"state"`
	// Standing is probation, member, suspended, banned or trusted.
	Standing string `json:"standing"`
	// Credibility is the chance that its next result is right, Checks the weight of
	// the unforeseeable checks that this rests on, Convictions how often it was proved
	// wrong.
	Credibility float64 `json:"credibility"`
	Checks      float64 `json:"checks"`
	Convictions int     `json:"convictions"`
	// Reliability is the score that placement uses, Evidence how many ends of units it
	// rests on.
	Reliability float64 `json:"reliability"`
	Evidence    uint64  `json:"evidence"`
	// ModelChecks is what checks of a pod's answers have come to, nil if there were none.
	ModelChecks *ModelChecks `json:"model_checks,omitempty"`
	// Proof is the block that proves an equivocation (DecodeEquivocation).
	Proof *Link `json:"proof,omitempty"`
	// ReplacedBy is the key by which the node is known now.
	ReplacedBy NodeID        `json:"replaced_by,omitempty"`
	History    []TrustChange `json:"history"`
}

// ModelChecks counts what checks of a pod's answers have come to, as far as the
// coordinator remembers. They are evidence, for where units go, and prove nothing.
type ModelChecks struct {
	// Same and Different are answers that another pod of the class gave again.
	Same      int `json:"same"`
	Different int `json:"different"`
	// Plausible and Implausible are answers whose tokens a pod of the trusted zone
	// with the same weights has scored.
	Plausible   int `json:"plausible"`
	Implausible int `json:"implausible"`
}

// NodeOrder is what the operator of the fabric decides about a node: the body of
// PUT /v1/trust/{node}.
type NodeOrder struct {
	// Order is approve, suspend, readmit or remove. A node that is readmitted starts
	// without credibility; one that is banned or removed stays so.
	Order string `json:"order"`
	// Operator is who answers for the node, with approve: replicas of a unit never run
	// twice with one operator.
	Operator string `json:"operator,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

// The orders.
const (
	OrderApprove = "approve"
	OrderSuspend = "suspend"
	OrderReadmit = "readmit"
	OrderRemove  = "remove"
)

// TrustChange is a change of a node's standing.
type TrustChange struct {
	At       Time   `json:"at"`
	Standing string `json:"standing"`
	Reason   string `json:"reason"`
	// By is the key of the operator who ordered it, "coordinator" for what only that has
	// seen, "" for what others have proved.
	By    string `json:"by,omitempty"`
	Proof *Link  `json:"proof,omitempty"`
}
