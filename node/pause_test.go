package node

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
	"github.com/krako-labs/krako/node/volunteer"
)

// pausedBeat waits for a heartbeat that tells this pause.
func (s *session) pausedBeat(why string) {
	s.c.t.Helper()
	s.beat(func(h *p2p.Heartbeat) bool { return h.Pause == why })
}

func (r *trial) order(path, body string, want int) {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.Control().ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, bytes.NewReader([]byte(body))))
	if w.Code != want {
		r.t.Fatalf("%s %s: %d %s", path, body, w.Code, w.Body)
	}
}

// TestPausedNodeKeepsWhatRunsAndGivesBackTheRest pauses with one unit that runs
// and one that waits for its memory: the first is held, the other goes back at
// once, and so does what comes later. Then the running one is resumed.
func TestPausedNodeKeepsWhatRunsAndGivesBackTheRest(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.PauseHold, cfg.MemoryMB = maxHold, 4
	a := start(t, cfg)
	s := c.wait()
	s.run(1, c.invocation(sandboxtest.Loop()))
	s.assign(2, c.invocation(noop(t)))
	s.beat(func(h *p2p.Heartbeat) bool { return len(h.Running) == 2 })
	a.order("/pause", `{"seconds": 3600}`, http.StatusNoContent)
	s.wantFault(2, contracts.CodeCancelled, "paused")
	s.beat(func(h *p2p.Heartbeat) bool { return h.Pause == "manual" && len(h.Running) == 1 })
	s.assign(3, c.invocation(noop(t))) // against credit from before
	s.wantFault(3, contracts.CodeCancelled, "paused")
	if got := a.Status().Volunteer; !got.Paused || len(got.Reasons) != 1 || got.Reasons[0].Until.IsZero() {
		t.Errorf("status %+v", got)
	}
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "manual") {
		t.Errorf("/readyz while paused: %d %s", w.Code, w.Body)
	}
	a.order("/resume", "", http.StatusNoContent)
	s.pausedBeat("")
	s.send(&p2p.Cancel{Leases: []uint64{1}})
	s.wantFault(1, contracts.CodeCancelled, "coordinator")
	s.assign(4, c.invocation(noop(t)))
	s.results(1)
}

// TestHeldUnitsAreGivenBack pauses worker processes for good.
func TestHeldUnitsAreGivenBack(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.Isolation, cfg.Priority, cfg.MemoryMB, cfg.PauseHold = IsolationProcess, PriorityNormal, 4096, 10*time.Millisecond
	a := start(t, cfg)
	s := c.wait()
	s.assign(1, c.invocation(sandboxtest.Loop()))
	s.beat(func(h *p2p.Heartbeat) bool { return len(h.Running) == 1 && h.FreeSlots == 1 })
	if err := a.Pause(0); err != nil {
		t.Fatal(err)
	}
	s.wantFault(1, contracts.CodeCancelled, "paused")
	s.beat(func(h *p2p.Heartbeat) bool { return len(h.Running) == 0 && len(a.Status().Runner.Processes) == 0 })
	if err := a.Resume(); err != nil {
		t.Fatal(err)
	}
	s.pausedBeat("") // what comes before that is given back
	s.assign(2, c.invocation(noop(t)))
	s.results(1)
}

// TestPauseSurvivesARestart starts a node that was paused when it was killed.
func TestPauseSurvivesARestart(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.TellReason = false
	first := start(t, cfg)
	c.wait()
	first.order("/pause", `{}`, http.StatusNoContent)
	first.kill()
	second := start(t, cfg)
	s := c.wait()
	s.pausedBeat("paused") // and no more than that
	if credit := s.Credit(); credit != 0 {
		t.Errorf("a paused node asked for %d units", credit)
	}
	second.order("/resume", "", http.StatusNoContent)
	s.pausedBeat("")
	s.assign(1, c.invocation(noop(t)))
	s.results(1)
	second.kill()
	if _, err := os.Stat(second.dir.pause()); !os.IsNotExist(err) {
		t.Errorf("the order is still there: %v", err)
	}
}

// TestPausedNodeLeavesAtOnce drains a node whose unit would never end.
func TestPausedNodeLeavesAtOnce(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.PauseHold = maxHold
	a := start(t, cfg)
	s := c.wait()
	s.assign(1, c.invocation(sandboxtest.Loop()))
	s.beat(func(h *p2p.Heartbeat) bool { return len(h.Running) == 1 })
	if err := a.Pause(0); err != nil {
		t.Fatal(err)
	}
	s.pausedBeat("manual")
	a.Drain()
	s.wantFault(1, contracts.CodeCancelled, "paused")
	if err := a.wait(); err != nil {
		t.Error(err)
	}
}

// fixed is a machine of which everything is known.
type fixed struct{ battery bool }

func (f *fixed) OnBattery() volunteer.Reading[bool] { return volunteer.Sensed(f.battery) }
func (f *fixed) Idle(time.Time) volunteer.Reading[time.Duration] {
	return volunteer.Sensed(time.Duration(0))
}
func (f *fixed) Load() volunteer.Reading[float64] { return volunteer.Sensed(0.0) }
func (f *fixed) Free() volunteer.Reading[int64]   { return volunteer.Sensed(int64(1 << 30)) }

func TestGovernorFollowsTheMachine(t *testing.T) {
	cfg := soundConfig()
	m := &fixed{battery: true}
	g, err := openGovernor(&cfg, t.TempDir()+"/pause.json", m)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	g.look(now, 0)
	if g.cause() != "battery" {
		t.Errorf("on battery: %q", g.cause())
	}
	if since, paused := g.since(); !paused || !since.Equal(now) {
		t.Errorf("paused %v since %s", paused, since)
	}
	m.battery = false
	g.look(now.Add(time.Second), 0)
	if s := g.status(); s.Paused || s.OnBattery == nil || *s.OnBattery || s.Unknown["idle_s"] == "" || *s.FreeMB != 1024 {
		t.Errorf("on mains: %+v", s)
	}
}

func TestOrdersAreChecked(t *testing.T) {
	a := start(t, testConfig(t, newCoordinator(t, "lab")))
	for _, body := range []string{"", "{", `{"seconds": -1}`, `{"seconds": 1000000000000}`, `{"for": "2h"}`} {
		a.order("/pause", body, http.StatusUnprocessableEntity)
	}
	if err := a.Pause(-1); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("a negative pause: %v", err)
	}
	cfg := soundConfig()
	path := t.TempDir() + "/pause.json"
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openGovernor(&cfg, path, &fixed{}); contracts.CodeOf(err) != contracts.CodeValidation || !strings.Contains(err.Error(), path) {
		t.Errorf("an order that is none: %v", err)
	}
}
