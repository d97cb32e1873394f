package ir

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// Upstream's examples that are no task graphs have input formats of their own. The
// shim reads them as steps, each a graph of one task or none, and a key under which
// an answer may be used again: what is asked twice is computed once.

// Step is one request, query or step of a workload.
type Step struct {
	ID string
	// Key identifies the answer; a step whose key was answered before is a cache
	// hit.
	Key string
	// Graph computes the step; nil where Kind is known without.
	Graph *Graph
	// Kind is what the step is where nothing is computed: deterministic_answer,
	// tool_needed, retrieval_needed or provider_needed.
	Kind string
	// Expected is what the file says it is.
	Expected string
}

// The kinds of a step, as counted.
const (
	KindDeterministic = "deterministic"
	KindCached        = "cache_hit"
	KindTool          = "tool_needed"
	KindRetrieval     = "retrieval_needed"
	KindProvider      = "provider_needed"
)

// workload has the members of all four formats.
type workload struct {
	Routes   []any  `json:"routes"`
	Provider string `json:"provider_required_route"`
	Requests []struct {
		ID       string `json:"id"`
		Text     string `json:"text"`
		Key      string `json:"semantic_cache_key"`
		Expected string `json:"expected_route_kind"`
		Request  *struct {
			Model    string              `json:"model"`
			Messages []contracts.Message `json:"messages"`
		} `json:"request"`
	} `json:"requests"`

	Answers []struct {
		Question string   `json:"question"`
		Aliases  []string `json:"aliases"`
	} `json:"exact_answers"`
	Retrieval []keywords `json:"retrieval_rules"`
	Needed    []keywords `json:"provider_needed_rules"`
	Queries   []struct {
		ID       string `json:"id"`
		Query    string `json:"query"`
		Expected string `json:"expected_route_kind"`
	} `json:"queries"`

	Handlers      map[string]string `json:"deterministic_handlers"`
	Tools         map[string]any    `json:"tool_handlers"`
	ProviderTypes []string          `json:"provider_needed_types"`
	Workflows     []struct {
		Steps []struct {
			ID          string `json:"id"`
			Description string `json:"description"`
			Type        string `json:"step_type"`
			Expected    string `json:"expected_route_kind"`
		} `json:"steps"`
	} `json:"workflows"`
}

type keywords struct {
	Keywords []string `json:"keywords"`
}

// DecodeWorkload reads requests, queries or workflows as steps.
func DecodeWorkload(data []byte) ([]Step, error) {
	var w workload
	if _, err := decode(data, "workload", &w); err != nil {
		return nil, err
	}
	steps := slices.Concat(w.requests(), w.queries(), w.workflows())
	if len(steps) == 0 || len(steps) > maxTasks {
		return nil, invalid("workload", "has %d steps, want 1 to %d", len(steps), maxTasks)
	}
	return steps, nil
}

// requests are texts, or chats whose last message is the text, to be classified.
// A chat's key is all of it.
func (w *workload) requests() []Step {
	var steps []Step
	for _, r := range w.Requests {
		s := Step{ID: r.ID, Key: r.Key, Expected: r.Expected}
		text := r.Text
		if r.Request != nil && len(r.Request.Messages) > 0 {
			text, s.Key = r.Request.Messages[len(r.Request.Messages)-1].Content, string(object(r.Request))
		}
		s.Graph = oneTask(r.ID, "classify_by_rules", text, map[string]any{"routes": w.Routes, "provider_required_route": w.Provider})
		steps = append(steps, s)
	}
	return steps
}

// queries are answered by words that are known, else routed by keywords.
func (w *workload) queries() []Step {
	var steps []Step
	for _, q := range w.Queries {
		s := Step{ID: q.ID, Key: q.Query, Kind: KindProvider, Expected: q.Expected}
		text := strings.ToLower(q.Query)
		for _, a := range w.Answers {
			if q.Query == a.Question || slices.Contains(a.Aliases, q.Query) {
				s.Graph = oneTask(q.ID, "echo", q.Query, map[string]any{"message": a.Question})
				s.Kind = ""
			}
		}
		if s.Graph == nil && !anyOf(w.Needed, text) && anyOf(w.Retrieval, text) {
			s.Kind = KindRetrieval
		}
		steps = append(steps, s)
	}
	return steps
}

// anyOf reports whether a rule has a keyword of which every word stands in a text,
// in any form.
func anyOf(rules []keywords, text string) bool {
	for _, r := range rules {
		for _, k := range r.Keywords {
			if !slices.ContainsFunc(strings.Fields(strings.ToLower(k)), func(word string) bool { return !strings.Contains(text, word) }) {
				return true
			}
		}
	}
	return false
}

// workflows are steps of types that say who does them.
func (w *workload) workflows() []Step {
	var steps []Step
	for _, f := range w.Workflows {
		for _, st := range f.Steps {
			s := Step{ID: st.ID, Key: st.Type + "\x00" + st.Description, Kind: KindProvider, Expected: st.Expected}
			switch {
			case w.Handlers[st.Type] != "":
				s.Kind, s.Graph = "", oneTask(st.ID, "echo", st.Description, map[string]any{"message": w.Handlers[st.Type]})
			case w.Tools[st.Type] != nil:
				s.Kind = KindTool
			}
			steps = append(steps, s)
		}
	}
	return steps
}

// oneTask is a graph of one deterministic task on a text.
func oneTask(id, handler, text string, args map[string]any) *Graph {
	return &Graph{
		ID: fmt.Sprintf("workload.%s", id), Version: Version, Root: id, Defaults: &Default{},
		Tasks: []Task{{ID: id, Type: "deterministic", In: map[string]any{"text": text}, Run: Run{Kind: "det", Spec: Spec{Handler: handler, Args: args}}}},
	}
}

// Route says what a step was, from what its graph gave. answered are the keys that
// have an answer, to which it adds.
func (s *Step) Route(final json.RawMessage, answered map[string]bool) (string, error) {
	if s.Graph == nil {
		return s.Kind, nil
	}
	var out struct {
		Kind string `json:"route_kind"`
	}
	if err := json.Unmarshal(final, &out); err != nil {
		return "", contracts.Errorf(contracts.CodeBadOutput, s.ID, "%w", err)
	}
	if out.Kind == "provider_required" {
		return KindProvider, nil
	}
	answered[s.Key] = true
	return KindDeterministic, nil
}
