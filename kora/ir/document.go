package ir

import (
	"encoding/json"

	"github.com/krako-labs/krako/contracts"
)

// Version is the version of the documents that are read.
const Version = "0.1"

// Bounds of a document.
const (
	maxDocument = 8 << 20
	maxTasks    = 10_000
)

// Graph is a document of Task IR 0.1.
type Graph struct {
	ID       string   `json:"graph_id"`
	Version  string   `json:"version"`
	Root     string   `json:"root"`
	Defaults *Default `json:"defaults"`
	Tasks    []Task   `json:"tasks"`

	canonical contracts.JSON // the text that it was read from
}

// Default is what tasks inherit that say nothing.
type Default struct {
	Budget *Budget `json:"budget"`
}

// Budget bounds one task. What is absent is 1,500 ms, 300 tokens and one retry.
type Budget struct {
	MaxTimeMS  *int64 `json:"max_time_ms"`
	MaxTokens  *int64 `json:"max_tokens"`
	MaxRetries *int64 `json:"max_retries"`
}

// Task is one node.
type Task struct {
	ID     string         `json:"id"`
	Type   string         `json:"type"`
	Deps   []string       `json:"deps"`
	In     map[string]any `json:"in"`
	Run    Run            `json:"run"`
	Verify *Verify        `json:"verify"`
	Policy Policy         `json:"policy"`
	Tags   []string       `json:"tags"`
}

// Run is what a task does: det by a handler, llm by an adapter.
type Run struct {
	Kind string `json:"kind"`
	Spec Spec   `json:"spec"`
}

// Spec has the members of both kinds.
type Spec struct {
	Handler      string          `json:"handler"`
	Args         map[string]any  `json:"args"`
	Adapter      string          `json:"adapter"`
	Input        map[string]any  `json:"input"`
	OutputSchema json.RawMessage `json:"output_schema"`
}

// Verify is what an output must satisfy.
type Verify struct {
	Schema json.RawMessage `json:"schema"`
	Rules  []Rule          `json:"rules"`
}

// Rule is "required" with Paths, or "range" with Path, Min and Max. Paths are
// members of the output itself.
type Rule struct {
	Kind  string   `json:"kind"`
	Paths []string `json:"paths"`
	Path  string   `json:"path"`
	Min   *float64 `json:"min"`
	Max   *float64 `json:"max"`
}

// Policy says what a failure leads to and what the task may cost.
type Policy struct {
	OnFail   string    `json:"on_fail"`
	Budget   *Budget   `json:"budget"`
	Adaptive *Adaptive `json:"adaptive"`
}

// Adaptive is how a model task escalates. Absent members are the profile's.
type Adaptive struct {
	Profile            string             `json:"routing_profile"`
	MinConfidence      *float64           `json:"min_confidence_to_stop"`
	MinVOI             *float64           `json:"min_voi_to_escalate"`
	MaxEscalations     *int               `json:"max_escalations"`
	Order              []string           `json:"escalation_order"`
	StageCosts         map[string]float64 `json:"stage_costs"`
	UseVOI             *bool              `json:"use_voi"`
	Samples            *int               `json:"self_consistency_samples"`
	SelfConsistency    *bool              `json:"self_consistency_enabled"`
	SampleTokens       *int64             `json:"self_consistency_max_tokens"`
	SampleMinNextCost  *float64           `json:"self_consistency_min_next_cost"`
	SampleMinRemaining *float64           `json:"self_consistency_min_remaining_budget"`
	GateRetrieval      bool               `json:"enable_gate_retrieval"`
	RetrievalStrategy  string             `json:"retrieval_strategy"`
	RetrievalTTL       *int64             `json:"retrieval_ttl_seconds"`
	RetrievalEntries   *int64             `json:"retrieval_max_entries"`
}

// Decode reads a document and checks it. Unknown members are ignored, as upstream
// does; everything else that is wrong is a VALIDATION_ERROR that names the task.
func Decode(data []byte) (*Graph, error) {
	g := new(Graph)
	var err error
	if g.canonical, err = decode(data, "task graph", g); err != nil {
		return nil, err
	}
	if err := g.check(); err != nil {
		return nil, err
	}
	return g, nil
}

// decode reads a document and returns its canonical form.
func decode(data []byte, what string, v any) (contracts.JSON, error) {
	if len(data) > maxDocument {
		return nil, contracts.Errorf(contracts.CodeValidation, what, "has %d bytes, the limit is %d", len(data), maxDocument)
	}
	// The strict reader refuses what encoding/json forgives: repeated members and
	// text that is not UTF-8.
	canonical, err := contracts.NewJSON(data)
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, what, "is not JSON: %w", err)
	}
	if g, ok := v.(*Graph); ok && readQuick(canonical, g) {
		return canonical, nil
	}
	if err := json.Unmarshal(canonical, v); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, what, "%w", err)
	}
	return canonical, nil
}
