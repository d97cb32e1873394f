package conformance

import (
	"github.com/krako-labs/krako/contracts"
)

// conditions are the escalation edges. In most of them a unit d ends in some way
// and a unit u has an edge on it.
func conditions() []test {
	const (
		failure  = contracts.OnFailure
		mismatch = contracts.OnSchemaMismatch
	)
	tests := []test{
		{"handled_failure", handledFailure},
		{"bound_failure_is_not_tolerated", func(c *trial) {
			d := c.unit("d", "trap")
			u := c.unit("u", "echo", when(on("d", failure)), bind("d", "", "/x"))
			o := c.compare(policy(graph(d, u), contracts.ContinueOnError))
			c.wantUnit(o, "u", contracts.UnitFailed, contracts.StopDependencyFailed, "")
			c.wantEnd(o, contracts.SessionFailed, contracts.StopExecutionFailed, contracts.CodeTrap)
		}},
		{"skipped_is_no_failure", func(c *trial) {
			units := append(skipped(c), c.unit("t", "echo", when(on("s", failure))), c.unit("u", "echo", when(on("s", contracts.Always))))
			c.wantStates(c.compare(graph(units...)), "success skipped skipped success")
		}},
		{"any_suffices", func(c *trial) {
			u := c.unit("u", "echo", when(on("d", failure)), when(below("d", 0.1)), when(equals("d", "/answer", `"maybe"`)))
			c.wantStates(c.compare(graph(c.unit("d", "guess"), u)), "success success")
		}},
		{"several_dependencies", func(c *trial) {
			u := c.unit("u", "echo", when(on("d", failure)), when(on("e", failure)))
			c.wantStates(c.compare(graph(c.unit("d", "echo"), c.unit("e", "fail"), u)), "success failed success")
		}},
		{"all_finals_skipped", func(c *trial) {
			o := c.compare(graph(skipped(c)...))
			c.wantEnd(o, contracts.SessionFailed, contracts.StopSkipped, "")
		}},
		{"escalation", escalation},
		{"INV3_nothing_is_invented", inventNothing},
	}
	for _, v := range []struct {
		name string
		d    part
		edge contracts.Condition
		runs bool
	}{
		{"failure/failed", entry("fail"), on("d", failure), true},
		{"failure/success", entry("echo"), on("d", failure), false},
		{"failure/mismatch", untrue, on("d", failure), true},
		{"failure/not_failed", entry("fail"), not(on("d", failure)), false},
		{"failure/not_success", entry("echo"), not(on("d", failure)), true},
		{"mismatch/mismatch", untrue, on("d", mismatch), true},
		{"mismatch/failed", entry("fail"), on("d", mismatch), false},
		{"mismatch/success", entry("echo"), on("d", mismatch), false},
		{"mismatch/not_mismatch", untrue, not(on("d", mismatch)), false},
		{"mismatch/not_failed", entry("fail"), not(on("d", mismatch)), true},
		{"confidence/below", entry("guess"), below("d", 0.5), true},
		{"confidence/equal", entry("guess"), below("d", 0.25), false},
		{"confidence/not_below", entry("guess"), not(below("d", 0.5)), false},
		{"confidence/not_equal", entry("guess"), not(below("d", 0.25)), true},
		{"confidence/none", entry("echo"), below("d", 0.5), false},
		{"confidence/not_none", entry("echo"), not(below("d", 0.5)), true},
		{"confidence/no_number", echoes(`{"confidence":"0.1"}`), below("d", 0.5), false},
		{"confidence/not_json", entry("text"), below("d", 0.5), false},
		{"equals/string", echoes(`{"x":{"y":"z"}}`), equals("d", "/x/y", `"z"`), true},
		{"equals/another", echoes(`{"x":{"y":"z"}}`), equals("d", "/x/y", `"zz"`), false},
		{"equals/not", echoes(`{"x":{"y":"z"}}`), not(equals("d", "/x/y", `"z"`)), false},
		{"equals/whole", echoes(`{"a":[1,null],"b":{"c":true,"d":0.5}}`), equals("d", "", `{"a":[1,null],"b":{"c":true,"d":0.5}}`), true},
		{"equals/number", echoes(`{"x":1}`), equals("d", "/x", `1`), true},
		{"equals/kind", echoes(`{"x":"1"}`), equals("d", "/x", `1`), false},
		{"equals/null", echoes(`{"x":null}`), equals("d", "/x", `null`), true},
		{"equals/nowhere", echoes(`{"x":1}`), equals("d", "/y", `null`), false},
		{"equals/not_nowhere", echoes(`{"x":1}`), not(equals("d", "/y", `null`)), true},
		{"equals/not_json", entry("text"), equals("d", "", `null`), false},
		{"always/success", entry("echo"), on("d", contracts.Always), true},
		{"always/failed", entry("fail"), on("d", contracts.Always), true},
		{"always/not", entry("echo"), not(on("d", contracts.Always)), false},
	} {
		tests = append(tests, test{v.name, func(c *trial) { c.edge(v.d, v.edge, v.runs) }})
	}
	return tests
}

