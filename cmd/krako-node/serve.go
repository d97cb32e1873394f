package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/krako-labs/krako/internal/obs"
	"github.com/krako-labs/krako/node"
	"github.com/krako-labs/krako/node/control"
)

// serve runs the node until ctx ends and it has drained. It greets the person who
// started it, if there is one.
func serve(ctx context.Context, s settings, log *slog.Logger, person io.Writer) (err error) {
	agent, err := node.New(context.WithoutCancel(ctx), s.node, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, agent.Close()) }()
	stop, err := serveStatus(s.status, agent, log)
	if err != nil {
		return err
	}
	defer stop()
	unheard, err := control.Serve(s.node.DataDir, agent.Control(), log)
	if err != nil {
		return err
	}
	defer unheard()
	log.Info("node starts", "node", agent.ID(), "version", s.node.Version, "slots", s.node.Slots,
		"memory_mb", s.node.MemoryMB, "cpu_share", s.node.CPUShare, "priority", s.node.Priority, "data_dir", s.node.DataDir)
	if person != nil {
		if _, err := fmt.Fprint(person, greeting(agent.Status(), &s.node)); err != nil {
			return err
		}
	}
	defer context.AfterFunc(ctx, func() {
		log.Info("node drains", "timeout", s.node.DrainTimeout.String())
		agent.Drain()
	})()
	err = agent.Run(context.WithoutCancel(ctx))
	done := agent.Status()
	log.Info("node stops", "executed", done.Executed, "recorded", done.Recorded, "unacked_batches", done.Unacked)
	return err
}

// statusHandler answers what the agent knows of itself, and /metrics and
// /debug/pprof/.
func statusHandler(agent *node.Agent, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	door := obs.Door(obs.Metrics(figures(agent), log))
	mux.Handle("/", agent.Handler())
	mux.Handle("/metrics", door)
	mux.Handle("/debug/pprof/", door)
	return mux
}

// serveStatus answers on addr until stop is called, or does nothing if addr is
// empty.
func serveStatus(addr string, agent *node.Agent, log *slog.Logger) (stop func(), err error) {
	if addr == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve status: %w", err)
	}
	log.Info("status is served", "addr", listener.Addr().String())
	server := &http.Server{
		Handler: statusHandler(agent, log), ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout: 5 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute, // a profile takes 30 s
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("status is no longer served", "error", err)
		}
	}()
	return func() {
		_ = server.Close() // its connections are of no more use to anybody
		<-done
	}, nil
}
