package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// Pauses between two attempts at something that the servers did not answer.
const (
	firstPause = 50 * time.Millisecond
	maxPause   = 5 * time.Second
)

// final marks an error that no further attempt mends.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// mends reports whether another attempt may succeed where one ended with err.
func mends(err error) bool {
	_, corrupt := errors.AsType[*eventlog.CorruptError](err)
	return !corrupt && !errors.Is(err, eventlog.ErrFenced) && !errors.Is(err, eventlog.ErrFailed) && !errors.Is(err, eventlog.ErrClosed)
}

// retry does something with the servers until it succeeds or fails for good, with
// growing pauses, for as long as ctx and the DB last: a DB ends when it has lost its
// lease. The error is then what ended it, with the last attempt's.
func (db *DB) retry(ctx context.Context, what string, do func() error) error {
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := do()
		if err == nil {
			return nil
		}
		if f, ok := errors.AsType[final](err); ok {
			return f.error
		}
		if !mends(err) {
			return fmt.Errorf("%s: %w", what, err)
		}
		if over := db.usable(ctx); over != nil {
			return fmt.Errorf("%s: %w (%v)", what, over, err)
		}
		db.cfg.Logger.Warn("nats does not answer, trying again", "doing", what, "error", err, "pause", pause)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
		case <-db.ctx.Done():
		}
		timer.Stop()
	}
}
