package llmbench

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/llmpod"
	"golang.org/x/sync/errgroup"
)

// The load: three conversations a slot, which take turns.
const (
	parkSlots   = 2
	talks       = 3 * parkSlots
	talkTurns   = 6
	talkPreface = 64 // words of a conversation's system message
	talkAnswer  = 8
)

// parking runs the same conversations with and without it.
func (b *bench) parking(ctx context.Context) error {
	with, err := b.converse(ctx, talks)
	if err != nil {
		return err
	}
	without, err := b.converse(ctx, 0)
	if err != nil {
		return err
	}
	f := &Parking{
		Turn: median(with.turns), UnparkTurn: median(without.turns), PromptRatio: over(float64(with.computed), float64(without.computed)),
		Same: slices.Equal(with.transcripts, without.transcripts),
	}
	f.TurnRatio = over(f.Turn, f.UnparkTurn)
	b.figures.Parking = f
	return nil
}

// talked is what a set of conversations took.
type talked struct {
	turns       []time.Duration
	computed    int64
	transcripts []string
}

func (b *bench) converse(ctx context.Context, parked int) (t talked, err error) {
	cfg := llmpod.DefaultConfig()
	cfg.ParkedSessions = parked
	p, stop, err := startPool(ctx, cfg, b.serverConfig(b.brisk, parkSlots, 2048))
	if err != nil {
		return t, err
	}
	defer stop()
	history := make([][]contracts.Message, talks)
	t.transcripts = make([]string, talks)
	took := make([]time.Duration, talks*talkTurns)
	for turn := range talkTurns {
		group, all := errgroup.WithContext(ctx)
		group.SetLimit(parkSlots)
		for s := range talks {
			group.Go(func() error {
				answer, d, err := say(all, p, s, turn, &history[s])
				took[s*talkTurns+turn] = d
				t.transcripts[s] += answer + "\n"
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return t, err
		}
	}
	t.turns, t.computed = took, p.Totals().Computed()
	return t, nil
}

// say takes one turn of a conversation.
func say(ctx context.Context, p *llmpod.Pool, s, turn int, history *[]contracts.Message) (answer string, took time.Duration, err error) {
	*history = append(*history, contracts.Message{Role: "user", Content: fmt.Sprintf("Question %d of %d?", turn, s)})
	c := call("bench", fmt.Sprint(s), "", talkAnswer)
	c.System, c.Messages = strings.Repeat(fmt.Sprintf("talk %d; ", s), talkPreface), *history
	began := time.Now()
	a, err := p.Invoke(ctx, c, unheard)
	if err != nil {
		return "", 0, err
	}
	took = time.Since(began)
	if err := json.Unmarshal(a.Output, &answer); err != nil {
		return "", 0, fmt.Errorf("decode answer: %w", err)
	}
	*history = append(*history, contracts.Message{Role: "assistant", Content: answer})
	return answer, took, nil
}
