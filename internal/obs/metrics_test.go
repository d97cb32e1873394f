package obs_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/krako-labs/krako/internal/obs"
	"github.com/krako-labs/krako/internal/obs/obstest"
)

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	return rec.Code, rec.Body.String()
}

func TestFiguresAreMetrics(t *testing.T) {
	read := func(context.Context) ([]obs.Figure, error) {
		return []obs.Figure{
			{Name: "units_ended_total", Help: "Units that were run.", Label: "state", Of: "success", Value: 7, Grows: true},
			{Name: "units_ended_total", Help: "Units that were run.", Label: "state", Of: "failed", Value: 2, Grows: true},
			{Name: "queue_units", Help: "Units that wait for a node.", Value: 3},
		}, nil
	}
	code, text := get(t, obs.Door(obs.Metrics(read, slog.New(slog.DiscardHandler))), "/metrics")
	if code != http.StatusOK {
		t.Fatalf("status %d: %s", code, text)
	}
	for _, want := range []string{`krako_units_ended_total{state="success"} 7`, `krako_units_ended_total{state="failed"} 2`, "krako_queue_units 3", "go_goroutines"} {
		if !strings.Contains(text, want+"\n") && !strings.Contains(text, want+" ") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	obstest.Lint(t, []byte(text), map[string]int{"state": 2})
}

func TestAProgramThatDoesNotAnswerIsAnError(t *testing.T) {
	read := func(context.Context) ([]obs.Figure, error) { return nil, errors.New("stopped") }
	if code, text := get(t, obs.Metrics(read, slog.New(slog.DiscardHandler)), "/metrics"); code != http.StatusInternalServerError || !strings.Contains(text, "stopped") {
		t.Errorf("status %d: %s", code, text)
	}
}

func TestServeOnLoopbackOnly(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	for _, addr := range []string{"0.0.0.0:0", "192.0.2.1:1", "here"} {
		if _, _, err := obs.Serve(addr, http.NotFoundHandler(), quiet); err == nil {
			t.Errorf("serves on %s", addr)
		}
	}
	at, stop, err := obs.Serve("127.0.0.1:0", obs.Door(http.NotFoundHandler()), quiet)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get("http://" + at.String() + "/debug/pprof/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK || len(b) == 0 {
		t.Errorf("profiles: status %d", resp.StatusCode)
	}
	stop()
	if conn, err := net.Dial("tcp", at.String()); err == nil {
		conn.Close()
		t.Error("still served after stop")
	}
}
