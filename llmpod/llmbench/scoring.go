package llmbench

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/gguf"
	"github.com/krako-labs/krako/internal/llama/server"
	"github.com/krako-labs/krako/llmpod"
)

const (
	scoreTokens = 96
	scoreWarm   = 0.8 // temperature of what is sampled
	scoreCool   = 0.2 // what a cheat serves in its place
)

// scoring has a referee of another class score answers of pods that are honest, that
// serve another model, and that serve a lower temperature.
func (b *bench) scoring(ctx context.Context) error {
	other := gguf.Nonsense()
	other.Seed += 1000
	swapped := filepath.Join(b.dir, "swapped.gguf")
	if err := write(swapped, other.Model()); err != nil {
		return err
	}
	var pools [3]*llmpod.Pool
	for i, model := range []string{b.small, b.small, swapped} {
		c := b.serverConfig(model, 2, 512)
		if i == 1 {
			c.Profile = server.Fast
		}
		p, stop, err := startPool(ctx, llmpod.DefaultConfig(), c)
		if err != nil {
			return err
		}
		defer stop()
		pools[i] = p
	}
	honest, judge, cheat := pools[0], pools[1], pools[2]
	f := &Scoring{Answers: b.Scores}
	for i := range b.Scores {
		for _, t := range []struct {
			by            *llmpod.Pool
			asked, served float64
			found         *int
		}{
			{honest, 0, 0, &f.falseGreedy}, {honest, scoreWarm, scoreWarm, &f.falseSampled},
			{cheat, 0, 0, &f.swappedGreedy}, {cheat, scoreWarm, scoreWarm, &f.swappedSampled},
			{honest, scoreWarm, scoreCool, &f.cooled},
		} {
			implausible, err := scored(ctx, t.by, judge, i, t.asked, t.served)
			if err != nil {
				return err
			}
			if implausible {
				*t.found++
			}
		}
	}
	share := func(n int) float64 { return over(float64(n), float64(b.Scores)) }
	f.FalseGreedy, f.FalseSampled = share(f.falseGreedy), share(f.falseSampled)
	f.SwappedGreedy, f.SwappedSampled, f.Cooled = share(f.swappedGreedy), share(f.swappedSampled), share(f.cooled)
	b.figures.Scoring = f
	return nil
}

// scored reports whether a referee calls an answer implausible.
func scored(ctx context.Context, by, judge *llmpod.Pool, i int, asked, served float64) (bool, error) {
	c := call("bench", fmt.Sprint("scored", i), fmt.Sprintf("question %d, please?", i), scoreTokens)
	c.Temperature, c.Last, c.Seed = served, true, int64(1000*i)
	// Of some answers not all tokens are known: those cannot be scored, and another
	// is taken.
	var said []int
	for missing := 1; missing > 0; {
		said, missing = nil, 0
		_, err := by.Invoke(ctx, c, func(p llmpod.Piece) { said = append(said, p.Tokens...); missing += p.Missing })
		if err != nil {
			return false, err
		}
		c.Seed++
		c.Prompt += "?"
	}
	c.Prompt = strings.TrimSuffix(c.Prompt, "?")
	c.Temperature = asked
	f, err := judge.Score(ctx, c, said, scoreTokens)
	if contracts.CodeOf(err) == contracts.CodeContextOverflow {
		return false, nil
	}
	return f.Sound && !f.Plausible, err
}
