package llmbench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Effort of one round.
const (
	firstTokens = 12  // requests for the time to the first token
	longAnswer  = 192 // tokens of an answer for throughput
	answersEach = 2   // answers of each stream, one after the other
)

// beside has Krako and the bare server answer the same in turns.
func (b *bench) beside(ctx context.Context) error {
	cfg := b.serverConfig(b.slow, 4, 2048)
	st, stop, err := startServer(ctx, cfg)
	if err != nil {
		return err
	}
	defer stop()
	f, err := b.startFabric(ctx, "beside", b.slow, []string{"--slots", "4", "--context", "2048", "--threads", "1", "--log-level", "warn"})
	if err != nil {
		return err
	}
	defer f.Stop()
	c := comparison{ours: f, theirs: newBare(st.Endpoint), rounds: b.Rounds, answer: longAnswer, each: answersEach}
	if b.Short {
		c.answer, c.each = 8, 1
	}
	figures, err := c.run(ctx)
	b.figures.Beside = figures
	return err
}

// comparison asks two alike in turns.
type comparison struct {
	ours, theirs asker
	rounds       int
	answer, each int
	asked        int // makes every prompt another one
}

// sample is what one side did in all rounds.
type sample struct {
	first, between []time.Duration
	rates          map[int][]float64
}

func (c *comparison) run(ctx context.Context) (*Beside, error) {
	ours, theirs := &sample{rates: map[int][]float64{}}, &sample{rates: map[int][]float64{}}
	for round := range c.rounds {
		sides := []func() error{
			func() error { return c.side(ctx, c.ours, ours) },
			func() error { return c.side(ctx, c.theirs, theirs) },
		}
		if round%2 == 1 {
			slices.Reverse(sides)
		}
		for range firstTokens {
			for s, a := range map[*sample]asker{ours: c.ours, theirs: c.theirs} {
				t, err := a.ask(ctx, c.prompt(), 2)
				if err != nil {
					return nil, err
				}
				s.first = append(s.first, t.first)
			}
		}
		for _, side := range sides {
			if err := side(); err != nil {
				return nil, err
			}
		}
	}
	f := &Beside{
		TTFT: median(ours.first), BareTTFT: median(theirs.first),
		InterToken: median(ours.between), BareInterToken: median(theirs.between),
		Rate1: middle(ours.rates[1]), Rate2: middle(ours.rates[2]), Rate4: middle(ours.rates[4]),
		Bare1: middle(theirs.rates[1]), Bare2: middle(theirs.rates[2]), Bare4: middle(theirs.rates[4]),
		Ratio1: ratios(ours, theirs, 1), Ratio2: ratios(ours, theirs, 2), Ratio4: ratios(ours, theirs, 4),
	}
	f.TTFTOverhead, f.InterTokenOverhead = f.TTFT-f.BareTTFT, f.InterToken-f.BareInterToken
	return f, nil
}

// side measures one side's throughput with 1, 2 and 4 streams.
func (c *comparison) side(ctx context.Context, a asker, s *sample) error {
	for _, streams := range []int{1, 2, 4} {
		began := time.Now()
		times, err := c.load(ctx, a, streams)
		if err != nil {
			return err
		}
		tokens := 0
		for _, t := range times {
			tokens += t.tokens
			if streams == 1 {
				s.between = append(s.between, t.between())
			}
		}
		s.rates[streams] = append(s.rates[streams], float64(tokens)/time.Since(began).Seconds())
	}
	return nil
}

// load runs streams at once, each asking again when it has its answer.
func (c *comparison) load(ctx context.Context, a asker, streams int) ([]timing, error) {
	times := make([]timing, streams*c.each)
	prompts := make([]string, len(times))
	for i := range prompts {
		prompts[i] = c.prompt()
	}
	group, ctx := errgroup.WithContext(ctx)
	for s := range streams {
		group.Go(func() (err error) {
			for i := s * c.each; i < (s+1)*c.each && err == nil; i++ {
				times[i], err = a.ask(ctx, prompts[i], c.answer)
			}
			return err
		})
	}
	return times, group.Wait()
}

// prompt is one that was not asked before, from its first word.
func (c *comparison) prompt() string {
	c.asked++
	return fmt.Sprintf("%06d: tell me what the sea is like.", c.asked*7919%1_000_003)
}

func ratios(ours, theirs *sample, streams int) float64 {
	list := make([]float64, len(ours.rates[streams]))
	for i := range list {
		list[i] = ours.rates[streams][i] / theirs.rates[streams][i]
	}
	return middle(list)
}
