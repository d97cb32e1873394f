package coordinator_test

import (
	"math/big"
	"slices"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/envelope"
	"github.com/krako-labs/krako/internal/p2p"
)

// TestINV11UnsignedOrReplayedResultsAreNeverUsed has a worker send every kind of
// result that must not be used, and an honest worker finish the unit after it.
func TestINV11UnsignedOrReplayedResultsAreNeverUsed(t *testing.T) {
	for name, send := range map[string]func(t *testing.T, f *fabric, w *worker, u p2p.Unit){
		"signed by another key": func(t *testing.T, f *fabric, w *worker, u p2p.Unit) {
			other, err := p2p.NewIdentity()
			if err != nil {
				t.Fatal(err)
			}
			a := w.echo(u)
			mine := w.id
			w.id = other
			m := w.seal(a)
			w.id = mine
			w.send(m)
		},
		"in another node's name": func(t *testing.T, f *fabric, w *worker, u p2p.Unit) {
			a := w.echo(u)
			a.item.Observed.Node = contracts.NodeID(f.host.ID())
			w.send(w.seal(a))
		},
		"of another cluster": func(t *testing.T, f *fabric, w *worker, u p2p.Unit) {
			w.send(w.sealBatch(contracts.Batch{Cluster: "another", Seq: 1}, w.echo(u)))
		},
		"tampered envelope": func(t *testing.T, f *fabric, w *worker, u p2p.Unit) {
			m := w.seal(w.echo(u))
			m.Batch = slices.Clone(m.Batch)
			m.Batch[len(m.Batch)/2] ^= 1
			w.send(m)
		},
		"malleated signature": func(t *testing.T, f *fabric, w *worker, u p2p.Unit) {
			m := w.seal(w.echo(u))
			m.Batch = malleate(m.Batch)
			w.send(m)
		},
		"signed as something else": func(t *testing.T, f *fabric, w *worker, u p2p.Unit) {
			m := w.seal(w.echo(u))
			_, kind, payload, err := envelope.Open(m.Batch, contracts.BatchDomain)
			if err == nil {
				m.Batch, err = envelope.Seal(w.id.Private(), "krako-something-else", kind, payload)
			}
			if err != nil {
				t.Fatal(err)
			}
			w.send(m)
		},
		"another result block": func(t *testing.T, f *fabric, w *worker, u p2p.Unit) {
			m, forged := w.seal(w.echo(u)), w.trap(u)
			m.Items[0] = forged.result
			w.send(m)
		},
		"tampered output": func(t *testing.T, f *fabric, w *worker, u p2p.Unit) {
			m := w.seal(w.echo(u))
			m.Outputs[0].Data = append(slices.Clone(m.Outputs[0].Data), ' ')
			w.send(m)
		},
		"sequence number zero": func(t *testing.T, f *fabric, w *worker, u p2p.Unit) {
			w.send(w.sealBatch(contracts.Batch{Cluster: w.cluster, Seq: 0}, w.echo(u)))
			w.expectReject(0)
			w.leave()
		},
		"stale epoch": func(t *testing.T, f *fabric, w *worker, u p2p.Unit) {
			u.Epoch--
			w.send(w.seal(w.echo(u)))
			w.expectAck(1)
			w.leave()
		},
		"unknown lease": func(t *testing.T, f *fabric, w *worker, u p2p.Unit) {
			u.Lease++
			w.send(w.seal(w.echo(u)))
			w.expectAck(1)
			w.leave()
		},
		"result of another unit": func(t *testing.T, f *fabric, w *worker, u p2p.Unit) {
			other := u
			inv, _, err := contracts.DecodeInvocation(u.Invocation)
			if err != nil {
				t.Fatal(err)
			}
			inv.Input.Inline = []byte(`{"n":666}`)
			if other.Invocation, err = inv.Block(); err != nil {
				t.Fatal(err)
			}
			w.send(w.seal(w.echo(other)))
			w.expectAck(1)
			w.leave()
		},
		"output that cannot be fetched": func(t *testing.T, f *fabric, w *worker, u p2p.Unit) {
			out := []byte("never stored anywhere")
			link := contracts.Link{Cid: dagcbor.RawCID(out)}
			r := contracts.Result{
				Unit: contracts.Link{Cid: dagcbor.CID(u.Invocation)}, Outcome: contracts.Succeeded, Output: &link,
				MediaType: contracts.DefaultMediaType, OutputBytes: uint64(len(out)),
			}
			w.send(w.seal(w.answer(u, &r, nil)))
			w.expectAck(1)
			w.leave()
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFabric(t, shortLease)
			bad := f.connect()
			id := f.submit(graph(unit("a", `{"n":1}`)))
			send(t, f, bad, bad.take())
			honest := f.connect()
			go honest.work()
			r := f.end(id)
			if r.Metadata.State != contracts.SessionCompleted || string(r.FinalOutput) != `{"n":1}` {
				t.Fatalf("session is %s with %s: %v", r.Metadata.State, r.FinalOutput, r.Metadata.Error)
			}
			receipt, err := f.Receipt(t.Context(), id, "a")
			if err != nil {
				t.Fatal(err)
			}
			if v, err := receipt.Verify(); err != nil || v.Node != contracts.NodeID(honest.id.ID()) {
				t.Errorf("the result that was used is %+v (%v), want the honest node's", v, err)
			}
		})
	}
}

