package coordinator_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/p2p"
)

// checkerModule stands for a checker as module does for a program.
var checkerModule = blob.Raw([]byte("\x00asm is what checks"))

// checked is a unit whose results are checked.
func checked(f *fabric, u contracts.WorkUnit) contracts.WorkUnit {
	f.t.Helper()
	if err := f.db.Blocks().Put(f.t.Context(), checkerModule); err != nil {
		f.t.Fatal(err)
	}
	u.VerifyWith = &contracts.Program{Module: &contracts.Link{Cid: checkerModule.CID}}
	return u
}

// succeed answers a unit with an output.
func (w *worker) succeed(u p2p.Unit, out string) answer {
	w.t.Helper()
	link := contracts.Link{Cid: dagcbor.RawCID([]byte(out))}
	return w.answer(u, &contracts.Result{
		Unit: contracts.Link{Cid: dagcbor.CID(u.Invocation)}, Outcome: contracts.Succeeded, Output: &link, MediaType: contracts.DefaultMediaType,
		OutputBytes: uint64(len(out)), FuelUsed: 1, MemoryPages: 1,
	}, []byte(out))
}

// checks answers a checker as the program would: what says 666 is not valid.
func (w *worker) checks(u p2p.Unit) answer {
	w.t.Helper()
	inv, _, err := contracts.DecodeInvocation(u.Invocation)
	if err != nil {
		w.t.Fatal(err)
	}
	if !inv.Module.Equals(checkerModule.CID) {
		w.t.Fatalf("module %s is no checker", inv.Module)
	}
	if bytes.Contains(inv.Input.Inline, []byte("666")) {
		return w.succeed(u, `{"valid":false,"reason":"the number of the beast"}`)
	}
	return w.succeed(u, `{"valid":true}`)
}

// judge answers units and checkers honestly until the test ends.
func (w *worker) judge() {
	w.send(&p2p.Credit{N: 64})
	for {
		m, err := w.stream.Recv()
		if err != nil {
			return
		}
		a, ok := m.(*p2p.Assign)
		if !ok {
			continue
		}
		for _, u := range a.Units {
			inv, _, err := contracts.DecodeInvocation(u.Invocation)
			if err != nil {
				w.t.Error(err)
				return
			}
			answer := w.echo
			if inv.Module.Equals(checkerModule.CID) {
				answer = w.checks
			}
			if w.stream.Send(w.t.Context(), w.seal(answer(u))) != nil || w.stream.Send(w.t.Context(), &p2p.Credit{N: 1}) != nil {
				return
			}
		}
	}
}

// oneTask is the only unit of a result.
func oneTask(t *testing.T, r *contracts.ExecutionResult) contracts.TaskTelemetry {
	t.Helper()
	if len(r.Telemetry.Tasks) != 1 {
		t.Fatalf("%d tasks", len(r.Telemetry.Tasks))
	}
	return r.Telemetry.Tasks[0]
}

// TestACheckerRunsElsewhere has a result checked by another operator's node, which gets
// the input and the output and is told nothing else.
func TestACheckerRunsElsewhere(t *testing.T) {
	f := startFabric(t)
	a, b := f.connect(), f.connect()
	s := f.submit(graph(checked(f, unit("a", `{"n":1}`))))
	a.send(a.seal(a.echo(a.take())))
	a.expectAck(1)
	a.send(&p2p.Credit{N: 8}) // it would check itself, but must not
	u := b.take()
	inv, _, err := contracts.DecodeInvocation(u.Invocation)
	if err != nil || string(inv.Input.Inline) != `{"input":{"n":1},"media_type":"application/json","output":{"n":1}}` || u.Attempt != 1 || u.Replica != 0 {
		t.Errorf("the checker is given %s as attempt %d (%v)", inv.Input.Inline, u.Attempt, err)
	}
	b.send(b.seal(b.checks(u)))
	r := f.end(s)
	k := oneTask(t, r).Check
	if string(r.FinalOutput) != `{"n":1}` || k == nil || !k.Valid || k.Node != contracts.NodeID(b.id.ID()) || k.BatchCID == "" || k.UnitCID != dagcbor.CID(u.Invocation).String() {
		t.Errorf("the answer is %s, checked by %+v: %v", r.FinalOutput, k, r.Metadata.Error)
	}
	if oneTask(t, r).ValidationStatus != contracts.ValidationPassed || r.Telemetry.FuelUsed != 2 {
		t.Errorf("validation is %s, %d fuel was used", oneTask(t, r).ValidationStatus, r.Telemetry.FuelUsed)
	}
	receipt, err := f.Receipt(t.Context(), s, "a")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := receipt.Verify(); err != nil || v.Check == nil || v.Check.Node != contracts.NodeID(b.id.ID()) || v.Check.UnitCID != k.UnitCID || v.Node != contracts.NodeID(a.id.ID()) {
		t.Errorf("the receipt proves %+v (%v)", v, err)
	}
}

