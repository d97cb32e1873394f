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

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/krako-labs/krako/internal/obs"
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
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "krako_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestAProgramThatDoesNotAnswerIsAnError(t *testing.T) {
	read := func(context.Context) ([]obs.Figure, error) { return nil, errors.New("stopped") }
	if code, text := get(t, obs.Metrics(read, slog.New(slog.DiscardHandler)), "/metrics"); code != http.StatusInternalServerError || !strings.Contains(text, "stopped") {
		t.Errorf("status %d: %s", code, text)
	}
}

func TestServeOnLoopbackOnly(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "192.0.2.1:1", "here"} {
		if err := obs.Serve(t.Context(), addr, http.NotFoundHandler(), slog.New(slog.DiscardHandler), nil); err == nil {
			t.Errorf("serves on %s", addr)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	where, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- obs.Serve(ctx, "127.0.0.1:0", obs.Door(http.NotFoundHandler()), slog.New(slog.DiscardHandler), func(a net.Addr) { where <- a })
	}()
	resp, err := http.Get("http://" + (<-where).String() + "/debug/pprof/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK || len(b) == 0 {
		t.Errorf("profiles: status %d", resp.StatusCode)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
