package llmbench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
)

// overSlots and overFold are the load: how many answers a pod gives at once, and
// how many times as many are asked for.
const (
	overSlots  = 4
	overFold   = 10
	overAnswer = 48
	// healthEvery is as often as a busy watcher asks: one that asks without a pause is
	// a load of its own.
	healthEvery = 5 * time.Millisecond
)

// overload asks for ten times what a tenant may have in work, all at once, and
// asks for health meanwhile.
func (b *bench) overload(ctx context.Context) error {
	f, err := b.startFabric(ctx, "overload", b.brisk, []string{"--slots", fmt.Sprint(overSlots), "--context", "1024", "--threads", "1", "--log-level", "warn"})
	if err != nil {
		return err
	}
	defer f.Stop()
	quota := contracts.Quota{Graphs: overSlots, RequestsPerSecond: 1e6, BodyBytesPerSecond: 1 << 30, BlockBytes: 1 << 30}
	if err := f.api.SetQuota(ctx, "bench", quota); err != nil {
		return err
	}
	if f.api, err = f.Client(client.WithRetry(client.Retry{})); err != nil {
		return err
	}
	o := &Overload{Asked: overSlots * overFold}
	asks := make([]asked, o.Asked)
	flood := make(chan struct{})
	go func() { defer close(flood); f.flood(ctx, asks) }()
	var health []time.Duration
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for over := false; !over; {
		began := time.Now()
		if _, err := f.api.Health(ctx); err != nil {
			o.Unhealthy++
		}
		health = append(health, time.Since(began))
		select {
		case <-flood:
			over = true
		case <-tick.C:
		}
	}
	var refused []time.Duration
	for _, a := range asks {
		switch {
		case contracts.CodeOf(a.err) == contracts.CodeResourceExhausted:
			refused = append(refused, a.took)
		case a.err != nil:
			return a.err
		default:
			o.Answered++
		}
	}
	o.Refused, o.RefusedP99, o.HealthP99 = len(refused), ms(quantile(refused, 0.99)), ms(quantile(health, 0.99))
	b.figures.Overload = o
	return nil
}

// asked is what became of one graph: took is until it was accepted or refused.
type asked struct {
	took time.Duration
	err  error
}

// flood submits graphs at once and waits for those that are accepted.
func (f *fabric) flood(ctx context.Context, asks []asked) {
	var all sync.WaitGroup
	for i := range asks {
		all.Go(func() {
			began := time.Now()
			id, err := f.submit(ctx, question("ask", fmt.Sprintf("%d: what is it like?", i), overAnswer))
			asks[i] = asked{time.Since(began), err}
			if err == nil {
				_, asks[i].err = f.result(ctx, id)
			}
		})
	}
	all.Wait()
}
