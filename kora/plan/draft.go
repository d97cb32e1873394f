package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// A message that nothing here reads can be planned by a model, where its sender
// wants that: a graph of one llm unit asks for a draft, a list of tasks of the
// catalogue with their inputs, which then is checked here and becomes a graph like
// any other. The model computes nothing: numbers in the answer come from units.

// MaxDraftUnits bounds the units of a graph that a model planned.
const MaxDraftUnits = 12

// draftTokens bounds what the model may say of a plan.
const draftTokens = 1024

// offered are the families of tasks that a model may plan with: they compute from
// what is in their input alone.
var offered = []string{
	"num/eval@1", "num/stats@1", "num/change@1", "num/compound@1", "num/gcd@1", "num/factor@1", "num/root@1", "unit/convert@1",
	"date/add@1", "date/diff@1", "date/weekday@1", "date/zone@1", "text/count@1", "text/stats@1", "text/sort@1", "text/case@1", "list/set@1",
}

// askedOf is the name of a step that asks the model something.
const askedOf = "llm"

// Draft is what a model is asked for.
type Draft struct {
	Steps []DraftStep `json:"steps"`
	// Answer is the reply, with {{s1.decimal}} where an output of a step belongs.
	Answer string `json:"answer"`
}

// DraftStep is a task with its input. Strings in it may refer to steps before it.
type DraftStep struct {
	Task  string         `json:"task"`
	Input map[string]any `json:"input"`
}

// planner returns the tasks of the catalogue that a model may plan with.
func planner(r *Request) map[string]*contracts.TaskView {
	all := map[string]*contracts.TaskView{}
	for i := range r.Tasks {
		if t := &r.Tasks[i]; slices.Contains(offered, t.Task) {
			all[t.Task] = t
		}
	}
	return all
}

// askForDraft makes the graph that asks a model for a draft.
func askForDraft(p *Plan, r *Request, after ...contracts.Message) {
	unit := modelUnit(r)
	unit.ID, unit.Name = "plan", "plan"
	call := unit.Model
	zero := 0.0
	call.FreeText, call.Temperature, call.MaxTokens = false, &zero, draftTokens
	call.System, call.Tools, call.Stop = instruction(planner(r)), nil, nil
	call.Messages = append([]contracts.Message{{Role: "user", Content: r.Message}}, after...)
	unit.OutputSchema = draftSchema(planner(r))
	g := newGraph(r)
	calls := int64(1)
	g.Budgets.MaxLLMCalls = &calls
	g.WorkUnits = []contracts.WorkUnit{unit}
	g.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: "plan"}}
	p.decide(StagePlanned, Accepted, ModelPlans, 0, len(r.Message))
	p.Kind, p.Graph, p.IsDraft = Model, g, true
	p.seal()
}

// Repair is the graph that asks once more, after a draft that could not be used.
// said may be empty where the model said nothing that could be read.
func Repair(r *Request, before *Plan, said contracts.JSON, why error) Plan {
	p := &Plan{Decisions: slices.Clone(before.Decisions), Reason: before.Reason}
	p.refused(r, why)
	asked := "That was no plan that can be run: " + why.Error() + ". Reply with a plan that can."
	if len(said) == 0 {
		askForDraft(p, r, contracts.Message{Role: "assistant", Content: "{}"}, contracts.Message{Role: "user", Content: asked})
	} else {
		askForDraft(p, r, contracts.Message{Role: "assistant", Content: string(said)}, contracts.Message{Role: "user", Content: asked})
	}
	return *p
}

// Plain is the graph of one model call, for a message for which no draft was of use.
func Plain(r *Request, before *Plan, why error) Plan {
	p := &Plan{Decisions: slices.Clone(before.Decisions), Reason: before.Reason}
	p.refused(r, why)
	askModel(p, r)
	return *p
}

func (p *Plan) refused(r *Request, why error) {
	p.Decisions = append(p.Decisions, Decision{Stage: StagePlanned, Outcome: Refused, Reason: BadDraft, Reading: why.Error(), End: len(r.Message)})
}

