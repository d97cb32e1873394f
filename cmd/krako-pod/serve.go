package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/krako-labs/krako/llmpod"
)

// serve runs the model and the pod until ctx ends, which lets it drain.
func serve(ctx context.Context, s settings, log *slog.Logger) (err error) {
	m, err := openModels(s, log)
	defer func() { err = errors.Join(err, m.close()) }()
	if err != nil {
		return err
	}
	agent, err := llmpod.NewAgent(context.WithoutCancel(ctx), s.agent, m.pools, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, agent.Close()) }()
	stop, err := serveStatus(s.status, agent, log)
	if err != nil {
		return err
	}
	defer stop()
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan struct{})
	go func() { defer close(served); m.run(serving) }()
	defer func() { end(); <-served }()
	log.Info("pod starts", "pod", agent.ID(), "version", s.agent.Version)
	for _, p := range m.pools {
		o := p.Model()
		log.Info("model is offered", "model", o.Name, "tier", o.Tier, "class", o.Class, "slots", o.Slots, "context", o.Context)
	}
	defer context.AfterFunc(ctx, func() {
		log.Info("pod drains", "timeout", s.agent.DrainTimeout.String())
		agent.Drain()
	})()
	err = agent.Run(context.WithoutCancel(ctx))
	log.Info("pod stops")
	return err
}

// serveStatus serves the agent's status, if an address is given, until stop.
func serveStatus(addr string, agent *llmpod.Agent, log *slog.Logger) (stop func(), err error) {
	if addr == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve status: %w", err)
	}
	log.Info("status is served", "addr", listener.Addr().String())
	page := &http.Server{
		Handler: agent.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := page.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("status is no longer served", "error", err)
		}
	}()
	return func() {
		_ = page.Close() // its connections are of no more use to anybody
		<-done
	}, nil
}
