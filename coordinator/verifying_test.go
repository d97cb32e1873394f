package coordinator_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/narrate"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/p2p"
)

// zone makes a worker's identity that is in the trusted zone.
func zone(t *testing.T) (p2p.Identity, tuning) {
	t.Helper()
	id, err := p2p.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id, func(c *coordinator.Config) { c.Trusted = []contracts.NodeID{contracts.NodeID(id.ID())} }
}

// used lets every result be used at once and has the trusted zone check each
// afterwards.
func used(c *coordinator.Config) {
	c.Verify = coordinator.Open()
	c.Verify.AuditRate, c.Verify.TrustedShare = 1, 1
	c.Verify.Theta[1] = 1
}

// lie answers with another output than echo, and convincingly.
func (w *worker) lie(u p2p.Unit) answer {
	w.t.Helper()
	out := []byte(`{"n":666}`)
	link := contracts.Link{Cid: dagcbor.RawCID(out)}
	return w.answer(u, &contracts.Result{
		Unit: contracts.Link{Cid: dagcbor.CID(u.Invocation)}, Outcome: contracts.Succeeded, Output: &link, MediaType: contracts.DefaultMediaType,
		OutputBytes: uint64(len(out)), FuelUsed: 1, MemoryPages: 1,
	}, out)
}

func moded(u contracts.WorkUnit, m contracts.VerificationMode) contracts.WorkUnit {
	u.Verification = m
	return u
}

// standing waits until a node has the given standing.
func (f *fabric) standing(w *worker, want string) contracts.NodeTrust {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	var last contracts.NodeTrust
	for {
		v, err := f.Trust(ctx, contracts.NodeID(w.id.ID()))
		if err == nil {
			last = v
		}
		if err != nil {
			f.t.Fatalf("node is not %s but %+v: %v", want, last, err)
		}
		if v.Standing == want {
			return v
		}
	}
}

func TestQuorumTakesTwoOperators(t *testing.T) {
	f := startFabric(t)
	a, b := f.connect(), f.connect()
	id := f.submit(graph(moded(unit("a", `{"n":1}`), contracts.VerifyQuorum)))
	first := a.take()
	a.send(a.seal(a.echo(first)))
	a.expectAck(1)
	a.send(&p2p.Credit{N: 8}) // it would take the copy too, but must not
	second := b.take()
	if string(second.Invocation) != string(first.Invocation) || second.Replica != first.Replica || second.Attempt != first.Attempt || second.RunTimeoutMS != first.RunTimeoutMS {
		t.Errorf("the copy can be told from the first: %+v and %+v", first, second)
	}
	b.send(b.seal(b.echo(second)))
	if r := f.end(id); r.Metadata.State != contracts.SessionCompleted || string(r.FinalOutput) != `{"n":1}` {
		t.Errorf("session is %s with %s: %v", r.Metadata.State, r.FinalOutput, r.Metadata.Error)
	}
}

func TestNoQuorumWithoutASecondOperator(t *testing.T) {
	f := startFabric(t, shortLease)
	go f.connect().work()
	r := f.end(f.submit(graph(moded(unit("a", `{"n":1}`), contracts.VerifyQuorum))))
	if e := r.Metadata.Error; r.Metadata.State != contracts.SessionFailed || r.Metadata.StopReason != contracts.StopVerificationFailed || e == nil || e.Code != contracts.CodeNoQuorum {
		t.Errorf("session is %s: %s: %v", r.Metadata.State, r.Metadata.StopReason, e)
	}
}