// FromDraft makes a graph of what a model planned. The error says, in words for the
// model, what is wrong with the draft: VALIDATION_ERROR, naming the step.
func FromDraft(r *Request, before *Plan, said contracts.JSON) (Plan, error) {
	p := Plan{Kind: Hybrid, Decisions: slices.Clone(before.Decisions)}
	dec := json.NewDecoder(bytes.NewReader(said))
	dec.DisallowUnknownFields()
	dec.UseNumber()
	var d Draft
	if err := dec.Decode(&d); err != nil {
		return p, contracts.Errorf(contracts.CodeValidation, "draft", "%v", err)
	}
	if len(d.Steps) == 0 {
		return p, contracts.Errorf(contracts.CodeValidation, "draft", "there are no steps")
	}
	b := &drafted{r: r, tasks: planner(r), g: newGraph(r), ids: map[int]contracts.UnitID{}, of: d.Steps}
	for i := range d.Steps {
		if err := b.step(i, &d.Steps[i]); err != nil {
			return p, err
		}
	}
	if err := b.answer(d.Answer); err != nil {
		return p, err
	}
	if n := len(b.g.WorkUnits); n > MaxDraftUnits {
		return p, contracts.Errorf(contracts.CodeValidation, "draft", "the plan needs %d units, at most %d may be", n, MaxDraftUnits)
	}
	b.g.Budgets.MaxLLMCalls = &b.calls
	if err := b.g.Validate(contracts.DefaultLimits()); err != nil {
		return p, err
	}
	p.Graph, p.Handlers = b.g, b.handlers
	var names []string
	for i := range d.Steps {
		names = append(names, d.Steps[i].Task)
	}
	p.Decisions = append(p.Decisions, Decision{Stage: StagePlanned, Outcome: Accepted, Parser: "draft", Reading: strings.Join(names, ", "), End: len(r.Message)})
	p.seal()
	return p, nil
}

// drafted is a draft that becomes a graph.
type drafted struct {
	r        *Request
	tasks    map[string]*contracts.TaskView
	g        *contracts.TaskGraph
	of       []DraftStep
	ids      map[int]contracts.UnitID
	handlers []string
	calls    int64
}

func (b *drafted) step(i int, s *DraftStep) error {
	name := fmt.Sprintf("s%d", i+1)
	b.ids[i] = contracts.UnitID(name)
	if s.Task == askedOf {
		return b.ask(i, s)
	}
	t := b.tasks[s.Task]
	if t == nil {
		return contracts.Errorf(contracts.CodeValidation, name, "there is no task %q", s.Task)
	}
	u := contracts.WorkUnit{ID: b.ids[i], Name: s.Task, Type: contracts.Deterministic, Program: &contracts.Program{Task: s.Task}}
	input, err := b.fill(&u, i, "", s.Input)
	if err != nil {
		return err
	}
	if err := b.fits(t, name, s.Input, len(u.Bind) > 0); err != nil {
		return err
	}
	u.Input = object(input.(map[string]any))
	b.g.WorkUnits = append(b.g.WorkUnits, u)
	b.handlers = append(b.handlers, s.Task)
	return nil
}

// fits checks an input by the task's schema. Where a step gives a part of it, what is
// there of it must be members that the task has; the task itself checks the rest.
func (b *drafted) fits(t *contracts.TaskView, name string, in map[string]any, bound bool) error {
	if len(t.InputSchema) == 0 {
		return nil
	}
	if !bound {
		s, err := contracts.CompileSchema(t.InputSchema)
		if err == nil {
			err = s.Check(object(in))
		}
		if err != nil {
			return contracts.Errorf(contracts.CodeValidation, name, "the input of %s: %v", t.Task, err)
		}
		return nil
	}
	members := membersOf(t.InputSchema)
	for _, m := range slices.Sorted(maps.Keys(in)) {
		if _, ok := members[m]; !ok {
			return contracts.Errorf(contracts.CodeValidation, name, "%s takes no %q", t.Task, m)
		}
	}
	return nil
}

// ask makes the unit of a step that asks the model. What it refers to comes as data.
func (b *drafted) ask(i int, s *DraftStep) error {
	name := string(b.ids[i])
	prompt, ok := s.Input["prompt"].(string)
	if !ok || len(s.Input) != 1 || strings.TrimSpace(prompt) == "" {
		return contracts.Errorf(contracts.CodeValidation, name, "the input of llm is {prompt}, a text")
	}
	r := *b.r
	r.Message, r.Model.Messages = references.ReplaceAllString(prompt, "${1}"), nil
	u := modelUnit(&r)
	u.ID, u.Name = b.ids[i], "llm"
	for _, m := range references.FindAllStringSubmatch(prompt, -1) {
		from, selection, err := b.refer(i, name, m)
		if err != nil {
			return err
		}
		bind(&u, from, selection, "/"+m[1])
	}
	b.calls++
	b.g.WorkUnits = append(b.g.WorkUnits, u)
	return nil
}

