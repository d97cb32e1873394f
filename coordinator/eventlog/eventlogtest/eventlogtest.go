// Package eventlogtest is the conformance suite of eventlog.Log, which every
// implementation runs, a History that tells after a crash whether a log kept its
// promises, and a Fake to test other packages against.
package eventlogtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
)

// Factory opens one log: empty the first time, and after each Close with what
// the opening before had left.
type Factory func() (eventlog.Log, error)

// Run runs the suite; each clause gets a log of its own.
func Run(t *testing.T, factory func(t *testing.T) Factory) {
	clauses := []struct {
		name string
		run  func(t *testing.T, open Factory)
	}{
		{"EmptyLog", emptyLog},
		{"OffsetsAreDense", offsetsAreDense},
		{"ReadFromAnywhere", readFromAnywhere},
		{"ReadEndsWithItsCallback", readEndsWithItsCallback},
		{"ReadEndsWhereTheLogEndedAtTheCall", readEndsAsOfCall},
		{"RecordsStayTheReaders", recordsStayTheReaders},
		{"LimitsAreRefused", limitsAreRefused},
		{"FullestBatch", fullestBatch},
		{"ConcurrentAppenders", concurrentAppenders},
		{"ReadersFollowAppenders", readersFollowAppenders},
		{"DoneContext", doneContext},
		{"ContextsEndAtAnyMoment", contextsEndAtAnyMoment},
		{"WaitWakesUp", waitWakesUp},
		{"CloseEndsAll", closeEndsAll},
		{"CloseDuringAppends", closeDuringAppends},
		{"Reopen", reopen},
		{"TrimLetsGoOfTheBeginning", trimLetsGo},
		{"TrimRefuses", trimRefuses},
		{"TrimUnderReadersAndAppenders", trimUnderLoad},
	}
	for _, c := range clauses {
		t.Run(c.name, func(t *testing.T) { c.run(t, factory(t)) })
	}
}

func emptyLog(t *testing.T, open Factory) {
	log := mustOpen(t, open)
	if log.Last() != 0 {
		t.Errorf("last record %d of an empty log", log.Last())
	}
	if _, err := uuid.Parse(log.Cluster()); err != nil {
		t.Errorf("cluster %q: %v", log.Cluster(), err)
	}
	if log.Epoch() == 0 {
		t.Error("epoch 0")
	}
	if got := mustRead(t, log, 1); len(got) > 0 {
		t.Errorf("%d records in an empty log", len(got))
	}
	if err := log.Wait(t.Context(), 0); err != nil {
		t.Errorf("wait for nothing: %v", err)
	}
}

func offsetsAreDense(t *testing.T, open Factory) {
	log, h := mustOpen(t, open), NewHistory()
	next := eventlog.Offset(1)
	for id := range 50 {
		first, err := log.Append(t.Context(), Batch(id))
		if err != nil {
			t.Fatal(err)
		}
		h.Ack(id, first)
		if first != next {
			t.Fatalf("batch %d begins at record %d, want %d", id, first, next)
		}
		next += eventlog.Offset(len(Batch(id)))
		if log.Last() != next-1 {
			t.Fatalf("last record %d, want %d", log.Last(), next-1)
		}
	}
	mustVerify(t, h, log)
}

func readFromAnywhere(t *testing.T, open Factory) {
	log := mustOpen(t, open)
	for id := range 30 {
		mustAppend(t, log, id)
	}
	all := mustRead(t, log, 1)
	if got := mustRead(t, log, 0); len(got) != len(all) {
		t.Errorf("from 0: %d records, want %d", len(got), len(all))
	}
	for from := range eventlog.Offset(len(all)) + 3 {
		got := mustRead(t, log, from)
		want := all[min(max(int(from), 1)-1, len(all)):]
		if len(got) != len(want) {
			t.Fatalf("from %d: %d records, want %d", from, len(got), len(want))
		}
		for i := range want {
			if got[i].Offset != want[i].Offset || !bytes.Equal(got[i].Data, want[i].Data) {
				t.Fatalf("from %d: record %d is %.40q, want %d %.40q", from, got[i].Offset, got[i].Data, want[i].Offset, want[i].Data)
			}
		}
	}
}

func readEndsWithItsCallback(t *testing.T, open Factory) {
	log := mustOpen(t, open)
	for id := range 10 {
		mustAppend(t, log, id)
	}
	enough, calls := errors.New("enough"), 0
	err := log.Read(t.Context(), 1, func(eventlog.Record) error {
		if calls++; calls == 3 {
			return enough
		}
		return nil
	})
	if err != enough || calls != 3 {
		t.Errorf("read ended with %v after %d calls, want the callback's error after 3", err, calls)
	}
}

