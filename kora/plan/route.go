package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// Routes are what a tenant has answers to: questions that are known, rules for
// kinds of messages, and a classifier that was trained on examples. They are tried
// in this order when no grammar reads a message.
type Routes struct {
	// Knowledge is answered at once, for a question that is asked in its words.
	Knowledge []Known `json:"knowledge,omitempty"`
	// Rules are those of classify/rules, of which exactly one label must match.
	Rules []contracts.JSON `json:"rules,omitempty"`
	// Model is the block of a classifier that small_model/train made, with a
	// threshold for the precision its tenant wants.
	Model *contracts.Link `json:"model,omitempty"`
	// Answers are the replies to labels. A label without one is no answer.
	Answers map[string]string `json:"answers,omitempty"`
}

// Known is a question with its answer.
type Known struct {
	Question string   `json:"question"`
	Aliases  []string `json:"aliases,omitempty"`
	Answer   string   `json:"answer"`
}

// route tries the tenant's routes. What the graph finds no label for is left to a
// model by a unit that runs only then, if a model may be asked.
func route(p *Plan, r *Request) bool {
	t := r.Routes
	if t == nil || len(r.Message) > maxRouted {
		return false
	}
	if k := t.known(r.Message); k != nil {
		p.Decisions = append(p.Decisions, Decision{Stage: StageRoute, Outcome: Accepted, Parser: "kb.lookup", Reading: k.Question, End: len(r.Message)})
		build(p, r, []clause{{0, len(r.Message), []reading{{"kb.lookup", []step{{
			task: "text/template@1", reading: "the answer that is known", answer: "{{out.text}}",
			input: map[string]any{"template": "{{answer}}", "data": map[string]any{"answer": k.Answer}, "escape": "none", "missing": "refuse"},
		}}}}}})
		p.Reason = ""
		return true
	}
	if len(t.Answers) == 0 || len(t.Rules) == 0 && t.Model == nil {
		p.decide(StageRoute, Abstained, NoRoute, 0, len(r.Message))
		return false
	}
	t.build(p, r)
	return true
}

// maxRouted bounds the message that is routed, as the tasks do.
const maxRouted = 64 << 10

// known finds a question by its words, without marks, case and politeness.
func (t *Routes) known(message string) *Known {
	said := gist(message)
	for i := range t.Knowledge {
		k := &t.Knowledge[i]
		for _, q := range append([]string{k.Question}, k.Aliases...) {
			if said != "" && gist(q) == said {
				return k
			}
		}
	}
	return nil
}

func gist(message string) string {
	tokens, ok := tokenize(message)
	if !ok {
		return ""
	}
	var all []string
	for _, t := range politely(tokens) {
		all = append(all, t.text)
	}
	return strings.Join(all, " ")
}

// build makes the graph of a message that is labelled: rules, then the classifier
// where they claim nothing, then the answer to the label, and a model where there
// is none.
func (t *Routes) build(p *Plan, r *Request) {
	g := newGraph(r)
	pick := contracts.WorkUnit{ID: "label", Name: "label", Type: contracts.Deterministic, Program: &contracts.Program{Task: "json/query@1"}}
	pick.Input = object(map[string]any{"document": map[string]any{"value": map[string]any{"rules": nil, "model": nil, "answers": t.Answers}}, "query": pickProgram, "limit": 1})
	after := func(u contracts.WorkUnit, to string) {
		g.WorkUnits = append(g.WorkUnits, u)
		pick.Dependencies = append(pick.Dependencies, u.ID)
		pick.Bind = append(pick.Bind, contracts.Bind{From: u.ID, To: "/document/value/" + to})
	}
	if len(t.Rules) > 0 {
		after(contracts.WorkUnit{
			ID: "rules", Name: "rules", Type: contracts.Deterministic, Program: &contracts.Program{Task: "classify/rules@1"},
			Input: object(map[string]any{"text": r.Message, "rules": t.Rules, "decide": "only"}),
		}, "rules")
	}
	if t.Model != nil {
		u := contracts.WorkUnit{
			ID: "classifier", Name: "classifier", Type: contracts.SmallModel, Program: &contracts.Program{Task: "small_model/classify@1"},
			Input: object(map[string]any{"text": r.Message}), Blobs: map[string]contracts.Link{"model": *t.Model},
		}
		if len(t.Rules) > 0 {
			u.Dependencies = []contracts.UnitID{"rules"}
			u.When = []contracts.Condition{{Dependency: "rules", Condition: contracts.OnEquals, Select: "/reason", Value: contracts.JSON(`"label"`), Not: true}}
		}
		after(u, "model")
	}
	g.WorkUnits = append(g.WorkUnits, pick)
	answer := contracts.WorkUnit{
		ID: "answer", Name: "answer", Type: contracts.Deterministic, Program: &contracts.Program{Task: "json/query@1"}, Dependencies: []contracts.UnitID{"label"},
		Input: object(map[string]any{"document": map[string]any{"value": map[string]any{"answer": nil}}, "query": `.answer // error("no label has an answer")`, "limit": 1}),
		Bind:  []contracts.Bind{{From: "label", Select: "/results/0/answer", To: "/document/value/answer"}},
	}
	p.Kind = Deterministic
	g.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: "answer", Select: "/results/0"}}
	if r.Models == ModelIfNeeded {
		answer.When = []contracts.Condition{{Dependency: "label", Condition: contracts.OnEquals, Select: "/results/0/found", Value: contracts.JSON("true")}}
		model := modelUnit(r)
		model.Dependencies = []contracts.UnitID{"label"}
		model.When = []contracts.Condition{{Dependency: "label", Condition: contracts.OnEquals, Select: "/results/0/found", Value: contracts.JSON("false")}}
		calls := int64(1)
		g.Budgets.MaxLLMCalls = &calls
		g.WorkUnits = append(g.WorkUnits, model)
		g.Outputs.Final = append(g.Outputs.Final, contracts.FinalOutput{WorkUnitID: model.ID})
		p.Kind = Hybrid
	}
	g.WorkUnits = append(g.WorkUnits, answer)
	for _, u := range g.WorkUnits {
		if u.Type == contracts.SmallModel || u.ID == "rules" {
			p.Handlers = append(p.Handlers, u.Program.Task)
		}
	}
	p.Decisions = append(p.Decisions, Decision{Stage: StageRoute, Outcome: Accepted, Parser: strings.Join(p.Handlers, ","), Reading: "one of " + strings.Join(slices.Sorted(maps.Keys(t.Answers)), ", "), End: len(r.Message)})
	p.Reason, p.Graph = "", g
	p.seal()
}

// pickProgram takes the label of the rules, else that of the classifier if it is
// sure enough, and its answer.
const pickProgram = `. as $x | (if .rules.label then .rules.label elif .model.accepted then .model.label else null end) as $l
| (if $l == null then null else $x.answers[$l] end) as $a | {label: $l, found: ($a != null), answer: $a}`
