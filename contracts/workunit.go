package contracts

// WorkUnit is one step of a graph (CONTRACTS section 3). CPU types name a
// program, llm units a model call.
type WorkUnit struct {
	ID           UnitID   `json:"id"`
	Name         string   `json:"name,omitempty"`
	Type         UnitType `json:"type"`
	Dependencies []UnitID `json:"dependencies,omitempty"`
	Program      *Program `json:"program,omitempty"`
	// Input is the literal JSON object that Bind adds to.
	Input JSON   `json:"input,omitzero"`
	Bind  []Bind `json:"bind,omitempty"`
	// Blobs are blocks mounted read-only for the program, by name.
	Blobs map[string]Link `json:"blobs,omitempty"`
	Model *ModelCall      `json:"model,omitempty"`
	// OutputSchema is JSON Schema 2020-12, enforced on every output; for llm
	// units it is also the decoding grammar.
	OutputSchema  JSON             `json:"output_schema,omitzero"`
	Constraints   *Constraints     `json:"constraints,omitempty"`
	ExecutionHint *ExecutionHint   `json:"execution_hint,omitempty"`
	Idempotent    *bool            `json:"idempotent,omitempty"`
	Critical      *bool            `json:"critical,omitempty"`
	Priority      Priority         `json:"priority,omitempty"`
	Verification  VerificationMode `json:"verification_mode,omitempty"`
	Timeouts      *Timeouts        `json:"timeouts,omitempty"`
	Retries       *Retries         `json:"retries,omitempty"`
	// VerifyWith is run on (input, output) of every result and must return
	// {"valid": true}. It is for CPU units that are idempotent.
	VerifyWith *Program `json:"verify_with,omitempty"`
	// When holds escalation edges, any of which suffices. An empty list means
	// that the unit runs when its dependencies succeed.
	When []Condition `json:"when,omitempty"`
}

// UnitType fixes the substrate a unit may run on. No one ever rewrites it.
type UnitType string

// The unit types. The first three run on CPU nodes only, LLM on pods only.
const (
	Deterministic UnitType = "deterministic"
	Retrieval     UnitType = "retrieval"
	SmallModel    UnitType = "small_model"
	LLM           UnitType = "llm"
)

// CPU reports whether units of this type run on CPU nodes.
func (t UnitType) CPU() bool { return t == Deterministic || t == Retrieval || t == SmallModel }

// Program names Wasm code: a catalogue task, resolved once at admission, or a
// module by CID with an entry.
type Program struct {
	Task   string `json:"task,omitempty"`
	Module *Link  `json:"module,omitempty"`
	Entry  string `json:"entry,omitempty"`
}

// Bind copies data along a dependency edge: either the JSON selected from the
// dependency's output into Input at To, or the whole output as blob Blob.
type Bind struct {
	From   UnitID `json:"from"`
	Select string `json:"select,omitempty"`
	To     string `json:"to,omitempty"`
	Blob   string `json:"blob,omitempty"`
}

// Condition is one escalation edge: it holds when the named dependency ended
// as Condition says, or did not if Not is set.
type Condition struct {
	Dependency UnitID        `json:"dependency"`
	Condition  ConditionKind `json:"condition"`
	Not        bool          `json:"not,omitempty"`
	// Threshold is for confidence_below, compared with the number at /confidence.
	Threshold *float64 `json:"threshold,omitempty"`
	// Select and Value are for equals.
	Select string `json:"select,omitempty"`
	Value  JSON   `json:"value,omitzero"`
}

// ConditionKind is what an escalation edge looks at.
type ConditionKind string

// The kinds of escalation edges.
const (
	OnFailure         ConditionKind = "failure"
	OnSchemaMismatch  ConditionKind = "schema_mismatch"
	OnConfidenceBelow ConditionKind = "confidence_below"
	OnEquals          ConditionKind = "equals"
	Always            ConditionKind = "always"
)

// Constraints bound one unit.
type Constraints struct {
	LatencyMS    *int64 `json:"latency_ms,omitempty"`
	BudgetTokens *int64 `json:"budget_tokens,omitempty"`
	// Fuel and MemoryMB default to the profile's values; they are part of the
	// invocation and so of the unit's identity.
	Fuel                *int64  `json:"fuel,omitempty"`
	MemoryMB            *int64  `json:"memory_mb,omitempty"`
	Privacy             Privacy `json:"privacy,omitempty"`
	TrustedNodeRequired bool    `json:"trusted_node_required,omitempty"`
}

// ExecutionHint is advice for placement; it never changes a result.
type ExecutionHint struct {
	Region   string    `json:"region,omitempty"`
	NodeTags []string  `json:"node_tags,omitempty"`
	Requires *Requires `json:"requires,omitempty"`
}

// Requires are the resources a hint asks for.
type Requires struct {
	MinRAMMB     int64    `json:"min_ram_mb,omitempty"`
	MinVRAMMB    int64    `json:"min_vram_mb,omitempty"`
	Accelerators []string `json:"accelerators,omitempty"`
}

// Priority orders units under pressure; p0 is the most urgent, p2 the default.
type Priority string

// The priorities.
const (
	P0 Priority = "p0"
	P1 Priority = "p1"
	P2 Priority = "p2"
	P3 Priority = "p3"
)

// VerificationMode says how a unit's result is checked before it is released.
type VerificationMode string

// The verification modes. CPU units default to adaptive, llm units to schema.
const (
	VerifyNone      VerificationMode = "none"
	VerifySchema    VerificationMode = "schema"
	VerifyQuorum    VerificationMode = "quorum"
	VerifyRecompute VerificationMode = "recompute"
	VerifyAdaptive  VerificationMode = "adaptive"
)

// Timeouts bound waiting for a place and one run, in milliseconds.
type Timeouts struct {
	DispatchMS *int64 `json:"dispatch_timeout_ms,omitempty"`
	RunMS      *int64 `json:"run_timeout_ms,omitempty"`
}

// Retries bound attempts. MaxAttempts counts the first one and is at most 5.
type Retries struct {
	MaxAttempts int   `json:"max_attempts,omitempty"`
	BackoffMS   int64 `json:"backoff_ms,omitempty"`
}

// MaxAttempts is the largest number of attempts a unit may ask for, and
// DefaultAttempts what a unit without Retries gets.
const (
	MaxAttempts     = 5
	DefaultAttempts = 3
)

// IsIdempotent reports whether the unit may be retried or replicated.
func (u *WorkUnit) IsIdempotent() bool { return u.Idempotent == nil || *u.Idempotent }

// IsCritical reports whether the unit's failure fails the graph under fail_fast.
func (u *WorkUnit) IsCritical() bool { return u.Critical == nil || *u.Critical }

// Attempts returns how often the unit may be started.
func (u *WorkUnit) Attempts() int {
	if !u.IsIdempotent() || u.Retries == nil || u.Retries.MaxAttempts == 0 {
		return u.defaultAttempts()
	}
	return u.Retries.MaxAttempts
}

func (u *WorkUnit) defaultAttempts() int {
	if u.IsIdempotent() {
		return DefaultAttempts
	}
	return 1
}