// TestDisagreementIsSettledByTheTrustedZone has a liar answer first. The next node
// disagrees, and the trusted zone says who is right.
func TestDisagreementIsSettledByTheTrustedZone(t *testing.T) {
	id, trusted := zone(t)
	f := startFabric(t, trusted)
	liar, honest := f.connect(), f.connect()
	s := f.submit(graph(moded(unit("a", `{"n":1}`), contracts.VerifyQuorum)))
	liar.send(liar.seal(liar.lie(liar.take())))
	liar.expectAck(1)
	honest.send(honest.seal(honest.echo(honest.take())))
	judge := f.connectAs(id)
	go judge.work()
	if r := f.end(s); string(r.FinalOutput) != `{"n":1}` {
		t.Errorf("the answer is %s: %v", r.FinalOutput, r.Metadata.Error)
	}
	if v := f.standing(liar, "probation"); v.Convictions != 1 {
		t.Errorf("the liar has %+v", v)
	}
	if v := f.standing(honest, "member"); v.Convictions != 0 {
		t.Errorf("the honest node has %+v", v)
	}
	receipt, err := f.Receipt(t.Context(), s, "a")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := receipt.Verify(); err != nil || v.Node == contracts.NodeID(liar.id.ID()) {
		t.Errorf("the receipt is %+v (%v)", v, err)
	}
}

// engines has two strangers contradict each other, and a node of the trusted zone for
// each engine.
func engines(t *testing.T) (f *fabric, s contracts.SessionID, strangers, zone [2]*worker) {
	t.Helper()
	var ids [2]p2p.Identity
	var trusted []contracts.NodeID
	for i := range ids {
		var err error
		if ids[i], err = p2p.NewIdentity(); err != nil {
			t.Fatal(err)
		}
		trusted = append(trusted, contracts.NodeID(ids[i].ID()))
	}
	f = startFabric(t, func(c *coordinator.Config) { c.Trusted = trusted })
	strangers = [2]*worker{f.connect(), f.connect()}
	s = f.submit(graph(moded(unit("a", `{"n":1}`), contracts.VerifyQuorum)))
	a, b := strangers[0], strangers[1]
	a.send(a.seal(a.echo(a.take())))
	a.expectAck(1)
	b.send(b.seal(b.lie(b.take())))
	b.expectAck(1)
	zone[0] = f.connectAs(ids[0])
	zone[1] = &worker{t: t, id: ids[1], host: newHost(t, ids[1]), hello: p2p.Hello{Profiles: []string{p2p.CrossProfile(profile)}}}
	t.Cleanup(func() { zone[1].host.Close() })
	zone[1].join(f)
	return f, s, strangers, zone
}

// TestEnginesThatDifferBlameNobody has the two engines of the trusted zone find
// different results: the module is at fault. The unit ends without a result, and from
// then on only the trusted zone runs the module.
func TestEnginesThatDifferBlameNobody(t *testing.T) {
	f, s, strangers, zone := engines(t)
	first := zone[0].take()
	zone[0].send(zone[0].seal(zone[0].echo(first)))
	zone[0].expectAck(1)
	second := zone[1].take()
	if string(first.Invocation) != string(second.Invocation) || second.RunTimeoutMS <= first.RunTimeoutMS {
		t.Errorf("the other engine was asked for something else, or in no more time: %d ms, %d ms", first.RunTimeoutMS, second.RunTimeoutMS)
	}
	zone[1].send(zone[1].seal(zone[1].lie(second)))
	r := f.end(s)
	if e := r.Metadata.Error; r.Metadata.StopReason != contracts.StopVerificationFailed || e == nil || e.Code != contracts.CodeNoQuorum {
		t.Errorf("session is %s: %s: %v", r.Metadata.State, r.Metadata.StopReason, e)
	}
	for i, w := range strangers {
		if v, err := f.Trust(t.Context(), contracts.NodeID(w.id.ID())); err != nil || v.Convictions != 0 || v.Standing != "probation" {
			t.Errorf("stranger %d has %+v (%v)", i, v, err)
		}
	}
	if e := f.proofs(1)[0]; e.Kind != contracts.EvidenceNondeterminism || e.Node != "" || e.Module == nil || !e.Module.Equals(module.CID) {
		t.Errorf("told is %+v", e)
	}
	again := f.submit(graph(unit("a", `{"n":2}`)))
	strangers[0].send(&p2p.Credit{N: 4})
	zone[0].send(zone[0].seal(zone[0].echo(zone[0].take())))
	if r := f.end(again); string(r.FinalOutput) != `{"n":2}` {
		t.Errorf("the answer is %s: %v", r.FinalOutput, r.Metadata.Error)
	}
}