// TestARefusedResultIsRecomputed has a liar's result refused. The trusted zone computes
// the unit again, and two engines convict the liar.
func TestARefusedResultIsRecomputed(t *testing.T) {
	for name, pool := range map[string]tuning{
		"closed pool": func(*coordinator.Config) {},
		"open pool":   func(c *coordinator.Config) { c.Verify = coordinator.Open() },
	} {
		t.Run(name, func(t *testing.T) {
			id, trusted := zone(t)
			f := startFabric(t, trusted, pool)
			liar := f.connect()
			s := f.submit(graph(checked(f, unit("a", `{"n":1}`))))
			liar.send(liar.seal(liar.lie(liar.take())))
			liar.expectAck(1)
			go f.connectAs(id).judge()
			r := f.end(s)
			k := oneTask(t, r).Check
			if string(r.FinalOutput) != `{"n":1}` || k == nil || !k.Valid || string(k.Node) != id.ID() {
				t.Errorf("the answer is %s, checked by %+v: %v", r.FinalOutput, k, r.Metadata.Error)
			}
			if v := f.standing(liar, "probation"); v.Convictions != 1 {
				t.Errorf("the liar has %+v", v)
			}
		})
	}
}

// TestAProgramIsRefused has the program itself give what its checker refuses: whoever
// computes it finds the same. The unit fails, and nobody is blamed.
func TestAProgramIsRefused(t *testing.T) {
	for name, zoned := range map[string]bool{"trusted zone": true, "two operators": false} {
		t.Run(name, func(t *testing.T) {
			var tune []tuning
			id, trusted := zone(t)
			if zoned {
				tune = append(tune, trusted)
			}
			f := startFabric(t, tune...)
			w := f.connect()
			s := f.submit(graph(checked(f, unit("a", `{"n":666}`))))
			w.send(w.seal(w.echo(w.take())))
			w.expectAck(1)
			if zoned {
				go f.connectAs(id).judge()
			} else {
				go f.connect().judge()
			}
			r := f.end(s)
			e := r.Metadata.Error
			if r.Metadata.StopReason != contracts.StopVerificationFailed || e == nil || e.Code != contracts.CodeBadOutput || !strings.Contains(e.Message, "beast") {
				t.Errorf("session is %s: %s: %v", r.Metadata.State, r.Metadata.StopReason, e)
			}
			if task := oneTask(t, r); task.ValidationStatus != contracts.ValidationFailed || task.Check == nil || task.Check.Valid || task.Output == nil {
				t.Errorf("the task is %+v", task)
			}
			if v, err := f.Trust(t.Context(), contracts.NodeID(w.id.ID())); err != nil || v.Convictions != 0 || v.Reliability < 0.3 {
				t.Errorf("the node has %+v (%v)", v, err)
			}
		})
	}
}

// TestARefusedResultWithoutAZone has nobody who could compute which of two results is
// right. The one that the checker finds valid counts, across a restart; the other one's
// node loses in reliability and is not convicted.
func TestARefusedResultWithoutAZone(t *testing.T) {
	f := startFabric(t)
	liar, honest, third := f.connect(), f.connect(), f.connect()
	s := f.submit(graph(checked(f, unit("a", `{"n":1}`))))
	liar.send(liar.seal(liar.lie(liar.take())))
	liar.expectAck(1)
	before, err := f.Trust(t.Context(), contracts.NodeID(liar.id.ID()))
	if err != nil {
		t.Fatal(err)
	}
	third.send(third.seal(third.checks(third.take()))) // refuses
	third.expectAck(1)
	honest.send(honest.seal(honest.echo(honest.take())))
	honest.expectAck(1)
	f.stop()
	f.open()
	third.forget()
	third.join(f)
	go third.judge()
	r := f.end(s)
	if k := oneTask(t, r).Check; string(r.FinalOutput) != `{"n":1}` || k == nil || string(k.Node) != third.id.ID() {
		t.Errorf("the answer is %s, checked by %+v: %v", r.FinalOutput, k, r.Metadata.Error)
	}
	f.stop()
	f.open()
	after, err := f.Trust(t.Context(), contracts.NodeID(liar.id.ID()))
	if err != nil || after.Convictions != 0 || after.Evidence != before.Evidence+1 || after.Reliability > before.Reliability {
		t.Errorf("the liar has %+v after %+v (%v)", after, before, err)
	}
}

