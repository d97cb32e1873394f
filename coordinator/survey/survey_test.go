package survey_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/survey"
	"github.com/krako-labs/krako/coordinator/transparency"
)

const cluster = "6a2f41a3-c54c-fce8-32d2-0324e1c32e22"

func link(s string) contracts.Link { return contracts.Link{Cid: dagcbor.RawCID([]byte(s))} }

// story is a log of two nodes and three sessions, one of which stays open.
func story() []session.Record {
	batch := func(node string, seq uint64) session.Record {
		return session.Record{At: 5, Batch: &session.Batch{Node: contracts.NodeID(node), Seq: seq, CID: link(fmt.Sprint(node, seq))}}
	}
	end := func(s, node string, seq uint64) session.Record {
		return session.Record{At: 6, Session: contracts.SessionID(s), Ended: &session.Ended{
			State: contracts.UnitSuccess, Lease: 1, Result: link("r"), Batch: link(fmt.Sprint(node, seq)),
		}}
	}
	accept := func(s string) session.Record {
		return session.Record{At: 2, Session: contracts.SessionID(s), Accepted: &session.Accepted{
			Graph: link("g" + s), Tenant: "lab", RequestID: "r" + s, Tasks: map[string]session.Task{"t@1": {Module: link("m")}},
		}}
	}
	node := func(id, why string) session.Record {
		return session.Record{At: 9, Node: &session.Node{Info: contracts.NodeInfo{Node: contracts.NodeID(id), Kind: "node", Slots: 2, Reason: why}}}
	}
	return []session.Record{
		{At: 1, Boot: &session.Boot{Epoch: 1, Version: "v"}},
		node("n1", ""), node("n2", ""),
		accept("s1"), accept("s2"),
		batch("n1", 1), end("s1", "n1", 1), end("s2", "n1", 1),
		batch("n2", 7), end("s2", "n2", 7), end("s2", "n1", 1), // the last one is not of the batch before it
		{At: 7, Session: "s1", Closed: &session.Closed{State: contracts.SessionCompleted, Result: link("out"), Units: contracts.UnitCounts{Total: 1, Done: 1}}},
		{At: 8, Session: "s2", Ended: &session.Ended{State: contracts.UnitFailed}}, // nobody ran it
		accept("s3"),
		node("n2", "gone"),
		{At: 9, Session: "s2", Closed: &session.Closed{State: contracts.SessionFailed, Result: link("bad")}},
	}
}

func fold(t *testing.T, s *survey.Survey, records []session.Record) (closed []string) {
	t.Helper()
	for _, r := range records {
		data, err := r.Encode()
		must(t, err)
		if c := s.Fold(data, &r, func(transparency.Node) {}); c != nil {
			closed = append(closed, fmt.Sprintf("%s %s %d-%d %s", c.ID, c.Closed.State, c.First, c.Last, c.Accepted.RequestID))
		}
	}
	return closed
}

func TestFold(t *testing.T) {
	s := survey.New()
	closed := fold(t, s, story())
	if got := fmt.Sprint(closed); got != "[s1 completed 4-12 rs1 s2 failed 5-16 rs2]" {
		t.Errorf("closed %s", got)
	}
	if len(s.Open) != 1 || s.Open["s3"].First != 14 || s.Begin() != 14 || s.At != 16 || s.Tree.Size() != 16 {
		t.Errorf("at %d: open %v from %d, %d leaves", s.At, s.Open, s.Begin(), s.Tree.Size())
	}
	n1, n2 := s.Nodes["n1"], s.Nodes["n2"]
	if n1.Done != 2 || n1.Seq != 1 || n2.Done != 1 || n2.Seq != 7 || n2.Info.Reason != "gone" {
		t.Errorf("nodes: %+v %+v", n1, n2)
	}
}

// Wherever a survey was written down, taking it up and folding the rest gives the
// bytes that folding everything gives.
func TestAnySurveyGoesOnToTheSameEnd(t *testing.T) {
	whole := survey.New()
	fold(t, whole, story())
	want, err := whole.Encode(cluster)
	must(t, err)
	for cut := range len(story()) + 1 {
		part := survey.New()
		fold(t, part, story()[:cut])
		b, err := part.Encode(cluster)
		must(t, err)
		again, err := survey.Decode(cluster, b)
		must(t, err)
		fold(t, again, story()[cut:])
		got, err := again.Encode(cluster)
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("cut at %d: another survey", cut)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	b, err := survey.New().Encode(cluster)
	must(t, err)
	if _, err := survey.Decode("another", b); contracts.CodeOf(err) != contracts.CodeConflict {
		t.Errorf("another log's survey: %v", err)
	}
	if _, err := survey.Decode(cluster, []byte("junk")); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("junk: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	s := survey.New()
	for _, r := range story() {
		data, err := r.Encode()
		if err != nil {
			f.Fatal(err)
		}
		s.Fold(data, &r, func(transparency.Node) {})
	}
	b, err := s.Encode(cluster)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := survey.Decode(cluster, b)
		if err != nil {
			return
		}
		if again, err := s.Encode(cluster); err == nil {
			if _, err := survey.Decode(cluster, again); err != nil {
				t.Errorf("a decoded survey does not encode to a survey: %v", err)
			}
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A node is known by the last changes of its standing and by who let it in, however
// long ago that was.
func TestStandingsAreKept(t *testing.T) {
	s := survey.New()
	records := []session.Record{{At: 1, Standing: &session.Standing{Node: "n1", Standing: "approved", Operator: "lab", By: "kk"}}}
	for i := range survey.MaxRemarks + 3 {
		records = append(records, session.Record{At: int64(i + 2), Standing: &session.Standing{Node: "n1", Standing: "probation", Reason: fmt.Sprint(i)}})
	}
	fold(t, s, records)
	b, err := s.Encode(cluster)
	must(t, err)
	again, err := survey.Decode(cluster, b)
	must(t, err)
	n := again.Nodes["n1"]
	if !n.Approved || n.Operator != "lab" || len(n.Remarks) != survey.MaxRemarks || n.Remarks[0].Standing.Reason != "3" || again.Verified != 1 {
		t.Errorf("%+v with %d remarks, first %+v", n, len(n.Remarks), n.Remarks[0])
	}
}

func TestBase(t *testing.T) {
	s := survey.New()
	fold(t, s, story())
	base := &survey.Base{At: s.At, Survey: link("survey"), Docket: link("docket"), Edge: s.Tree.Edge()}
	b, err := base.Encode(cluster)
	must(t, err)
	got, err := survey.DecodeBase(cluster, b)
	must(t, err)
	if got.At != base.At || !got.Survey.Equals(base.Survey.Cid) || !got.Docket.Equals(base.Docket.Cid) || fmt.Sprint(got.Edge) != fmt.Sprint(base.Edge) {
		t.Errorf("%+v came back as %+v", base, got)
	}
	if _, err := survey.DecodeBase("another", b); contracts.CodeOf(err) != contracts.CodeConflict {
		t.Errorf("another log's base: %v", err)
	}
	if _, err := survey.DecodeBase(cluster, []byte("junk")); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("junk: %v", err)
	}
	base.At++ // the edge is of another size
	b, err = base.Encode(cluster)
	must(t, err)
	if _, err := survey.DecodeBase(cluster, b); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("an edge of another size: %v", err)
	}
}
