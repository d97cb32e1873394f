package conformance

import (
	"context"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// cancellation is what a caller's context does.
func cancellation() []test {
	return []test{
		{"while_running", func(c *trial) { c.cancelled(c.unit("a", "loop")) }},
		{"while_many_run", func(c *trial) {
			var units []contracts.WorkUnit
			for _, id := range []contracts.UnitID{"a", "b", "c", "d", "e", "f"} {
				units = append(units, c.unit(id, "loop"))
			}
			c.cancelled(units...)
		}},
		{"before", func(c *trial) {
			ctx, cancel := context.WithCancel(c.ctx)
			cancel()
			_, err := c.Backend.Execute(ctx, chain(c, 1), contracts.ExecutionContext{}, nil)
			c.wantError(err, contracts.CodeCancelled, "")
		}},
		{"deadline", func(c *trial) {
			ctx, cancel := context.WithTimeout(c.ctx, 200*time.Millisecond)
			defer cancel()
			_, err := c.Backend.Execute(ctx, graph(c.unit("a", "loop")), contracts.ExecutionContext{}, nil)
			c.wantError(err, contracts.CodeTimeout, "")
		}},
	}
}

// cancelled ends the context when the first unit is scheduled, and then looks at
// the session, which the same request leads to.
func (c *trial) cancelled(units ...contracts.WorkUnit) {
	c.Helper()
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	g := graph(append(units, c.unit("last", "echo", after("a")))...)
	_, err := c.Backend.Execute(ctx, g, contracts.ExecutionContext{}, func(e contracts.Event) {
		if e.Type == contracts.EventUnitScheduled {
			cancel()
		}
	})
	c.wantError(err, contracts.CodeCancelled, "")
	o := c.execute(g)
	c.wantEnd(o, contracts.SessionCancelled, contracts.StopCancelled, contracts.CodeCancelled)
	for i := range o.Telemetry.Tasks {
		c.wantUnit(o, o.Telemetry.Tasks[i].TaskID, contracts.UnitCancelled, contracts.StopCancelled, "")
	}
}
