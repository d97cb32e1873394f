package coordinator_test

import (
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/transparency"
)

// proof asks until the session's record is under a checkpoint.
func (f *fabric) proof(id contracts.SessionID) contracts.LogProof {
	f.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		p, err := f.Proof(f.t.Context(), id)
		if err == nil {
			return p
		}
		if contracts.CodeOf(err) != contracts.CodeConflict {
			f.t.Fatal(err)
		}
		<-tick.C
	}
}

// A client that keeps a checkpoint can have it proved later that the log has only
// grown, and that its sessions are in it, over restarts and without a read model.
func TestTheLogIsHeldToWhatItSigned(t *testing.T) {
	f := startFabric(t, oftenSurveyed)
	w := f.connect()
	go w.work()
	first, err := f.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.run(60) // several hundred records, so that whole subtrees are kept
	var ids []contracts.SessionID
	list, err := f.Sessions(t.Context(), contracts.EveryTenant, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list.Sessions {
		ids = append(ids, s.SessionID)
	}
	w.leave()
	running := f.submit(graph(unit("a", `{}`)))
	f.stop()
	f.open(oftenSurveyed)
	for _, id := range append(ids, running) {
		p := f.proof(id)
		if _, err := transparency.CheckProof(p, first.Key); err != nil {
			t.Fatal(err)
		}
		r, err := session.DecodeRecord(p.Data)
		if err != nil || r.Session != id || (id == running) != (r.Accepted != nil) || (id != running) != (r.Closed != nil) {
			t.Errorf("record %d is %+v (%v), want the end of %s", p.Record, r, err, id)
		}
		p.Data[0] ^= 1
		if _, err := transparency.CheckProof(p, first.Key); err == nil {
			t.Error("a changed record was proved")
		}
	}
	g, err := f.Growth(t.Context(), mustPeek(t, first).Size)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := transparency.CheckGrown([]byte(first.Checkpoint), g, first.Key); err != nil {
		t.Error(err)
	}
	now, err := f.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if mustPeek(t, now).Size < 300 {
		t.Errorf("the log has %d records", mustPeek(t, now).Size)
	}
	// A log that had other records then: signed by the same key all the same.
	forged := mustPeek(t, first)
	forged.Size, forged.Root = 40, transparency.Leaf([]byte("other"))
	g, err = f.Growth(t.Context(), forged.Size)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := f.signer.Sign(forged)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := transparency.CheckGrown(signed, g, first.Key); contracts.CodeOf(err) != contracts.CodeConflict {
		t.Errorf("a rewritten log: %v, want CONFLICT", err)
	}
}

func mustPeek(t *testing.T, c contracts.LogCheckpoint) transparency.Checkpoint {
	t.Helper()
	p, err := transparency.Peek([]byte(c.Checkpoint))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
