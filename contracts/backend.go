package contracts

import (
	"context"
	"io"

	"github.com/ipfs/go-cid"
)

// BackendVersion is the version of the ExecutionBackend interface. A caller
// refuses a backend whose Capabilities name another major version.
const BackendVersion = "1.0"

// ExecutionBackend is KORA's port to whatever runs a graph (CONTRACTS section
// 9). A backend executes declared units and evaluates declared edges; it never
// decomposes, escalates or raises a budget. Implementations are safe for
// concurrent use.
type ExecutionBackend interface {
	// Execute runs g to its end and returns its result. A graph that failed is
	// a result, not an error; errors are *Error and mean that there is no
	// session: the graph was refused, the backend was unreachable, or ctx
	// ended, in which case the session is cancelled.
	//
	// observe, if not nil, is called with each event in order, one at a time;
	// it must not block for long.
	Execute(ctx context.Context, g *TaskGraph, ec ExecutionContext, observe func(Event)) (*ExecutionResult, error)
	// Health reports whether the backend can take work now.
	Health(ctx context.Context) (BackendStatus, error)
	// Capabilities reports what the backend can do; it changes only when the
	// backend restarts.
	Capabilities(ctx context.Context) (BackendCapabilities, error)
}

// BlockStore is how modules, inputs and outputs reach and leave a backend.
type BlockStore interface {
	// PutBlock stores data under its own address with the given codec (raw or
	// dag-cbor) and returns the address. It is idempotent.
	PutBlock(ctx context.Context, codec uint64, data []byte) (cid.Cid, error)
	// GetBlock returns verified bytes, or an *Error with CodeNotFound naming
	// the address.
	GetBlock(ctx context.Context, c cid.Cid) ([]byte, error)
}

// ExecutionContext says on whose behalf and under which ids a graph runs.
type ExecutionContext struct {
	RunID       string `json:"run_id"`
	TraceID     string `json:"trace_id,omitempty"`
	BackendMode string `json:"backend_mode,omitempty"`
	UserID      string `json:"user_id,omitempty"`
}

// ExecutionResult is what a session leaves behind. It is immutable.
type ExecutionResult struct {
	// FinalOutput is null when no final unit succeeded or its output is not JSON.
	FinalOutput JSON              `json:"final_output"`
	Telemetry   TelemetryBundle   `json:"telemetry_bundle"`
	Metadata    ExecutionMetadata `json:"execution_metadata"`
}

// Document is an encoded document that may be too long to hold in memory.
type Document interface {
	// Size is its length in bytes.
	Size() int64
	io.WriterTo
}

// ExecutionMetadata says how the session ended and where its outputs are.
type ExecutionMetadata struct {
	State      SessionState `json:"state"`
	StopReason StopReason   `json:"stop_reason"`
	Error      *Error       `json:"error,omitempty"`
	GraphCID   string       `json:"graph_cid"`
	// FinalUnit is the unit that answered, Output its whole output.
	FinalUnit UnitID     `json:"final_unit,omitempty"`
	Output    *OutputRef `json:"output,omitempty"`
	Backend   string     `json:"backend"`
	StartedAt Time       `json:"started_at"`
	EndedAt   Time       `json:"ended_at"`
}

// OutputRef points at an output block.
type OutputRef struct {
	CID       Link   `json:"cid"`
	MediaType string `json:"media_type"`
	Bytes     uint64 `json:"bytes"`
}

// HealthState is how ready a backend is.
type HealthState string

// The health states of a backend.
const (
	Healthy     HealthState = "healthy"
	Degraded    HealthState = "degraded"
	Unavailable HealthState = "unavailable"
)

// BackendStatus is the answer of Health.
type BackendStatus struct {
	State    HealthState     `json:"state"`
	Reason   string          `json:"reason,omitempty"`
	Capacity CapacitySummary `json:"capacity"`
	Version  string          `json:"version"`
}

// CapacitySummary counts places for work.
type CapacitySummary struct {
	Nodes     int `json:"nodes"`
	Pods      int `json:"pods"`
	Slots     int `json:"slots"`
	FreeSlots int `json:"free_slots"`
	Queued    int `json:"queued"`
}

// BackendCapabilities is the answer of Capabilities.
type BackendCapabilities struct {
	InterfaceVersion string     `json:"interface_version"`
	SchemaVersions   []string   `json:"schema_versions"`
	Profiles         []string   `json:"profiles"`
	TaskTypes        []UnitType `json:"task_types"`
	MaxConcurrency   int        `json:"max_concurrency"`
	MaxModelTier     ModelTier  `json:"max_model_tier,omitempty"`
	ContextWindow    int64      `json:"context_window,omitempty"`
	Distributed      bool       `json:"distributed"`
	Limits           Limits     `json:"limits"`
}

// Compatible returns an *Error with CodeVersionMismatch unless the backend
// speaks this package's interface and schema major versions.
func (c BackendCapabilities) Compatible() error {
	if major(c.InterfaceVersion) != major(BackendVersion) {
		return Errorf(CodeVersionMismatch, c.InterfaceVersion, "backend interface is not compatible with %s", BackendVersion)
	}
	for _, v := range c.SchemaVersions {
		if major(v) == major(Version) {
			return nil
		}
	}
	return Errorf(CodeVersionMismatch, "schema_versions", "backend supports %v, this side speaks %s", c.SchemaVersions, Version)
}
