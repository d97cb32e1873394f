package llmbench

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
	"golang.org/x/sync/errgroup"
)

// The load of one phase: as many sessions as there are slots, each a chain of
// units that begin with the same long text, which is the session's own.
const (
	pods         = 4
	slotsPerPod  = 2
	sessions     = pods * slotsPerPod
	turns        = 4
	systemWords  = 60 // about 500 tokens of the built-in models
	routedAnswer = 8
)

// routing runs the same sessions where placement puts them and in turn on all
// pods, which units ask for by tags.
func (b *bench) routing(ctx context.Context) error {
	flags := make([][]string, pods)
	status := make([]string, pods)
	for i := range flags {
		var err error
		if status[i], err = freeAddr(); err != nil {
			return err
		}
		flags[i] = []string{
			"--slots", fmt.Sprint(slotsPerPod), "--context", "2048", "--threads", "1", "--log-level", "warn",
			"--tag", tag(i), "--status", status[i],
		}
	}
	f, err := b.startFabric(ctx, "routing", b.brisk, flags...)
	if err != nil {
		return err
	}
	defer f.Stop()
	var placed, inTurn phase
	for round := range (b.Rounds + 1) / 2 {
		for _, p := range []*phase{&placed, &inTurn} {
			if err := p.run(ctx, f, status, round, p == &inTurn); err != nil {
				return err
			}
		}
	}
	b.figures.Routing = &Routing{
		Computed: placed.computed, InTurn: inTurn.computed, PromptTokens: over(float64(placed.computed), float64(inTurn.computed)),
		UnitP95: ms(quantile(placed.times, 0.95)), InTurnP95: ms(quantile(inTurn.times, 0.95)),
	}
	b.figures.Routing.P95 = over(b.figures.Routing.UnitP95, b.figures.Routing.InTurnP95)
	return nil
}

func tag(pod int) string { return fmt.Sprintf("pod-%d", pod) }

// freeAddr is an address of loopback that is free now.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// phase is what all sessions under one way of routing took.
type phase struct {
	computed int64
	times    []time.Duration // from when a unit could run to its end
}

func (p *phase) run(ctx context.Context, f *fabric, status []string, round int, inTurn bool) error {
	before, err := computed(ctx, status)
	if err != nil {
		return err
	}
	took := make([][]time.Duration, sessions)
	group, all := errgroup.WithContext(ctx)
	for s := range sessions {
		group.Go(func() (err error) {
			took[s], err = f.chain(all, chainUnits(round, s, inTurn))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	after, err := computed(ctx, status)
	p.computed += after - before
	for _, t := range took {
		p.times = append(p.times, t...)
	}
	return err
}

// chainUnits are one session's units. inTurn sends each to the next pod.
func chainUnits(round, session int, inTurn bool) []contracts.WorkUnit {
	kind := "placed"
	if inTurn {
		kind = "in turn"
	}
	units := make([]contracts.WorkUnit, turns)
	for i := range units {
		u := question(contracts.UnitID(fmt.Sprintf("turn%d", i)), fmt.Sprintf("And what of part %d?", i), routedAnswer)
		u.Model.System = strings.Repeat(fmt.Sprintf("%d %d %s. ", session, round, kind), systemWords)[:systemWords*8]
		if i > 0 {
			u.Dependencies = []contracts.UnitID{units[i-1].ID}
		}
		if inTurn {
			u.ExecutionHint = &contracts.ExecutionHint{NodeTags: []string{tag((session + i) % pods)}}
		}
		units[i] = u
	}
	return units
}

// chain runs one session and returns how long each unit took.
func (f *fabric) chain(ctx context.Context, units []contracts.WorkUnit) ([]time.Duration, error) {
	id, err := f.submit(ctx, units...)
	if err != nil {
		return nil, err
	}
	ready := map[string]time.Time{}
	var took []time.Duration
	err = f.api.Listen(ctx, id, func(e contracts.Event) error {
		switch e.Type {
		case contracts.EventUnitReady:
			ready[e.Subject] = e.Time.Time
		case contracts.EventUnitCompleted:
			took = append(took, e.Time.Sub(ready[e.Subject]))
		}
		return nil
	}, func(contracts.Tokens) {})
	if err != nil {
		return nil, err
	}
	_, err = f.result(ctx, id)
	return took, err
}

// computed is how many tokens of prompts all pods have computed.
func computed(ctx context.Context, status []string) (sum int64, err error) {
	for _, addr := range status {
		s, err := podStatus(ctx, addr)
		if err != nil {
			return 0, err
		}
		for _, m := range s.Models {
			sum += m.Computed()
		}
	}
	return sum, nil
}
