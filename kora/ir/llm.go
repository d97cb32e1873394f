package ir

import (
	"maps"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// llm makes the units of a model task: a guard where it may be skipped, and for
// each attempt the calls, the verdicts between them and the check of what is left.
func (b *builder) llm(p *part) error {
	t := p.task
	if _, ok := b.o.Adapters[t.Run.Spec.Adapter]; !ok {
		return contracts.Errorf(contracts.CodeModelUnavailable, t.ID, "there is no adapter %q", t.Run.Spec.Adapter)
	}
	guard, err := b.guard(p)
	if err != nil {
		return err
	}
	l := limitsOf(b.doc, t)
	attempts := 1
	if t.Policy.OnFail == "retry" && !b.read[t.ID] {
		attempts += l.retries
	}
	begin := func(u *contracts.WorkUnit) {
		if guard == "" {
			b.after(u, t)
			return
		}
		u.Dependencies = append(u.Dependencies, guard)
		u.When = []contracts.Condition{{Dependency: guard, Condition: contracts.OnEquals, Select: result, Value: contracts.JSON("false")}}
	}
	for n := 1; n <= attempts; n++ {
		if n > 1 {
			before := p.tries[n-2].check
			begin = func(u *contracts.WorkUnit) {
				u.Dependencies = []contracts.UnitID{before}
				u.When = []contracts.Condition{{Dependency: before, Condition: contracts.OnFailure}}
			}
		}
		p.tries = append(p.tries, b.attempt(t, n, l, n == attempts, begin))
		p.ends = append(p.ends, p.tries[n-1].check)
	}
	if p.skip != "" {
		p.ends = append([]contracts.UnitID{p.skip}, p.ends...)
	}
	return nil
}

// guard adds the units that decide skip_if: one that says whether it holds for
// some dependency, and one whose output the task has then. Without skip_if there
// are none.
func (b *builder) guard(p *part) (contracts.UnitID, error) {
	t := p.task
	raw, ok := t.Run.Spec.Input["skip_if"]
	if !ok {
		return "", nil
	}
	skip, ok := raw.(map[string]any)
	if !ok {
		return "", nil // upstream takes no notice of what is no object
	}
	path, _ := skip["path"].(string)
	g := b.handle(t.ID, ":guard", "skip_if", map[string]any{"deps": b.emptyDeps(t), "key": member(path), "equals": skip["equals"]})
	b.after(g, t)
	b.bindDeps(g, t)
	b.bounds(g, limitsOf(b.doc, t), true)
	guard := g.ID
	s := b.handle(t.ID, ":skip", "constant", map[string]any{"in": map[string]any{
		"status": "ok", "task_id": t.ID, "skipped": true, "message": "Skipped due to skip_if condition",
	}})
	s.Dependencies = []contracts.UnitID{guard}
	s.When = []contracts.Condition{{Dependency: guard, Condition: contracts.OnEquals, Select: result, Value: contracts.JSON("true")}}
	b.bounds(s, limitsOf(b.doc, t), true)
	p.skip = s.ID
	return guard, nil
}

// attempt adds the units of one attempt.
func (b *builder) attempt(t *Task, n int, l limits, last bool, begin func(*contracts.WorkUnit)) try {
	if t.Policy.Adaptive == nil {
		c := b.call(t, attempt(n)+":call", t.Run.Spec.Adapter, l, l.tokens, begin)
		k := b.query(t.ID, attempt(n), checkProgram, map[string]any{"id": t.ID, "out": nil})
		begin(k) // a call that is skipped leaves nothing to check
		k.Dependencies = append(k.Dependencies, c)
		k.Bind = []contracts.Bind{{From: c, To: at("/out")}}
		k.OutputSchema = b.schema(t, llmSchema)
		b.bounds(k, l, last)
		return try{calls: []call{{unit: c, adapter: t.Run.Spec.Adapter}}, check: k.ID}
	}
	return b.escalation(t, n, l, last, begin)
}

// checkProgram takes the output of a model for the task's: its fixed members, and
// an answer that is a JSON document in a string as the document.
const checkProgram = `.id as $id | .out | ` + answerDocument

const answerDocument = `{status: "ok", task_id: $id} + .
| if (.answer | type) == "string" and (.answer | test("^\\s*[{\\[]")) then (try (.answer |= fromjson) catch .) else . end`

func llmSchema(t *Task) contracts.JSON {
	schema := t.Run.Spec.OutputSchema
	if t.Verify != nil && isObject(t.Verify.Schema) {
		schema = t.Verify.Schema
	}
	return wrap(schema, rules(t.Verify))
}

// call adds one model call.
func (b *builder) call(t *Task, role, adapter string, l limits, tokens int64, begin func(*contracts.WorkUnit)) contracts.UnitID {
	m := b.o.Adapters[adapter]
	u := b.unit(t.ID, role, contracts.LLM)
	u.Model = &contracts.ModelCall{
		Operation: contracts.Generate, Tier: m.Tier, Name: m.Name, MaxTokens: max(0, tokens),
		System:   `Answer with one JSON document that fits the schema. Its status is "ok" and its task_id is ` + string(object(t.ID)) + `.`,
		Messages: []contracts.Message{{Role: "user", Content: prompt(t)}},
	}
	u.OutputSchema = contracts.JSON(t.Run.Spec.OutputSchema)
	if tokens > 0 {
		u.Constraints = &contracts.Constraints{BudgetTokens: &tokens}
	}
	b.bounds(u, l, false)
	begin(u)
	b.calls++
	return u.ID
}

// prompt is what the model is asked: the one text of the input, or all of it.
func prompt(t *Task) string {
	in := map[string]any{}
	for k, v := range t.Run.Spec.Input {
		if k != "skip_if" {
			in[k] = v
		}
	}
	if names := slices.Collect(maps.Keys(in)); len(names) == 1 {
		if s, ok := in[names[0]].(string); ok && strings.TrimSpace(s) != "" {
			return s
		}
	}
	return string(object(in))
}
