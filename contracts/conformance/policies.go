package conformance

import "github.com/krako-labs/krako/contracts"

// policies are what a failure does to the rest of a graph.
func policies() []test {
	return []test{
		{"fail_fast", func(c *trial) {
			o := c.compare(graph(c.unit("a", "trap"), c.unit("b", "echo", after("a")), c.unit("c", "echo", after("b"))))
			c.wantStates(o, "failed cancelled cancelled")
			c.wantUnit(o, "c", contracts.UnitCancelled, contracts.StopCancelled, "")
			c.wantEnd(o, contracts.SessionFailed, contracts.StopExecutionFailed, contracts.CodeTrap)
		}},
		{"fail_fast_ends_others", func(c *trial) { // which of them were done is a matter of time
			o := c.execute(graph(c.unit("a", "trap"), c.unit("loop", "loop"), c.unit("b", "echo", after("loop"))))
			c.wantUnit(o, "a", contracts.UnitFailed, contracts.StopExecutionFailed, contracts.CodeTrap)
			c.wantUnit(o, "loop", contracts.UnitCancelled, contracts.StopCancelled, "")
			c.wantUnit(o, "b", contracts.UnitCancelled, contracts.StopCancelled, "")
		}},
		{"continue_on_error", func(c *trial) {
			units := []contracts.WorkUnit{
				c.unit("a", "trap"), c.unit("b", "echo", after("a")), c.unit("c", "echo", after("b")),
				c.unit("free", "echo"), c.unit("answer", "echo", after("free")),
			}
			o := c.compare(policy(graph(units...), contracts.ContinueOnError))
			c.wantStates(o, "failed failed failed success success")
			c.wantUnit(o, "c", contracts.UnitFailed, contracts.StopDependencyFailed, "")
			c.wantAnswer(o, "answer", `{}`)
		}},
		{"no_answer", func(c *trial) { // the unit at fault is named, not the one that could not answer
			units := []contracts.WorkUnit{c.unit("a", "trap"), c.unit("b", "echo", after("a")), c.unit("c", "echo", after("b"))}
			o := c.compare(policy(graph(units...), contracts.ContinueOnError))
			c.wantEnd(o, contracts.SessionFailed, contracts.StopExecutionFailed, contracts.CodeTrap)
			if o.Metadata.Error != nil && o.Metadata.Error.Offender != "a" {
				c.Errorf("session blames %q, want a", o.Metadata.Error.Offender)
			}
		}},
		{"noncritical", func(c *trial) {
			o := c.compare(graph(c.unit("a", "trap", noncritical), c.unit("b", "echo", after("a"), noncritical), c.unit("c", "echo")))
			c.wantStates(o, "failed failed success")
			c.wantAnswer(o, "c", `{}`)
		}},
		{"noncritical_cause", func(c *trial) { // a critical unit that depends on it fails, and the graph with it
			o := c.compare(graph(c.unit("a", "fail", noncritical), c.unit("b", "echo", after("a")), c.unit("c", "echo", after("b"))))
			c.wantStates(o, "failed failed cancelled")
			c.wantEnd(o, contracts.SessionFailed, contracts.StopExecutionFailed, contracts.CodeExitNonzero)
		}},
		{"first_final_fails", func(c *trial) {
			g := policy(finally(graph(c.unit("a", "fail"), c.unit("b", "echo")), "a", "b"), contracts.ContinueOnError)
			c.wantAnswer(c.compare(g), "b", `{}`)
		}},
	}
}
