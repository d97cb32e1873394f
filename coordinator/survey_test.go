package coordinator_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
)

// oftenSurveyed has no cache of results, which would read the end of the log at a
// start, and a short log from its beginning.
func oftenSurveyed(c *coordinator.Config) { c.SurveyEvery, c.CacheEntries = 40, 0 }

func forgetful(c *coordinator.Config) { c.Recent = 3 }

// known is all that a client can learn of the sessions.
func (f *fabric) known(graphs []*contracts.TaskGraph) map[string]any {
	f.t.Helper()
	all := map[string]any{}
	var pages [][]contracts.SessionSummary
	for cursor, more := "", true; more; {
		page, err := f.Sessions(f.t.Context(), contracts.EveryTenant, cursor, 4)
		if err != nil {
			f.t.Fatal(err)
		}
		pages, cursor, more = append(pages, page.Sessions), page.Next, page.Next != ""
	}
	all["pages"] = pages
	for _, g := range graphs {
		res, err := f.Submit(f.t.Context(), g, contracts.SubmissionMetadata{})
		if err != nil || !res.Existing {
			f.t.Fatalf("submitted again: %+v, %v", res, err)
		}
		view, err := f.Session(f.t.Context(), res.SessionID)
		if err != nil {
			f.t.Fatal(err)
		}
		if view.State.Final() {
			all["result "+g.RequestID] = f.end(res.SessionID).FinalOutput
			all["events "+g.RequestID] = f.events(res.SessionID, "")
		}
		all["view "+g.RequestID] = view
	}
	nodes, err := f.Nodes(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	for i := range nodes.Nodes {
		nodes.Nodes[i].Connected, nodes.Nodes[i].LastSeenAt, nodes.Nodes[i].Engine = false, contracts.Time{}, ""
	}
	all["nodes"] = nodes
	return all
}

// run submits n small graphs and waits for their ends.
func (f *fabric) run(n int) (graphs []*contracts.TaskGraph) {
	f.t.Helper()
	for i := range n {
		g := graph(unit("a", fmt.Sprintf(`{"n":%d}`, i)), unit("b", `{}`, "a"))
		f.end(f.submit(g))
		graphs = append(graphs, g)
	}
	return graphs
}

func diff(a, b any) string {
	return cmp.Diff(a, b, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b contracts.Link) bool { return a.String() == b.String() }))
}

// Sessions that the coordinator has forgotten are known all the same: in lists,
// by their requests, and with everything they told.
func TestForgottenSessionsAreKnown(t *testing.T) {
	f := startFabric(t, forgetful)
	w := f.connect()
	go w.work()
	graphs := f.run(30)
	before := f.known(graphs)
	if n := len(before["pages"].([][]contracts.SessionSummary)); n != 8 {
		t.Errorf("30 sessions on %d pages of four", n)
	}
	w.leave()
	f.stop()
	f.open(forgetful) // which begins with none in memory
	if d := diff(before, f.known(graphs)); d != "" {
		t.Errorf("what is known differs after a restart (-before +after):\n%s", d)
	}
	other := *graphs[0]
	other.WorkUnits = []contracts.WorkUnit{unit("b", `{"n":99}`)}
	if _, err := f.Submit(t.Context(), &other, contracts.SubmissionMetadata{}); contracts.CodeOf(err) != contracts.CodeConflict {
		t.Errorf("an old request with another graph: %v, want CONFLICT", err)
	}
	if err := f.Cancel(t.Context(), "01890a5d-ac96-774b-bcce-b302099a8057"); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("cancelling what never was: %v", err)
	}
}

// A start goes on from the newest survey and the beginning of the oldest open
// session, and comes to the state that the whole log gives.
func TestStartGoesOnFromASurvey(t *testing.T) {
	f := startFabric(t, oftenSurveyed)
	w := f.connect()
	go w.work()
	graphs := f.run(20)
	f.parts(w) // what is open is to stay as it is
	open := graph(unit("a", `{}`))
	f.submit(open)
	graphs = append(graphs, open)
	before, end := f.known(graphs), f.db.Log().Last()
	f.stop()

	f.open(oftenSurveyed)
	if from := f.read.Load(); from < uint64(end)/2 {
		t.Errorf("the start read the log from record %d of %d", from, end)
	}
	if d := diff(before, f.known(graphs)); d != "" {
		t.Errorf("from a survey, other things are known (-before +after):\n%s", d)
	}
	f.stop()
	if err := os.Remove(f.model()); err != nil {
		t.Fatal(err)
	}
	f.open(oftenSurveyed)
	if from := f.read.Load(); from != 1 {
		t.Errorf("without a read model the log was read from record %d", from)
	}
	if d := diff(before, f.known(graphs)); d != "" {
		t.Errorf("from the whole log, other things are known (-before +after):\n%s", d)
	}
}

// A read model that is of another log, or ahead of its own, is not believed.
func TestReadModelOfAnotherLog(t *testing.T) {
	f, other := startFabric(t), startFabric(t)
	w := other.connect()
	go w.work()
	graphs := other.run(3)
	other.stop()
	f.stop()
	b, err := os.ReadFile(other.model())
	if err == nil {
		err = os.WriteFile(f.model(), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.open()
	if list, err := f.Sessions(t.Context(), contracts.EveryTenant, "", 10); err != nil || len(list.Sessions) != 0 {
		t.Errorf("sessions of another log are listed: %d, %v", len(list.Sessions), err)
	}
	if res, err := f.Submit(t.Context(), graphs[0], contracts.SubmissionMetadata{}); err != nil || res.Existing {
		t.Errorf("a request of another log: %+v, %v", res, err)
	}
}
