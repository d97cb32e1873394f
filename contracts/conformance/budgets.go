package conformance

import (
	"strconv"

	"github.com/krako-labs/krako/contracts"
)

// budgets are declared bounds of a whole session. That none is exceeded is
// checked for every execution; here they run out.
func budgets() []test {
	const out, exceeded = contracts.StopBudgetExhausted, contracts.CodeBudgetExceeded
	return []test{
		{"cpu_units", func(c *trial) {
			g := chain(c, 4)
			g.Budgets.MaxCPUUnits = new(int64(2))
			o := c.compare(g)
			c.wantEnd(o, contracts.SessionFailed, out, exceeded)
			c.wantStates(o, "success success cancelled cancelled")
			c.wantUnit(o, "u2", contracts.UnitCancelled, out, "")
			c.inOrder(o)
		}},
		{"cpu_units_suffice", func(c *trial) {
			g := chain(c, 3)
			g.Budgets.MaxCPUUnits = new(int64(3))
			c.wantAnswer(c.compare(g), "u2", `{"sum":3}`)
		}},
		{"no_cpu_units", func(c *trial) {
			g := chain(c, 2)
			g.Budgets.MaxCPUUnits = new(int64(0))
			o := c.compare(g)
			c.wantEnd(o, contracts.SessionFailed, out, exceeded)
			c.notRun(o, "u0")
		}},
		{"cpu_units_of_many", func(c *trial) { // which of them were run is a matter of time
			g := fan(c, 20)
			g.Budgets.MaxCPUUnits = new(int64(7))
			c.wantEnd(c.execute(g), contracts.SessionFailed, out, exceeded)
		}},
		{"fuel", func(c *trial) { // each loop burns its million, the third does not fit
			first := c.unit("u0", "loop", fuel(1_000_000), noncritical)
			second := c.unit("u1", "loop", fuel(1_000_000), noncritical, when(on("u0", contracts.Always)))
			third := c.unit("u2", "loop", fuel(1_000_000), noncritical, when(on("u1", contracts.Always)))
			g := graph(first, second, third)
			g.Budgets.MaxFuel = new(int64(2_500_000))
			o := c.compare(g)
			c.wantEnd(o, contracts.SessionFailed, out, exceeded)
			c.wantStates(o, "failed failed cancelled")
			c.notRun(o, "u2")
		}},
		{"fuel_does_not_fit", func(c *trial) { // a unit's limit counts, not what it will use
			g := graph(c.unit("a", "echo", fuel(1_000_000)))
			g.Budgets.MaxFuel = new(int64(999_999))
			o := c.compare(g)
			c.wantEnd(o, contracts.SessionFailed, out, exceeded)
			c.notRun(o, "a")
		}},
		{"fuel_is_given_back", func(c *trial) { // what runs has reserved more than it uses
			sum := c.unit("sum", "add", input(`{"n":[]}`), fuel(1_000_000))
			var units []contracts.WorkUnit
			for i := range 10 {
				u := c.unit(contracts.UnitID("n"+strconv.Itoa(i)), "add", input(`{"n":1}`), fuel(1_000_000))
				units = append(units, u)
				bind(u.ID, "/sum", "/n/-")(&sum)
			}
			g := graph(append(units, sum)...)
			g.Budgets.MaxFuel = new(int64(1_200_000))
			c.wantAnswer(c.compare(g), "sum", `{"sum":10}`)
		}},
		{"latency", func(c *trial) {
			g := graph(c.unit("a", "loop"), c.unit("b", "echo", after("a")))
			g.Budgets.MaxLatencyMS = new(int64(300))
			o := c.execute(g)
			c.wantEnd(o, contracts.SessionFailed, contracts.StopTimeout, contracts.CodeTimeout)
			if o.Telemetry.TotalLatencyMS < 300 {
				c.Errorf("session ended after %d ms of 300", o.Telemetry.TotalLatencyMS)
			}
		}},
		{"run_timeout", func(c *trial) {
			o := c.compare(graph(c.unit("a", "loop", runTimeout(50), attempts(2)), c.unit("b", "echo", after("a"))))
			c.wantUnit(o, "a", contracts.UnitTimeout, contracts.StopTimeout, contracts.CodeTimeout)
			c.wantEnd(o, contracts.SessionFailed, contracts.StopTimeout, contracts.CodeTimeout)
			c.inOrder(o)
			if t := o.task("a"); t.RetryCount != 1 || t.ResultCID != "" {
				c.Errorf("a timeout was retried %d times and has result %q", t.RetryCount, t.ResultCID)
			}
		}},
		{"run_timeout_once", func(c *trial) {
			o := c.compare(graph(c.unit("a", "loop", runTimeout(50), once)))
			c.wantUnit(o, "a", contracts.UnitTimeout, contracts.StopTimeout, contracts.CodeTimeout)
		}},
		{"run_timeout_handled", func(c *trial) {
			g := graph(c.unit("a", "loop", runTimeout(50), attempts(1)), c.unit("b", "echo", when(on("a", contracts.OnFailure))))
			c.wantAnswer(c.compare(g), "b", `{}`)
		}},
	}
}
