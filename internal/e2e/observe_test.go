package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
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