// edge checks whether the edge lets u run.
func (c *trial) edge(d part, edge contracts.Condition, runs bool) {
	c.Helper()
	last := c.unit("last", "echo", after("u"))
	o := c.compare(graph(c.unit("d", "echo", d), c.unit("u", "echo", when(edge)), last))
	c.wantEnd(o, contracts.SessionCompleted, contracts.StopSuccess, "")
	if runs {
		c.wantUnit(o, "u", contracts.UnitSuccess, contracts.StopSuccess, "")
	} else {
		c.wantUnit(o, "u", contracts.UnitSkipped, contracts.StopSkipped, "")
		c.notRun(o, "u")
	}
}

// entry makes a unit run an entry of the reactor.
func entry(name string) part {
	return func(u *contracts.WorkUnit) { u.Program.Entry = name }
}

// echoes makes a unit give doc.
func echoes(doc string) part {
	return func(u *contracts.WorkUnit) { entry("echo")(u); input(doc)(u) }
}

// untrue makes a unit's output break its schema.
func untrue(u *contracts.WorkUnit) { echoes(`{"x":1}`)(u); schema(`{"required":["y"]}`)(u) }

// handledFailure: the failure of a critical unit that a dependent waits for does
// not fail the graph.
func handledFailure(c *trial) {
	other := c.unit("other", "add", input(`{"n":1}`))
	u := c.unit("u", "add", when(on("d", contracts.OnFailure)), bind("other", "/sum", "/n"))
	o := c.compare(graph(c.unit("d", "trap"), other, u))
	c.wantAnswer(o, "u", `{"sum":1}`)
	c.wantStates(o, "failed success success")
}

// escalation goes up a chain as far as it must: the answer is the first of
// outputs.final that succeeded.
func escalation(c *trial) {
	for _, v := range []struct {
		name, answer, states string
		first, second        part
		final                []contracts.UnitID
	}{
		{"first", `{"confidence":0.9}`, "success skipped skipped", echoes(`{"confidence":0.9}`), entry("echo"), nil},
		{"second", `{"confidence":0.75}`, "success success skipped", entry("guess"), echoes(`{"confidence":0.75}`), []contracts.UnitID{"large", "small", "det"}},
		{"second_after_mismatch", `{"confidence":1}`, "failed success skipped", untrue, echoes(`{"confidence":1}`), nil},
		{"third", `{"by":"large"}`, "success success success", entry("guess"), entry("guess"), []contracts.UnitID{"large", "small", "det"}},
		{"third_after_failures", `{"by":"large"}`, "failed failed success", entry("trap"), entry("fail"), nil},
		{"first_all_the_same", `{"answer":"maybe","confidence":0.25}`, "success failed success", entry("guess"), entry("fail"), nil},
	} {
		det := c.unit("det", "echo", v.first)
		small := c.unit("small", "echo", v.second, when(on("det", contracts.OnFailure)), when(below("det", 0.8)))
		large := c.unit("large", "echo", input(`{"by":"large"}`), when(on("small", contracts.OnFailure)), when(below("small", 0.5)))
		g := graph(det, small, large)
		if finally(g, "det", "small", "large"); v.final != nil {
			finally(g, v.final...)
		}
		o := c.execute(g)
		c.golden(o, v.name)
		c.wantStates(o, v.states)
		if c.wantEnd(o, contracts.SessionCompleted, contracts.StopSuccess, ""); string(o.FinalOutput) != v.answer {
			c.Errorf("%s: answer is %s, want %s", v.name, o.FinalOutput, v.answer)
		}
	}
}

// inventNothing: where no edge is declared, failure and doubt lead nowhere, even
// with a unit at hand that could take over.
func inventNothing(c *trial) {
	d := c.unit("d", "guess", schema(`{"required":["none"]}`), noncritical)
	u := c.unit("u", "echo", when(below("d", 0.5)), noncritical)
	o := c.compare(finally(graph(d, u, c.unit("free", "echo")), "d", "u"))
	c.wantStates(o, "failed failed success")
	c.wantUnit(o, "u", contracts.UnitFailed, contracts.StopDependencyFailed, "")
	c.notRun(o, "u")
	for _, e := range o.events {
		if e.Type == contracts.EventUnitRetried || e.Type == contracts.EventUnitSuperseded || len(o.events) > 14 {
			c.Errorf("%d events, among them %s of %s", len(o.events), e.Type, e.Subject)
		}
	}
}
