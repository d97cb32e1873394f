package contracts

import "github.com/krako-labs/krako/contracts/jsonpointer"

// edges checks one unit's dependencies, binds and conditions, once every unit
// id is known.
func (c *checker) edges(u *WorkUnit, at place) {
	if n := len(u.Dependencies); n > c.limits.MaxFanIn {
		c.fail(RuleFanIn, u.ID, at.to("/dependencies"), "has %d dependencies, the limit is %d", n, c.limits.MaxFanIn)
		return
	}
	if len(u.Dependencies)+len(u.Bind)+len(u.When) == 0 {
		return
	}
	deps := make(map[UnitID]bool, len(u.Dependencies))
	for i, d := range u.Dependencies {
		path := at.at("dependencies", i)
		switch {
		case d == u.ID:
			c.fail(RuleDepSelf, u.ID, path, "a unit cannot depend on itself")
		case deps[d]:
			c.fail(RuleDepUnique, u.ID, path, "%q is named twice", d)
		default:
			if _, ok := c.index[d]; !ok {
				c.fail(RuleDepUnknown, u.ID, path, "unit %q does not exist", d)
			}
		}
		deps[d] = true
	}
	mounted := make(map[string]bool, len(u.Bind))
	for i, b := range u.Bind {
		if b.Blob != "" && mounted[b.Blob] {
			c.fail(RuleBlob, u.ID, at.at("bind", i).to("/blob"), "%q is bound twice", b.Blob)
		}
		mounted[b.Blob] = true
		c.bind(u, b, deps, at.at("bind", i))
	}
	for i, w := range u.When {
		c.when(u, w, deps, at.at("when", i))
	}
}

func (c *checker) bind(u *WorkUnit, b Bind, deps map[UnitID]bool, at place) {
	if !deps[b.From] {
		c.fail(RuleEdgeUndeclared, u.ID, at.to("/from"), "%q is not a dependency", b.From)
	}
	if b.Blob != "" {
		_, taken := u.Blobs[b.Blob]
		switch {
		case b.Select != "" || b.To != "":
			c.fail(RuleBind, u.ID, at, "has both blob and select or to")
		case !validBlobName(b.Blob):
			c.fail(RuleBlob, u.ID, at.to("/blob"), "%q is not a blob name", b.Blob)
		case taken:
			c.fail(RuleBlob, u.ID, at.to("/blob"), "%q is already a literal blob", b.Blob)
		case u.VerifyWith != nil && b.Blob == CheckedBlob:
			c.fail(RuleBlob, u.ID, at.to("/blob"), "%q is where the checker finds the output", b.Blob)
		case u.Type == LLM:
			c.fail(RuleBind, u.ID, at.to("/blob"), "an llm unit mounts no blobs")
		}
		return
	}
	if b.To == "" {
		c.fail(RuleBind, u.ID, at.to("/to"), "names no place in the input")
	}
	for _, p := range []struct{ name, value string }{{"/select", b.Select}, {"/to", b.To}} {
		if err := jsonpointer.Check(p.value); err != nil {
			c.fail(RuleBind, u.ID, at.to(p.name), "%v", err)
		}
	}
}

func (c *checker) when(u *WorkUnit, w Condition, deps map[UnitID]bool, at place) {
	if !deps[w.Dependency] {
		c.fail(RuleEdgeUndeclared, u.ID, at.to("/dependency"), "%q is not a dependency", w.Dependency)
	}
	oneOf(c, RuleWhen, u.ID, at.to("/condition"), w.Condition, OnFailure, OnSchemaMismatch, OnConfidenceBelow, OnEquals, Always)
	if (w.Threshold != nil) != (w.Condition == OnConfidenceBelow) {
		c.fail(RuleWhen, u.ID, at.to("/threshold"), "goes with confidence_below, and only with it")
	}
	if (len(w.Value) > 0) != (w.Condition == OnEquals) {
		c.fail(RuleWhen, u.ID, at.to("/value"), "goes with equals, and only with it")
	}
	if w.Select != "" && w.Condition != OnEquals {
		c.fail(RuleWhen, u.ID, at.to("/select"), "goes with equals, and only with it")
	}
	if err := jsonpointer.Check(w.Select); err != nil {
		c.fail(RuleWhen, u.ID, at.to("/select"), "%v", err)
	}
}

// shape checks acyclicity and depth by one topological pass.
func (c *checker) shape() {
	units := c.graph.WorkUnits
	waiting := make([]int, len(units))
	depth := make([]int, len(units))
	dependents := make([][]int, len(units))
	var ready []int
	for i := range units {
		waiting[i] = len(units[i].Dependencies)
		for _, d := range units[i].Dependencies {
			dependents[c.index[d]] = append(dependents[c.index[d]], i)
		}
		if waiting[i] == 0 {
			ready = append(ready, i)
			depth[i] = 1
		}
	}
	done := 0
	for ; done < len(ready); done++ {
		i := ready[done]
		if depth[i] > c.limits.MaxDepth {
			c.fail(RuleDepth, units[i].ID, place{unit: i}, "is %d units deep, the limit is %d", depth[i], c.limits.MaxDepth)
			return
		}
		for _, j := range dependents[i] {
			depth[j] = max(depth[j], depth[i]+1)
			if waiting[j]--; waiting[j] == 0 {
				ready = append(ready, j)
			}
		}
	}
	if done < len(units) {
		i := c.onCycle(waiting)
		c.fail(RuleAcyclic, units[i].ID, place{i, "/dependencies"}, "is part of a dependency cycle")
	}
}

// onCycle returns a unit on a cycle, given the in-degrees that a topological
// pass left over: from any such unit, walking back along unfinished
// dependencies must revisit a unit, and the first revisited one is on a cycle.
func (c *checker) onCycle(waiting []int) int {
	at := 0
	for waiting[at] == 0 {
		at++
	}
	seen := make([]bool, len(waiting))
	for !seen[at] {
		seen[at] = true
		for _, d := range c.graph.WorkUnits[at].Dependencies {
			if j := c.index[d]; waiting[j] > 0 {
				at = j
				break
			}
		}
	}
	return at
}
