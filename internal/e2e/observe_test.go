package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/obs/obstest"
)

// What a cluster does can be watched: by Prometheus, by a person, event by event.
func TestObserving(t *testing.T) {
	f := start(t, 1, "--metrics=127.0.0.1:0")
	id := f.submit(chain(5))
	r := f.result(id)

	var told history
	lines := bufio.NewScanner(strings.NewReader(f.krako("events", "--follow", string(id))))
	for lines.Scan() {
		var e contracts.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		told = append(told, e)
	}
	if n := told.count(contracts.EventUnitCompleted); n != len(r.Telemetry.Tasks) {
		t.Errorf("%d of %d units are told to have completed", n, len(r.Telemetry.Tasks))
	}

	var top struct {
		Nodes    []contracts.NodeView
		Sessions []contracts.SessionSummary
		Rates    map[contracts.NodeID]float64
	}
	if err := json.Unmarshal([]byte(f.krako("--json", "top", "--every", "100ms")), &top); err != nil {
		t.Fatal(err)
	}
	if len(top.Nodes) != 1 || len(top.Rates) != 1 || len(top.Sessions) != 1 || top.Sessions[0].SessionID != id {
		t.Errorf("top shows %+v", top)
	}
	if text := f.krako("top", "--every", "100ms"); !strings.Contains(text, "1 nodes, 0 pods, 1 of 1 slots free") || !strings.Contains(text, string(id)) {
		t.Errorf("top draws\n%s", text)
	}

	resp, err := http.Get("http://" + f.metricsAddr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`krako_units_ended_total{state="success"} 5`, `krako_sessions_ended_total{state="completed"} 1`, `krako_workers{kind="node"} 1`} {
		if !strings.Contains(string(text), want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// metricsAddr is where the coordinator says that it serves metrics.
func (f *fabric) metricsAddr() string {
	f.t.Helper()
	log, err := os.ReadFile(f.local.Coordinator.Log())
	if err != nil {
		f.t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		var e struct{ Msg, Addr string }
		if json.Unmarshal([]byte(line), &e) == nil && e.Msg == "metrics are served" {
			return e.Addr
		}
	}
	f.t.Fatalf("metrics are not served:\n%s", log)
	return ""
}

// A collector is sent what a session did, below whoever called by HTTP, with the ids of
// the events, from the gateway down to what a node ran.
func TestTracing(t *testing.T) {
	to := obstest.Receive(t)
	f := start(t, 1, "--traces="+to.URL)
	const (
		theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
		above  = "00f067aa0ba902b7"
	)
	g := chain(3)
	id := f.submitAs(g, "00-"+theirs+"-"+above+"-01")
	f.result(id)
	told := map[string]contracts.Event{}
	if err := f.Events(f.ctx, id, "", func(e contracts.Event) error { told[e.ID] = e; return nil }); err != nil {
		t.Fatal(err)
	}

	spans := f.awaitSpans(to, 1+2*len(g.WorkUnits)) // the session, and for each unit its execution and its run
	byID := map[string]obstest.Span{}
	for _, s := range spans {
		byID[s.ID] = s
	}
	count := map[string]int{}
	for _, s := range spans {
		count[s.Name]++
		e, ok := told[s.Attributes["krako.event"]]
		if !ok || s.Trace != theirs || s.Service != "krako-coord" || s.Attributes["krako.session"] != string(id) || e.Subject != s.Attributes["krako.unit"] {
			t.Errorf("%+v is not of an event of the session", s)
		}
		over := byID[s.Parent]
		switch s.Name {
		case "session":
			if s.Parent != above {
				t.Errorf("the session is below %s, want its caller", s.Parent)
			}
			continue
		case "execution":
			if over.Name != "session" {
				t.Errorf("an execution is below %q", over.Name)
			}
		case "sandbox":
			if over.Name != "execution" || over.Attributes["krako.node"] != s.Attributes["krako.node"] || s.Attributes["krako.node"] == "" {
				t.Errorf("a run of %s is below %+v", s.Attributes["krako.node"], over)
			}
		}
		if s.Start.Before(over.Start) || s.End.After(over.End) {
			t.Errorf("%s of %s lies outside of the %s above it", s.Name, s.Attributes["krako.unit"], over.Name)
		}
	}
	if want := map[string]int{"session": 1, "execution": 3, "sandbox": 3}; !maps.Equal(count, want) {
		t.Errorf("spans: %v, want %v", count, want)
	}
}

// submitAs hands a graph in as a program does that is itself traced.
func (f *fabric) submitAs(g *contracts.TaskGraph, traceparent string) contracts.SessionID {
	f.t.Helper()
	doc, err := json.Marshal(contracts.SubmitRequest{TaskGraph: *g, Metadata: contracts.SubmissionMetadata{SubmittedAt: g.CreatedAt, KoraVersion: "e2e"}})
	if err != nil {
		f.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(f.ctx, http.MethodPost, f.local.API()+"/v1/sessions", bytes.NewReader(doc))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Traceparent", traceparent)
	req.Header.Set("Authorization", "Bearer "+f.key())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer contracts.SubmitResponse
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusAccepted {
		f.t.Fatalf("%s, %+v, %v", resp.Status, answer, err)
	}
	return answer.SessionID
}

// awaitSpans returns when a collector has n spans.
func (f *fabric) awaitSpans(to *obstest.Receiver, n int) []obstest.Span {
	f.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if list := to.Spans(); len(list) >= n {
			return list
		}
		select {
		case <-tick.C:
		case <-f.ctx.Done():
			f.t.Fatalf("%d of %d spans came: %+v", len(to.Spans()), n, to.Spans())
		}
	}
}
