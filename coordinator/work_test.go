package coordinator_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/internal/p2p"
)

func TestGraphRunsAlongItsBinds(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`), unit("b", `{"n":2}`, "a"), unit("c", `{"n":3}`, "a"), unit("d", `{}`, "b", "c")))
	go w.work()
	r := f.end(id)
	if r.Metadata.State != contracts.SessionCompleted {
		t.Fatalf("session is %s: %v", r.Metadata.State, r.Metadata.Error)
	}
	const want = `{"b":{"a":{"n":1},"n":2},"c":{"a":{"n":1},"n":3}}`
	if string(r.FinalOutput) != want {
		t.Errorf("answer is %s, want %s", r.FinalOutput, want)
	}
	if got := r.Telemetry.Tasks[0].Executors; !slices.Equal(got, []contracts.NodeID{contracts.NodeID(w.id.ID())}) {
		t.Errorf("executors of a are %v", got)
	}
	receipt, err := f.Receipt(t.Context(), id, "d")
	if err != nil {
		t.Fatal(err)
	}
	v, err := receipt.Verify()
	if err != nil || v.ResultCID != r.Telemetry.Tasks[3].ResultCID {
		t.Errorf("receipt of d proves %+v (%v)", v, err)
	}
}

func TestTrapIsFinalAndNotRetried(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`)))
	w.send(w.seal(w.trap(w.take())))
	r := f.end(id)
	if r.Metadata.StopReason != contracts.StopExecutionFailed || r.Metadata.Error == nil || r.Metadata.Error.Offender != "a" {
		t.Errorf("session ended %s: %v", r.Metadata.StopReason, r.Metadata.Error)
	}
	if n := r.Telemetry.Tasks[0].RetryCount; n != 0 {
		t.Errorf("a trap was retried %d times", n)
	}
}

func TestFaultsUseUpAttempts(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	g := graph(unit("a", `{"n":1}`))
	g.WorkUnits[0].Retries = &contracts.Retries{MaxAttempts: 2, BackoffMS: 1}
	id := f.submit(g)
	for range 2 {
		u := w.take()
		w.send(&p2p.Fault{Lease: u.Lease, Code: contracts.CodeTimeout, Message: "ran too long"})
	}
	r := f.end(id)
	task := r.Telemetry.Tasks[0]
	if task.Status != contracts.UnitTimeout || task.StopReason != contracts.StopTimeout || task.RetryCount != 1 {
		t.Errorf("unit ended %s (%s) after %d retries", task.Status, task.StopReason, task.RetryCount)
	}
}

// TestPausedNodeIsGivenNothing pauses a node that has granted credit: the unit
// waits, and the node gets it when it resumes.
func TestPausedNodeIsGivenNothing(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	w.send(&p2p.Credit{N: 1})
	w.pause("battery")
	f.nodeIs(w, "battery")
	if s, err := f.Health(t.Context()); err != nil || s.Capacity.FreeSlots != 0 {
		t.Errorf("a paused node has free slots: %+v, %v", s.Capacity, err)
	}
	id := f.submit(graph(unit("a", `{"n":1}`)))
	f.nodeIs(w, "battery") // turns of the loop after the submission
	if v, err := f.Session(t.Context(), id); err != nil || v.WorkUnits[0].State != contracts.UnitReady {
		t.Errorf("the unit is %+v, %v", v.WorkUnits[0], err)
	}
	w.pause("")
	m, ok := w.recv().(*p2p.Assign)
	if !ok {
		t.Fatal("the node that resumed is given nothing")
	}
	w.send(w.seal(w.echo(m.Units[0])))
	f.end(id)
}

