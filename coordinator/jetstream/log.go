package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
)

// log is the DB as an eventlog.Log.
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

// usable is nil while the DB is neither failed nor closed and ctx not done.
func (db *DB) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return db.Err()
}

// submit queues a request and waits until it has landed.
func (db *DB) submit(ctx context.Context, r *request) error {
	r.landed = make(chan struct{})
	if err := db.enqueue(ctx, r); err != nil {
		return err
	}
	select {
	case <-r.landed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-db.ctx.Done():
		select {
		case <-r.landed: // before the end
			return nil
		default:
			return db.Err()
		}
	}
}

// enqueue queues a request, waiting for room while ctx and the DB last.
func (db *DB) enqueue(ctx context.Context, r *request) error {
	if err := db.usable(ctx); err != nil {
		return err
	}
	both, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(db.ctx, func() { cancel(db.Err()) })()
	return db.queue.put(both, r)
}

func (l *log) Read(ctx context.Context, from eventlog.Offset, fn func(eventlog.Record) error) error {
	from = max(from, 1)
	return l.ReadSegments(ctx, from, func(s eventlog.Segment) error { return s.Each(from, fn) })
}

// ReadSegments is Read for whole segments, the first of which holds from.
func (l *log) ReadSegments(ctx context.Context, from eventlog.Offset, fn func(eventlog.Segment) error) error {
	if err := l.db.usable(ctx); err != nil {
		return err
	}
	end := l.db.tail.get()
	from = max(from, 1)
	if from > end.Last() {
		return nil
	}
	each := func(s eventlog.Segment) error {
		if err := l.db.usable(ctx); err != nil {
			return err
		}
		return fn(s)
	}
	if kept, ok := l.db.tail.since(from); ok {
		return l.db.recite(kept, end, each)
	}
	return l.db.scan(ctx, from, end, each)
}

// recite reads segments that are in memory.
func (db *DB) recite(kept []keptSegment, end eventlog.Head, fn func(eventlog.Segment) error) error {
	for _, k := range kept {
		if k.before.Next >= end.Next {
			return nil
		}
		s, _, err := k.before.Verify(db.cluster, k.encoded)
		if err == nil {
			err = fn(s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// scan reads segments from the servers, proving each and that they end in end.
func (db *DB) scan(ctx context.Context, from eventlog.Offset, end eventlog.Head, fn func(eventlog.Segment) error) error {
	seq, err := db.find(ctx, from)
	if err != nil {
		return err
	}
	head := eventlog.Genesis()
	entered := from == 1
	return db.messages(ctx, seq, func(m jetstream.Msg, _ uint64) error {
		encoded, _, _, err := decodeBody(m.Data())
		if err != nil {
			return &eventlog.CorruptError{Segment: head.Next, Reason: err.Error()}
		}
		if len(encoded) == 0 {
			return nil
		}
		if !entered {
			// The first segment of a read in the middle is taken on trust for what
			// it says of the one before.
			first, err := eventlog.DecodeSegment(encoded)
			if err != nil {
				return &eventlog.CorruptError{Segment: from, Reason: err.Error()}
			}
			head, entered = eventlog.Head{Next: first.First, Digest: first.Prev}, true
		}
		s, next, err := head.Verify(db.cluster, encoded)
		if err != nil {
			return err
		}
		head = next
		if err := fn(s); err != nil {
			return err
		}
		if head.Next < end.Next {
			return nil
		}
		if head != end {
			return &eventlog.CorruptError{Segment: s.First, Reason: "it is not the one that was written last"}
		}
		return errEnough
	})
}

// errEnough ends a walk over messages that has found what it looked for.
var errEnough = errors.New("enough")

// find returns the sequence number of the message whose segment holds a record.
func (db *DB) find(ctx context.Context, from eventlog.Offset) (uint64, error) {
	var info *jetstream.StreamInfo
	err := db.retry(ctx, "look at stream", func() (err error) {
		info, err = db.stream.Info(ctx)
		return err
	})
	if err != nil {
		return 0, err
	}
	low := uint64(1)
	for high := info.State.LastSeq; low < high && from > 1; {
		middle := (low + high) / 2
		var m *jetstream.RawStreamMsg
		err := db.retry(ctx, fmt.Sprintf("read message %d", middle), func() (err error) {
			m, err = db.stream.GetMsg(ctx, middle)
			return err
		})
		if err != nil {
			return 0, err
		}
		at, err := placeOf(middle, m.Header)
		if err != nil {
			return 0, err
		}
		if at.next > from {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, nil
}

// consumerIdle is when the servers forget a reader that is gone.
const consumerIdle = 30 * time.Second

// messages calls fn for messages from seq on, in order, until it returns an error;
// errEnough is none. Where the servers stop answering it goes on behind the last
// message that fn has had, until ctx or the DB ends.
func (db *DB) messages(ctx context.Context, seq uint64, fn func(m jetstream.Msg, seq uint64) error) error {
	err := db.retry(ctx, "read stream", func() error { return db.stretch(ctx, &seq, fn) })
	if err == errEnough {
		return nil
	}
	return err
}

// stretch is messages for as long as one reader lasts; seq is the next message. A reader
// that would begin again by itself, for ever and in silence, is let go instead.
func (db *DB) stretch(ctx context.Context, seq *uint64, fn func(m jetstream.Msg, seq uint64) error) error {
	c, err := db.stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: *seq, InactiveThreshold: consumerIdle, MaxResetAttempts: 1,
	})
	if err != nil {
		return err
	}
	it, err := c.Messages(jetstream.PullMaxBytes(4 << 20))
	if err != nil {
		return err
	}
	defer it.Stop()
	defer context.AfterFunc(ctx, it.Stop)()
	defer context.AfterFunc(db.ctx, it.Stop)()
	for {
		m, err := it.Next()
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if meta.Sequence.Stream != *seq {
			return &eventlog.CorruptError{Reason: fmt.Sprintf("message %d is missing, the next is %d", *seq, meta.Sequence.Stream)}
		}
		if err := fn(m, *seq); err != nil {
			return final{err}
		}
		*seq++
	}
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
		case <-l.db.ctx.Done():
		}
	}
}

// Trim implements eventlog.Log by keeping everything: blocks and claims travel in the
// same messages as records, other coordinators fill their stores from them, and a
// stream that denies deletion to all cannot make an exception for us.
func (l *log) Trim(ctx context.Context, _ eventlog.Offset, _ []byte) error {
	if err := l.db.usable(ctx); err != nil {
		return err
	}
	return contracts.Errorf(contracts.CodeUnsupported, "log "+l.db.cfg.Name, "a shared log keeps every record: its stream must never forget")
}

// Base implements eventlog.Log.
func (l *log) Base() (eventlog.Offset, []byte) { return 1, nil }

func (l *log) Last() eventlog.Offset { return l.db.tail.get().Last() }

func (l *log) Cluster() string { return l.db.cluster }

func (l *log) Epoch() uint64 { return l.db.epoch }

func (l *log) Close() error { return l.db.Close() }
