package eventlogtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/eventlog/eventlogtest"
)

func TestFakeConforms(t *testing.T) {
	eventlogtest.Run(t, func(*testing.T) eventlogtest.Factory {
		fake := eventlogtest.NewFake()
		return func() (eventlog.Log, error) { return fake.Open(), nil }
	})
}

// A writer that was taken over is refused everything from then on.
func TestFakeFences(t *testing.T) {
	fake := eventlogtest.NewFake()
	old := fake.Open()
	if _, err := old.Append(t.Context(), eventlogtest.Batch(1)); err != nil {
		t.Fatal(err)
	}
	fenced := make(chan error, 1)
	go func() { fenced <- old.Wait(t.Context(), 100) }()
	owner := fake.Open()
	if err := <-fenced; !errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("the old writer's waiter: %v, want ErrFenced", err)
	}
	if _, err := old.Append(t.Context(), eventlogtest.Batch(2)); !errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("append by the old writer: %v, want ErrFenced", err)
	}
	if _, err := owner.Append(t.Context(), eventlogtest.Batch(3)); err != nil {
		t.Error(err)
	}
}

// lying is a log that misbehaves on purpose.
type lying struct {
	eventlog.Log
	read func(ctx context.Context, from eventlog.Offset, fn func(eventlog.Record) error) error
}

func (l lying) Read(ctx context.Context, from eventlog.Offset, fn func(eventlog.Record) error) error {
	return l.read(ctx, from, fn)
}

// A History that cannot tell a broken log from a sound one proves nothing.
func TestHistoryNoticesLies(t *testing.T) {
	log, h := eventlogtest.NewFake().Open(), eventlogtest.NewHistory()
	for id := range 20 {
		if err := h.Append(t.Context(), log, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Verify(t.Context(), log); err != nil {
		t.Fatal(err)
	}
	strange := h.Snapshot()
	if _, err := log.Append(t.Context(), eventlogtest.Batch(99)); err != nil {
		t.Fatal(err)
	}
	if strange.Verify(t.Context(), log) == nil {
		t.Error("a batch that nobody appended went unnoticed")
	}
	h.Ack(99, log.Last()) // the true offset: batch 99 has 2 records
	if h.Verify(t.Context(), log) == nil {
		t.Error("a batch at another offset went unnoticed")
	}
	h.Ack(99, log.Last()-1)
	if err := h.Verify(t.Context(), log); err != nil {
		t.Fatal(err)
	}

	lies := map[string]func(r eventlog.Record) []eventlog.Record{
		"a lost record":     func(r eventlog.Record) []eventlog.Record { return only(r, r.Offset != 7) },
		"a lost tail":       func(r eventlog.Record) []eventlog.Record { return only(r, r.Offset <= log.Last()-2) },
		"half a batch":      func(r eventlog.Record) []eventlog.Record { return only(r, r.Offset < log.Last()) },
		"a repeated record": func(r eventlog.Record) []eventlog.Record { return append(only(r, r.Offset == 7), r) },
		"a changed record": func(r eventlog.Record) []eventlog.Record {
			if r.Offset == 7 {
				r.Data = append(r.Data[:len(r.Data)-1:len(r.Data)-1], 'X')
			}
			return only(r, true)
		},
	}
	for name, lie := range lies {
		liar := lying{log, func(ctx context.Context, from eventlog.Offset, fn func(eventlog.Record) error) error {
			return log.Read(ctx, from, func(r eventlog.Record) error {
				for _, told := range lie(r) {
					if err := fn(told); err != nil {
						return err
					}
				}
				return nil
			})
		}}
		if h.Verify(t.Context(), liar) == nil {
			t.Errorf("%s went unnoticed", name)
		}
	}
}

func only(r eventlog.Record, told bool) []eventlog.Record {
	if !told {
		return nil
	}
	return []eventlog.Record{r}
}
