package eventlogtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
)

// The clauses on logs that let go of their beginning. One that keeps everything
// says so, and keeps it.

// trims reports whether a log trims; one that does not must be as it was.
func trims(t *testing.T, h *History, log eventlog.Log) bool {
	t.Helper()
	err := log.Trim(t.Context(), 1, nil)
	if err == nil {
		return true
	}
	if contracts.CodeOf(err) != contracts.CodeUnsupported {
		t.Fatalf("trim to the first record: %v, want nil or UNSUPPORTED", err)
	}
	if err := log.Trim(t.Context(), log.Last(), nil); contracts.CodeOf(err) != contracts.CodeUnsupported {
		t.Errorf("trim: %v after UNSUPPORTED", err)
	}
	if first, base := log.Base(); first != 1 || base != nil {
		t.Errorf("a log that keeps everything begins at record %d with base %q", first, base)
	}
	mustVerify(t, h, log)
	return false
}

func trimLetsGo(t *testing.T, open Factory) {
	log, h := mustOpen(t, open), NewHistory()
	if first, base := log.Base(); first != 1 || base != nil {
		t.Errorf("a new log begins at record %d with base %q", first, base)
	}
	for id := range 40 {
		must(t, h.Append(t.Context(), log, id))
	}
	if !trims(t, h, log) {
		return
	}
	all := mustRead(t, log, 0)
	for _, before := range []eventlog.Offset{2, 3, 30, 29, 30, 77, log.Last()} {
		must(t, h.Trim(t.Context(), log, before))
		mustVerify(t, h, log)
	}
	must(t, log.Trim(t.Context(), 5, []byte("not kept: the log begins behind it")))
	mustVerify(t, h, log)
	if got := mustRead(t, log, 0); len(got) != 1 || string(got[0].Data) != string(all[len(all)-1].Data) {
		t.Errorf("%d records are left, want the last", len(got))
	}
	for id := range 20 {
		must(t, h.Append(t.Context(), log, 100+id))
	}
	mustVerify(t, h, log)
	must(t, log.Close())
	again := mustOpen(t, open)
	mustVerify(t, h, again)
	must(t, h.Trim(t.Context(), again, again.Last()-5))
	must(t, h.Append(t.Context(), again, 200))
	mustVerify(t, h, again)
}

func trimRefuses(t *testing.T, open Factory) {
	log, h := mustOpen(t, open), NewHistory()
	for id := range 5 {
		must(t, h.Append(t.Context(), log, id))
	}
	if !trims(t, h, log) {
		return
	}
	for name, err := range map[string]error{
		"nowhere":         log.Trim(t.Context(), 0, nil),
		"beyond the end":  log.Trim(t.Context(), log.Last()+1, nil),
		"a base too long": log.Trim(t.Context(), 2, make([]byte, eventlog.MaxBaseBytes+1)),
	} {
		if contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%s: %v, want VALIDATION_ERROR", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := log.Trim(ctx, 2, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("trim: %v, want context.Canceled", err)
	}
	mustVerify(t, h, log)
	must(t, log.Close())
	if err := log.Trim(t.Context(), 2, nil); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("trim of a closed log: %v, want ErrClosed", err)
	}
}

// trimUnderLoad: who has begun to read goes on, who comes too late is told.
func trimUnderLoad(t *testing.T, open Factory) {
	const writers, batches = 4, 60
	log, h := mustOpen(t, open), NewHistory()
	must(t, h.Append(t.Context(), log, 1_000_000))
	if !trims(t, h, log) {
		return
	}
	done := make(chan struct{})
	var writing, reading sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for b := range batches {
				if err := h.Append(t.Context(), log, w*batches+b); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	reading.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if err := h.Trim(t.Context(), log, max(1, log.Last()/2)); err != nil {
				t.Errorf("trim: %v", err)
				return
			}
		}
	})
	for range 2 {
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := readDense(t.Context(), log); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	mustVerify(t, h, log)
	must(t, log.Close())
	mustVerify(t, h, mustOpen(t, open))
}

// readDense reads what a log keeps.
func readDense(ctx context.Context, log eventlog.Log) error {
	next := eventlog.Offset(0)
	return log.Read(ctx, 0, func(r eventlog.Record) error {
		if next != 0 && r.Offset != next {
			return fmt.Errorf("record %d where %d was due", r.Offset, next)
		}
		next = r.Offset + 1
		return nil
	})
}
