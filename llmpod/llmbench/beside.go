package llmbench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Effort of one round.
const (
	firstTokens = 16  // requests for the time to the first token
	longAnswer  = 128 // tokens of an answer for throughput
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
	sides := []side{{c.ours, ours}, {c.theirs, theirs}}
	// Turns are short: what else the machine does is then much the same for both.
	turn := func(do func(side) error) error {
		slices.Reverse(sides)
		return errors.Join(do(sides[0]), do(sides[1]))
	}
	for range c.rounds {
		for range firstTokens {
			if err := turn(func(s side) error { return c.first(ctx, s) }); err != nil {
				return nil, err
			}
		}
		for _, streams := range []int{1, 2, 4} {
			if err := turn(func(s side) error { return c.rate(ctx, s, streams) }); err != nil {
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
		TTFTOverhead: differences(ours.first, theirs.first), InterTokenOverhead: differences(ours.between, theirs.between),
	}
	return f, nil
}

// side is one that is asked, and what it did.
type side struct {
	asker
	*sample
}

// first times the first token of one answer.
func (c *comparison) first(ctx context.Context, s side) error {
	t, err := s.ask(ctx, c.prompt(), 2)
	s.sample.first = append(s.sample.first, t.first)
	return err
}

// rate measures throughput with so many streams.
func (c *comparison) rate(ctx context.Context, s side, streams int) error {
	began := time.Now()
	times, err := c.load(ctx, s, streams)
	if err != nil {
		return err
	}
	took, tokens := time.Since(began), 0
	for _, t := range times {
		tokens += t.tokens
		if streams == 1 {
			s.between = append(s.between, t.between())
		}
	}
	s.rates[streams] = append(s.rates[streams], float64(tokens)/took.Seconds())
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
	return fmt.Sprintf("%06d?", c.asked*7919%1_000_003)
}

func ratios(ours, theirs *sample, streams int) float64 {
	list := make([]float64, len(ours.rates[streams]))
	for i := range list {
		list[i] = ours.rates[streams][i] / theirs.rates[streams][i]
	}
	return middle(list)
}

// differences is the median of what one took more than the other in the same turn,
// in milliseconds.
func differences(ours, theirs []time.Duration) float64 {
	list := make([]time.Duration, min(len(ours), len(theirs)))
	for i := range list {
		list[i] = ours[i] - theirs[i]
	}
	return median(list)
}
