package eventlogtest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// The clauses on how calls and logs end.

func doneContext(t *testing.T, open Factory) {
	log, h := mustOpen(t, open), NewHistory()
	must(t, h.Append(t.Context(), log, 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := log.Append(ctx, Batch(2)); !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v, want context.Canceled", err)
	}
	err := log.Read(ctx, 1, func(eventlog.Record) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v, want context.Canceled", err)
	}
	if err := log.Wait(ctx, log.Last()+1); !errors.Is(err, context.Canceled) {
		t.Errorf("wait: %v, want context.Canceled", err)
	}
	mustVerify(t, h, log) // batch 2 was never tried: it may not be there
}

// contextsEndAtAnyMoment cancels appends in flight: each is whole or absent, and
// the log goes on.
func contextsEndAtAnyMoment(t *testing.T, open Factory) {
	const writers, batches = 8, 40
	log, h := mustOpen(t, open), NewHistory()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for b := range batches {
				ctx, cancel := context.WithCancel(t.Context())
				go cancel()
				err := h.Append(ctx, log, w*batches+b)
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("append: %v", err)
				}
			}
		})
	}
	wg.Wait()
	must(t, h.Append(t.Context(), log, writers*batches))
	mustVerify(t, h, log)
	must(t, log.Close())
	mustVerify(t, h, mustOpen(t, open))
}

func waitWakesUp(t *testing.T, open Factory) {
	log := mustOpen(t, open)
	var wg sync.WaitGroup
	for from := range eventlog.Offset(20) {
		wg.Go(func() {
			if err := log.Wait(t.Context(), from); err != nil {
				t.Errorf("wait for %d: %v", from, err)
			}
			if log.Last() < from {
				t.Errorf("wait for %d returned at %d", from, log.Last())
			}
		})
	}
	for log.Last() < 20 {
		mustAppend(t, log, 0)
	}
	wg.Wait()

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- log.Wait(ctx, log.Last()+1) }()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("wait under a canceled context: %v", err)
	}
}

func closeEndsAll(t *testing.T, open Factory) {
	log := mustOpen(t, open)
	mustAppend(t, log, 1)
	last := log.Last()
	waited := make(chan error, 1)
	go func() { waited <- log.Wait(t.Context(), last+1) }()

	must(t, log.Close())
	if err := <-waited; !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("a waiter ended with %v, want ErrClosed", err)
	}
	if _, err := log.Append(t.Context(), Batch(2)); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("append: %v, want ErrClosed", err)
	}
	err := log.Read(t.Context(), 1, func(eventlog.Record) error { return nil })
	if !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("read: %v, want ErrClosed", err)
	}
	if err := log.Wait(t.Context(), 1); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("wait: %v, want ErrClosed", err)
	}
	if log.Last() != last {
		t.Errorf("last record %d after close, %d before", log.Last(), last)
	}
	must(t, log.Close())
}

// closeDuringAppends: what was acknowledged is there afterwards, what was
// answered ErrClosed is not.
func closeDuringAppends(t *testing.T, open Factory) {
	const writers = 8
	log, h := mustOpen(t, open), NewHistory()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for id := w; ; id += writers {
				first, err := log.Append(t.Context(), Batch(id))
				if err != nil {
					if !errors.Is(err, eventlog.ErrClosed) {
						t.Errorf("append: %v, want ErrClosed", err)
					}
					return
				}
				h.Ack(id, first)
			}
		})
	}
	must(t, log.Wait(t.Context(), 500))
	must(t, log.Close())
	wg.Wait()
	mustVerify(t, h, mustOpen(t, open))
}

func reopen(t *testing.T, open Factory) {
	log, h := mustOpen(t, open), NewHistory()
	cluster, epoch := log.Cluster(), log.Epoch()
	for round := range 4 {
		for b := range 20 {
			must(t, h.Append(t.Context(), log, round*20+b))
		}
		last := log.Last()
		must(t, log.Close())
		log = mustOpen(t, open)
		if log.Last() != last {
			t.Errorf("last record %d after reopening, %d before", log.Last(), last)
		}
		if log.Cluster() != cluster {
			t.Errorf("cluster %s became %s", cluster, log.Cluster())
		}
		if log.Epoch() <= epoch {
			t.Errorf("epoch %d after %d", log.Epoch(), epoch)
		}
		epoch = log.Epoch()
		mustVerify(t, h, log)
	}
}

// mustOpen opens the log and closes it when the test ends.
func mustOpen(t *testing.T, open Factory) eventlog.Log {
	t.Helper()
	log, err := open()
	must(t, err)
	t.Cleanup(func() { must(t, log.Close()) })
	return log
}

func mustAppend(t *testing.T, log eventlog.Log, id int) {
	t.Helper()
	_, err := log.Append(t.Context(), Batch(id))
	must(t, err)
}

func mustRead(t *testing.T, log eventlog.Log, from eventlog.Offset) []eventlog.Record {
	t.Helper()
	var records []eventlog.Record
	must(t, log.Read(t.Context(), from, func(r eventlog.Record) error {
		records = append(records, r)
		return nil
	}))
	return records
}

func mustVerify(t *testing.T, h *History, log eventlog.Log) {
	t.Helper()
	must(t, h.Verify(t.Context(), log))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
