package conformance

import (
	"slices"

	"github.com/krako-labs/krako/contracts"
)

// stages are the order in which a session is told. What holds for every event
// is checked for every execution.
func stages() []test {
	return []test{
		{"INV10_required_fields", func(c *trial) { // Validate is called for each event of each execution
			o := c.execute(policy(finally(graph(
				c.unit("ok", "echo", schema(`true`)), c.unit("bad", "trap"), c.unit("late", "loop", runTimeout(20), attempts(2)),
				c.unit("never", "echo", after("bad")), c.unit("skip", "echo", when(on("ok", contracts.OnFailure))),
			), "ok"), contracts.ContinueOnError))
			for _, want := range []contracts.EventType{
				contracts.EventSessionStarted, contracts.EventUnitQueued, contracts.EventUnitReady, contracts.EventUnitScheduled,
				contracts.EventUnitStarted, contracts.EventUnitValidated, contracts.EventUnitCompleted, contracts.EventUnitFailed,
				contracts.EventUnitTimeout, contracts.EventUnitRetried, contracts.EventUnitSkipped, contracts.EventSessionCompleted,
			} {
				if !slices.ContainsFunc(o.events, func(e contracts.Event) bool { return e.Type == want }) {
					c.Errorf("no event %s was observed", want)
				}
			}
		}},
		{"order", func(c *trial) { // of stages, all of them: constructed, validated, executed, schema, done
			units := chain(c, 3).WorkUnits
			for i := range units {
				schema(`{"required":["sum"]}`)(&units[i])
			}
			o := c.compare(graph(units...))
			c.inOrder(o)
			c.wantAnswer(o, "u2", `{"sum":3}`)
		}},
		{"order_of_failure", func(c *trial) {
			units := chain(c, 2).WorkUnits
			units = append(units, c.unit("bad", "trap", after("u1")), c.unit("rescue", "echo", when(on("bad", contracts.OnFailure))),
				c.unit("skip", "echo", when(on("rescue", contracts.OnFailure))), c.unit("end", "fail", after("skip")), c.unit("never", "echo", after("end")))
			c.inOrder(c.compare(graph(units...)))
		}},
		{"INV5_dependencies_first", func(c *trial) { // checked for each event of each execution
			g := fan(c, 12)
			slices.Reverse(g.WorkUnits) // the order of the list says nothing
			o := c.execute(g)
			c.wantAnswer(o, "sum", `{"sum":66}`)
			if last := o.events[len(o.events)-2]; last.Subject != "sum" {
				c.Errorf("last to end is %s, which is not what waits for all", last.Subject)
			}
		}},
		{"INV11_results_are_proved", func(c *trial) {
			// Checked for each execution: a result's block is there under its address and
			// says what telemetry and events say, and where others ran it, its end names
			// the signed batch.
			o := c.execute(chain(c, 2))
			if t := o.task("u1"); t.ResultCID == "" || t.UnitCID == "" {
				c.Errorf("unit u1 has result %q of unit %q", t.ResultCID, t.UnitCID)
			}
		}},
		{"trace", func(c *trial) {
			const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
			_, err := c.Backend.Execute(c.ctx, chain(c, 2), contracts.ExecutionContext{TraceID: trace}, func(e contracts.Event) {
				if e.TraceParent != trace {
					c.Errorf("event %s has traceparent %q", e.Type, e.TraceParent)
				}
			})
			if err != nil {
				c.Error(err)
			}
		}},
		{"types_are_kept", func(c *trial) { // checked for each task of each execution
			u := c.unit("a", "echo")
			u.Type = contracts.SmallModel
			if t := c.execute(graph(u)).task("a"); t.TaskType != contracts.SmallModel {
				c.Errorf("unit became %s", t.TaskType)
			}
		}},
	}
}
