package conformance

import (
	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// checks are outputs held to the unit's checker. The suite's one wants the last digit of
// the input to be the last of the output.
func checks() []test {
	const failed, unverified = contracts.UnitFailed, contracts.StopVerificationFailed
	silent := func(name, entry string, code contracts.Code, parts ...part) test {
		return test{name, func(c *trial) {
			u := c.unit("a", "add", input(`{"n":7}`), checkedBy(c.reactor, entry), fuel(1_000_000))
			for _, p := range parts {
				p(&u)
			}
			o := c.compare(graph(u))
			c.wantUnit(o, "a", failed, unverified, code)
			if t := o.task("a"); t.Output == nil || t.Check == nil || t.RetryCount != 0 { // what it gave can be looked at
				c.Errorf("the unit has output %v and check %+v after %d retries", t.Output, t.Check, t.RetryCount)
			}
		}}
	}
	return []test{
		{"valid", func(c *trial) {
			o := c.compare(graph(c.unit("a", "add", input(`{"n":7}`), checkedBy(c.checker, "")), c.unit("b", "echo", bind("a", "/sum", "/n"))))
			c.wantAnswer(o, "b", `{"n":7}`)
			c.inOrder(o)
		}},
		{"valid_with_schema", func(c *trial) {
			o := c.compare(graph(c.unit("a", "add", input(`{"n":7}`), schema(`{"required":["sum"]}`), checkedBy(c.checker, ""))))
			c.wantAnswer(o, "a", `{"sum":7}`)
			c.inOrder(o)
		}},
		{"refused", func(c *trial) { // whoever computes it gives the same: it is the program
			o := c.compare(graph(c.unit("a", "add", input(`{"n":[3,4]}`), checkedBy(c.checker, ""), attempts(3)), c.unit("b", "echo", after("a"))))
			c.wantUnit(o, "a", failed, unverified, contracts.CodeBadOutput)
			c.wantEnd(o, contracts.SessionFailed, unverified, contracts.CodeBadOutput)
			c.wantStates(o, "failed cancelled")
			c.inOrder(o)
		}},
		{"refused_rescues", func(c *trial) {
			g := finally(graph(c.unit("a", "add", input(`{"n":[3,4]}`), checkedBy(c.checker, "")), c.unit("b", "guess", when(on("a", contracts.OnFailure)))), "a", "b")
			c.wantAnswer(c.compare(g), "b", `{"answer":"maybe","confidence":0.25}`)
		}},
		{"mismatch_before", func(c *trial) { // the schema has its say whatever the checker says
			o := c.compare(graph(c.unit("a", "add", input(`{"n":7}`), schema(`{"required":["total"]}`), checkedBy(c.checker, ""))))
			c.wantUnit(o, "a", failed, contracts.StopValidationFailed, contracts.CodeSchemaMismatch)
		}},
		{"failed_before", func(c *trial) { // there is nothing to check
			o := c.compare(graph(c.unit("a", "trap", checkedBy(c.checker, ""))))
			c.wantUnit(o, "a", failed, contracts.StopExecutionFailed, contracts.CodeTrap)
		}},
		silent("traps", "trap", contracts.CodeTrap),
		silent("exits", "exit", contracts.CodeExitNonzero),
		silent("out_of_fuel", "loop", contracts.CodeOutOfFuel),
		silent("out_of_memory", "grow", contracts.CodeOutOfMemory, memory(2), fuel(1_000_000_000)),
		silent("says_other", "echo", contracts.CodeValidation),
		{"burns_the_budget", func(c *trial) { // it has the fuel that its unit left, and the budget counts it
			g := graph(c.unit("a", "add", input(`{"n":7}`), checkedBy(c.reactor, "loop"), fuel(1_000_000), noncritical),
				c.unit("b", "echo", fuel(1_000_000), noncritical, when(on("a", contracts.Always))))
			g.Budgets.MaxFuel = new(int64(1_500_000))
			o := c.compare(g)
			c.wantEnd(o, contracts.SessionFailed, contracts.StopBudgetExhausted, contracts.CodeBudgetExceeded)
			c.notRun(o, "b")
			if o.Telemetry.FuelUsed != 1_000_000 {
				c.Errorf("%d fuel was used, want all that unit a had", o.Telemetry.FuelUsed)
			}
		}},
		{"no_module", func(c *trial) {
			o := c.compare(graph(c.unit("a", "add", input(`{"n":7}`), checkedBy(c.noise, ""))))
			c.wantUnit(o, "a", failed, unverified, contracts.CodeValidation)
		}},
		{"private_is_salted", func(c *trial) {
			o := c.compare(graph(c.unit("a", "add", input(`{"n":7}`), private, checkedBy(c.checker, ""))))
			c.wantAnswer(o, "a", `{"sum":7}`)
		}},
		{"not_JSON", func(c *trial) { // the checker finds it as a blob, beside the unit's own
			verdict, err := c.Blocks.PutBlock(c.ctx, cid.Raw, []byte(`{"valid":true}`))
			if err != nil {
				c.Fatal(err)
			}
			text := func(names string) contracts.WorkUnit {
				return c.unit("a", "text", input(`{"names":[`+names+`]}`), blob("verdict", contracts.Link{Cid: verdict}), checkedBy(c.reactor, "concat"))
			}
			o := c.execute(graph(text(`"verdict"`)))
			c.golden(o, "valid")
			c.wantUnit(o, "a", contracts.UnitSuccess, contracts.StopSuccess, "")
			o = c.execute(graph(text(`"verdict","output"`))) // it says more than it should
			c.golden(o, "more")
			c.wantUnit(o, "a", failed, unverified, contracts.CodeValidation)
			if said := c.result(o.task("a").Check.ResultCID); said.OutputBytes != uint64(len(`{"valid":true}`))+o.task("a").Output.Bytes {
				c.Errorf("the checker put out %d bytes, the unit %d", said.OutputBytes, o.task("a").Output.Bytes)
			}
		}},
		{"once", func(c *trial) {
			c.wantRefusal(graph(c.unit("a", "echo"), c.unit("b", "echo", once, checkedBy(c.checker, ""))), contracts.CodeUnsupported, "b")
		}},
		{"blob_of_that_name", func(c *trial) {
			err := c.wantRefusal(graph(c.unit("a", "echo", blob(contracts.CheckedBlob, c.noise), checkedBy(c.checker, ""))), contracts.CodeValidation, "a")
			if !contracts.Broken(err, contracts.RuleBlob) {
				c.Errorf("error is %v", err)
			}
		}},
		{"missing_module", func(c *trial) {
			absent := contracts.Link{Cid: dagcbor.RawCID([]byte("a checker that nobody put"))}
			err := c.wantRefusal(graph(c.unit("a", "echo"), c.unit("b", "echo", checkedBy(absent, ""))), contracts.CodeNotFound, "b")
			c.wantNamed(err, absent.String())
		}},
	}
}

// result reads a result that must be there.
func (c *trial) result(text string) *contracts.Result {
	c.Helper()
	r, _, err := contracts.DecodeResult(c.block(text))
	if err != nil {
		c.Fatal(err)
	}
	return r
}
