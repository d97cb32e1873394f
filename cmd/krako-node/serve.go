package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

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
	_, stop, err := obs.Serve(s.status, obs.Beside(agent.Handler(), obs.Metrics(figures(agent), log)), log)
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
