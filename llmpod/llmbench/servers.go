package llmbench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/server"
	"github.com/krako-labs/krako/llmpod"
)

// serverConfig is a server on one thread: the other processor is for the rest.
func (b *bench) serverConfig(model string, slots, window int) server.Config {
	c := server.DefaultConfig()
	c.Program, c.Model, c.Alias = b.program, model, "bench"
	c.Slots, c.Context, c.Threads = slots, window, 1
	c.FirstPause, c.MaxPause = 20*time.Millisecond, 200*time.Millisecond // it is killed on purpose
	return c
}

// startServer runs a server with nothing before it until stop.
func startServer(ctx context.Context, c server.Config) (st server.Status, stop func() error, err error) {
	s, err := server.New(c)
	if err != nil {
		return st, nil, err
	}
	stop = running(ctx, s.Run, s.Close)
	if st, err = s.Await(ctx); err != nil {
		return st, nil, errors.Join(err, stop())
	}
	return st, stop, nil
}

// podStatus asks a pod what it does.
func podStatus(ctx context.Context, addr string) (s llmpod.Status, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/status", nil)
	if err != nil {
		return s, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		return s, fmt.Errorf("read a pod's status: %w", err)
	}
	return s, nil
}

// endpointOf is where a pod's server is reached beside the pod.
func endpointOf(s *llmpod.ServerStatus) llama.Endpoint {
	return llama.Endpoint{Socket: s.Socket, URL: s.URL}
}

// startPool runs a pool until stop.
func startPool(ctx context.Context, cfg llmpod.Config, c server.Config) (p *llmpod.Pool, stop func() error, err error) {
	p, err = llmpod.NewPool(cfg, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	return p, running(ctx, p.Run, p.Close), nil
}

// running runs something until the function that it returns is called.
func running(ctx context.Context, run func(context.Context), end func() error) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); run(ctx) }()
	return func() error {
		cancel()
		<-done
		return end()
	}
}
