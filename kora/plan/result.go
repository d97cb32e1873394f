package plan

import "github.com/krako-labs/krako/contracts"

// Kind is how a message is answered.
type Kind string

// The kinds of plans.
const (
	Deterministic Kind = "deterministic" // no unit asks a model
	Hybrid        Kind = "hybrid"
	Model         Kind = "model"
	None          Kind = "none" // nothing answers it
)

// Plan is what became of a message.
type Plan struct {
	Kind Kind `json:"kind"`
	// Graph answers the message; nil where Kind is None. CID is its graph_cid.
	Graph *contracts.TaskGraph `json:"graph,omitempty"`
	CID   string               `json:"graph_cid,omitempty"`
	// IsDraft is set where the graph's output is no answer but a plan by a model, of
	// which FromDraft makes the graph that answers.
	IsDraft bool `json:"is_draft,omitempty"`
	// Handlers are the tasks that compute the answer, in the order of its parts.
	Handlers []string `json:"handlers,omitempty"`
	// Reason says why there is no plan, or why a model is needed.
	Reason Reason `json:"reason,omitempty"`
	// Decisions are all that was decided on the way, in order.
	Decisions []Decision `json:"decisions"`
}

// Decision is one step of planning.
type Decision struct {
	Stage   Stage   `json:"stage"`
	Outcome Outcome `json:"outcome"`
	Reason  Reason  `json:"reason,omitempty"`
	// Parser is the grammar that read the span, Reading what it understood.
	Parser  string `json:"parser,omitempty"`
	Reading string `json:"reading,omitempty"`
	// Span is the part of the message, in bytes: from Start up to End.
	Start int `json:"start"`
	End   int `json:"end"`
}

// Stage is where a decision was made.
type Stage string

// The stages, in order.
const (
	StageNormalise Stage = "normalise"
	StageReuse     Stage = "reuse" // decided when units are run, and so the last to be told
	StageGrammar   Stage = "grammar"
	StageCompose   Stage = "compose"
	StageRoute     Stage = "route"
	StagePlanned   Stage = "model_planned"
	StageModel     Stage = "model"
)

// Outcome is what a stage decided.
type Outcome string

// The outcomes.
const (
	Accepted  Outcome = "accepted"
	Abstained Outcome = "abstained"
	Refused   Outcome = "refused"
)

// Reason is why, from a closed set, so that abstentions can be counted.
type Reason string

// The reasons.
const (
	NoGrammar      Reason = "no_grammar"      // no grammar reads all of it
	Ambiguous      Reason = "ambiguous"       // readings differ
	TooLong        Reason = "too_long"        // longer than grammars read
	Empty          Reason = "empty"           // nothing was asked
	NotText        Reason = "not_text"        // the message is not UTF-8
	NeedsClock     Reason = "needs_clock"     // and the request has none
	NeedsSeed      Reason = "needs_seed"      // a draw without a seed
	Spelling       Reason = "spelling"        // a word was read as another, one slip away
	NoModel        Reason = "no_model"        // a model is needed, and not allowed
	ModelWanted    Reason = "model_wanted"    // the caller wants a model
	ModelPlans     Reason = "model_plans"     // a model is asked for a plan
	BadDraft       Reason = "bad_draft"       // what a model planned cannot be run
	NoRoute        Reason = "no_route"        // the tenant has no route for it
	AllKnown       Reason = "all_known"       // every unit was run before, with the same input
	SomeKnown      Reason = "some_known"      // some units were
	BelowThreshold Reason = "below_threshold" // a router is not sure enough
)
