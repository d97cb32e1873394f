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

// DefaultOptions take less than ten minutes on two cores that have nothing else to
// do.
func DefaultOptions() Options {
	return Options{Rounds: 4, Probes: 10_000, Replays: 1000, Scores: 25, Progress: io.Discard}
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

// bench is one run.
type bench struct {
	Options
	program string
	dir     string
	// Models: for comparisons of time a slow one, for everything else a small one.
	slow, small string
	figures     Figures
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
	if err := b.models(); err != nil {
		return nil, err
	}
	run := map[string]func(context.Context) error{
		"beside": b.beside, "routing": b.routing, "parking": b.parking, "probes": b.probes, "replay": b.replay, "cancel": b.cancels, "overload": b.overload, "scoring": b.scoring,
	}
	for _, part := range Parts() {
		if len(o.Parts) > 0 && !slices.Contains(o.Parts, part) {
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
func (b *bench) models() error {
	b.small = filepath.Join(b.dir, "small.gguf")
	b.slow = b.small
	if err := write(b.small, gguf.Nonsense().Model()); err != nil || b.Short {
		return err
	}
	b.slow = filepath.Join(b.dir, "slow.gguf")
	return write(b.slow, gguf.Slow().Model())
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