func readEndsAsOfCall(t *testing.T, open Factory) {
	log, h := mustOpen(t, open), NewHistory()
	for id := range 5 {
		must(t, h.Append(t.Context(), log, id))
	}
	end, id := log.Last(), 5
	err := log.Read(t.Context(), 1, func(r eventlog.Record) error {
		if r.Offset > end {
			return fmt.Errorf("record %d was appended after the call", r.Offset)
		}
		id++
		return h.Append(t.Context(), log, id)
	})
	must(t, err)
	mustVerify(t, h, log)
}

func recordsStayTheReaders(t *testing.T, open Factory) {
	log, h := mustOpen(t, open), NewHistory()
	for id := range 40 {
		must(t, h.Append(t.Context(), log, id))
	}
	kept := mustRead(t, log, 1)
	for id := 40; id < 80; id++ {
		must(t, h.Append(t.Context(), log, id))
	}
	for i, r := range mustRead(t, log, 1)[:len(kept)] {
		if !bytes.Equal(r.Data, kept[i].Data) {
			t.Fatalf("record %d changed in its reader's hands", r.Offset)
		}
	}
	mustVerify(t, h, log)
}

func limitsAreRefused(t *testing.T, open Factory) {
	log, h := mustOpen(t, open), NewHistory()
	must(t, h.Append(t.Context(), log, 1))
	bad := map[string][][]byte{
		"no record":        {},
		"an empty record":  {{1}, nil},
		"too many records": make([][]byte, eventlog.MaxBatchRecords+1),
		"too long":         {make([]byte, eventlog.MaxBatchBytes+1)},
	}
	for name, records := range bad {
		_, err := log.Append(t.Context(), records)
		if e, ok := errors.AsType[*contracts.Error](err); !ok || e.Code != contracts.CodeValidation || e.Offender == "" {
			t.Errorf("%s: %v, want VALIDATION_ERROR with an offender", name, err)
		}
	}
	must(t, h.Append(t.Context(), log, 2))
	mustVerify(t, h, log)
}

func fullestBatch(t *testing.T, open Factory) {
	log := mustOpen(t, open)
	overhead, err := eventlog.BatchSize([][]byte{{1}})
	must(t, err)
	longest := bytes.Repeat([]byte{0xa5}, eventlog.MaxBatchBytes-overhead+1)
	most := make([][]byte, eventlog.MaxBatchRecords)
	for i := range most {
		most[i] = fmt.Appendf(nil, "record %d", i)
	}
	for range 3 {
		for _, records := range [][][]byte{{longest}, most} {
			first, err := log.Append(t.Context(), records)
			must(t, err)
			got := mustRead(t, log, first)
			if len(got) != len(records) || !bytes.Equal(got[0].Data, records[0]) {
				t.Fatalf("%d records from %d, want %d", len(got), first, len(records))
			}
		}
	}
}

func concurrentAppenders(t *testing.T, open Factory) {
	const writers, batches = 16, 40
	log, h := mustOpen(t, open), NewHistory()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			last := eventlog.Offset(0)
			for b := range batches {
				id := w*batches + b
				first, err := log.Append(t.Context(), Batch(id))
				if err != nil {
					t.Errorf("batch %d: %v", id, err)
					return
				}
				if first <= last {
					t.Errorf("batch %d at record %d, behind it the writer's earlier one at %d", id, first, last)
				}
				h.Ack(id, first)
				last = first
			}
		})
	}
	wg.Wait()
	if n := len(h.Acked()); n != writers*batches {
		t.Errorf("%d batches acknowledged, want %d", n, writers*batches)
	}
	mustVerify(t, h, log)
}

func readersFollowAppenders(t *testing.T, open Factory) {
	const writers, batches, readers = 4, 50, 3
	log := mustOpen(t, open)
	total := eventlog.Offset(0)
	for id := range writers * batches {
		total += eventlog.Offset(len(Batch(id)))
	}
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			if err := follow(t.Context(), log, total); err != nil {
				t.Error(err)
			}
		})
	}
	for w := range writers {
		wg.Go(func() {
			for b := range batches {
				if _, err := log.Append(t.Context(), Batch(w*batches+b)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// follow reads a growing log until it has seen every record up to total once.
func follow(ctx context.Context, log eventlog.Log, total eventlog.Offset) error {
	next := eventlog.Offset(1)
	for next <= total {
		if err := log.Wait(ctx, next); err != nil {
			return fmt.Errorf("wait for record %d: %w", next, err)
		}
		before := next
		err := log.Read(ctx, next, func(r eventlog.Record) error {
			if r.Offset != next {
				return fmt.Errorf("record %d where %d was due", r.Offset, next)
			}
			next++
			return nil
		})
		if err != nil || next == before {
			return fmt.Errorf("read on from record %d reached %d: %w", before, next, err)
		}
	}
	return nil
}