// TestTwoEnginesConvict has both engines find the same: who contradicts them lied.
func TestTwoEnginesConvict(t *testing.T) {
	f, s, strangers, zone := engines(t)
	zone[0].send(zone[0].seal(zone[0].echo(zone[0].take())))
	second := zone[1].take()
	if v, err := f.Trust(t.Context(), contracts.NodeID(strangers[1].id.ID())); err != nil || v.Convictions != 0 {
		t.Errorf("one engine has convicted: %+v (%v)", v, err)
	}
	zone[1].send(zone[1].seal(zone[1].echo(second)))
	if r := f.end(s); string(r.FinalOutput) != `{"n":1}` {
		t.Errorf("the answer is %s: %v", r.FinalOutput, r.Metadata.Error)
	}
	if e := f.proofs(1)[0]; e.Kind != contracts.EvidenceConviction || string(e.Node) != strangers[1].id.ID() {
		t.Errorf("told is %+v", e)
	}
	for i, want := range []int{0, 1} {
		if v, err := f.Trust(t.Context(), contracts.NodeID(strangers[i].id.ID())); err != nil || v.Convictions != want {
			t.Errorf("stranger %d has %+v (%v)", i, v, err)
		}
	}
}

// proofs returns what the log tells of proofs, once it tells of n.
func (f *fabric) proofs(n int) (list []contracts.TrustEvidence) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	for {
		list = nil
		teller := narrate.New(f.db.Log(), f.db.Blocks(), func(e contracts.Event) {
			if err := e.Validate(); err != nil {
				f.t.Error(err)
			}
			if e.Type != contracts.EventTrustEvidence {
				return
			}
			var d contracts.TrustEvidence
			if err := json.Unmarshal(e.Data, &d); err != nil {
				f.t.Error(err)
			}
			list = append(list, d)
		})
		err := f.db.Log().Read(ctx, 1, func(rec eventlog.Record) error { return teller.Take(ctx, rec) })
		if err != nil {
			f.t.Fatalf("the log tells of %d proofs, not of %d: %v", len(list), n, err)
		}
		if len(list) >= n {
			return list
		}
	}
}

func TestEveryResultIsRecomputed(t *testing.T) {
	id, trusted := zone(t)
	f := startFabric(t, trusted)
	w := f.connect()
	s := f.submit(graph(moded(unit("a", `{"n":1}`), contracts.VerifyRecompute)))
	w.send(w.seal(w.lie(w.take())))
	w.expectAck(1)
	go f.connectAs(id).work()
	if r := f.end(s); string(r.FinalOutput) != `{"n":1}` {
		t.Errorf("the answer is %s: %v", r.FinalOutput, r.Metadata.Error)
	}
}

