package contracts

// TelemetryBundle is what a session cost and how each task fared.
type TelemetryBundle struct {
	Tasks                  []TaskTelemetry `json:"tasks"`
	TotalTokens            int64           `json:"total_tokens"`
	TotalLatencyMS         int64           `json:"total_latency_ms"`
	ModelInvocationCount   int64           `json:"model_invocation_count"`
	DeterministicTaskCount int64           `json:"deterministic_task_count"`
	FuelUsed               uint64          `json:"fuel_used"`

	// With Krako also:
	ExecutionSessionID SessionID `json:"execution_session_id,omitempty"`
	Region             string    `json:"region,omitempty"`
	BillingID          string    `json:"billing_id,omitempty"`
	CostUSD            string    `json:"cost_usd,omitempty"`
}

// TaskTelemetry is one unit's part, in the order of the graph's units.
type TaskTelemetry struct {
	TaskID           UnitID           `json:"task_id"`
	TaskType         UnitType         `json:"task_type"`
	Status           UnitState        `json:"status"`
	StopReason       StopReason       `json:"stop_reason"`
	DurationMS       float64          `json:"duration_ms"`
	TokensIn         int64            `json:"tokens_in"`
	TokensOut        int64            `json:"tokens_out"`
	RetryCount       int              `json:"retry_count"`
	ValidationStatus ValidationStatus `json:"validation_status"`
	Cached           bool             `json:"cached"`
	UnitCID          string           `json:"unit_cid,omitempty"`
	ResultCID        string           `json:"result_cid,omitempty"`
	Output           *OutputRef       `json:"output,omitempty"`
	FuelUsed         uint64           `json:"fuel_used"`
	Executors        []NodeID         `json:"executors"`
	Error            *Error           `json:"error,omitempty"`
	// Check is the run of the unit's checker on the result, where it has one.
	Check *Check `json:"check,omitempty"`
}

// ValidationStatus says whether an output was held to a schema, a checker or both.
type ValidationStatus string

// The validation states of an output.
const (
	ValidationNone   ValidationStatus = "none"
	ValidationPassed ValidationStatus = "passed"
	ValidationFailed ValidationStatus = "failed"
)

// Stage is a step of KORA's semantic order, the same on every backend.
type Stage string

// The stages of CONTRACTS section 7.
const (
	StageTaskConstructed  Stage = "TASK_CONSTRUCTED"
	StageDAGValidated     Stage = "DAG_VALIDATED"
	StageDeterministic    Stage = "DETERMINISTIC_EXECUTION"
	StageModelInvocation  Stage = "MODEL_INVOCATION"
	StageSchemaValidation Stage = "SCHEMA_VALIDATION"
	StageAggregation      Stage = "AGGREGATION"
	StageTaskCompleted    Stage = "TASK_COMPLETED"
	StageTaskFailed       Stage = "TASK_FAILED"
)
