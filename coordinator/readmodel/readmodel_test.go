package readmodel_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/readmodel"
	"github.com/krako-labs/krako/coordinator/transparency"
)

const cluster = "6a2f41a3-c54c-fce8-32d2-0324e1c32e22"

func open(t *testing.T, path, log string) *readmodel.Model {
	t.Helper()
	m, err := readmodel.Open(t.Context(), path, log)
	must(t, err)
	t.Cleanup(func() { must(t, m.Close()) })
	return m
}

func ended(n int) readmodel.Session {
	at := contracts.Time{Time: time.UnixMicro(1_700_000_000_123_456).UTC()}
	graph := dagcbor.RawCID(fmt.Append(nil, "graph", n))
	return readmodel.Session{
		SessionSummary: contracts.SessionSummary{
			SessionID: contracts.SessionID(fmt.Sprintf("01890a5d-ac96-774b-bcce-%012d", n)), TenantID: "lab", GraphID: "g", RequestID: fmt.Sprint("r", n),
			GraphCID: graph.String(), State: contracts.SessionFailed, Units: contracts.UnitCounts{Total: 6, Waiting: 1, Running: 0, Done: 3, Failed: 2},
			StartedAt: at, EndedAt: &at,
		},
		Graph: graph, Result: dagcbor.RawCID([]byte("result")), First: eventlog.Offset(n * 10), Last: eventlog.Offset(n*10 + 9),
	}
}

var equal = cmp.Comparer(func(a, b cid.Cid) bool { return a.Equals(b) })

func TestWhatIsFoldedIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	m := open(t, path, cluster)
	change := readmodel.Change{Position: readmodel.Position{Through: 99, SurveyRecord: 90, Survey: dagcbor.CID([]byte{0x80})}}
	for n := range 7 {
		change.Sessions = append(change.Sessions, ended(n))
	}
	change.Nodes = []transparency.Node{{Level: 8, N: 3, Hash: transparency.Leaf([]byte("x"))}}
	for range 2 { // a second time is a start after a crash
		must(t, m.Apply(t.Context(), &change))
	}
	must(t, m.Close())
	m = open(t, path, cluster)

	p, err := m.Position(t.Context())
	want := change.Position
	want.Log = cluster
	if d := cmp.Diff(want, p, equal); d != "" || err != nil {
		t.Errorf("position (%v): %s", err, d)
	}
	s, ok, err := m.Session(t.Context(), ended(4).SessionID)
	if d := cmp.Diff(ended(4), s, equal); d != "" || !ok || err != nil {
		t.Errorf("session (%v %v): %s", ok, err, d)
	}
	if s, ok, err = m.Request(t.Context(), "lab", "r5"); !ok || err != nil || s.SessionID != ended(5).SessionID {
		t.Errorf("request r5: %s %v %v", s.SessionID, ok, err)
	}
	if _, ok, err = m.Request(t.Context(), "other", "r5"); ok || err != nil {
		t.Errorf("another tenant's request: %v %v", ok, err)
	}
	if h, err := m.Kept(t.Context(), 8, 3); err != nil || h != change.Nodes[0].Hash {
		t.Errorf("hash: %v %v", h, err)
	}
	if _, err := m.Kept(t.Context(), 8, 4); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("a hash that was not kept: %v", err)
	}
	pages := ""
	for before, more := contracts.SessionID(""), true; more; {
		page, err := m.List(t.Context(), contracts.EveryTenant, before, 3)
		must(t, err)
		for _, s := range page {
			pages += s.RequestID + " "
			before = s.SessionID
		}
		pages += "| "
		more = len(page) == 3
	}
	if pages != "r6 r5 r4 | r3 r2 r1 | r0 | " {
		t.Errorf("pages: %s", pages)
	}
}

// The model of another log is of no use, and a new one is empty.
func TestAnotherLogBeginsAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	m := open(t, path, cluster)
	must(t, m.Apply(t.Context(), &readmodel.Change{Position: readmodel.Position{Through: 5}, Sessions: []readmodel.Session{ended(1)}}))
	must(t, m.Close())
	m = open(t, path, "another")
	p, err := m.Position(t.Context())
	if err != nil || p.Through != 0 || p.Log != "another" || p.Survey.Defined() {
		t.Errorf("position %+v, %v", p, err)
	}
	if _, ok, err := m.Session(t.Context(), ended(1).SessionID); ok || err != nil {
		t.Errorf("the other log's session: %v %v", ok, err)
	}
}

// BenchmarkApply is what a session costs the model.
func BenchmarkApply(b *testing.B) {
	m, err := readmodel.Open(b.Context(), filepath.Join(b.TempDir(), "m.db"), cluster)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	n := 0
	for b.Loop() {
		var c readmodel.Change
		for range 256 {
			c.Sessions = append(c.Sessions, ended(n))
			n++
		}
		if err := m.Apply(b.Context(), &c); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/session")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