// TestAuditsSupersede has a liar's result used, by its session and by another one
// that found it in the cache, both of which end. The audit puts it right, and what
// followed from it, across a restart.
func TestAuditsSupersede(t *testing.T) {
	for name, restart := range map[string]bool{"running": false, "restarted": true} {
		t.Run(name, func(t *testing.T) {
			id, trusted := zone(t)
			f := startFabric(t, trusted, used)
			liar := f.connect()
			s := f.submit(graph(unit("a", `{"n":1}`), unit("b", `{}`, "a")))
			liar.send(liar.seal(liar.lie(liar.take())))
			liar.expectAck(1)
			liar.send(liar.seal(liar.echo(liar.take())))
			if r := f.end(s); string(r.FinalOutput) != `{"a":{"n":666}}` {
				t.Fatalf("the lie was not used: %s %v", r.FinalOutput, r.Metadata.Error)
			}
			again := f.submit(graph(unit("a", `{"n":1}`)))
			if r := f.end(again); string(r.FinalOutput) != `{"n":666}` {
				t.Fatalf("the lie was not in the cache: %s", r.FinalOutput)
			}
			if restart {
				f.stop()
				f.open(trusted, used)
			}
			go f.connectAs(id).work()
			f.answers(s, `{"a":{"n":1}}`)
			f.answers(again, `{"n":1}`)
			if v, err := f.Trust(t.Context(), contracts.NodeID(liar.id.ID())); err != nil || v.Convictions != 1 {
				t.Errorf("the liar has %+v (%v)", v, err)
			}
			superseded := 0
			err := f.Events(t.Context(), s, "", func(e contracts.Event) error {
				if e.Type == contracts.EventUnitSuperseded {
					superseded++
				}
				return e.Validate()
			})
			if err != nil || superseded != 1 {
				t.Errorf("%d results were superseded (%v)", superseded, err)
			}
			// The right result is what equal units find from now on, after a restart too.
			f.stop()
			f.open(trusted, used)
			if r := f.end(f.submit(graph(unit("a", `{"n":1}`)))); string(r.FinalOutput) != `{"n":1}` {
				t.Errorf("the cache has %s", r.FinalOutput)
			}
			f.answers(s, `{"a":{"n":1}}`)
		})
	}
}

// answers waits until a session has ended with an answer: it looks again whenever
// the log has grown.
func (f *fabric) answers(id contracts.SessionID, want string) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	for {
		next := f.db.Log().Last() + 1
		answer := string(f.end(id).FinalOutput)
		if answer == want {
			return
		}
		if err := f.db.Log().Wait(ctx, next); err != nil {
			f.t.Fatalf("the answer of %s is %s, want %s: %v", id, answer, want, err)
		}
	}
}

// TestHeldResultsOutliveARestart has the coordinator end between a result and its
// confirmation.
func TestHeldResultsOutliveARestart(t *testing.T) {
	f := startFabric(t)
	a := f.connect()
	s := f.submit(graph(moded(unit("a", `{"n":1}`), contracts.VerifyQuorum)))
	a.send(a.seal(a.echo(a.take())))
	a.expectAck(1)
	f.stop()
	f.open()
	go f.connect().work()
	if r := f.end(s); string(r.FinalOutput) != `{"n":1}` {
		t.Errorf("session is %s with %s: %v", r.Metadata.State, r.FinalOutput, r.Metadata.Error)
	}
}

// TestEquivocationBans has a node sign two results under one lease: the signatures
// are the proof, and the node is let in no more.
func TestEquivocationBans(t *testing.T) {
	for name, send := range map[string]func(w *worker, u p2p.Unit){
		"two batches": func(w *worker, u p2p.Unit) { w.send(w.seal(w.echo(u))); w.send(w.seal(w.lie(u))) },
		"one batch":   func(w *worker, u p2p.Unit) { w.send(w.seal(w.echo(u), w.lie(u))) },
	} {
		t.Run(name, func(t *testing.T) {
			f := startFabric(t)
			w := f.connect()
			f.submit(graph(unit("a", `{"n":1}`)))
			send(w, w.take())
			v := f.standing(w, "banned")
			data, err := f.GetBlock(t.Context(), v.Proof.Cid)
			if err != nil {
				t.Fatal(err)
			}
			proof, err := contracts.DecodeEquivocation(data)
			if err != nil {
				t.Fatal(err)
			}
			if who, err := proof.Verify(); err != nil || who != contracts.NodeID(w.id.ID()) {
				t.Errorf("the proof convicts %s (%v)", who, err)
			}
			f.stop()
			f.open()
			if v := f.standing(w, "banned"); v.Proof == nil {
				t.Errorf("after a restart: %+v", v)
			}
			if err := w.tryJoin(f); contracts.CodeOf(err) != contracts.CodeAuth {
				t.Errorf("a banned node was let in (%v)", err)
			}
		})
	}
}

