package coordinator_test

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
)

func TestStatsCountWhatHappened(t *testing.T) {
	f := startFabric(t)
	w := f.connect()
	id := f.submit(graph(unit("a", `{"n":1}`), unit("b", `{"n":2}`)))
	w.send(w.seal(w.echo(w.take()), w.trap(w.take())))
	f.end(id)
	s, err := f.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Accepted != 1 || s.Dispatched != 2 || s.Ended[contracts.UnitSuccess] != 1 || s.Ended[contracts.UnitFailed] != 1 || s.Batches != 1 || s.Fuel != 1 {
		t.Errorf("counts are %+v", s.Counts)
	}
	if s.Closed[contracts.SessionFailed] != 1 || s.SessionsOpen != 0 || s.UnitsOpen != 0 || s.Leases != 0 || s.Nodes != 1 || s.Admission != "OPEN" {
		t.Errorf("stats are %+v", s)
	}
	if s.Commits == 0 || s.LogRecords < 6 {
		t.Errorf("%d commits of %d records", s.Commits, s.LogRecords)
	}
}