// TestUnitsGivenBackAreNoFailures has a node give a unit back that may be tried
// but once, and another node run it.
func TestUnitsGivenBackAreNoFailures(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	g := graph(unit("a", `{"n":1}`))
	g.WorkUnits[0].Retries = &contracts.Retries{MaxAttempts: 1}
	id := f.submit(g)
	u := w.take()
	w.pause("manual")
	w.send(&p2p.Fault{Lease: u.Lease, Code: contracts.CodeCancelled, Message: "the node is paused"})
	other := f.connect()
	go other.work()
	r := f.end(id)
	if r.Metadata.State != contracts.SessionCompleted {
		t.Fatalf("session is %s: %v", r.Metadata.State, r.Metadata.Error)
	}
}

func TestFaultIsNeverAResult(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	g := graph(unit("a", `{"n":1}`))
	g.WorkUnits[0].Retries = &contracts.Retries{MaxAttempts: 2, BackoffMS: 1}
	id := f.submit(g)
	// A node that claims a trap without signing it is not believed.
	w.send(&p2p.Fault{Lease: w.take().Lease, Code: contracts.CodeTrap, Message: "trust me"})
	w.send(w.seal(w.echo(w.take())))
	if r := f.end(id); r.Metadata.State != contracts.SessionCompleted {
		t.Errorf("session is %s: %v", r.Metadata.State, r.Metadata.Error)
	}
}

func TestLeaseOfASilentNodeIsGivenToAnother(t *testing.T) {
	f := startFabric(t, shortLease)
	first := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`)))
	u := first.take()
	if err := first.host.Close(); err != nil {
		t.Fatal(err)
	}
	second := f.connect()
	v := second.take()
	if v.Lease == u.Lease || !bytes.Equal(v.Invocation, u.Invocation) {
		t.Errorf("second lease %d is for %s, first %d was for %s", v.Lease, dagcbor.CID(v.Invocation), u.Lease, dagcbor.CID(u.Invocation))
	}
	second.send(second.seal(second.echo(v)))
	go second.work() // a machine that stood still takes even this one back
	r := f.end(id)
	if want := []contracts.NodeID{contracts.NodeID(first.id.ID()), contracts.NodeID(second.id.ID())}; !slices.Equal(slices.Compact(r.Telemetry.Tasks[0].Executors), want) {
		t.Errorf("executors are %v, want %v", r.Telemetry.Tasks[0].Executors, want)
	}
}

func TestNonIdempotentUnitIsNotRunTwice(t *testing.T) {
	f := startFabric(t, shortLease)
	w := f.connect()
	g := graph(unit("a", `{"n":1}`))
	g.WorkUnits[0].Idempotent = new(bool)
	id := f.submit(g)
	w.take()
	if err := w.host.Close(); err != nil {
		t.Fatal(err)
	}
	if r := f.end(id); r.Metadata.StopReason != contracts.StopSubstrateFailure {
		t.Errorf("session ended %s", r.Metadata.StopReason)
	}
}

func TestCancelReachesTheNode(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`), unit("b", `{}`, "a")))
	u := w.take()
	if err := f.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c, ok := w.recv().(*p2p.Cancel)
	if !ok || !slices.Equal(c.Leases, []uint64{u.Lease}) {
		t.Errorf("node was told %+v", c)
	}
	if r := f.end(id); r.Metadata.State != contracts.SessionCancelled || r.Metadata.StopReason != contracts.StopCancelled {
		t.Errorf("session is %s: %s", r.Metadata.State, r.Metadata.StopReason)
	}
	if err := f.Cancel(t.Context(), id); err != nil {
		t.Errorf("cancelling again: %v", err)
	}
}

func TestINV4BudgetOfExecutionsIsAHardStop(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	g := graph(unit("a", `{"n":1}`), unit("b", `{"n":2}`), unit("c", `{"n":3}`, "a", "b"))
	limit := int64(2)
	g.Budgets.MaxCPUUnits = &limit
	id := f.submit(g)
	go w.work()
	r := f.end(id)
	if r.Metadata.StopReason != contracts.StopBudgetExhausted || r.Metadata.Error.Code != contracts.CodeBudgetExceeded {
		t.Errorf("session ended %s: %v", r.Metadata.StopReason, r.Metadata.Error)
	}
	if n := w.seq.Load(); n > 2 {
		t.Errorf("%d units were run on a budget of 2", n)
	}
}