// TestOneProofBans has a node contradict itself again and again before its ban is
// durable: one proof is kept, and it stays the one that is shown.
func TestOneProofBans(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	f.submit(graph(unit("a", `{"n":1}`)))
	u := w.take()
	w.send(w.seal(w.echo(u)))
	for range 50 {
		if w.stream.Send(t.Context(), w.seal(w.lie(u))) != nil {
			break // it was sent away meanwhile
		}
	}
	was := f.standing(w, "banned")
	f.stop()
	f.open()
	v := f.standing(w, "banned")
	if len(v.History) != 1 || v.Convictions != 1 || v.Proof == nil || was.Proof == nil || *v.Proof != *was.Proof {
		t.Errorf("the node has %+v, had %+v", v, was)
	}
}

// contradictLate has a node answer a unit and, after what happens in between, sign
// another result under the same lease.
func (f *fabric) contradictLate(between func(batch cid.Cid)) *worker {
	f.t.Helper()
	w := f.connect()
	early := f.submit(graph(unit("a", `{"n":1}`)))
	u := w.take()
	m := w.seal(w.echo(u))
	w.send(m)
	f.end(early)
	batch := dagcbor.RawCID(m.Batch)
	if !f.there(batch) {
		f.t.Fatal("the node's first batch was not kept")
	}
	between(batch)
	w.send(w.seal(w.lie(u)))
	return w
}

// The batch that a node contradicts is kept as long as its results are remembered, even
// when nothing else names it.
func TestEquivocationIsProvedAfterACollection(t *testing.T) {
	f := startFabric(t, collecting)
	w := f.contradictLate(func(batch cid.Cid) {
		unused := f.upload("never used")
		go f.connect().work()
		f.run(150)
		if f.retired() == 1 {
			t.Fatal("no record was let go")
		}
		f.graced()
		if f.there(unused) {
			t.Fatal("nothing was collected")
		}
	})
	v := f.standing(w, "banned")
	data, err := f.GetBlock(t.Context(), v.Proof.Cid)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := contracts.DecodeEquivocation(data)
	if err != nil {
		t.Fatal(err)
	}
	if who, err := proof.Verify(); err != nil || who != contracts.NodeID(w.id.ID()) {
		t.Errorf("the proof convicts %s (%v)", who, err)
	}
}

// Without that batch nobody can be shown the contradiction. The coordinator has seen it:
// the node is suspended, for that reason, and what it did is done again.
func TestContradictionWithoutProofSuspends(t *testing.T) {
	f := startFabric(t)
	var first cid.Cid
	w := f.contradictLate(func(batch cid.Cid) {
		first = batch
		store := f.db.Blocks()
		var held []blob.Held
		err := store.Each(t.Context(), func(h blob.Held) error {
			if h.CID.Equals(batch) {
				held = append(held, h)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := store.Erase(t.Context(), held...); err != nil || n.Blocks != 1 || n.Bytes != held[0].Bytes {
			t.Fatalf("taken out: %+v (%v)", n, err)
		}
	})
	v := f.standing(w, "suspended")
	last := v.History[len(v.History)-1]
	if v.Proof != nil || last.By != session.Witness || !strings.Contains(last.Reason, first.String()) {
		t.Errorf("the node has proof %v and history %+v, want a reason that names batch %s", v.Proof, v.History, first)
	}
	f.stop()
	f.open()
	f.standing(w, "suspended")
	if err := w.tryJoin(f); contracts.CodeOf(err) != contracts.CodeAuth {
		t.Errorf("the node was let in (%v)", err)
	}
	if err := f.Order(t.Context(), access.Operator(), contracts.NodeID(w.id.ID()), contracts.NodeOrder{Order: contracts.OrderReadmit, Reason: "a broken disk"}); err != nil {
		t.Fatal(err)
	}
	f.becomes(w, "active")
	if err := w.tryJoin(f); err != nil {
		t.Errorf("the node was not let in again: %v", err)
	}
}
