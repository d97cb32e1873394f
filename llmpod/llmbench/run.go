package llmbench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/gguf"
)

// Options say what to measure and for how long.
type Options struct {
	// Parts are those to run, all if empty: see Parts.
	Parts []string
	// Short makes few rounds: enough to see that everything runs, not to compare.
	Short bool
	// Rounds is how often the comparisons take turns, Probes and Replays how many
	// requests these parts make.
	Rounds, Probes, Replays int
	// Scores is how many answers of each kind are scored.
	Scores int
	// Bin is where the daemons are; "" looks beside this executable.
	Bin string
	// TrustedID makes the key of a worker in a data directory; see cluster.Options.
	TrustedID func(dataDir string) (string, error)
	// Progress is told what is being done.
	Progress io.Writer
}

// DefaultOptions take less than eight minutes on two cores that have nothing else
// to do.
func DefaultOptions() Options {
	return Options{Rounds: 3, Probes: 10_000, Replays: 1000, Scores: 25, Progress: io.Discard}
}

// shorten is for who wants to see that it runs.
func (o *Options) shorten() {
	o.Rounds, o.Probes, o.Replays, o.Scores = 1, min(o.Probes, 40), min(o.Replays, 24), min(o.Scores, 1)
}

// Parts are what can be measured, in order.
func Parts() []string {
	return []string{"beside", "routing", "parking", "probes", "replay", "cancel", "overload", "scoring"}
}

// Validate reports what is wrong, as VALIDATION_ERROR.
func (o *Options) Validate() error {
	for _, p := range o.Parts {
		if !slices.Contains(Parts(), p) {
			return contracts.Errorf(contracts.CodeValidation, "part", "%q is none of %v", p, Parts())
		}
	}
	if min(o.Rounds, o.Probes, o.Replays, o.Scores) < 1 {
		return contracts.Errorf(contracts.CodeValidation, "rounds", "rounds, probes, replays and scores must be at least 1")
	}
	return nil
}

func (o *Options) wants(part string) bool { return len(o.Parts) == 0 || slices.Contains(o.Parts, part) }

// bench is one run.
type bench struct {
	Options
	program string
	dir     string
	// Models: for comparisons with the bare server a slow one, for what else takes a
	// server's time one that is as fast as the bars allow (brisk), for everything else
	// a small one.
	slow, brisk, small string
	figures            Figures
}

// Run measures. It leaves nothing behind. Errors are those of starting servers
// and clusters, NOT_FOUND if there is no llama-server.
func Run(ctx context.Context, o Options) (*Figures, error) {
	if o.Short {
		o.shorten()
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	program, err := llama.FindServer()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "krako-llmbench-")
	if err != nil {
		return nil, fmt.Errorf("make bench directory: %w", err)
	}
	defer os.RemoveAll(dir)
	b := &bench{Options: o, program: program, dir: dir}
	if err := b.models(ctx); err != nil {
		return nil, err
	}
	run := map[string]func(context.Context) error{
		"beside": b.beside, "routing": b.routing, "parking": b.parking, "probes": b.probes, "replay": b.replay, "cancel": b.cancels, "overload": b.overload, "scoring": b.scoring,
	}
	for _, part := range Parts() {
		if !o.wants(part) {
			continue
		}
		began := time.Now()
		if err := run[part](ctx); err != nil {
			return nil, fmt.Errorf("measure %s: %w", part, err)
		}
		fmt.Fprintf(o.Progress, "%s took %.1f s\n", part, time.Since(began).Seconds())
	}
	return &b.figures, nil
}

// models writes the models. A run that is short takes the small one for all.
func (b *bench) models(ctx context.Context) error {
	b.small = filepath.Join(b.dir, "small.gguf")
	b.slow, b.brisk = b.small, b.small
	if err := write(b.small, gguf.Nonsense().Model()); err != nil || b.Short {
		return err
	}
	b.slow = filepath.Join(b.dir, "slow.gguf")
	if err := write(b.slow, gguf.Slow().Model()); err != nil {
		return err
	}
	if !slices.ContainsFunc([]string{"routing", "parking", "cancel", "overload"}, b.wants) {
		return nil
	}
	b.brisk = filepath.Join(b.dir, "brisk.gguf")
	return b.findBrisk(ctx)
}

// What is fast enough: at most as many tokens a second as a bar allows a slot. Layers
// are added while it is more.
const (
	briskRate   = 200
	briskLayers = 6
	briskMore   = 4
)

// findBrisk makes a model of as few layers as decode no more than briskRate tokens a
// second alone, on one thread of this machine.
func (b *bench) findBrisk(ctx context.Context) error {
	for layers := briskLayers; ; layers += briskMore {
		if err := write(b.brisk, gguf.Layered(layers).Model()); err != nil {
			return err
		}
		rate, err := b.rateAlone(ctx, b.brisk)
		b.figures.BriskRate = rate
		if err != nil || rate <= briskRate {
			return err
		}
	}
}

// rateAlone is how many tokens a second a bare server decodes for one that asks alone.
func (b *bench) rateAlone(ctx context.Context, model string) (float64, error) {
	st, stop, err := startServer(ctx, b.serverConfig(model, 1, 512))
	if err != nil {
		return 0, err
	}
	defer stop()
	ask, err := newBare(st.Endpoint, 1)
	if err != nil {
		return 0, err
	}
	var rates []float64
	for i := range 3 {
		t, err := ask.ask(ctx, fmt.Sprintf("%d?", i), longAnswer)
		if err != nil {
			return 0, err
		}
		rates = append(rates, over(1, t.between().Seconds()))
	}
	return middle(rates), nil
}

func write(path string, m *gguf.Model) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	_, err = m.WriteTo(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	return nil
}
