package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/narrate"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/obs"
)

const (
	// tracePause is between two looks at the log, traceRetry after one that failed.
	tracePause = 200 * time.Millisecond
	traceRetry = 5 * time.Second
	// traceGrace is how long a stop waits for a collector.
	traceGrace = 3 * time.Second
)

// openTraces returns nil when nobody wants traces.
func openTraces(ctx context.Context, endpoint string, log *slog.Logger) (*obs.Traces, error) {
	if endpoint == "" {
		return nil, nil
	}
	traces, err := obs.NewTraces(ctx, endpoint, "krako-coord", cli.Version())
	if err == nil {
		log.Info("sessions are traced", "to", endpoint)
	}
	return traces, err
}

// trace tells a collector of the sessions that begin from now on, behind execution:
// it reads the log like anybody else.
func trace(ctx context.Context, traces *obs.Traces, db *store, log *slog.Logger) error {
	defer func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), traceGrace)
		defer cancel()
		if err := traces.Close(grace); err != nil {
			log.Warn("traces were not all sent", "error", err)
		}
	}()
	teller := narrate.New(db.log, db.blocks, traces.Take)
	next := db.log.Last() + 1
	for ctx.Err() == nil {
		err := db.log.Read(ctx, next, func(rec eventlog.Record) error {
			next = rec.Offset + 1
			if err := teller.Take(ctx, rec); err != nil && ctx.Err() == nil {
				log.Warn("record is not traced", "record", rec.Offset, "error", err)
			}
			return nil
		})
		pause := tracePause
		if err == nil {
			err = db.log.Wait(ctx, next)
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("traces are behind", "error", err)
			pause = traceRetry
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
	return nil
}
