package coordinator_test

import (
	"os"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// A start goes on from the newest snapshot of the docket: what is not final is taken
// up although its records are far back, and a lie among it is found out.
func TestStartGoesOnFromASnapshotOfTheDocket(t *testing.T) {
	id, trusted := zone(t)
	f := startFabric(t, trusted, used, oftenSurveyed)
	liar := f.connect()
	s := f.submit(graph(unit("a", `{"n":-1}`), unit("b", `{}`, "a")))
	liar.send(liar.seal(liar.lie(liar.take())))
	liar.expectAck(1)
	go liar.work()
	f.answers(s, `{"a":{"n":666}}`)
	f.run(25)
	liar.leave()
	before, err := f.Trust(t.Context(), contracts.NodeID(liar.id.ID()))
	if err != nil {
		t.Fatal(err)
	}
	end := f.db.Log().Last()
	f.stop()

	f.open(trusted, used, oftenSurveyed)
	if from := f.read.Load(); from < uint64(end)/3 {
		t.Errorf("the start read the log from record %d of %d", from, end)
	}
	after, err := f.Trust(t.Context(), contracts.NodeID(liar.id.ID()))
	if err != nil {
		t.Fatal(err)
	}
	before.Reliability, before.Evidence = after.Reliability, after.Evidence // of the end of the log, as far as it is read again
	if d := diff(before, after); d != "" {
		t.Errorf("the node is known otherwise after a restart (-before +after):\n%s", d)
	}
	f.stop()

	// Without a read model the log is folded from its beginning, and the snapshot found
	// on the way.
	if err := os.Remove(f.model()); err != nil {
		t.Fatal(err)
	}
	f.open(trusted, used, oftenSurveyed)
	go f.connectAs(id).work()
	f.answers(s, `{"a":{"n":-1}}`)
	if v, err := f.Trust(t.Context(), contracts.NodeID(liar.id.ID())); err != nil || v.Convictions != 1 {
		t.Errorf("the liar has %+v (%v)", v, err)
	}
}