// references are {{s1.decimal}} and {{s1}}.
var references = regexp.MustCompile(`\{\{\s*(s([0-9]{1,2})((?:\.[A-Za-z0-9_]+)*))\s*\}\}`)

// fill replaces what refers to other steps within a value: all of a string by a bind
// of what it refers to, a part of one by a unit that writes the string.
func (b *drafted) fill(u *contracts.WorkUnit, i int, at string, v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			x, err := b.fill(u, i, at+"/"+escape(k), v[k])
			if err != nil {
				return nil, err
			}
			out[k] = x
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for k := range v {
			x, err := b.fill(u, i, at+"/"+strconv.Itoa(k), v[k])
			if err != nil {
				return nil, err
			}
			out[k] = x
		}
		return out, nil
	case string:
		m := references.FindStringSubmatch(v)
		switch {
		case m == nil:
			return v, nil
		case m[0] == strings.TrimSpace(v):
			from, selection, err := b.refer(i, string(u.ID), m)
			if err != nil {
				return nil, err
			}
			bind(u, from, selection, at)
			return nil, nil
		}
		id := contracts.UnitID(fmt.Sprintf("%s.text%d", u.ID, len(u.Bind)+1))
		if err := b.write(id, i, v); err != nil {
			return nil, err
		}
		bind(u, id, "/text", at)
		return nil, nil
	}
	return v, nil
}

func escape(member string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(member)
}

// refer finds the step that a reference of step i is to, and what of its output.
func (b *drafted) refer(i int, name string, m []string) (contracts.UnitID, string, error) {
	n, err := strconv.Atoi(m[2])
	if err != nil || n < 1 || n > i {
		return "", "", contracts.Errorf(contracts.CodeValidation, name, "%s is no step before it", m[1])
	}
	path := strings.Split(m[3], ".")[1:]
	if t := b.tasks[b.of[n-1].Task]; t != nil && len(t.OutputSchema) > 0 {
		members := membersOf(t.OutputSchema)
		if len(path) == 0 || members[path[0]] == nil {
			return "", "", contracts.Errorf(contracts.CodeValidation, name, "%s: %s gives %s", m[1], t.Task, strings.Join(slices.Sorted(maps.Keys(members)), ", "))
		}
	} else if t == nil && len(path) > 0 {
		return "", "", contracts.Errorf(contracts.CodeValidation, name, "%s: llm gives a text; write {{s%d}}", m[1], n)
	}
	selection := ""
	for _, p := range path {
		selection += "/" + escape(p)
	}
	return b.ids[n-1], selection, nil
}

func bind(u *contracts.WorkUnit, from contracts.UnitID, selection, to string) {
	if !slices.Contains(u.Dependencies, from) {
		u.Dependencies = append(u.Dependencies, from)
	}
	u.Bind = append(u.Bind, contracts.Bind{From: from, Select: selection, To: to})
}

// write adds the unit that writes a text with outputs of steps in it.
func (b *drafted) write(id contracts.UnitID, i int, text string) error {
	u := contracts.WorkUnit{ID: id, Name: string(id), Type: contracts.Deterministic, Program: &contracts.Program{Task: "text/template@1"}}
	var template strings.Builder
	at := 0
	for k, m := range references.FindAllStringSubmatchIndex(text, -1) {
		part := func(i int) string { return text[m[2*i]:m[2*i+1]] }
		from, selection, err := b.refer(i, string(id), []string{part(0), part(1), part(2), part(3)})
		if err != nil {
			return err
		}
		name := fmt.Sprintf("v%d", k+1)
		bind(&u, from, selection, "/data/"+name)
		template.WriteString(text[at:m[0]] + "{{" + name + "}}")
		at = m[1]
	}
	template.WriteString(text[at:])
	if strings.Contains(references.ReplaceAllString(text, ""), "{{") {
		return contracts.Errorf(contracts.CodeValidation, string(id), "a reference looks like {{s1.decimal}}")
	}
	u.Input = object(map[string]any{"template": template.String(), "data": map[string]any{}, "escape": "none", "missing": "refuse"})
	b.g.WorkUnits = append(b.g.WorkUnits, u)
	return nil
}