// malleate adds the order of the group to the scalar of a signature, which is the
// end of an envelope: the same signature in other bytes, to whoever does not look.
func malleate(sealed []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	out := slices.Clone(sealed)
	scalar := out[len(out)-32:]
	slices.Reverse(scalar) // it is little-endian
	new(big.Int).Add(new(big.Int).SetBytes(scalar), order).FillBytes(scalar)
	slices.Reverse(scalar)
	return out
}

// expectAck reads until the coordinator has dealt with a batch: its number is
// used up, whatever became of its items.
func (w *worker) expectAck(seq uint64) {
	w.t.Helper()
	for {
		switch m := w.recv().(type) {
		case *p2p.Ack:
			if m.Seq == seq {
				return
			}
		case *p2p.Reject:
			w.t.Fatalf("batch %d was rejected: %s", m.Seq, m.Message)
		}
	}
}

func (w *worker) expectReject(seq uint64) {
	w.t.Helper()
	for {
		switch m := w.recv().(type) {
		case *p2p.Reject:
			if m.Seq == seq && m.Code == contracts.CodeConflict {
				return
			}
			w.t.Fatalf("batch %d was rejected with %s", m.Seq, m.Code)
		case *p2p.Ack:
			w.t.Fatalf("batch %d was acknowledged", m.Seq)
		}
	}
}

// leave ends the worker, so that what it holds goes to another.
func (w *worker) leave() {
	w.t.Helper()
	if err := w.host.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// parts has a worker leave and returns when the coordinator knows, which gives it
// nothing any more.
func (f *fabric) parts(w *worker) {
	f.t.Helper()
	w.leave()
	for f.nodeView(w.id).Connected {
	}
}

func TestReplayedBatchIsRejected(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`)))
	m := w.seal(w.echo(w.take()))
	w.send(m)
	w.expectAck(1)
	w.send(m)
	w.expectReject(1)
	if r := f.end(id); r.Metadata.State != contracts.SessionCompleted {
		t.Errorf("session is %s", r.Metadata.State)
	}
}

// TestRolledBackSequenceIsRejected has a node go back to a number below its latest,
// as one that lost its disk would, before and after a restart of the coordinator.
func TestRolledBackSequenceIsRejected(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	f.submit(graph(unit("a", `{"n":1}`)))
	w.send(w.sealBatch(contracts.Batch{Cluster: w.cluster, Seq: 5}, w.echo(w.take())))
	w.expectAck(5)
	again := f.submit(graph(unit("a", `{"n":2}`)))
	u := w.take()
	w.send(w.sealBatch(contracts.Batch{Cluster: w.cluster, Seq: 3}, w.echo(u)))
	w.expectReject(3)
	f.stop()
	f.open()
	w.join(f)
	w.send(w.sealBatch(contracts.Batch{Cluster: w.cluster, Seq: 5}, w.echo(u)))
	w.expectReject(5)
	w.send(w.sealBatch(contracts.Batch{Cluster: w.cluster, Seq: 6}, w.echo(u)))
	if r := f.end(again); string(r.FinalOutput) != `{"n":2}` {
		t.Errorf("session is %s with %s", r.Metadata.State, r.FinalOutput)
	}
}
