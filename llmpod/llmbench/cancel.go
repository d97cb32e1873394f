package llmbench

import (
	"context"
	"fmt"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/llmpod"
)

const cancelCount = 100

// cancels stops calls in the middle, while another keeps the server busy.
func (b *bench) cancels(ctx context.Context) error {
	p, stop, err := startPool(ctx, llmpod.DefaultConfig(), b.serverConfig(b.slow, 2, 4096))
	if err != nil {
		return err
	}
	defer stop()
	ctx, end := context.WithCancel(ctx)
	defer end()
	busy := make(chan struct{})
	go func() {
		defer close(busy)
		for ctx.Err() == nil {
			_, _ = p.Invoke(ctx, call("bench", "busy", "go on and on", 3000), unheard) // it is cancelled at the end
		}
	}()
	defer func() { end(); <-busy }()
	n := cancelCount
	if b.Short {
		n = 5
	}
	times := make([]time.Duration, n)
	for i := range times {
		if times[i], err = cancelOne(ctx, p, i); err != nil {
			return err
		}
	}
	b.figures.Cancels = &Cancels{P99: ms(quantile(times, 0.99)), Count: n}
	return nil
}

// cancelOne cancels a call after some tokens and asks the server until a slot is
// idle.
func cancelOne(ctx context.Context, p *llmpod.Pool, i int) (time.Duration, error) {
	call := call("bench", fmt.Sprint("cancelled", i), "a long story", 2000)
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	var began time.Time
	tokens := 0
	_, err := p.Invoke(own, call, func(piece llmpod.Piece) {
		if tokens += len(piece.Tokens); tokens > 5+i%7 && began.IsZero() {
			began = time.Now()
			cancel()
		}
	})
	if contracts.CodeOf(err) != contracts.CodeCancelled {
		return 0, fmt.Errorf("call was not cancelled: %w", err)
	}
	st, err := p.Server().Await(ctx)
	for err == nil {
		slots, serr := st.Client.Slots(ctx)
		for _, s := range slots {
			if !s.Busy {
				return time.Since(began), nil
			}
		}
		err = serr
	}
	return 0, err
}
