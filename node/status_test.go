package node

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
)

func TestStatusFollowsTheAgent(t *testing.T) {
	c := newCoordinator(t, "lab")
	a := start(t, testConfig(t, c))
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	s := c.wait()
	s.assign(1, c.invocation(noop(t)))
	s.assign(2, c.invocation(sandboxtest.Trap()))
	s.assign(3, c.invocation(noop(t), func(v *contracts.Invocation) { v.Profile = "det-99" }))
	s.wantFault(3, contracts.CodeUnsupported, "")
	s.results(2)
	if w := get("/readyz"); w.Code != http.StatusOK {
		t.Errorf("/readyz with a stream: %d", w.Code)
	}
	var got Status
	if err := json.Unmarshal(get("/status").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Node != a.ID() || got.Cluster != "lab" || got.Coordinator != c.host.ID() || got.Slots != 2 {
		t.Errorf("status %+v", got)
	}
	if got.Executed != 2 || got.Failed != 1 || got.Faults[contracts.CodeUnsupported] != 1 {
		t.Errorf("counters %+v", got.Counters)
	}
	a.Drain()
	if w := get("/readyz"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("/readyz while draining: %d", w.Code)
	}
	if w := get("/healthz"); w.Code != http.StatusOK {
		t.Errorf("/healthz: %d", w.Code)
	}
	if w := get("/metrics"); w.Code != http.StatusNotFound {
		t.Errorf("/metrics: %d", w.Code)
	}
}
