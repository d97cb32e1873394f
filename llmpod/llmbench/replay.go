package llmbench

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/llmpod"
	"golang.org/x/sync/errgroup"
)

// kinds is how many different requests there are.
const kinds = 24

// replay asks everything alone, then again with all slots busy and the server
// killed now and then.
func (b *bench) replay(ctx context.Context) error {
	p, stop, err := startPool(ctx, llmpod.DefaultConfig(), b.serverConfig(b.small, 4, 512))
	if err != nil {
		return err
	}
	defer stop()
	var want [kinds][]byte
	for i := range want {
		a, err := p.Invoke(ctx, request("alone", i), unheard)
		if err != nil {
			return err
		}
		want[i] = a.Output
	}
	var next, same atomic.Int64
	var kills atomic.Int64
	every := int64(max(b.Replays/4, 8))
	group, all := errgroup.WithContext(ctx)
	for range 8 {
		group.Go(func() error {
			for {
				n := next.Add(1)
				if n > int64(b.Replays) {
					return nil
				}
				if n%every == 0 {
					kill(p)
					kills.Add(1)
				}
				i := int(n*7) % kinds
				a, err := again(all, p, request(fmt.Sprint("load", n%11), i))
				if err != nil {
					return err
				}
				if bytes.Equal(a.Output, want[i]) {
					same.Add(1)
				}
			}
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	b.figures.Replay = &Replay{Share: float64(same.Load()) / float64(b.Replays), Requests: b.Replays, Restarts: int(kills.Load())}
	return nil
}

// again asks until there is an answer, as a coordinator does for a pod whose
// server was killed.
func again(ctx context.Context, p *llmpod.Pool, c llmpod.Call) (llmpod.Answer, error) {
	for {
		a, err := p.Invoke(ctx, c, unheard)
		code := contracts.CodeOf(err)
		if code != contracts.CodeNetwork && code != contracts.CodeModelUnavailable {
			return a, err
		}
	}
}

// request is one of the kinds: greedy and not, free and under a schema.
func request(session string, i int) llmpod.Call {
	c := call("bench", session, fmt.Sprintf("request %d, please", i), 32)
	c.Seed = int64(i % 5)
	if i%2 == 1 {
		c.Temperature, c.TopP = 0.8, 0.9
	}
	if i%3 == 2 {
		c.Schema, c.MaxTokens = []byte(`{"type":"object","properties":{"n":{"type":"integer","minimum":0,"maximum":9}},"required":["n"],"additionalProperties":false}`), 48
	}
	return c
}
