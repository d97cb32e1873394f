package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/pebblelog"
	"github.com/krako-labs/krako/coordinator/transparency"
	"github.com/krako-labs/krako/internal/cluster"
)

// logFigures are what the log does: alone, at restarts, and as it grows. Those for
// a million are measured with --long only, and null without.
type logFigures struct {
	AppendPerSecond  float64  `json:"append_per_s_64"`
	AppendP99        float64  `json:"append_p99_ms_64"`
	BatchedPerSecond float64  `json:"append_batched_per_s"`
	Restart1e5       float64  `json:"restart_ms_1e5"`
	Restart1e6       *float64 `json:"restart_ms_1e6"`
	RSS100k          float64  `json:"rss_mib_100k"`
	RSS1M            *float64 `json:"rss_mib_1m"`
}

const (
	appendWriters = 64
	appendEach    = 1500 // records of one writer
	appendBatch   = 256
	appendBatches = 600 // of four writers
	eventBytes    = 350 // about a unit's completion
	growthGraph   = 20_000
)

// appends measures the durable log by itself.
func (b *fabricBench) appends(ctx context.Context, f *logFigures) (err error) {
	dir, err := os.MkdirTemp("", "krako-bench-log-")
	if err != nil {
		return fmt.Errorf("make bench directory: %w", err)
	}
	defer os.RemoveAll(dir)
	db, err := pebblelog.Open(filepath.Join(dir, "store"), pebblelog.DefaultOptions())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	took, each, err := appendAll(ctx, db.Log(), appendWriters, appendEach, 1)
	if err != nil {
		return err
	}
	f.AppendPerSecond, f.AppendP99 = float64(len(each))/took.Seconds(), ms(each[len(each)*99/100])
	took, each, err = appendAll(ctx, db.Log(), 4, appendBatches/4, appendBatch)
	f.BatchedPerSecond = float64(len(each)*appendBatch) / took.Seconds()
	return err
}

// appendAll has writers append batches and returns how long all took, and each,
// shortest first.
func appendAll(ctx context.Context, log eventlog.Log, writers, each, batch int) (time.Duration, []time.Duration, error) {
	times, failed := make([][]time.Duration, writers), make([]error, writers)
	var wg sync.WaitGroup
	began := time.Now()
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				records := make([][]byte, batch)
				for k := range records {
					head := fmt.Appendf(nil, "%d/%d/%d/", w, i, k)
					records[k] = append(head, bytes.Repeat([]byte{byte(i)}, eventBytes-len(head))...)
				}
				at := time.Now()
				if _, err := log.Append(ctx, records); err != nil {
					failed[w] = err
					return
				}
				times[w] = append(times[w], time.Since(at))
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	all := slices.Concat(times...)
	slices.Sort(all)
	return took, all, errors.Join(failed...)
}

// growth runs units until the log has the sizes that are asked about, kills the
// coordinator there and times its return. Memory is that of a coordinator which
// ran all the units, in a cluster of its own, the median over the last graph of them.
func (b *fabricBench) growth(ctx context.Context, f *logFigures) error {
	err := b.inCluster(ctx, func(c *cluster.Cluster, api *client.Client) error {
		run, next := 0, 100_000_000
		for _, until := range b.steps(&f.RSS100k, &f.RSS1M) {
			for ; run < until.count; run += growthGraph {
				sampled := sampleRSS(c)
				_, err := b.once(ctx, api, growthGraph, next+run)
				*until.to = float64(sampled()) / (1 << 20)
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.inCluster(ctx, func(c *cluster.Cluster, api *client.Client) error {
		next := 200_000_000
		for _, until := range b.steps(&f.Restart1e5, &f.Restart1e6) {
			for size := int64(0); size < int64(until.count); next += growthGraph {
				if _, err := b.once(ctx, api, growthGraph, next); err != nil {
					return err
				}
				p, err := api.LogCheckpoint(ctx)
				if err != nil {
					return err
				}
				now, err := transparency.Peek([]byte(p.Checkpoint))
				if err != nil {
					return err
				}
				size = now.Size
			}
			took, err := b.restart(ctx, c, &next)
			if err != nil {
				return err
			}
			*until.to = ms(took)
		}
		return nil
	})
}

// sampleRSS watches the coordinator's resident memory and returns its median: what
// it is at one moment depends on when garbage was collected last.
func sampleRSS(c *cluster.Cluster) (median func() int64) {
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		var all []int64
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			if u, err := cluster.UsageOf(c.Coordinator.PID()); err == nil {
				all = append(all, int64(u.RSS))
			}
			select {
			case <-tick.C:
				continue
			case <-stop:
			}
			slices.Sort(all)
			if len(all) == 0 {
				all = []int64{0}
			}
			done <- all[len(all)/2]
			return
		}
	}()
	return func() int64 { close(stop); return <-done }
}

// step is a size at which a figure is taken.
type step struct {
	count int
	to    *float64
}

// steps are the sizes of growth: a million only if it was asked for.
func (b *fabricBench) steps(short *float64, long **float64) []step {
	steps := []step{{100_000, short}}
	if b.long {
		*long = new(float64)
		steps = append(steps, step{1_000_000, *long})
	}
	return steps
}

// inCluster runs do in a new cluster.
func (b *fabricBench) inCluster(ctx context.Context, do func(*cluster.Cluster, *client.Client) error) error {
	dir, err := os.MkdirTemp("", "krako-bench-")
	if err != nil {
		return fmt.Errorf("make bench directory: %w", err)
	}
	defer os.RemoveAll(dir)
	start, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	o := b.options(dir)
	o.Coord = []string{"--log-level=warn"} // not profiled twice
	c, err := cluster.Start(start, o)
	if err != nil {
		return err
	}
	defer c.Stop()
	api, err := c.Client()
	if err != nil {
		return err
	}
	if err := waitForNodes(ctx, api, b.nodes); err != nil {
		return err
	}
	return do(c, api)
}

// restart kills the coordinator in the middle of a graph and returns the time from
// the start of the next one until a unit has run: with the log taken up, the nodes
// back and the open graph going on.
func (b *fabricBench) restart(ctx context.Context, c *cluster.Cluster, next *int) (time.Duration, error) {
	api, err := c.Client(client.WithRetry(client.Retry{}))
	if err != nil {
		return 0, err
	}
	open, err := api.Submit(ctx, noopGraph(growthGraph, *next), contracts.SubmissionMetadata{SubmittedAt: contracts.Time{Time: time.Now()}, KoraVersion: "krako-bench"})
	if err != nil {
		return 0, err
	}
	*next += growthGraph
	starts := c.Coordinator.Starts()
	if err := c.Coordinator.Kill(); err != nil {
		return 0, fmt.Errorf("kill coordinator: %w", err)
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for c.Coordinator.Starts() == starts {
		<-tick.C
	}
	began := time.Now()
	for {
		view, err := api.Session(ctx, open.SessionID)
		if err == nil && view.Units.Done > 0 {
			took := time.Since(began)
			_, err := api.Wait(ctx, open.SessionID)
			return took, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}
