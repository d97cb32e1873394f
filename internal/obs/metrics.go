package obs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Figure is one number of a program at the moment. Its name is without the
// prefix krako_; that of one that only grows ends in _total.
type Figure struct {
	Name, Help string
	// Label and Of tell figures of one name apart; both are empty for a name with
	// one figure.
	Label, Of string
	Value     float64
	Grows     bool
}

// Read returns the figures of a program.
type Read func(ctx context.Context) ([]Figure, error)

// patience bounds the reading of figures: a program that does not answer is
// reported as such.
const patience = 5 * time.Second

// Metrics serves figures for Prometheus, with those of the Go runtime and the
// process.
func Metrics(read Read, log *slog.Logger) http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), figures(read))
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), MaxRequestsInFlight: 4, Timeout: 2 * patience,
	})
}

// figures is a collector that describes nothing beforehand: what there is to
// count is the program's to say.
type figures Read

func (figures) Describe(chan<- *prometheus.Desc) {}

func (f figures) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	list, err := f(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(prometheus.NewDesc("krako_up", "Whether the program answers.", nil, nil), err)
		return
	}
	for _, g := range list {
		to <- g.metric()
	}
}

func (g Figure) metric() prometheus.Metric {
	var labels, values []string
	if g.Label != "" {
		labels, values = []string{g.Label}, []string{g.Of}
	}
	kind := prometheus.GaugeValue
	if g.Grows {
		kind = prometheus.CounterValue
	}
	desc := prometheus.NewDesc("krako_"+g.Name, g.Help, labels, nil)
	m, err := prometheus.NewConstMetric(desc, kind, g.Value, values...)
	if err != nil {
		return prometheus.NewInvalidMetric(desc, err)
	}
	return m
}

// Door serves what only this machine may see: /metrics, and profiles of the
// program under /debug/pprof/ for go tool pprof.
func Door(metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// Beside is Door beside a program's own handler.
func Beside(own, metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	door := Door(metrics)
	mux.Handle("/", own)
	mux.Handle("/metrics", door)
	mux.Handle("/debug/pprof/", door)
	return mux
}

// Serve answers on addr, a loopback address, with h until stop is called, or does
// nothing if addr is empty. It logs where it listens. A profile must be done
// within a minute.
func Serve(addr string, h http.Handler, log *slog.Logger) (at net.Addr, stop func(), err error) {
	if addr == "" {
		return nil, func() {}, nil
	}
	if err := CheckLoopback(addr); err != nil {
		return nil, nil, err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, nil, fmt.Errorf("serve status: %w", err)
	}
	log.Info("status is served", "addr", listener.Addr().String())
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("status is no longer served", "error", err)
		}
	}()
	return listener.Addr(), func() {
		_ = server.Close() // its connections are of no more use to anybody
		<-done
	}, nil
}

// CheckLoopback accepts addresses that only this machine can reach: nothing that
// is served there asks who calls.
func CheckLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not host:port", addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q is not a loopback address", addr)
	}
	return nil
}
