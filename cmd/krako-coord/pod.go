package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/server"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/llmpod"
	"github.com/spf13/pflag"
)

// podSettings are those of a pod in the coordinator's own process, for a cluster
// that is one machine. What they do not say is as krako-pod has it.
type podSettings struct {
	model, attach, attachKey, name string
	tier                           string
	slots, context                 int
}

func (p *podSettings) flags(fs *pflag.FlagSet) {
	sc, pc := server.DefaultConfig(), llmpod.DefaultConfig()
	fs.StringVar(&p.model, "pod-model", "", "GGUF file to serve with a pod of the coordinator's own; 'krako-pod model' writes a small one")
	fs.StringVar(&p.attach, "pod-attach", "", "URL of a llama-server that runs already, to serve instead")
	fs.StringVar(&p.attachKey, "pod-attach-key", "", "key of that server")
	fs.StringVar(&p.name, "pod-name", "", "name of that model on offer; from the file's name if empty")
	fs.StringVar(&p.tier, "pod-tier", string(pc.Tier), "size that it is offered as: small, medium or large")
	fs.IntVar(&p.slots, "pod-slots", sc.Slots, "requests that pod serves at once")
	fs.IntVar(&p.context, "pod-context", sc.Context, "tokens of context of each request")
}

// wanted reports whether there is to be a pod.
func (p *podSettings) wanted() bool { return p.model != "" || p.attach != "" }

// configs are the pod's, checked.
func (p *podSettings) configs() (pc llmpod.Config, sc server.Config, err error) {
	pc, sc = llmpod.DefaultConfig(), server.DefaultConfig()
	pc.Tier = contracts.ModelTier(p.tier)
	sc.Model, sc.Slots, sc.Context, sc.Alias = p.model, p.slots, p.context, p.name
	if p.attach != "" {
		sc.Attach = &llama.Endpoint{URL: p.attach, Key: p.attachKey}
	} else if sc.Program, err = llama.FindServer(); err != nil {
		return pc, sc, err
	}
	if sc.Alias == "" {
		sc.Alias = "attached"
		if p.model != "" {
			sc.Alias = strings.TrimSuffix(filepath.Base(p.model), filepath.Ext(p.model))
		}
	}
	return pc, sc, errors.Join(pc.Validate(), sc.Validate())
}

func (p *podSettings) validate() error {
	if !p.wanted() {
		return nil
	}
	if _, _, err := p.configs(); err != nil {
		return fmt.Errorf("the coordinator's own pod: %w", err)
	}
	return nil
}

// ownPod is a pod in this process. It joins as every other one does, by a stream
// to this coordinator, and is of the trusted zone: it has its operator.
type ownPod struct {
	pool  *llmpod.Pool
	agent *llmpod.Agent
}

// openPod makes the pod that the settings ask for, nil if none.
func openPod(ctx context.Context, s *settings, coord *p2p.Host, log *slog.Logger) (*ownPod, error) {
	if !s.pod.wanted() {
		return nil, nil
	}
	pc, sc, err := s.pod.configs()
	if err != nil {
		return nil, err
	}
	sc.Log = log
	pool, err := llmpod.NewPool(pc, sc, log)
	if err != nil {
		return nil, fmt.Errorf("open the coordinator's own pod: %w", err)
	}
	ac := llmpod.DefaultAgentConfig()
	ac.DataDir, ac.Coordinators, ac.Rendezvous = filepath.Join(s.dataDir, "pod"), coord.Addrs(), s.rendezvous
	agent, err := llmpod.NewAgent(ctx, ac, []*llmpod.Pool{pool}, log)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the coordinator's own pod: %w", err), pool.Close())
	}
	s.trusted = append(s.trusted, string(agent.ID()))
	return &ownPod{pool, agent}, nil
}

// run serves until ctx ends. A pod that fails leaves the coordinator, which other
// pods may serve, as it is.
func (p *ownPod) run(ctx context.Context, log *slog.Logger) {
	served := make(chan struct{})
	serving, end := context.WithCancel(ctx)
	go func() { defer close(served); p.pool.Run(serving) }()
	if err := p.agent.Run(ctx); err != nil {
		log.Error("the coordinator's own pod ended", "error", err)
	}
	end()
	<-served
}

func (p *ownPod) close() error {
	if p == nil {
		return nil
	}
	return errors.Join(p.agent.Close(), p.pool.Close())
}
