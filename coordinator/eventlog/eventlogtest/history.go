package eventlogtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// Batch returns the records of batch number id. They are told by the number
// alone, so that a verifier in another process knows what to look for: one to
// seven records of 60 to 400 bytes, each unlike any other.
func Batch(id int) [][]byte {
	records := make([][]byte, 1+id%7)
	for i := range records {
		records[i] = fmt.Appendf(nil, "%d/%d/%d/", id, i, len(records))
		padding := 60 + (id*131+i*17)%340
		records[i] = append(records[i], bytes.Repeat([]byte{byte('a' + (id+i)%26)}, padding)...)
	}
	return records
}

// History is what a test knows about the batches given to a log: which were
// tried, and which were acknowledged at which offset. It is safe for concurrent
// use.
type History struct {
	mu    sync.Mutex
	tried map[int]bool
	acked map[int]eventlog.Offset
	// trimming is the greatest offset that the log was to be trimmed to, trimmed the
	// greatest of those that it acknowledged.
	trimming, trimmed eventlog.Offset
}

// NewHistory returns an empty History.
func NewHistory() *History {
	return &History{tried: make(map[int]bool), acked: make(map[int]eventlog.Offset)}
}

// Append appends batch id to the log and notes what came of it.
func (h *History) Append(ctx context.Context, log eventlog.Log, id int) error {
	h.Try(id)
	first, err := log.Append(ctx, Batch(id))
	if err != nil {
		return err
	}
	h.Ack(id, first)
	return nil
}

// Try notes that batch id was given to the log: it may be there.
func (h *History) Try(id int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tried[id] = true
}

// Ack notes that the log acknowledged batch id at first: it must be there.
func (h *History) Ack(id int, first eventlog.Offset) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tried[id] = true
	h.acked[id] = first
}

// Trim trims the log and notes what came of it. What it keeps as a base tells the
// offset.
func (h *History) Trim(ctx context.Context, log eventlog.Log, before eventlog.Offset) error {
	h.TryTrim(before)
	if err := log.Trim(ctx, before, BaseOf(before)); err != nil {
		return err
	}
	h.Trimmed(before)
	return nil
}

// Trimmed notes that the log acknowledged that it let go of what is before a record.
func (h *History) Trimmed(before eventlog.Offset) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trimming, h.trimmed = max(h.trimming, before), max(h.trimmed, before)
}

// TryTrim notes that the log was told to let go of what is before a record: it may
// have.
func (h *History) TryTrim(before eventlog.Offset) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trimming = max(h.trimming, before)
}

// BaseOf is what History keeps with a log that begins at a record.
func BaseOf(first eventlog.Offset) []byte {
	if first == 1 {
		return nil
	}
	return fmt.Appendf(nil, "base of record %d", first)
}

// Snapshot returns the history as it is now. What it says was acknowledged must
// survive a crash that comes later.
func (h *History) Snapshot() *History {
	h.mu.Lock()
	defer h.mu.Unlock()
	return &History{tried: maps.Clone(h.tried), acked: maps.Clone(h.acked), trimming: h.trimming, trimmed: h.trimmed}
}

// Acked lists the batches acknowledged, in no order.
func (h *History) Acked() []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.acked))
}

// Verify reads the whole log and holds it against the history: offsets are
// dense, every acknowledged batch stands where it was acknowledged, every other
// batch that was tried stands once and whole or not at all, and nothing else is
// there. Reading from the start also proves the log's own chain. A log that was
// trimmed begins where it was told to, with the base that belongs there.
func (h *History) Verify(ctx context.Context, log eventlog.Log) error {
	first, base := log.Base()
	at, err := batchesOf(ctx, log, first)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if first < max(1, h.trimmed) || first > max(1, h.trimming) || !bytes.Equal(base, BaseOf(first)) {
		return fmt.Errorf("the log begins at record %d with base %q, was trimmed to %d and maybe %d", first, base, h.trimmed, h.trimming)
	}
	if err := log.Read(ctx, first-1, func(eventlog.Record) error { return nil }); first > 1 {
		if gone, ok := errors.AsType[*eventlog.TrimmedError](err); !ok || gone.First != first || gone.From != first-1 {
			return fmt.Errorf("read from record %d of a log that begins at %d: %w", first-1, first, err)
		}
	}
	for id, first := range at {
		if !h.tried[id] {
			return fmt.Errorf("batch %d at record %d was never appended", id, first)
		}
	}
	for id, first := range h.acked {
		if begin, _ := log.Base(); first < begin {
			continue // in the middle of it, or before
		}
		if found, ok := at[id]; !ok || found != first {
			return fmt.Errorf("batch %d was acknowledged at record %d, found at %d (0: not at all)", id, first, found)
		}
	}
	return nil
}

// batchesOf returns at which offset each batch of a log stands that begins at first
// or later.
func batchesOf(ctx context.Context, log eventlog.Log, first eventlog.Offset) (map[int]eventlog.Offset, error) {
	at := make(map[int]eventlog.Offset)
	var open [][]byte // what is missing yet of the batch being read
	next := first
	err := log.Read(ctx, 0, func(r eventlog.Record) error {
		if r.Offset != next {
			return fmt.Errorf("record %d where %d was due", r.Offset, next)
		}
		next++
		if len(open) == 0 {
			id, part, records, err := beginBatch(r)
			if err != nil {
				return err
			}
			if part > 0 && r.Offset == first && first > 1 {
				open = records[part+1:] // the log begins in the middle of a batch
				if !bytes.Equal(r.Data, records[part]) {
					return fmt.Errorf("record %d is %.40q, want %.40q", r.Offset, r.Data, records[part])
				}
				return nil
			}
			if first, twice := at[id]; twice {
				return fmt.Errorf("batch %d at record %d and again at %d", id, first, r.Offset)
			}
			at[id], open = r.Offset, records
		}
		if !bytes.Equal(r.Data, open[0]) {
			return fmt.Errorf("record %d is %.40q, want %.40q", r.Offset, r.Data, open[0])
		}
		open = open[1:]
		return nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("verify log: %w", err)
	case len(open) > 0:
		return nil, fmt.Errorf("verify log: the last batch lacks %d records", len(open))
	case next != log.Last()+1:
		return nil, fmt.Errorf("verify log: read to record %d, Last is %d", next-1, log.Last())
	}
	return at, nil
}

// beginBatch tells from a record which batch stands there, and which record of it
// this is.
func beginBatch(r eventlog.Record) (id, part int, records [][]byte, err error) {
	if _, err := fmt.Sscanf(string(r.Data), "%d/%d/", &id, &part); err != nil || id < 0 || part < 0 || part >= len(Batch(id)) {
		return 0, 0, nil, errors.Join(fmt.Errorf("record %d is no record of a batch: %.40q", r.Offset, r.Data), err)
	}
	return id, part, Batch(id), nil
}
