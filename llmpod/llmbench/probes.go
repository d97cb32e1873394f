package llmbench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/llmpod"
	"golang.org/x/sync/errgroup"
)

// planted is the beginning that every probe shares with all others: if a slot,
// or what was parked, went to somebody else, it would be found there.
var planted = strings.Repeat("the planted beginning. ", 2)

// probes has sessions that were never seen ask what others have asked: four of
// five are new, the others come back, and some are cancelled; the server is
// killed now and then.
func (b *bench) probes(ctx context.Context) error {
	cfg := llmpod.DefaultConfig()
	cfg.ParkedSessions = 16
	p, stop, err := startPool(ctx, cfg, b.serverConfig(b.small, 2, 512))
	if err != nil {
		return err
	}
	defer stop()
	run := &probing{pool: p, left: b.Probes, rng: rand.New(rand.NewPCG(1, 2)), killEvery: max(b.Probes/10, 10)}
	group, all := errgroup.WithContext(ctx)
	for range 4 {
		group.Go(func() error { return run.work(all) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	b.figures.Probes = &Probes{Hits: run.hits, Count: run.done}
	return nil
}

// probing is shared by the workers.
type probing struct {
	pool      *llmpod.Pool
	killEvery int

	mu               sync.Mutex
	rng              *rand.Rand
	left, done, hits int
	asked            int
	known            []string // sessions that may come back
}

// next says which session asks next, whether it is new, and whether it is
// cancelled; ok is false when there were enough.
func (r *probing) next() (session string, fresh, cut, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done >= r.left {
		return "", false, false, false
	}
	r.asked++
	if r.asked%r.killEvery == 0 {
		kill(r.pool)
	}
	if r.rng.IntN(5) == 0 && len(r.known) > 0 {
		return r.known[r.rng.IntN(len(r.known))], false, false, true
	}
	return fmt.Sprint("s", r.asked), true, r.rng.IntN(10) == 0, true
}

// kill ends the pool's server, if it runs: the pool starts it again.
func kill(p *llmpod.Pool) {
	if pid := p.Server().PID(); pid != 0 {
		if process, err := os.FindProcess(pid); err == nil {
			_ = process.Kill() // it may have ended
		}
	}
}

func (r *probing) work(ctx context.Context) error {
	for {
		session, fresh, cut, ok := r.next()
		if !ok {
			return nil
		}
		// One session of each name in each of two tenants.
		c := call("tenant-"+session[len(session)-1:], session, planted, 2)
		a, err := invoke(ctx, r.pool, c, cut)
		switch code := contracts.CodeOf(err); {
		case code == contracts.CodeCancelled && ctx.Err() == nil, code == contracts.CodeNetwork, code == contracts.CodeModelUnavailable:
			continue // it was cut, or the server was killed under it
		case err != nil:
			return err
		}
		r.note(session, fresh, a.Cached)
	}
}

// invoke runs a call; cut cancels it at its first piece.
func invoke(ctx context.Context, p *llmpod.Pool, c llmpod.Call, cut bool) (llmpod.Answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return p.Invoke(ctx, c, func(llmpod.Piece) {
		if cut {
			cancel()
		}
	})
}

// note counts a probe. The token that begins every prompt is nobody's secret.
func (r *probing) note(session string, fresh bool, cached int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if fresh {
		r.done++
		if cached > 1 {
			r.hits++
		}
		if r.known = append(r.known, session); len(r.known) > 32 {
			r.known = r.known[1:]
		}
	}
}
