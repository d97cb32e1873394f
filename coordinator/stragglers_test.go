package coordinator_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/internal/p2p"
)

// quick has stragglers copied as soon as a test can wait for, and no node count as
// silent meanwhile: units of those are copied as well.
func quick(c *coordinator.Config) {
	c.Stragglers.MinRuns, c.Stragglers.Floor = 1, 300*time.Millisecond
	c.Heartbeat, c.Lease = time.Minute, time.Hour
}

// freeze has a worker be heard of no more; its leases stay out.
func (w *worker) freeze() {
	w.t.Helper()
	if err := w.host.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// happened returns what was told of a session that has ended, with the unit's state
// followed as the contract has it.
func (f *fabric) happened(id contracts.SessionID, unit string) []contracts.Event {
	f.t.Helper()
	var list []contracts.Event
	state := contracts.UnitState("")
	err := f.Events(f.t.Context(), id, "", func(e contracts.Event) error {
		if e.Subject != unit {
			return e.Validate()
		}
		list = append(list, e)
		if e.Replica() == 0 {
			next, ok := state.Next(e.Type)
			if e.Type == contracts.EventUnitQueued {
				next, ok = contracts.UnitQueued, state == ""
			}
			if !ok {
				f.t.Errorf("%s was told of a unit that is %q", e.Type, state)
			}
			state = next
		}
		return e.Validate()
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// count returns how many events of a type are about executions of an index.
func count(list []contracts.Event, t contracts.EventType, replica uint32) (n int) {
	for i := range list {
		if list[i].Type == t && list[i].Replica() == replica {
			n++
		}
	}
	return n
}

// TestAFrozenNodesUnitIsCopied has a node freeze with a unit whose lease is a minute:
// a second node gets a copy, whose result ends the unit at once and counts against
// the frozen node.
func TestAFrozenNodesUnitIsCopied(t *testing.T) {
	f := startFabric(t)
	frozen := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`), unit("b", `{}`, "a")))
	first := frozen.take()
	before, err := f.Trust(t.Context(), contracts.NodeID(frozen.id.ID()))
	if err != nil {
		t.Fatal(err)
	}
	frozen.freeze()
	other := f.connect()
	second := other.take()
	if string(second.Invocation) != string(first.Invocation) || second.Replica != first.Replica || second.Attempt != first.Attempt {
		t.Errorf("the copy can be told from the first: %+v and %+v", first, second)
	}
	v, err := f.Explain(t.Context(), id, "a")
	if err != nil || v.Node != contracts.NodeID(frozen.id.ID()) || v.Copy != contracts.NodeID(other.id.ID()) || !strings.Contains(v.Reason, "a copy of it runs") {
		t.Errorf("explained as %+v (%v)", v, err)
	}
	other.send(other.seal(other.echo(second)))
	go other.work()
	if r := f.end(id); r.Metadata.State != contracts.SessionCompleted || string(r.FinalOutput) != `{"a":{"n":1}}` {
		t.Fatalf("session is %s with %s: %v", r.Metadata.State, r.FinalOutput, r.Metadata.Error)
	}
	list := f.happened(id, "a")
	if count(list, contracts.EventUnitScheduled, 1) != 1 || count(list, contracts.EventUnitLeaseLost, 0) != 1 || count(list, contracts.EventUnitCompleted, 0) != 1 {
		t.Errorf("told: %v", list)
	}
	after, err := f.Trust(t.Context(), contracts.NodeID(frozen.id.ID()))
	if err != nil || after.Evidence != before.Evidence+1 {
		t.Errorf("the frozen node had %d pieces of evidence and has %d (%v)", before.Evidence, after.Evidence, err)
	}
	stats, err := f.Stats(t.Context())
	if err != nil || stats.Copied != 1 || stats.Leases != 0 {
		t.Errorf("%d copies, %d leases (%v)", stats.Copied, stats.Leases, err)
	}
	// What a start recalls of the log is the same evidence.
	f.stop()
	f.open()
	if again, err := f.Trust(t.Context(), contracts.NodeID(frozen.id.ID())); err != nil || again.Evidence != after.Evidence {
		t.Errorf("after a restart the frozen node has %d pieces of evidence, not %d (%v)", again.Evidence, after.Evidence, err)
	}
}

// TestASlowUnitIsCopied has a node that is alive sit on a unit of a task whose run
// times are known. It is done first after all: the copy is called back, and nobody is
// blamed.
func TestASlowUnitIsCopied(t *testing.T) {
	f := startFabric(t, quick)
	slow := f.connect()
	warm := f.submit(graph(unit("w", `{"n":0}`)))
	slow.send(slow.seal(slow.echo(slow.take())))
	f.end(warm)
	id := f.submit(graph(unit("a", `{"n":1}`)))
	mine := slow.take()
	other := f.connect()
	theirs := other.take()
	slow.send(slow.seal(slow.echo(mine)))
	for {
		if c, ok := other.recv().(*p2p.Cancel); ok {
			if len(c.Leases) != 1 || c.Leases[0] != theirs.Lease {
				t.Errorf("called back %v, not %d", c.Leases, theirs.Lease)
			}
			break
		}
	}
	if r := f.end(id); r.Metadata.State != contracts.SessionCompleted {
		t.Fatalf("session is %s: %v", r.Metadata.State, r.Metadata.Error)
	}
	list := f.happened(id, "a")
	if count(list, contracts.EventUnitLeaseLost, 1) != 1 || count(list, contracts.EventUnitLeaseLost, 0) != 0 {
		t.Errorf("told: %v", list)
	}
	var d contracts.UnitScheduled
	for _, e := range list {
		if e.Replica() == 1 && e.Type == contracts.EventUnitScheduled {
			if err := json.Unmarshal(e.Data, &d); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !strings.HasPrefix(d.Reason, "straggler: nothing moved for") || d.Target != contracts.NodeID(other.id.ID()) {
		t.Errorf("the copy was scheduled as %+v", d)
	}
	if v, err := f.Trust(t.Context(), contracts.NodeID(other.id.ID())); err != nil || v.Evidence != 0 {
		t.Errorf("a copy for nothing is evidence: %+v (%v)", v, err)
	}
}

// TestCopiesAreVerifiedLikeAnyResult has a copy's result need a quorum: it is held,
// a third node confirms it, and the frozen node is not asked.
func TestCopiesAreVerifiedLikeAnyResult(t *testing.T) {
	f := startFabric(t)
	frozen := f.connect()
	id := f.submit(graph(moded(unit("a", `{"n":1}`), contracts.VerifyQuorum)))
	frozen.take()
	frozen.freeze()
	liar := f.connect()
	liar.send(liar.seal(liar.echo(liar.take())))
	liar.expectAck(1)
	if v, err := f.Explain(t.Context(), id, "a"); err != nil || v.Copy != "" || !strings.Contains(v.Reason, "verdict") {
		t.Errorf("explained as %+v (%v)", v, err)
	}
	witness := f.connect()
	witness.send(witness.seal(witness.echo(witness.take())))
	if r := f.end(id); r.Metadata.State != contracts.SessionCompleted || string(r.FinalOutput) != `{"n":1}` {
		t.Errorf("session is %s with %s: %v", r.Metadata.State, r.FinalOutput, r.Metadata.Error)
	}
	if n := count(f.happened(id, "a"), contracts.EventUnitScheduled, 1); n != 1 {
		t.Errorf("%d copies", n)
	}
}

// TestCopiesOutliveARestart has the coordinator end while a unit and its copy are
// out. The copy's node comes back and answers.
func TestCopiesOutliveARestart(t *testing.T) {
	f := startFabric(t)
	frozen := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`)))
	frozen.take()
	frozen.freeze()
	other := f.connect()
	u := other.take()
	f.stop()
	f.open()
	other.join(f)
	other.send(other.seal(other.echo(u)))
	if r := f.end(id); r.Metadata.State != contracts.SessionCompleted {
		t.Fatalf("session is %s: %v", r.Metadata.State, r.Metadata.Error)
	}
	f.happened(id, "a")
	if s, err := f.Stats(t.Context()); err != nil || s.Leases != 0 {
		t.Errorf("%d leases are out (%v)", s.Leases, err)
	}
}

// TestWhatIsNotCopied has units sit on a frozen node that must not run twice.
func TestWhatIsNotCopied(t *testing.T) {
	f := startFabric(t, shortLease)
	frozen := f.connect()
	once := unit("a", `{"n":1}`)
	once.Idempotent = new(bool)
	id := f.submit(graph(once))
	frozen.take()
	frozen.freeze()
	other := f.connect()
	other.send(&p2p.Credit{N: 1})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, ok, err := f.Result(ctx, id); err != nil || !ok {
		t.Fatal(err)
	}
	if list := f.happened(id, "a"); count(list, contracts.EventUnitScheduled, 1) != 0 {
		t.Errorf("told: %v", list)
	}
}