func TestDeadlineIsHard(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	go w.work()
	g := graph(unit("a", `{"n":1}`))
	none := int64(0)
	g.Budgets.MaxLatencyMS = &none
	r := f.end(f.submit(g))
	if r.Metadata.State != contracts.SessionFailed || r.Metadata.StopReason != contracts.StopTimeout {
		t.Errorf("session is %s: %s", r.Metadata.State, r.Metadata.StopReason)
	}
	if len(r.Telemetry.Tasks[0].Executors) != 0 {
		t.Error("a unit was given out after the deadline")
	}
}

func TestINV2LocalOnlyNeverLeavesTheTrustedZone(t *testing.T) {
	trusted, err := p2p.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	f := startFabric(t, func(c *coordinator.Config) { c.Trusted = []contracts.NodeID{contracts.NodeID(trusted.ID())} })
	outside := f.connect()
	g := graph(unit("secret", `{"n":1}`), unit("derived", `{}`, "secret"), unit("public", `{"n":2}`))
	g.WorkUnits[0].Constraints = &contracts.Constraints{Privacy: contracts.LocalOnly}
	id := f.submit(g)
	// The node outside gets the public unit and, however much it asks, no other.
	u := outside.take()
	outside.send(outside.seal(outside.echo(u)))
	outside.send(&p2p.Credit{N: 8})
	inside := f.connectAs(trusted)
	go inside.work()
	r := f.end(id)
	for _, task := range r.Telemetry.Tasks[:2] {
		if !slices.Equal(task.Executors, []contracts.NodeID{contracts.NodeID(trusted.ID())}) {
			t.Errorf("unit %s ran on %v", task.TaskID, task.Executors)
		}
	}
	if !slices.Equal(r.Telemetry.Tasks[2].Executors, []contracts.NodeID{contracts.NodeID(outside.id.ID())}) {
		t.Errorf("public unit ran on %v", r.Telemetry.Tasks[2].Executors)
	}
}

func TestSaltHidesLocalOnlyUnits(t *testing.T) {
	trusted, err := p2p.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	f := startFabric(t, func(c *coordinator.Config) { c.Trusted = []contracts.NodeID{contracts.NodeID(trusted.ID())} })
	w := f.connectAs(trusted)
	open, hidden := graph(unit("a", `{"n":1}`)), graph(unit("a", `{"n":1}`))
	hidden.Policies = &contracts.Policies{PrivacyDefault: contracts.LocalOnly}
	first, second := f.submit(open), f.submit(hidden)
	go w.work()
	a, b := f.end(first).Telemetry.Tasks[0].UnitCID, f.end(second).Telemetry.Tasks[0].UnitCID
	if a == b {
		t.Error("a local_only unit has the same unit_cid as the public one")
	}
}

func TestNodeReadsOnlyBlocksOfItsLeases(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	secret, err := f.PutBlock(t.Context(), contracts.EveryTenant, 0x55, []byte("somebody else's input"))
	if err != nil {
		t.Fatal(err)
	}
	read := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, err := w.host.FetchBlock(ctx, f.host.ID(), module.CID, 1<<20)
		return err
	}
	if err := read(); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("module was readable without a lease: %v", err)
	}
	id := f.submit(graph(unit("a", `{"n":1}`)))
	u := w.take()
	if err := read(); err != nil {
		t.Errorf("module was not readable under a lease: %v", err)
	}
	if _, err := w.host.FetchBlock(t.Context(), f.host.ID(), secret, 1<<20); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("a foreign block was readable: %v", err)
	}
	w.send(w.seal(w.echo(u)))
	f.end(id)
}
