package conformance

import (
	"errors"
	"strconv"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// refusals are graphs that a backend must not begin to run.
func refusals() []test {
	var tests []test
	for _, d := range defects() {
		tests = append(tests, test{d.name, func(c *trial) { c.refused(d) }})
	}
	return append(tests,
		test{"depth", func(c *trial) {
			c.refused(defect{"depth", contracts.RuleDepth, "u1000", func(g *contracts.TaskGraph) { *g = *chain(c, 1001) }})
		}},
		test{"llm_without_models", func(c *trial) {
			caps, err := c.Backend.Capabilities(c.ctx)
			if err != nil {
				c.Fatal(err)
			}
			for _, t := range caps.TaskTypes {
				if t == contracts.LLM {
					return // it has models, and their suite
				}
			}
			u := contracts.WorkUnit{ID: "ask", Type: contracts.LLM, Model: &contracts.ModelCall{
				Operation: contracts.Generate, Tier: contracts.TierSmall, Prompt: "hello", FreeText: true,
			}}
			c.wantRefusal(graph(c.unit("a", "echo"), u), contracts.CodeUnsupported, "ask")
		}},
		test{"unknown_task", func(c *trial) {
			u := c.unit("b", "")
			u.Program = &contracts.Program{Task: "conformance/none@1"}
			c.wantRefusal(graph(c.unit("a", "echo"), u), contracts.CodeNotFound, "b")
		}},
		test{"missing_module", func(c *trial) {
			absent := contracts.Link{Cid: dagcbor.RawCID([]byte("a module that nobody put"))}
			err := c.wantRefusal(graph(c.unit("a", "echo"), c.unit("b", "echo", running(absent))), contracts.CodeNotFound, "b")
			c.wantNamed(err, absent.String())
		}},
		test{"missing_blob", func(c *trial) {
			absent := contracts.Link{Cid: dagcbor.CID([]byte("a blob that nobody put"))}
			err := c.wantRefusal(graph(c.unit("a", "echo"), c.unit("b", "echo", blob("x", absent))), contracts.CodeNotFound, "b")
			c.wantNamed(err, absent.String())
		}},
	)
}

// defect is a way to break one rule. It is applied to a chain of the units u0
// to u2. The offender is the unit at fault, or else the place in the document.
type defect struct {
	name     string
	rule     contracts.Rule
	offender string
	apply    func(*contracts.TaskGraph)
}

func defects() []defect {
	unit := func(f func(*contracts.WorkUnit)) func(*contracts.TaskGraph) {
		return func(g *contracts.TaskGraph) { f(&g.WorkUnits[1]) }
	}
	budget := func(b contracts.Budgets) func(*contracts.TaskGraph) {
		return func(g *contracts.TaskGraph) { g.Budgets = b }
	}
	negative := new(int64(-1))
	return []defect{
		{"schema_version", contracts.RuleSchemaVersion, "/schema_version", func(g *contracts.TaskGraph) { g.SchemaVersion = "2.0" }},
		{"graph_version", contracts.RuleIdentity, "/graph_version", func(g *contracts.TaskGraph) { g.GraphVersion = "" }},
		{"graph_id", contracts.RuleIdentity, "/graph_id", func(g *contracts.TaskGraph) { g.GraphID = "1" }},
		{"request_id", contracts.RuleIdentity, "/request_id", func(g *contracts.TaskGraph) { g.RequestID = strings.ToUpper(g.GraphID) }},
		{"tenant", contracts.RuleIdentity, "/tenant_id", func(g *contracts.TaskGraph) { g.TenantID = "no tenant" }},
		{"latency_budget", contracts.RuleBudget, "/budgets/max_latency_ms", budget(contracts.Budgets{MaxLatencyMS: negative})},
		{"token_budget", contracts.RuleBudget, "/budgets/max_tokens", budget(contracts.Budgets{MaxTokens: negative})},
		{"call_budget", contracts.RuleBudget, "/budgets/max_llm_calls", budget(contracts.Budgets{MaxLLMCalls: negative})},
		{"unit_budget", contracts.RuleBudget, "/budgets/max_cpu_units", budget(contracts.Budgets{MaxCPUUnits: negative})},
		{"fuel_budget", contracts.RuleBudget, "/budgets/max_fuel", budget(contracts.Budgets{MaxFuel: negative})},
		{"cost_budget", contracts.RuleBudget, "/budgets/max_cost_usd", budget(contracts.Budgets{MaxCostUSD: "1e3"})},
		{"policy", contracts.RulePolicy, "/policies/failure_policy", func(g *contracts.TaskGraph) { policy(g, "never") }},
		{"extension", contracts.RuleExtension, "/ext/conformance", func(g *contracts.TaskGraph) { g.Ext = map[string]contracts.JSON{"conformance": contracts.JSON(`{}`)} }},
		{"no_units", contracts.RuleUnitCount, "/work_units", func(g *contracts.TaskGraph) { g.WorkUnits = []contracts.WorkUnit{} }},
		{"unit_id", contracts.RuleUnitID, "no id", unit(func(u *contracts.WorkUnit) { u.ID = "no id" })},
		{"unit_id_twice", contracts.RuleUnitUnique, "u0", unit(func(u *contracts.WorkUnit) { u.ID = "u0" })},
		{"unit_type", contracts.RuleUnitType, "u1", unit(func(u *contracts.WorkUnit) { u.Type = "quantum" })},
		{"no_program", contracts.RuleProgram, "u1", unit(func(u *contracts.WorkUnit) { u.Program = nil })},
		{"two_programs", contracts.RuleProgram, "u1", unit(func(u *contracts.WorkUnit) { u.Program.Task = "a@1" })},
		{"model_of_cpu_unit", contracts.RuleModel, "u1", unit(func(u *contracts.WorkUnit) { u.Model = &contracts.ModelCall{} })},
		{"llm_without_schema", contracts.RuleOutputSchema, "u1", unit(func(u *contracts.WorkUnit) {
			u.Type, u.Program, u.Model = contracts.LLM, nil, &contracts.ModelCall{Operation: contracts.Generate, Tier: contracts.TierSmall, Prompt: "hello"}
		})},
		{"output_schema", contracts.RuleOutputSchema, "u1", unit(schema(`{"type":"nothing"}`))},
		{"input", contracts.RuleInput, "u1", unit(input(`[1]`))},
		{"blob_name", contracts.RuleBlob, "u1", unit(func(u *contracts.WorkUnit) { blob("../x", *u.Program.Module)(u) })},
		{"blob_twice", contracts.RuleBlob, "u1", unit(func(u *contracts.WorkUnit) { mount("u0", "x")(u); mount("u0", "x")(u) })},
		{"bind_of_two_kinds", contracts.RuleBind, "u1", unit(func(u *contracts.WorkUnit) { u.Bind[0].Blob = "x" })},
		{"bind_pointer", contracts.RuleBind, "u1", unit(func(u *contracts.WorkUnit) { u.Bind[0].Select = "x" })},
		{"when_kind", contracts.RuleWhen, "u1", unit(when(on("u0", "doubt")))},
		{"when_threshold", contracts.RuleWhen, "u1", unit(when(on("u0", contracts.OnConfidenceBelow)))},
		{"fuel", contracts.RuleConstraint, "u1", unit(fuel(0))},
		{"memory", contracts.RuleConstraint, "u1", unit(memory(1 << 20))},
		{"attempts", contracts.RuleConstraint, "u1", unit(attempts(contracts.MaxAttempts + 1))},
		{"retry_of_once", contracts.RuleConstraint, "u1", unit(func(u *contracts.WorkUnit) { once(u); attempts(2)(u) })},
		{"priority", contracts.RuleConstraint, "u1", unit(func(u *contracts.WorkUnit) { u.Priority = "p4" })},
		{"dependency_unknown", contracts.RuleDepUnknown, "u1", unit(after("u9"))},
		{"dependency_self", contracts.RuleDepSelf, "u1", unit(after("u1"))},
		{"dependency_twice", contracts.RuleDepUnique, "u1", unit(func(u *contracts.WorkUnit) { u.Dependencies = append(u.Dependencies, "u0") })},
		{"bind_undeclared", contracts.RuleEdgeUndeclared, "u1", unit(func(u *contracts.WorkUnit) { u.Bind[0].From = "u2" })},
		{"when_undeclared", contracts.RuleEdgeUndeclared, "u1", unit(func(u *contracts.WorkUnit) { u.When = []contracts.Condition{on("u2", contracts.Always)} })},
		{"INV5_cycle", contracts.RuleAcyclic, "", func(g *contracts.TaskGraph) { after("u2")(&g.WorkUnits[0]) }},
		{"no_answer", contracts.RuleOutputs, "/outputs/final", func(g *contracts.TaskGraph) { g.Outputs.Final = []contracts.FinalOutput{} }},
		{"answer_unknown", contracts.RuleOutputs, "/outputs/final/0/work_unit_id", func(g *contracts.TaskGraph) { finally(g, "u9") }},
		{"answer_pointer", contracts.RuleOutputs, "/outputs/final/0/select", func(g *contracts.TaskGraph) { g.Outputs.Final[0].Select = "x" }},
	}
}

// refused checks that a defect is refused for what it is.
func (c *trial) refused(d defect) {
	c.Helper()
	g := chain(c, 3)
	d.apply(g)
	err := c.wantRefusal(g, contracts.CodeValidation, d.offender)
	if !contracts.Broken(err, d.rule) {
		c.Errorf("error is %v, want the rule %q broken", err, d.rule)
	}
}

// wantRefusal runs a graph that must be refused, without an event; offender is
// "" when any unit may be named.
func (c *trial) wantRefusal(g *contracts.TaskGraph, code contracts.Code, offender string) error {
	c.Helper()
	r, err := c.Backend.Execute(c.ctx, g, contracts.ExecutionContext{}, func(e contracts.Event) {
		c.Errorf("event %s of a graph that must be refused", e.Type)
	})
	if r != nil {
		c.Errorf("result is %+v", r)
	}
	c.wantError(err, code, offender)
	return err
}

// wantError checks an error of the port; offender is "" when any will do.
func (c *trial) wantError(err error, code contracts.Code, offender string) {
	c.Helper()
	e, ok := errors.AsType[*contracts.Error](err)
	switch {
	case !ok:
		c.Fatalf("error is %v, want *contracts.Error", err)
	case e.Code != code || e.Message == "" || offender != "" && e.Offender != offender:
		c.Errorf("error is %s of %q: %s, want %s of %q", e.Code, e.Offender, e.Message, code, offender)
	case e.Offender == "":
		c.Errorf("error %v names no offender", e)
	}
}

func (c *trial) wantNamed(err error, what string) {
	c.Helper()
	if !strings.Contains(err.Error(), what) {
		c.Errorf("error %v does not name %s", err, strconv.Quote(what))
	}
}
