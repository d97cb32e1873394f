package conformance

import (
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// hold checks what is true of every execution, whatever was run.
func (c *trial) hold(o *outcome) {
	c.Helper()
	c.holdMetadata(o)
	c.holdTelemetry(o)
	c.holdBudgets(o)
	c.holdEvents(o)
	const few = 32 // reading the blocks of a large graph shows nothing more
	if len(o.graph.WorkUnits) <= few {
		c.holdBlocks(o)
	}
}

func (c *trial) holdMetadata(o *outcome) {
	c.Helper()
	m := &o.Metadata
	want, err := o.graph.CID()
	if err != nil {
		c.Fatal(err)
	}
	answered := m.State == contracts.SessionCompleted
	switch {
	case !m.State.Final() || !m.StopReason.Valid():
		c.Errorf("session is %q with stop reason %q", m.State, m.StopReason)
	case answered != (m.StopReason == contracts.StopSuccess) || answered != (m.FinalUnit != "") || answered != (m.Output != nil):
		c.Errorf("%s session with stop reason %s, final unit %q, output %v", m.State, m.StopReason, m.FinalUnit, m.Output)
	case answered && m.Error != nil, !answered && len(o.FinalOutput) > 0 && string(o.FinalOutput) != "null":
		c.Errorf("%s session with error %v and answer %s", m.State, m.Error, o.FinalOutput)
	case m.Error != nil && !m.Error.Code.Valid():
		c.Errorf("session's error has code %q, which is none", m.Error.Code)
	case m.GraphCID != want.String():
		c.Errorf("graph_cid is %s, want %s", m.GraphCID, want)
	case m.Backend == "" || m.StartedAt.IsZero() || m.EndedAt.Before(m.StartedAt.Time):
		c.Errorf("backend %q from %s to %s", m.Backend, m.StartedAt, m.EndedAt)
	}
}

func (c *trial) holdTelemetry(o *outcome) {
	c.Helper()
	t := &o.Telemetry
	if len(t.Tasks) != len(o.graph.WorkUnits) {
		c.Fatalf("telemetry of %d tasks for %d units", len(t.Tasks), len(o.graph.WorkUnits))
	}
	var used uint64
	var deterministic int64
	for i := range t.Tasks {
		c.holdTask(&o.graph.WorkUnits[i], &t.Tasks[i])
		used += t.Tasks[i].FuelUsed + c.checkFuel(t.Tasks[i].Check)
		if t.Tasks[i].TaskType == contracts.Deterministic && t.Tasks[i].Status == contracts.UnitSuccess {
			deterministic++
		}
	}
	if used != t.FuelUsed {
		c.Errorf("session used %d fuel, its tasks %d", t.FuelUsed, used)
	}
	if deterministic != t.DeterministicTaskCount || t.ModelInvocationCount != 0 || t.TotalTokens != 0 {
		c.Errorf("session counts %d deterministic tasks, %d model calls, %d tokens; want %d, 0, 0",
			t.DeterministicTaskCount, t.ModelInvocationCount, t.TotalTokens, deterministic)
	}
	if t.TotalLatencyMS < 0 {
		c.Errorf("session took %d ms", t.TotalLatencyMS)
	}
}

func (c *trial) holdTask(u *contracts.WorkUnit, t *contracts.TaskTelemetry) {
	c.Helper()
	ran := len(t.Executors)
	switch {
	case t.TaskID != u.ID || t.TaskType != u.Type:
		c.Errorf("telemetry of %s unit %s stands in place of %s unit %s", t.TaskType, t.TaskID, u.Type, u.ID)
	case !t.Status.Final() || !t.StopReason.Valid() || (t.Status == contracts.UnitSuccess) != (t.StopReason == contracts.StopSuccess):
		c.Errorf("unit %s is %q with stop reason %q", u.ID, t.Status, t.StopReason)
	case t.Error != nil && (!t.Error.Code.Valid() || t.Status == contracts.UnitSuccess):
		c.Errorf("unit %s is %s with error %v", u.ID, t.Status, t.Error)
	case (t.UnitCID != "") != (ran > 0) || t.RetryCount != max(0, ran-1) || ran > u.Attempts():
		c.Errorf("unit %s ran %d times of %d, with unit_cid %q and %d retries", u.ID, ran, u.Attempts(), t.UnitCID, t.RetryCount)
	case t.ResultCID == "" && (t.FuelUsed != 0 || t.Output != nil || t.Status == contracts.UnitSuccess):
		c.Errorf("unit %s is %s without a result, with %d fuel and output %v", u.ID, t.Status, t.FuelUsed, t.Output)
	case t.FuelUsed > fuelOf(u):
		c.Errorf("unit %s used %d fuel of %d", u.ID, t.FuelUsed, fuelOf(u))
	case t.ValidationStatus != validationOf(u, t):
		c.Errorf("unit %s has validation status %q, want %q", u.ID, t.ValidationStatus, validationOf(u, t))
	case t.TokensIn != 0 || t.TokensOut != 0 || t.DurationMS < 0:
		c.Errorf("unit %s used %d+%d tokens in %v ms", u.ID, t.TokensIn, t.TokensOut, t.DurationMS)
	}
}

func fuelOf(u *contracts.WorkUnit) uint64 {
	if k := u.Constraints; k != nil && k.Fuel != nil {
		return uint64(*k.Fuel)
	}
	return contracts.DefaultFuel
}

func validationOf(u *contracts.WorkUnit, t *contracts.TaskTelemetry) contracts.ValidationStatus {
	switch {
	case len(u.OutputSchema) == 0 && u.VerifyWith == nil || t.ResultCID == "":
	case t.Error != nil && t.Error.Code == contracts.CodeSchemaMismatch:
		return contracts.ValidationFailed
	case t.Check != nil && !t.Check.Valid && t.Error != nil && t.Error.Code == contracts.CodeBadOutput:
		return contracts.ValidationFailed
	case t.Status == contracts.UnitSuccess:
		return contracts.ValidationPassed
	}
	return contracts.ValidationNone
}

// holdBudgets checks that what is left of a budget is never more than what was
// declared, nor less than nothing.
func (c *trial) holdBudgets(o *outcome) {
	c.Helper()
	var runs int64
	for i := range o.Telemetry.Tasks {
		runs += int64(len(o.Telemetry.Tasks[i].Executors))
	}
	if b := o.graph.Budgets.MaxCPUUnits; b != nil && runs > *b {
		c.Errorf("%d executions with a budget of %d", runs, *b)
	}
	if b := o.graph.Budgets.MaxFuel; b != nil && o.Telemetry.FuelUsed > uint64(*b) {
		c.Errorf("%d fuel used with a budget of %d", o.Telemetry.FuelUsed, *b)
	}
}

// holdBlocks checks that the blocks behind a result are there and say what the
// telemetry says.
func (c *trial) holdBlocks(o *outcome) {
	c.Helper()
	for i := range o.graph.WorkUnits {
		if t := &o.Telemetry.Tasks[i]; t.ResultCID != "" {
			c.holdResult(&o.graph.WorkUnits[i], t)
		}
	}
}

func (c *trial) holdResult(u *contracts.WorkUnit, t *contracts.TaskTelemetry) {
	c.Helper()
	inv := c.invocation(t)
	if u.Program.Module != nil && !inv.Module.Equals(u.Program.Module.Cid) || inv.Entry != u.Program.Entry || inv.Fuel != fuelOf(u) {
		c.Errorf("unit %s was run as %s %q with %d fuel", u.ID, inv.Module, inv.Entry, inv.Fuel)
	}
	r, id, err := contracts.DecodeResult(c.block(t.ResultCID))
	if err != nil {
		c.Fatalf("result of unit %s: %v", u.ID, err)
	}
	if id.String() != t.ResultCID || r.Unit.String() != t.UnitCID || r.FuelUsed != t.FuelUsed || r.MemoryPages > inv.MemoryPages {
		c.Errorf("result %s of unit %s does not fit its telemetry: %+v", t.ResultCID, u.ID, r)
	}
	if r.Outcome == contracts.Failed {
		if t.Error == nil || t.Error.Code != r.ErrorCode || t.Output != nil {
			c.Errorf("unit %s failed with %s and is told as %v with output %v", u.ID, r.ErrorCode, t.Error, t.Output)
		}
		return
	}
	out := t.Output
	if out == nil || !out.CID.Equals(r.Output.Cid) || out.MediaType != r.MediaType || out.Bytes != r.OutputBytes {
		c.Fatalf("unit %s has output %v, its result %s", u.ID, out, r.Output)
	}
	c.holdCheck(u, t, inv)
	if b := c.block(out.CID.String()); uint64(len(b)) != out.Bytes {
		c.Errorf("output of unit %s has %d bytes, told are %d", u.ID, len(b), out.Bytes)
	}
}

// holdCheck checks that a unit's checker had what the unit had, and that what came of
// it is there. A unit with a checker has no success without it.
func (c *trial) holdCheck(u *contracts.WorkUnit, t *contracts.TaskTelemetry, of *contracts.Invocation) {
	c.Helper()
	k := t.Check
	switch {
	case k == nil && u.VerifyWith != nil && t.Status == contracts.UnitSuccess, k != nil && u.VerifyWith == nil, k != nil && k.Valid != (t.Status == contracts.UnitSuccess):
		c.Fatalf("unit %s is %s with the check %+v", u.ID, t.Status, k)
	case k == nil:
		return
	}
	inv, id, err := contracts.DecodeInvocation(c.block(k.UnitCID))
	if err != nil || id.String() != k.UnitCID {
		c.Fatalf("invocation %s of the checker of %s: %v", k.UnitCID, u.ID, err)
	}
	if inv.Profile != of.Profile || inv.Fuel != of.Fuel-t.FuelUsed || inv.MemoryPages != of.MemoryPages || string(inv.Salt) != string(of.Salt) ||
		u.VerifyWith.Module != nil && !inv.Module.Equals(u.VerifyWith.Module.Cid) || inv.Entry != u.VerifyWith.Entry {
		c.Errorf("the checker of unit %s was run as %+v", u.ID, inv)
	}
	if k.ResultCID == "" {
		return
	}
	r, _, err := contracts.DecodeResult(c.block(k.ResultCID))
	if err != nil || r.Unit.String() != k.UnitCID || c.Distributed != (k.BatchCID != "") || k.Node == "" {
		c.Errorf("the check of unit %s is %+v, its result %+v (%v)", u.ID, k, r, err)
	}
}

// checkFuel is what a unit's checker took.
func (c *trial) checkFuel(k *contracts.Check) uint64 {
	c.Helper()
	if k == nil || k.ResultCID == "" {
		return 0
	}
	r, _, err := contracts.DecodeResult(c.block(k.ResultCID))
	if err != nil {
		c.Fatalf("result %s of a checker: %v", k.ResultCID, err)
	}
	return r.FuelUsed
}

// invocation reads what a unit was run as.
func (c *trial) invocation(t *contracts.TaskTelemetry) *contracts.Invocation {
	c.Helper()
	inv, id, err := contracts.DecodeInvocation(c.block(t.UnitCID))
	if err != nil || id.String() != t.UnitCID {
		c.Fatalf("invocation %s of unit %s: %v", t.UnitCID, t.TaskID, err)
	}
	return inv
}

// block reads a block that must be there.
func (c *trial) block(text string) []byte {
	c.Helper()
	id, err := cidOf(text)
	if err != nil {
		c.Fatalf("address %q: %v", text, err)
	}
	b, err := c.Blocks.GetBlock(c.ctx, id)
	if err != nil {
		c.Fatalf("get block: %v", err)
	}
	if err := dagcbor.Verify(id, b); err != nil {
		c.Fatal(err)
	}
	return b
}
