package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"

	"github.com/krako-labs/krako/internal/obs"
	"github.com/krako-labs/krako/llmpod"
)

// processors is how many of so many this program uses at once. It hands tokens from
// one socket to another: a token passes five goroutines, and where each is woken on
// another processor that takes more time than all they do, of processors that the
// model's server computes on.
func processors(all int) int {
	if all <= 4 {
		return 1
	}
	return 2
}

// serve runs the model and the pod until ctx ends, which lets it drain.
func serve(ctx context.Context, s settings, log *slog.Logger) (err error) {
	if os.Getenv("GOMAXPROCS") == "" { // who sets it knows better
		runtime.GOMAXPROCS(processors(runtime.GOMAXPROCS(0)))
	}
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
	_, stop, err := obs.Serve(s.status, obs.Beside(agent.Handler(), obs.Metrics(figures(agent), log)), log)
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
