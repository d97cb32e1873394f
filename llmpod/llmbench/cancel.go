package llmbench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/llmpod"
)

// Calls that are cancelled, through a pod and on a server with nothing before it, in
// turns of so many.
const (
	cancelCount = 100
	cancelTurn  = 20
)

// streamer is a call that can be stopped in the middle.
type streamer interface {
	// call answers a prompt with up to so many tokens, and says of each piece how many
	// it holds. It ends early with ctx.
	call(ctx context.Context, session, prompt string, tokens int, heard func(tokens int)) error
}

// throughPod is a call by way of a pod's slots.
type throughPod struct{ *llmpod.Pool }

func (p throughPod) call(ctx context.Context, session, prompt string, tokens int, heard func(int)) error {
	_, err := p.Invoke(ctx, call("bench", session, prompt, tokens), func(piece llmpod.Piece) { heard(len(piece.Tokens)) })
	return err
}

func (b *bare) call(ctx context.Context, session, prompt string, tokens int, heard func(int)) error {
	return b.stream(ctx, session+" "+prompt, tokens, new(timing), func() { heard(1) })
}

// cancels stops calls in the middle, while another keeps the server busy.
func (b *bench) cancels(ctx context.Context) error {
	cfg := b.serverConfig(b.brisk, 2, 4096)
	p, stop, err := startPool(ctx, llmpod.DefaultConfig(), cfg)
	if err != nil {
		return err
	}
	defer stop()
	ours, err := p.Server().Await(ctx)
	if err != nil {
		return err
	}
	theirs, stopBare, err := startServer(ctx, cfg)
	if err != nil {
		return err
	}
	defer stopBare()
	aside, err := newBare(theirs.Endpoint, cfg.Slots)
	if err != nil {
		return err
	}
	n, turn := cancelCount, cancelTurn
	if b.Short {
		n, turn = 4, 2
	}
	var pod, alone []time.Duration
	for len(pod) < n {
		if pod, err = cancelSome(ctx, throughPod{p}, ours.Client, pod, turn); err == nil {
			alone, err = cancelSome(ctx, aside, theirs.Client, alone, turn)
		}
		if err != nil {
			return err
		}
	}
	b.figures.Cancels = &Cancels{
		P50: median(pod), P99: ms(quantile(pod, 0.99)), BareP50: median(alone), BareP99: ms(quantile(alone, 0.99)), Count: n,
	}
	return nil
}

// cancelSome cancels n calls one after the other, beside one that goes on, and adds
// to times how long after each the server had a slot without work.
func cancelSome(ctx context.Context, s streamer, at *llama.Client, times []time.Duration, n int) ([]time.Duration, error) {
	ctx, end := context.WithCancel(ctx)
	first, busy := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(busy)
		begun := false
		for ctx.Err() == nil {
			_ = s.call(ctx, "busy", "go on and on", 3000, func(int) { // it is cancelled at the end
				if !begun {
					begun = true
					close(first)
				}
			})
		}
	}()
	defer func() { end(); <-busy }()
	select {
	case <-first:
	case <-ctx.Done():
		return times, ctx.Err()
	}
	for range n {
		took, err := cancelOne(ctx, s, at, len(times))
		if err != nil {
			return times, err
		}
		times = append(times, took)
	}
	return times, nil
}

// cancelOne cancels a call after some tokens and asks the server until a slot is
// idle.
func cancelOne(ctx context.Context, s streamer, at *llama.Client, i int) (time.Duration, error) {
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	var began time.Time
	tokens := 0
	err := s.call(own, fmt.Sprint("cancelled", i), "a long story", 2000, func(more int) {
		if tokens += more; tokens > 5+i%7 && began.IsZero() {
			began = time.Now()
			cancel()
		}
	})
	if began.IsZero() || !errors.Is(err, context.Canceled) && contracts.CodeOf(err) != contracts.CodeCancelled {
		return 0, fmt.Errorf("call was not cancelled: %w", err)
	}
	for {
		slots, err := at.Slots(ctx)
		if err != nil {
			return 0, err
		}
		for _, s := range slots {
			if !s.Busy {
				return time.Since(began), nil
			}
		}
	}
}