var numbers = regexp.MustCompile(`[0-9]+(?:[.,][0-9]+)*`)

// answer adds the unit that writes the reply. A number that stands in it as it is
// must be the message's own: all others come from steps.
func (b *drafted) answer(text string) error {
	bare := references.ReplaceAllString(text, "")
	if bare == text {
		return contracts.Errorf(contracts.CodeValidation, "answer", "it has nothing from a step in it, such as {{s1.decimal}}")
	}
	given := numbers.FindAllString(b.r.Message, -1)
	for _, n := range numbers.FindAllString(bare, -1) {
		if !slices.Contains(given, n) {
			return contracts.Errorf(contracts.CodeValidation, "answer", "the number %s is neither the message's nor from a step", n)
		}
	}
	b.g.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: "answer", Select: "/text"}}
	return b.write("answer", len(b.of), text)
}

// membersOf are the members of the objects that a schema describes.
func membersOf(schema contracts.JSON) map[string]json.RawMessage {
	var s struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if json.Unmarshal(schema, &s) != nil {
		return nil
	}
	return s.Properties
}

// draftSchema is what a model's draft must look like.
func draftSchema(tasks map[string]*contracts.TaskView) contracts.JSON {
	names := append(slices.Sorted(maps.Keys(tasks)), askedOf)
	step := map[string]any{
		"type": "object", "additionalProperties": false, "required": []string{"task", "input"},
		"properties": map[string]any{"task": map[string]any{"type": "string", "enum": names}, "input": map[string]any{"type": "object"}},
	}
	return object(map[string]any{
		"type": "object", "additionalProperties": false, "required": []string{"steps", "answer"},
		"properties": map[string]any{
			"steps":  map[string]any{"type": "array", "maxItems": MaxDraftUnits, "items": step},
			"answer": map[string]any{"type": "string"},
		},
	})
}

// instruction tells a model how to plan.
func instruction(tasks map[string]*contracts.TaskView) string {
	var s strings.Builder
	s.WriteString(`Plan how to answer the message; do not compute anything yourself. Reply with JSON {"steps": [{"task", "input"}], "answer"}.
Every step runs one of the tasks below. A text in an input, and the answer, may refer to the output of an earlier step: {{s1.decimal}} is decimal of the first. Numbers in the answer are references. At most 12 steps; no steps at all if the tasks do not help.
Example: {"steps":[{"task":"num/eval@1","input":{"expression":"3 * 4","digits":2,"rounding":"half_even"}},{"task":"num/eval@1","input":{"expression":"{{s1.decimal}} - 5","digits":2,"rounding":"half_even"}}],"answer":"{{s2.decimal}} are left."}
Tasks:
`)
	for _, name := range slices.Sorted(maps.Keys(tasks)) {
		t := tasks[name]
		fmt.Fprintf(&s, "%s: %s Input {%s}, output {%s}\n", name, t.Description, signature(t.InputSchema), strings.Join(slices.Sorted(maps.Keys(membersOf(t.OutputSchema))), ", "))
	}
	s.WriteString("llm: Asks you, for what no task computes. Input {prompt: string}, output is a text, {{s1}}\n")
	return s.String()
}

// signature writes the members that a task takes; those with a mark may be left out.
func signature(schema contracts.JSON) string {
	var s struct {
		Required []string `json:"required"`
	}
	_ = json.Unmarshal(schema, &s) // a schema of the catalogue is one
	var all []string
	for _, name := range slices.Sorted(maps.Keys(membersOf(schema))) {
		var m struct {
			Type string   `json:"type"`
			Enum []string `json:"enum"`
		}
		_ = json.Unmarshal(membersOf(schema)[name], &m) // one of many types has no name here
		kind := m.Type
		if len(m.Enum) > 0 {
			kind = strings.Join(m.Enum, "|")
		}
		if kind != "" {
			kind = ": " + kind
		}
		if !slices.Contains(s.Required, name) {
			name += "?"
		}
		all = append(all, name+kind)
	}
	return strings.Join(all, ", ")
}
