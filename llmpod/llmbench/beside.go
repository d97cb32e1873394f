package llmbench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Effort of one round.
const (
	firstTokens = 16 // requests for the time to the first token
	longAnswer  = 64 // tokens of an answer for throughput
	inARow      = 2  // answers that each stream asks for, one after the other
)

// turnsOf is how often a round takes turns with so many streams.
var turnsOf = []struct{ streams, turns int }{{1, 2}, {2, 2}, {4, 2}}

// beside has Krako, and a program that speaks to the pod's own server, ask the same
// in turns.
func (b *bench) beside(ctx context.Context) error {
	status, err := freeAddr()
	if err != nil {
		return err
	}
	f, err := b.startFabric(ctx, "beside", b.slow, []string{
		"--slots", fmt.Sprint(besideSlots), "--context", "2048", "--threads", "1", "--log-level", "warn", "--status", status,
	})
	if err != nil {
		return err
	}
	defer f.Stop()
	theirs, pid, stop, err := b.besides(ctx, status)
	if err != nil {
		return err
	}
	defer stop()
	c := comparison{ours: f, theirs: theirs, rounds: b.Rounds, answer: longAnswer, meter: meter{coord: f.Coordinator.PID(), pod: f.Pods[0].PID(), server: pid}}
	if b.Short {
		c.answer = 8
	}
	figures, err := c.run(ctx)
	b.figures.Beside = figures
	return err
}

// besideSlots is how many answers a pod makes at once in the comparison.
const besideSlots = 4

// besides is who asks without Krako: the process that the pod has ask answers, so
// that neither side has the luckier place in memory. Where it listens on a port with
// a key nobody else has, another is started with the same flags; pid is 0 then.
func (b *bench) besides(ctx context.Context, status string) (side *bare, pid int, stop func() error, err error) {
	st, err := podStatus(ctx, status)
	if err != nil {
		return nil, 0, nil, err
	}
	if s := st.Models[0].Server; s != nil && s.Socket != "" {
		side, err = newBare(endpointOf(s), besideSlots)
		return side, s.PID, func() error { return nil }, err
	}
	own, stop, err := startServer(ctx, b.serverConfig(b.slow, besideSlots, 2048))
	if err == nil {
		side, err = newBare(own.Endpoint, besideSlots)
	}
	return side, 0, stop, err
}

// comparison asks two alike in turns.
type comparison struct {
	ours, theirs asker
	rounds       int
	answer       int
	asked        int // makes every prompt another one
	meter        meter
	differ       int // answers of one that are not those of the other
}

// sample is what one side did in all rounds.
type sample struct {
	first, between []time.Duration
	rates          map[int][]float64
	used           usage // while rates were measured
	tokens         int   // in that time
}

// side is one that is asked, and what it did.
type side struct {
	asker
	*sample
}

func (c *comparison) run(ctx context.Context) (*Beside, error) {
	ours, theirs := side{c.ours, &sample{rates: map[int][]float64{}}}, side{c.theirs, &sample{rates: map[int][]float64{}}}
	sides := []side{ours, theirs}
	// Turns are short, of the same prompts, and begin with either side as often: what
	// else the machine does is then much the same for both.
	turn := func(do func(side) ([]timing, error)) error {
		slices.Reverse(sides)
		first, err := do(sides[0])
		if err != nil {
			return err
		}
		second, err := do(sides[1])
		c.compare(first, second)
		return err
	}
	for range c.rounds {
		for range firstTokens {
			prompt := c.prompt()
			if err := turn(func(s side) ([]timing, error) { return c.first(ctx, s, prompt) }); err != nil {
				return nil, err
			}
		}
		for _, of := range turnsOf {
			for range of.turns {
				prompts := c.prompts(of.streams)
				if err := turn(func(s side) ([]timing, error) { return c.rate(ctx, s, prompts) }); err != nil {
					return nil, err
				}
			}
		}
	}
	return c.figures(ours.sample, theirs.sample), nil
}

func (c *comparison) figures(ours, theirs *sample) *Beside {
	return &Beside{
		TTFT: median(ours.first), BareTTFT: median(theirs.first),
		InterToken: median(ours.between), BareInterToken: median(theirs.between),
		Rate1: middle(ours.rates[1]), Rate2: middle(ours.rates[2]), Rate4: middle(ours.rates[4]),
		Bare1: middle(theirs.rates[1]), Bare2: middle(theirs.rates[2]), Bare4: middle(theirs.rates[4]),
		Ratio1: ratios(ours, theirs, 1), Ratio2: ratios(ours, theirs, 2), Ratio4: ratios(ours, theirs, 4),
		TTFTOverhead: differences(ours.first, theirs.first), InterTokenOverhead: differences(ours.between, theirs.between),
		CoordCPU: ours.each(ours.used.coord), PodCPU: ours.each(ours.used.pod), ClientCPU: ours.each(ours.used.own), ServerCPU: ours.each(ours.used.server),
		BareClientCPU: theirs.each(theirs.used.own), BareServerCPU: theirs.each(theirs.used.server),
		Differ: c.differ,
	}
}

// each is what a token took of a time, in microseconds.
func (s *sample) each(d time.Duration) float64 {
	return over(float64(d.Nanoseconds())/1e3, float64(s.tokens))
}

// compare counts answers of the same prompts that are not the same.
func (c *comparison) compare(a, b []timing) {
	for i := range min(len(a), len(b)) {
		if a[i].tokens != b[i].tokens || !bytes.Equal(a[i].text, b[i].text) {
			c.differ++
		}
	}
}

// first times the first token of one answer.
func (c *comparison) first(ctx context.Context, s side, prompt string) ([]timing, error) {
	t, err := s.ask(ctx, prompt, 2)
	s.sample.first = append(s.sample.first, t.first)
	return []timing{t}, errors.Join(err, s.rest(ctx))
}

// rate measures throughput with as many streams as there are lists of prompts.
func (c *comparison) rate(ctx context.Context, s side, prompts [][]string) ([]timing, error) {
	before, began := c.meter.read(), time.Now()
	times, err := c.load(ctx, s, prompts)
	if err != nil {
		return nil, err
	}
	took, tokens := time.Since(began), 0
	s.used.add(c.meter.read(), before)
	for _, t := range times {
		tokens += t.tokens
		if len(prompts) == 1 {
			s.between = append(s.between, t.between())
		}
	}
	s.tokens += tokens
	s.rates[len(prompts)] = append(s.rates[len(prompts)], float64(tokens)/took.Seconds())
	return times, s.rest(ctx)
}

// load has each stream ask its prompts one after the other. Streams fall out of step
// as they do in use, on either side: how closely they begin is nothing of either.
func (c *comparison) load(ctx context.Context, a asker, prompts [][]string) ([]timing, error) {
	times := make([]timing, len(prompts)*inARow)
	group, ctx := errgroup.WithContext(ctx)
	for i, list := range prompts {
		group.Go(func() (err error) {
			for j, prompt := range list {
				if times[i*inARow+j], err = a.ask(ctx, prompt, c.answer); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return times, group.Wait()
}

func (c *comparison) prompts(streams int) [][]string {
	lists := make([][]string, streams)
	for i := range lists {
		for range inARow {
			lists[i] = append(lists[i], c.prompt())
		}
	}
	return lists
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
