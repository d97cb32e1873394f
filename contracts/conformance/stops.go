package conformance

import (
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// way is a way in which a computation itself can fail.
type way struct {
	name   string
	unit   part
	reason contracts.StopReason
	code   contracts.Code
}

// stops are those ways. Each is a result: the same every time, never tried
// again.
func stops() []test {
	const failed, exhausted = contracts.StopExecutionFailed, contracts.StopBudgetExhausted
	var tests []test
	for _, w := range []way{
		{"error_return", entry("fail"), failed, contracts.CodeExitNonzero},
		{"exit", entry("exit"), failed, contracts.CodeExitNonzero},
		{"trap", entry("trap"), failed, contracts.CodeTrap},
		{"out_of_fuel", both(entry("loop"), fuel(1_000_000)), exhausted, contracts.CodeOutOfFuel},
		{"out_of_memory", both(entry("grow"), memory(2)), failed, contracts.CodeOutOfMemory},
		{"no_room_for_input", both(echoes(`{"x":"`+strings.Repeat("y", 2<<20)+`"}`), memory(1)), failed, contracts.CodeOutOfMemory},
		{"stack_overflow", both(entry("descend"), input(`{"n":100000000}`)), failed, contracts.CodeStackOverflow},
		{"long_output", both(entry("bulk"), input(`{"n":8388609}`)), failed, contracts.CodeBadOutput},
		{"no_output", entry("leave"), failed, contracts.CodeBadOutput},
		{"output_outside_memory", entry("outside"), failed, contracts.CodeBadOutput},
		{"no_media_type", entry("media"), failed, contracts.CodeBadOutput},
	} {
		tests = append(tests, test{w.name, func(c *trial) { c.stop(w) }})
	}
	for _, w := range []way{
		{"command_exit", entry("exit"), failed, contracts.CodeExitNonzero},
		{"command_flood", entry("flood"), failed, contracts.CodeBadOutput},
	} {
		tests = append(tests, test{w.name, func(c *trial) {
			w.unit = both(w.unit, running(c.command))
			c.stop(w)
		}})
	}
	return append(tests,
		test{"not_retried", func(c *trial) {
			o := c.compare(graph(c.unit("a", "trap", attempts(contracts.MaxAttempts))))
			if t := o.task("a"); t.RetryCount != 0 || len(t.Executors) != 1 {
				c.Errorf("a trap was tried %d times", len(t.Executors))
			}
		}},
		test{"deep_enough", func(c *trial) {
			c.wantAnswer(c.compare(graph(c.unit("a", "descend", input(`{"n":1000}`)))), "a", `1000`)
		}},
		test{"exact_fuel", exactFuel},
		test{"foreign_import", func(c *trial) { c.inadmissible(c.foreign) }},
		test{"no_module", func(c *trial) { c.inadmissible(c.noise) }},
	)
}

func both(a, b part) part {
	return func(u *contracts.WorkUnit) { a(u); b(u) }
}

// stop checks one way to fail, twice.
func (c *trial) stop(w way) {
	c.Helper()
	o := c.execute(graph(c.unit("a", "", w.unit)))
	if w.code == contracts.CodeStackOverflow && c.ShallowCalls {
		if t := o.task("a"); t.ResultCID != "" || t.Status != contracts.UnitFailed {
			c.Errorf("the unit is %s with result %s, which is not the profile's", t.Status, t.ResultCID)
		}
		return
	}
	c.golden(o, "")
	c.wantUnit(o, "a", contracts.UnitFailed, w.reason, w.code)
	c.wantEnd(o, contracts.SessionFailed, w.reason, w.code)
	t := o.task("a")
	if t.ResultCID == "" || len(t.Executors) != 1 {
		c.Errorf("%s has result %q after %d runs, want a result of one", w.code, t.ResultCID, len(t.Executors))
	}
	if most := fuelOf(&o.graph.WorkUnits[0]); w.code == contracts.CodeOutOfFuel && t.FuelUsed != most {
		c.Errorf("%d fuel used, want all of %d", t.FuelUsed, most)
	}
	again := c.execute(graph(c.unit("again", "", w.unit))).task("again")
	if again.ResultCID != t.ResultCID || again.FuelUsed != t.FuelUsed {
		c.Errorf("the second time the result is %s after %d fuel, the first %s after %d", again.ResultCID, again.FuelUsed, t.ResultCID, t.FuelUsed)
	}
}

// exactFuel finds the point at which fuel runs out to one unit of it.
func exactFuel(c *trial) {
	run := func(variant string, parts ...part) *contracts.TaskTelemetry {
		o := c.execute(graph(c.unit("a", "add", append(parts, input(`{"n":[1,2,3]}`))...)))
		c.golden(o, variant)
		return o.task("a")
	}
	free := run("free")
	enough := run("enough", fuel(int64(free.FuelUsed)))
	if enough.Status != contracts.UnitSuccess || enough.FuelUsed != free.FuelUsed {
		c.Errorf("with the %d fuel that it needs the unit is %s after %d", free.FuelUsed, enough.Status, enough.FuelUsed)
	}
	short := run("short", fuel(int64(free.FuelUsed)-1))
	if codeOf(short.Error) != contracts.CodeOutOfFuel || short.FuelUsed != free.FuelUsed-1 {
		c.Errorf("with one fuel less the unit is %s, %v after %d", short.Status, short.Error, short.FuelUsed)
	}
}

// inadmissible checks that a module the profile does not allow fails its unit
// before anything of it runs.
func (c *trial) inadmissible(module contracts.Link) {
	c.Helper()
	o := c.compare(graph(c.unit("a", "run", running(module), attempts(3))))
	c.wantUnit(o, "a", contracts.UnitFailed, contracts.StopValidationFailed, contracts.CodeValidation)
	c.wantEnd(o, contracts.SessionFailed, contracts.StopValidationFailed, contracts.CodeValidation)
	if e := o.Metadata.Error; e != nil && e.Offender != "a" {
		c.Errorf("session blames %q, want a", e.Offender)
	}
	if t := o.task("a"); t.ResultCID != "" || t.FuelUsed != 0 || len(t.Executors) != 1 {
		c.Errorf("the unit has result %q, %d fuel, and was tried %d times", t.ResultCID, t.FuelUsed, len(t.Executors))
	}
	for _, e := range o.events {
		if e.Type == contracts.EventUnitStarted {
			c.Error("the unit was started")
		}
	}
}