// TestASilentCheckerBlamesNobody has the checker trap.
func TestASilentCheckerBlamesNobody(t *testing.T) {
	f := startFabric(t)
	a, b := f.connect(), f.connect()
	s := f.submit(graph(checked(f, unit("a", `{"n":1}`))))
	a.send(a.seal(a.echo(a.take())))
	a.expectAck(1)
	b.send(b.seal(b.trap(b.take())))
	r := f.end(s)
	if e := r.Metadata.Error; r.Metadata.StopReason != contracts.StopVerificationFailed || e == nil || e.Code != contracts.CodeTrap || !strings.Contains(e.Message, "no verdict") {
		t.Errorf("session is %s: %s: %v", r.Metadata.State, r.Metadata.StopReason, e)
	}
	if k := oneTask(t, r).Check; k == nil || k.Valid || k.Node != contracts.NodeID(b.id.ID()) {
		t.Errorf("the check is %+v", k)
	}
	for _, w := range []*worker{a, b} {
		if v, err := f.Trust(t.Context(), contracts.NodeID(w.id.ID())); err != nil || v.Convictions != 0 {
			t.Errorf("a node has %+v (%v)", v, err)
		}
	}
}

// TestNobodyToCheck has no node of another operator: the unit ends after a bound.
func TestNobodyToCheck(t *testing.T) {
	f := startFabric(t, shortLease)
	go f.connect().judge()
	r := f.end(f.submit(graph(checked(f, unit("a", `{"n":1}`)))))
	if e := r.Metadata.Error; r.Metadata.StopReason != contracts.StopVerificationFailed || e == nil || e.Code != contracts.CodeNoQuorum {
		t.Errorf("session is %s: %s: %v", r.Metadata.State, r.Metadata.StopReason, e)
	}
}

// TestALostCheckRunsAgain has the checker's node give it back.
func TestALostCheckRunsAgain(t *testing.T) {
	f := startFabric(t)
	a, b := f.connect(), f.connect()
	s := f.submit(graph(checked(f, unit("a", `{"n":1}`))))
	a.send(a.seal(a.echo(a.take())))
	a.expectAck(1)
	u := b.take()
	if p, err := f.Explain(t.Context(), s, "a"); err != nil || !strings.Contains(p.Reason, "checker, which runs on "+b.id.ID()) {
		t.Errorf("explained as %q (%v)", p.Reason, err)
	}
	b.send(&p2p.Fault{Lease: u.Lease, Code: contracts.CodeInternal, Message: "on purpose"})
	again := b.take()
	if again.Lease == u.Lease || !bytes.Equal(again.Invocation, u.Invocation) {
		t.Error("something else was given out")
	}
	b.send(b.seal(b.checks(again)))
	if r := f.end(s); string(r.FinalOutput) != `{"n":1}` {
		t.Errorf("the answer is %s: %v", r.FinalOutput, r.Metadata.Error)
	}
}

// TestASupersedingResultIsChecked has the audit find what the checker refuses: the
// lie that it had found valid is superseded by a failure.
func TestASupersedingResultIsChecked(t *testing.T) {
	id, trusted := zone(t)
	f := startFabric(t, trusted, used)
	liar := f.connect()
	// The right output says 666, the lie something else.
	s := f.submit(graph(checked(f, unit("a", `{"n":666}`))))
	liar.send(liar.seal(liar.succeed(liar.take(), `{"n":1}`)))
	liar.expectAck(1)
	go f.connectAs(id).judge()
	f.answers(s, "null")
	r := f.end(s)
	if e := r.Metadata.Error; e == nil || e.Code != contracts.CodeBadOutput || r.Metadata.StopReason != contracts.StopVerificationFailed {
		t.Errorf("session is %s: %s: %v", r.Metadata.State, r.Metadata.StopReason, e)
	}
}

// TestCheckersNeedWhatCanBeComputedAgain refuses units whose results cannot be compared.
func TestCheckersNeedWhatCanBeComputedAgain(t *testing.T) {
	f := startFabric(t)
	u := checked(f, unit("a", `{}`))
	u.Idempotent = new(bool)
	if _, err := f.Submit(t.Context(), graph(u), contracts.SubmissionMetadata{}); contracts.CodeOf(err) != contracts.CodeUnsupported {
		t.Errorf("a unit that must not run twice: %v", err)
	}
	u = unit("a", `{}`)
	u.VerifyWith = &contracts.Program{Module: &contracts.Link{Cid: dagcbor.RawCID([]byte("nobody put it"))}}
	if _, err := f.Submit(t.Context(), graph(u), contracts.SubmissionMetadata{}); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("a checker that is not there: %v", err)
	}
	u.VerifyWith = &contracts.Program{Task: "test/none@1"}
	if _, err := f.Submit(t.Context(), graph(u), contracts.SubmissionMetadata{}); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("a checker that is no task: %v", err)
	}
}

