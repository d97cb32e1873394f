package contracts

// TaskGraph is an immutable plan: work units and the edges between them, with
// the budgets and policies they run under (CONTRACTS section 2). It is built
// by KORA and executed, never changed, by a backend.
type TaskGraph struct {
	SchemaVersion string `json:"schema_version"`
	// GraphVersion is a free label of the producer.
	GraphVersion string `json:"graph_version"`
	GraphID      string `json:"graph_id"`
	// RequestID is, with TenantID, the idempotency anchor.
	RequestID string     `json:"request_id"`
	TenantID  TenantID   `json:"tenant_id"`
	CreatedAt Time       `json:"created_at"`
	Budgets   Budgets    `json:"budgets" jcs:"required"`
	Policies  *Policies  `json:"policies,omitempty"`
	WorkUnits []WorkUnit `json:"work_units"`
	Outputs   Outputs    `json:"outputs"`
	// Ext holds namespaced extensions; it is part of the graph's identity.
	Ext map[string]JSON `json:"ext,omitempty"`
}

// Budgets are hard upper bounds for a whole session. A nil field is unlimited
// within the tenant's quota; nothing ever raises a budget.
type Budgets struct {
	// MaxLatencyMS is soft for placement and hard at the session deadline.
	MaxLatencyMS *int64 `json:"max_latency_ms,omitempty"`
	MaxTokens    *int64 `json:"max_tokens,omitempty"`
	MaxLLMCalls  *int64 `json:"max_llm_calls,omitempty"`
	// MaxCPUUnits bounds executions of CPU units, retries included.
	MaxCPUUnits *int64 `json:"max_cpu_units,omitempty"`
	MaxFuel     *int64 `json:"max_fuel,omitempty"`
	// MaxCostUSD is a decimal string, at most 12 digits before and 6 after the point.
	MaxCostUSD string `json:"max_cost_usd,omitempty"`
}

// Policies say how a session treats failure, privacy and logging.
type Policies struct {
	FailurePolicy  FailurePolicy `json:"failure_policy,omitempty"`
	PrivacyDefault Privacy       `json:"privacy_default,omitempty"`
	// MaxLLMInvocations bounds model calls in the session.
	MaxLLMInvocations *int64      `json:"max_llm_invocations_per_session,omitempty"`
	LoggingMode       LoggingMode `json:"logging_mode,omitempty"`
}

// FailurePolicy decides what the failure of a critical unit does to the rest.
type FailurePolicy string

// The failure policies; FailFast is the default.
const (
	FailFast        FailurePolicy = "fail_fast"
	ContinueOnError FailurePolicy = "continue_on_error"
)

// Privacy says where a unit and everything that binds its output may run.
type Privacy string

// The privacy zones; AllowRemote is the default.
const (
	AllowRemote Privacy = "allow_remote"
	LocalOnly   Privacy = "local_only"
)

// LoggingMode says how much of prompts and outputs events may hold. Off and
// minimal never store any.
type LoggingMode string

// The logging modes; LogMinimal is the default.
const (
	LogOff     LoggingMode = "off"
	LogMinimal LoggingMode = "minimal"
	LogDebug   LoggingMode = "debug"
)

// Outputs names what the caller gets back.
type Outputs struct {
	// Final is ordered: the first entry whose unit succeeded is the answer.
	Final []FinalOutput `json:"final"`
}

// FinalOutput selects the answer from one unit's output.
type FinalOutput struct {
	WorkUnitID UnitID `json:"work_unit_id"`
	// Select is an RFC 6901 pointer; "" is the whole output.
	Select string `json:"select,omitempty"`
}
