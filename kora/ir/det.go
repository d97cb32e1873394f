package ir

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// det makes the units of a deterministic task: one an attempt. A handler that
// failed fails again, but for the one whose purpose it is not to; the attempts
// stand there all the same, for that is what the document asks for.
func (b *builder) det(p *part) error {
	t := p.task
	program, ok := handlers[t.Run.Spec.Handler]
	if !ok && !native[t.Run.Spec.Handler] {
		if why := refused[t.Run.Spec.Handler]; why != "" {
			return contracts.Errorf(contracts.CodeUnsupported, t.ID, "handler %s %s, which no graph does", t.Run.Spec.Handler, why)
		}
		return contracts.Errorf(contracts.CodeUnsupported, t.ID, "there is no handler %q", t.Run.Spec.Handler)
	}
	l := limitsOf(b.doc, t)
	attempts := 1
	if t.Policy.OnFail == "retry" && !b.read[t.ID] {
		attempts += l.retries
	}
	source, err := b.source(p)
	if err != nil {
		return err
	}
	for n := 1; n <= attempts; n++ {
		u := b.detUnit(t, n, program, source == "")
		switch {
		case source != "":
			u.Dependencies = append(u.Dependencies, source)
			u.Bind = append(u.Bind, contracts.Bind{From: source, Select: sourceOf(t), To: place(u, "/"+sourceTo(t))})
		case readsDeps[t.Run.Spec.Handler]:
			b.after(u, t)
			b.bindDeps(u, t)
		case n == 1:
			b.after(u, t)
		}
		if n > 1 {
			before := p.ends[n-2]
			u.Dependencies = append(u.Dependencies, before)
			u.When = []contracts.Condition{{Dependency: before, Condition: contracts.OnFailure}}
		}
		u.OutputSchema = b.schema(t, b.detSchema)
		b.bounds(u, l, n == attempts)
		p.ends = append(p.ends, u.ID)
		p.tries = append(p.tries, try{check: u.ID})
	}
	return nil
}

// detUnit adds the unit of one attempt.
func (b *builder) detUnit(t *Task, n int, program string, withInput bool) *contracts.WorkUnit {
	d := b.document(t, n, withInput)
	if native[t.Run.Spec.Handler] {
		return b.handle(t.ID, attempt(n), t.Run.Spec.Handler, d)
	}
	return b.query(t.ID, attempt(n), program, d)
}

func attempt(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(".%d", n)
}

// bounds sets what one attempt may cost.
func (b *builder) bounds(u *contracts.WorkUnit, l limits, last bool) {
	if l.timeMS > 0 {
		u.Timeouts = &contracts.Timeouts{RunMS: &l.timeMS}
	}
	u.Retries = &contracts.Retries{MaxAttempts: 1}
	if !last {
		no := false
		u.Critical = &no
	}
}

// schema is what the units of a task's attempts must satisfy alike.
func (b *builder) schema(t *Task, of func(*Task) contracts.JSON) contracts.JSON {
	s, ok := b.schemas[t]
	if !ok {
		s = of(t)
		b.schemas[t] = s
	}
	return s
}

// detSchema is what the output must satisfy. Upstream looks at rules only where
// there is a schema.
func (b *builder) detSchema(t *Task) contracts.JSON {
	if n := b.node(t); n != nil {
		return wrap(n.OutputSchema)
	}
	if t.Verify == nil || !isObject(t.Verify.Schema) {
		return nil
	}
	return wrap(t.Verify.Schema, rules(t.Verify))
}

// document is what a handler's program reads.
func (b *builder) document(t *Task, attempt int, withInput bool) map[string]any {
	d := map[string]any{"id": t.ID, "args": args(t), "in": map[string]any{}, "attempt": attempt}
	if withInput {
		d["in"] = b.in(t)
	}
	if readsDeps[t.Run.Spec.Handler] {
		d["deps"] = b.emptyDeps(t)
		if len(t.Deps) > 0 {
			d["first"] = t.Deps[0]
		}
	}
	return d
}

// in is the task's input, with what refers to the run's input looked up.
func (b *builder) in(t *Task) map[string]any {
	in := map[string]any{}
	for name, v := range t.In {
		if ref, ok := v.(string); ok && b.o.Input != nil && strings.HasPrefix(ref, "$.") {
			v = lookup(b.o.Input, strings.Split(ref[2:], "."))
		}
		in[name] = v
	}
	return in
}

// lookup follows a path of members, nil where it ends.
func lookup(v any, path []string) any {
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// args are the handler's, the keywords it compares in lower case.
func args(t *Task) map[string]any {
	all := map[string]any{}
	for k, v := range t.Run.Spec.Args {
		all[k] = v
	}
	for _, name := range []string{"routes", "deterministic_rules", "provider_needed_rules"} {
		if list, ok := all[name].([]any); ok {
			all[name] = lowered(list)
		}
	}
	return all
}

func lowered(rules []any) []any {
	var b []byte
	b, err := json.Marshal(rules)
	if err != nil {
		panic(fmt.Sprintf("ir: rules: %v", err)) // decoded from JSON
	}
	var copied []any
	if err := json.Unmarshal(b, &copied); err != nil {
		panic(fmt.Sprintf("ir: rules: %v", err))
	}
	for _, r := range copied {
		m, ok := r.(map[string]any)
		if !ok {
			continue
		}
		if words, ok := m["keywords"].([]any); ok {
			for i, w := range words {
				words[i] = strings.ToLower(fmt.Sprint(w))
			}
		}
	}
	return copied
}
