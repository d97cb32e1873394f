package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
)

// TestAdmissionUnderPressure fills a coordinator whose nodes are away: graphs that can
// wait are turned away first and told when to ask again, and every change of who is
// let in is an event. In full it also eases.
func TestAdmissionUnderPressure(t *testing.T) {
	f := start(t, 0, "--max-units=20")
	var open []contracts.SessionID
	hand := func(n int, p contracts.Priority) (status int, after string, problem contracts.Problem) {
		t.Helper()
		g := chain(n)
		for i := range g.WorkUnits {
			g.WorkUnits[i].Priority = p
			g.WorkUnits[i].Input = contracts.JSON(`{"u":"` + uuid.NewString() + `"}`)
		}
		body, err := json.Marshal(map[string]any{"task_graph": g, "submission_metadata": contracts.SubmissionMetadata{SubmittedAt: g.CreatedAt, KoraVersion: "e2e"}})
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(f.ctx, http.MethodPost, f.local.API()+"/v1/sessions", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+f.key())
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusAccepted {
			var ok contracts.SubmitResponse
			if err := json.NewDecoder(resp.Body).Decode(&ok); err != nil {
				t.Fatal(err)
			}
			open = append(open, ok.SessionID)
			return resp.StatusCode, "", problem
		}
		if err := json.NewDecoder(resp.Body).Decode(&problem); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header.Get("Retry-After"), problem
	}
	if status, _, problem := hand(21, contracts.P0); status != http.StatusUnprocessableEntity || problem.Code != contracts.CodeValidation {
		t.Errorf("a graph that never fits: status %d, %+v", status, problem)
	}
	for i, c := range []struct {
		units  int
		p      contracts.Priority
		letIn  bool
		before string // the mode in which it is handed in
	}{
		{14, contracts.P3, true, "OPEN"},
		{1, contracts.P3, false, "THROTTLED"},
		{4, contracts.P2, true, "THROTTLED"},
		{1, contracts.P2, false, "CRITICAL"},
		{1, contracts.P1, false, "CRITICAL"},
		{1, contracts.P0, true, "CRITICAL"},
	} {
		if v, err := f.Capacity(f.ctx); err != nil || v.Admission != c.before {
			t.Errorf("%d: admission is %s, want %s (%v)", i, v.Admission, c.before, err)
		}
		status, after, problem := hand(c.units, c.p)
		if c.letIn != (status == http.StatusAccepted) {
			t.Fatalf("%d: %d units of %s: status %d, %+v", i, c.units, c.p, status, problem)
		}
		if c.letIn {
			continue
		}
		seconds, err := strconv.Atoi(after)
		if status != http.StatusTooManyRequests || err != nil || seconds < 1 || problem.Code != contracts.CodeResourceExhausted {
			t.Errorf("%d: status %d, Retry-After %q, %+v", i, status, after, problem)
		}
	}
	f.modes("THROTTLED", "CRITICAL")
	if testing.Short() {
		return
	}
	for _, id := range open {
		if err := f.Cancel(f.ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for v := (contracts.CapacityView{}); v.Admission != "OPEN"; <-tick.C {
		var err error
		if v, err = f.Capacity(f.ctx); err != nil {
			t.Fatal(err)
		}
	}
	f.modes("THROTTLED", "CRITICAL", "THROTTLED", "OPEN")
}

// modes checks what the log tells of admission of graphs.
func (f *fabric) modes(want ...string) {
	f.t.Helper()
	var got []string
	err := f.Export(f.ctx, func(e contracts.Event) error {
		var d contracts.AdmissionChanged
		if e.Type == contracts.EventAdmissionChanged {
			if err := json.Unmarshal(e.Data, &d); err != nil {
				return err
			}
			if d.Of == "graphs" {
				got = append(got, d.Mode)
			}
		}
		return e.Validate()
	})
	if err != nil || !slices.Equal(got, want) {
		f.t.Errorf("the log tells of %v, want %v (%v)", got, want, err)
	}
}