// TestCheckersAreRationed has a tenant name checkers that take long. What they burn
// counts against the tenant's day and the graph's budget, and never are more than half
// of the zone's places taken by them: another tenant's check is run meanwhile.
func TestCheckersAreRationed(t *testing.T) {
	id, trusted := zone(t)
	f := startFabric(t, trusted)
	day := contracts.Quota{FuelPerDay: 1 << 42}
	err := f.SetQuota(t.Context(), access.Operator(), "greedy", day)
	if err != nil {
		t.Fatal(err)
	}
	w := f.connect()
	judge := &worker{t: t, id: id, host: newHost(t, id), hello: p2p.Hello{Kind: "node", Slots: 4, Profiles: []string{profile}}}
	t.Cleanup(func() { judge.host.Close() })
	judge.join(f)
	submit := func(tenant contracts.TenantID, n int) contracts.SessionID {
		t.Helper()
		g := graph(checked(f, unit("a", fmt.Sprintf(`{"n":%d}`, n))))
		g.TenantID, g.Budgets.MaxFuel = tenant, new(int64(1<<38))
		r, err := f.Submit(t.Context(), g, contracts.SubmissionMetadata{})
		if err != nil {
			t.Fatal(err)
		}
		return r.SessionID
	}
	const graphs = 6
	var greedy []contracts.SessionID
	for i := range graphs {
		greedy = append(greedy, submit("greedy", i))
		w.send(w.seal(w.echo(w.take())))
		w.expectAck(uint64(i + 1))
	}
	held := []p2p.Unit{judge.take()}
	modest := submit("modest", 99)
	w.send(w.seal(w.echo(w.take())))
	w.expectAck(graphs + 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for n := 0; n < graphs; { // checks are built beside the loop
		if n, err = f.ChecksWaiting(ctx); err != nil {
			t.Fatal(err)
		}
	}
	u := judge.take()
	inv, _, err := contracts.DecodeInvocation(u.Invocation)
	if err != nil || !bytes.Contains(inv.Input.Inline, []byte(`"n":99`)) {
		t.Fatalf("the zone was given %s next, want the check of the tenant that has none out (%v)", inv.Input.Inline, err)
	}
	held = append(held, judge.take())
	// A place that is free is none for a third check of the first tenant. That the
	// coordinator has seen the place is known by the answer to what comes behind it.
	judge.send(&p2p.Credit{N: 1})
	judge.send(judge.seal(judge.echo(p2p.Unit{Lease: 1, Epoch: 1, Invocation: held[0].Invocation})))
	for acked := false; !acked; {
		switch m := judge.recv().(type) {
		case *p2p.Assign:
			t.Fatal("more than half of the zone's places were given to one tenant's checks")
		case *p2p.Ack:
			acked = m.Seq == 1
		}
	}
	judge.send(judge.seal(judge.checks(u)))
	if r := f.end(modest); string(r.FinalOutput) != `{"n":99}` {
		t.Errorf("the other tenant's answer is %s: %v", r.FinalOutput, r.Metadata.Error)
	}
	const burnt = 1 << 20
	burn := func(u p2p.Unit) {
		out := []byte(`{"valid":true}`)
		link := contracts.Link{Cid: dagcbor.RawCID(out)}
		judge.send(judge.seal(judge.answer(u, &contracts.Result{
			Unit: contracts.Link{Cid: dagcbor.CID(u.Invocation)}, Outcome: contracts.Succeeded, Output: &link, MediaType: contracts.DefaultMediaType,
			OutputBytes: uint64(len(out)), FuelUsed: burnt, MemoryPages: 1,
		}, out)))
	}
	for _, u := range held {
		burn(u)
	}
	for left := graphs - len(held); left > 0; { // the first has the place that is free
		if a, ok := judge.recv().(*p2p.Assign); ok {
			burn(a.Units[0])
			if left--; left > 0 {
				judge.send(&p2p.Credit{N: 1})
			}
		}
	}
	for _, s := range greedy {
		if r := f.end(s); r.Telemetry.FuelUsed != burnt+1 {
			t.Errorf("the graph used %d fuel, want %d: the unit's and its checker's", r.Telemetry.FuelUsed, burnt+1)
		}
	}
	q, err := f.Quota(t.Context(), access.Operator(), "greedy")
	if err != nil || q.Usage.Fuel != uint64(graphs)*(burnt+1) {
		t.Errorf("the tenant has used %d fuel today (%v), want %d", q.Usage.Fuel, err, graphs*(burnt+1))
	}
}
