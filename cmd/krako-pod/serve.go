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
	s.server.Log = log
	pool, err := llmpod.NewPool(s.pool, s.server, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	agent, err := llmpod.NewAgent(context.WithoutCancel(ctx), s.agent, []*llmpod.Pool{pool}, log)
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
	go func() { defer close(served); pool.Run(serving) }()
	defer func() { end(); <-served }()
	m := pool.Model()
	log.Info("pod starts", "pod", agent.ID(), "version", s.agent.Version, "model", m.Name, "tier", m.Tier, "class", m.Class, "slots", m.Slots, "context", m.Context)
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
