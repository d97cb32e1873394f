package conformance

import "github.com/krako-labs/krako/contracts"

// schemas are outputs held to their output_schema.
func schemas() []test {
	const wants = `{"properties":{"sum":{"maximum":10,"type":"integer"}},"required":["sum"],"type":"object"}`
	return []test{
		{"passes", func(c *trial) {
			o := c.compare(graph(c.unit("a", "add", input(`{"n":7}`), schema(wants)), c.unit("b", "echo", bind("a", "/sum", "/n"))))
			c.wantAnswer(o, "b", `{"n":7}`)
			c.inOrder(o)
		}},
		{"mismatch", func(c *trial) {
			o := c.compare(graph(c.unit("a", "add", input(`{"n":11}`), schema(wants), attempts(3)), c.unit("b", "echo", after("a"))))
			c.wantUnit(o, "a", contracts.UnitFailed, contracts.StopValidationFailed, contracts.CodeSchemaMismatch)
			c.wantEnd(o, contracts.SessionFailed, contracts.StopValidationFailed, contracts.CodeSchemaMismatch)
			c.wantStates(o, "failed cancelled")
			c.inOrder(o)
			if t := o.task("a"); t.RetryCount != 0 || t.Output == nil { // what it gave can be looked at
				c.Errorf("mismatch was retried %d times, output %v", t.RetryCount, t.Output)
			}
		}},
		{"not_json", func(c *trial) {
			o := c.compare(graph(c.unit("a", "untrue", schema(`true`))))
			c.wantUnit(o, "a", contracts.UnitFailed, contracts.StopValidationFailed, contracts.CodeSchemaMismatch)
		}},
		{"failed_before", func(c *trial) {
			o := c.compare(graph(c.unit("a", "trap", schema(wants))))
			c.wantUnit(o, "a", contracts.UnitFailed, contracts.StopExecutionFailed, contracts.CodeTrap)
		}},
		{"untrue_media_type", func(c *trial) { // without a schema nobody looks; the answer is null
			c.wantAnswer(c.compare(graph(c.unit("a", "untrue"))), "a", `null`)
		}},
	}
}
