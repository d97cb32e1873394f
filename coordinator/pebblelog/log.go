package pebblelog

import (
	"context"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// log is the DB as an eventlog.Log. It is never fenced: the directory's lock
// keeps a second writer out.
type log struct{ db *DB }

var _ eventlog.Log = (*log)(nil)

func (l *log) Append(ctx context.Context, records [][]byte) (eventlog.Offset, error) {
	weight, err := eventlog.BatchSize(records)
	if err != nil {
		return 0, err
	}
	r := &request{records: records, weight: weight}
	if err := l.db.submit(ctx, r); err != nil {
		return 0, err
	}
	return r.first, nil
}

func (l *log) Read(ctx context.Context, from eventlog.Offset, fn func(eventlog.Record) error) error {
	return l.read(ctx, from, func(from eventlog.Offset, s eventlog.Segment) error { return s.Each(from, fn) })
}

// ReadSegments is Read for whole segments, the first of which holds from.
func (l *log) ReadSegments(ctx context.Context, from eventlog.Offset, fn func(eventlog.Segment) error) error {
	return l.read(ctx, from, func(_ eventlog.Offset, s eventlog.Segment) error { return fn(s) })
}

// read calls fn for segments, and with where the read begins.
func (l *log) read(ctx context.Context, from eventlog.Offset, fn func(eventlog.Offset, eventlog.Segment) error) error {
	if err := l.db.enter(ctx); err != nil {
		return err
	}
	defer l.db.gate.leave()
	begin, err := l.db.begin.Load().From(from)
	if err != nil {
		return err
	}
	if recent, ok := l.db.tail.since(begin); ok {
		return l.again(ctx, begin, recent, fn)
	}
	return l.db.scan(from, l.db.tail.get(), func(from eventlog.Offset, s eventlog.Segment) error {
		if err := l.db.usable(ctx); err != nil {
			return err
		}
		return fn(from, s)
	})
}

// again calls fn with segments that were written a moment ago.
func (l *log) again(ctx context.Context, from eventlog.Offset, recent []eventlog.Sealed, fn func(eventlog.Offset, eventlog.Segment) error) error {
	for _, sealed := range recent {
		if err := l.db.usable(ctx); err != nil {
			return err
		}
		s, err := eventlog.DecodeSegment(sealed.Encoded)
		if err != nil {
			return &eventlog.CorruptError{Segment: sealed.First, Reason: err.Error()}
		}
		if err := fn(from, s); err != nil {
			return err
		}
	}
	return nil
}

func (l *log) Wait(ctx context.Context, from eventlog.Offset) error {
	for {
		if err := l.db.usable(ctx); err != nil {
			return err
		}
		last, grown := l.db.tail.look()
		if last >= from {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
		case <-l.db.gate.shut:
		case <-l.db.failure.done():
		}
	}
}

func (l *log) Last() eventlog.Offset { return l.db.tail.get().Last() }

func (l *log) Cluster() string { return l.db.cluster }

func (l *log) Epoch() uint64 { return l.db.epoch }

func (l *log) Close() error { return l.db.Close() }
