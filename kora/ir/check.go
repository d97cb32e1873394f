package ir

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

func invalid(task, format string, args ...any) error {
	return contracts.Errorf(contracts.CodeValidation, task, format, args...)
}

// check refuses what upstream's models and validation refuse.
func (g *Graph) check() error {
	switch {
	case g.Version != Version:
		return invalid("version", "is %q, want %q", g.Version, Version)
	case g.ID == "":
		return invalid("graph_id", "is missing")
	case g.Root == "":
		return invalid("root", "is missing")
	case g.Defaults == nil:
		return invalid("defaults", "is missing")
	case len(g.Tasks) == 0:
		return invalid("tasks", "is empty")
	case len(g.Tasks) > maxTasks:
		return invalid("tasks", "are %d, the limit is %d", len(g.Tasks), maxTasks)
	}
	seen := map[string]bool{}
	for i := range g.Tasks {
		t := &g.Tasks[i]
		if t.ID == "" {
			return invalid("tasks", "task %d has no id", i)
		}
		if seen[t.ID] {
			return invalid(t.ID, "is the id of two tasks")
		}
		seen[t.ID] = true
		if err := t.check(); err != nil {
			return err
		}
	}
	if !seen[g.Root] {
		return invalid(g.Root, "is the root and no task")
	}
	for i := range g.Tasks {
		for _, d := range g.Tasks[i].Deps {
			if !seen[d] {
				return invalid(g.Tasks[i].ID, "depends on %q, which is no task", d)
			}
		}
	}
	_, err := g.Order()
	return err
}

func (t *Task) check() error {
	if t.Type == "" {
		return invalid(t.ID, "type is missing")
	}
	switch t.Run.Kind {
	case "det":
		if t.Run.Spec.Handler == "" {
			return invalid(t.ID, "run.spec.handler is missing")
		}
	case "llm":
		if t.Run.Spec.Adapter == "" {
			return invalid(t.ID, "run.spec.adapter is missing")
		}
		if !isObject(t.Run.Spec.OutputSchema) {
			return invalid(t.ID, "run.spec.output_schema is missing or no object")
		}
	default:
		return invalid(t.ID, "run.kind is %q, want det or llm", t.Run.Kind)
	}
	if v := t.Verify; v != nil {
		if len(v.Schema) > 0 && string(v.Schema) != "null" && !isObject(v.Schema) {
			return invalid(t.ID, "verify.schema is no object")
		}
		for _, r := range v.Rules {
			if !(r.Kind == "required" && r.Paths != nil) && !(r.Kind == "range" && r.Path != "" && r.Min != nil && r.Max != nil) {
				return invalid(t.ID, "verify.rules has a rule %q that is neither required with paths nor range with path, min and max", r.Kind)
			}
		}
	}
	if !slices.Contains([]string{"", "retry", "fail", "escalate"}, t.Policy.OnFail) {
		return invalid(t.ID, "policy.on_fail is %q", t.Policy.OnFail)
	}
	if a := t.Policy.Adaptive; a != nil && !slices.Contains([]string{"", "latency", "cost", "reliability", "balanced"}, a.Profile) {
		return invalid(t.ID, "policy.adaptive.routing_profile is %q", a.Profile)
	}
	return nil
}

func isObject(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }

// Order returns the ids of the tasks in the order upstream runs them: every task
// behind its dependencies, and by id where that leaves a choice. A cycle is an
// error.
func (g *Graph) Order() ([]string, error) {
	waiting := map[string]int{}
	dependents := map[string][]string{}
	var ready []string
	for i := range g.Tasks {
		t := &g.Tasks[i]
		deps := slices.Compact(slices.Sorted(slices.Values(t.Deps)))
		if waiting[t.ID] = len(deps); len(deps) == 0 {
			ready = append(ready, t.ID)
		}
		for _, d := range deps {
			dependents[d] = append(dependents[d], t.ID)
		}
	}
	slices.Sort(ready)
	order := make([]string, 0, len(g.Tasks))
	for len(ready) > 0 {
		id := ready[0]
		ready = ready[1:]
		order = append(order, id)
		for _, d := range dependents[id] {
			if waiting[d]--; waiting[d] == 0 {
				at, _ := slices.BinarySearch(ready, d)
				ready = slices.Insert(ready, at, d)
			}
		}
	}
	if len(order) < len(g.Tasks) {
		stuck := slices.MinFunc(g.Tasks, func(a, b Task) int {
			return cmp.Or(cmp.Compare(b2i(waiting[a.ID] == 0), b2i(waiting[b.ID] == 0)), strings.Compare(a.ID, b.ID))
		})
		return nil, invalid(stuck.ID, "%w", errCycle)
	}
	return order, nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
