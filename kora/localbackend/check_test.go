package localbackend_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
	"github.com/krako-labs/krako/kora/localbackend"
)

// checker puts the suite's checker where b finds it: the last digit of the output must
// be the last digit of the input.
func checker(t *testing.T, b *localbackend.Backend) *contracts.Program {
	t.Helper()
	wasm, err := os.ReadFile("../../contracts/conformance/guests/checker.wasm")
	if err != nil {
		t.Fatal(err)
	}
	id, err := b.PutBlock(context.Background(), cid.Raw, wasm)
	if err != nil {
		t.Fatal(err)
	}
	return &contracts.Program{Module: &contracts.Link{Cid: id}}
}

// A result is used only if the unit's checker finds it valid. What the checker used counts
// with what the unit did, and a checker that says nothing is told apart from one that says no.
func TestCheckers(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{})
	m, valid := reactor(t, b), checker(t, b)
	noise, err := b.PutBlock(context.Background(), cid.Raw, []byte("no module"))
	if err != nil {
		t.Fatal(err)
	}
	own := func(entry string) *contracts.Program { return &contracts.Program{Module: m, Entry: entry} }
	for name, c := range map[string]struct {
		input, entry string
		by           *contracts.Program
		reason       contracts.StopReason
		code         contracts.Code
		status       contracts.ValidationStatus
		says         string
	}{
		"valid":              {`{"n":7}`, "add", valid, contracts.StopSuccess, "", contracts.ValidationPassed, ""},
		"not valid":          {`{"n":[3,4]}`, "add", valid, contracts.StopVerificationFailed, contracts.CodeBadOutput, contracts.ValidationFailed, "the last digit is another"},
		"checker traps":      {`{"n":7}`, "add", own("trap"), contracts.StopVerificationFailed, contracts.CodeTrap, contracts.ValidationNone, "TRAP"},
		"checker exits":      {`{"n":7}`, "add", own("exit"), contracts.StopVerificationFailed, contracts.CodeExitNonzero, contracts.ValidationNone, "EXIT_NONZERO"},
		"checker says other": {`{"n":7}`, "add", own("echo"), contracts.StopVerificationFailed, contracts.CodeValidation, contracts.ValidationNone, `{"valid": true}`},
		"no output":          {`{"n":7}`, "add", own("outside"), contracts.StopVerificationFailed, contracts.CodeExitNonzero, contracts.ValidationNone, "BAD_OUTPUT"},
		"no module":          {`{"n":7}`, "add", &contracts.Program{Module: &contracts.Link{Cid: noise}}, contracts.StopVerificationFailed, contracts.CodeValidation, contracts.ValidationNone, "no verdict"},
		"unit fails":         {`{"n":7}`, "trap", valid, contracts.StopExecutionFailed, contracts.CodeTrap, contracts.ValidationNone, ""},
	} {
		t.Run(name, func(t *testing.T) {
			u := unit(m, "a", c.entry)
			u.Input, u.VerifyWith = contracts.JSON(c.input), c.by
			g := graph(u)
			g.Budgets.MaxCPUUnits = new(int64(1))
			r := execute(t, b, g)
			wantEnd(t, r, c.reason, c.code)
			task := r.Telemetry.Tasks[0]
			ran := task.Check != nil && task.Check.ResultCID != ""
			if task.ValidationStatus != c.status || (r.Telemetry.FuelUsed > task.FuelUsed) != ran {
				t.Errorf("validation %s, %d fuel of %d", task.ValidationStatus, task.FuelUsed, r.Telemetry.FuelUsed)
			}
			if task.Error != nil && !strings.Contains(task.Error.Message, c.says) {
				t.Errorf("the error says %q, not %q", task.Error.Message, c.says)
			}
			if asked := c.entry == "add"; asked != (task.Check != nil) || asked && task.Check.Valid != (c.code == "") {
				t.Errorf("the check is %+v", task.Check)
			}
		})
	}
}

// A unit that must not run twice has no checker, and neither has a model's answer.
func TestCheckersNeedWhatCanBeComputedAgain(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{})
	once := unit(reactor(t, b), "once", "echo")
	once.Idempotent = new(bool)
	ask := contracts.WorkUnit{ID: "ask", Type: contracts.LLM, Model: &contracts.ModelCall{
		Operation: contracts.Generate, Tier: contracts.TierSmall, Prompt: "hello", FreeText: true,
	}}
	for _, u := range []contracts.WorkUnit{once, ask} {
		u.VerifyWith = checker(t, b)
		_, err := b.Execute(context.Background(), graph(u), contracts.ExecutionContext{}, nil)
		e, ok := err.(*contracts.Error)
		if !ok || e.Code != contracts.CodeUnsupported || e.Offender != string(u.ID) {
			t.Errorf("%s: %v", u.ID, err)
		}
	}
}

// A result that was known before ends no unit that has a checker: what it is of had
// none, or another.
func TestCheckedUnitsEndWithNoKnownResult(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{Results: 8})
	u := unit(reactor(t, b), "a", "add")
	u.Input = contracts.JSON(`{"n":[3,4]}`)
	wantEnd(t, execute(t, b, graph(u)), contracts.StopSuccess, "")
	u.VerifyWith = checker(t, b)
	r := execute(t, b, graph(u))
	wantEnd(t, r, contracts.StopVerificationFailed, contracts.CodeBadOutput)
	if r.Telemetry.Tasks[0].Cached {
		t.Error("the unit ended with a result that nobody checked")
	}
}

// A unit that takes all its fuel leaves none to its checker, of which nothing is told.
func TestNoFuelForAChecker(t *testing.T) {
	b := newBackend(t, sandbox.Config{}, localbackend.Options{})
	u := unit(reactor(t, b), "a", "add")
	u.Input = contracts.JSON(`{"n":7}`)
	took := execute(t, b, graph(u)).Telemetry.Tasks[0].FuelUsed
	u.Constraints, u.VerifyWith = &contracts.Constraints{Fuel: new(int64(took))}, checker(t, b)
	r := execute(t, b, graph(u))
	wantEnd(t, r, contracts.StopVerificationFailed, contracts.CodeOutOfFuel)
	if task := r.Telemetry.Tasks[0]; task.Check != nil || task.FuelUsed != took {
		t.Errorf("the check is %+v; %d fuel", task.Check, task.FuelUsed)
	}
}
