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
	"github.com/krako-labs/krako/internal/cluster"
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

	text := f.fetch("http://" + f.statusAddr(f.local.Coordinator) + "/metrics")
	for _, want := range []string{`krako_units_ended_total{state="success"} 5`, `krako_sessions_ended_total{state="completed"} 1`, `krako_workers{kind="node"} 1`} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	obstest.Lint(t, []byte(text), map[string]int{"state": 5, "kind": 2, "why": 3, "mode": 3})
	// The gateway tells the same to whoever may see the nodes, and to nobody else.
	for key, want := range map[string]int{f.key(): http.StatusOK, "": http.StatusUnauthorized} {
		req, err := http.NewRequestWithContext(f.ctx, http.MethodGet, f.local.API()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		if key != "" {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if told := strings.Contains(string(text), "krako_sessions_ended_total{state=\"completed\"} 1\n"); err != nil || resp.StatusCode != want || told != (want == http.StatusOK) {
			t.Errorf("metrics by the gateway: %s, %v, %.300s", resp.Status, err, text)
		}
	}
}

// Nodes and pods say how they are, and what they have done, on an address of their own.
func TestNodesAndPodsAreWatched(t *testing.T) {
	f := startWith(t, cluster.Options{
		Coord: []string{"--heartbeat=1s", unhurried}, Nodes: 1, Node: []string{"--status=127.0.0.1:0"},
		Model: nonsense(t), Pod: []string{"--slots=2", "--context=2048", "--threads=1", "--status=127.0.0.1:0"},
	})
	f.awaitPods(1)
	f.result(f.submit(chain(3)))
	f.result(f.submit(asking(question("a", 8))))
	node, pod := f.statusAddr(f.local.Nodes[0]), f.statusAddr(f.local.Pods[0])
	for _, c := range []struct {
		at     string
		wants  []string
		labels map[string]int
	}{
		{node, []string{"krako_node_units_executed_total 3", "krako_node_units_failed_total 0", "krako_node_connected 1"}, map[string]int{"code": 1}},
		{pod, []string{`krako_pod_model_ready{model="nonsense"} 1`, `krako_pod_slots{model="nonsense"} 2`, `krako_pod_calls_total{model="nonsense"} 1`, `krako_pod_tokens_generated_total{model="nonsense"} 8`}, map[string]int{"model": 1}},
	} {
		text := f.fetch("http://" + c.at + "/metrics")
		for _, want := range c.wants {
			if !strings.Contains(text, want+"\n") {
				t.Errorf("no %s in\n%s", want, text)
			}
		}
		obstest.Lint(t, []byte(text), c.labels)
		for _, path := range []string{"/healthz", "/readyz"} {
			if text := f.fetch("http://" + c.at + path); text != "ok\n" {
				t.Errorf("%s: %q", path, text)
			}
		}
	}
}

// fetch returns what is found at an address.
func (f *fabric) fetch(url string) string {
	f.t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		f.t.Fatalf("%s: %s, %v: %s", url, resp.Status, err, text)
	}
	return string(text)
}

// statusAddr is where a daemon says that it serves its status.
func (f *fabric) statusAddr(p *cluster.Process) string {
	f.t.Helper()
	log, err := os.ReadFile(p.Log())
	if err != nil {
		f.t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		var e struct{ Msg, Addr string }
		if json.Unmarshal([]byte(line), &e) == nil && e.Msg == "status is served" {
			return e.Addr
		}
	}
	f.t.Fatalf("the status of %s is not served:\n%s", p.Name, log)
	return ""
}

// A collector is sent what a session did, below whoever called by HTTP, with the ids of
// the events, from the gateway down to what a node ran.
func TestTracing(t *testing.T) {
	to := obstest.Receive(t)
	f := start(t, 1, "--traces="+to.URL, unhurried)
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

	spans := f.awaitSpans(to, 2+2*len(g.WorkUnits)) // the request, the session, and for each unit its execution and its run
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
		case "gateway":
			if s.Parent != above {
				t.Errorf("the request is below %s, want its caller", s.Parent)
			}
			continue
		case "session":
			if over.Name != "gateway" || s.Start.Before(over.Start) {
				t.Errorf("a session from %s is below %+v", s.Start, over)
			}
			continue // it goes on when the request has its answer
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
	if want := map[string]int{"gateway": 1, "session": 1, "execution": 3, "sandbox": 3}; !maps.Equal(count, want) {
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
