package jetstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/internal/blob"
)

// frame is what goes into one message: as many requests as fit.
type frame struct {
	requests []*request
	records  int
	weight   int
	blocks   []blob.Block
	claims   []claim
	size     int // of blocks and claims
}

// fits reports whether a request can join the frame.
func (f *frame) fits(r *request) bool {
	if len(f.requests) == 0 {
		return true // a request by itself is within the limits
	}
	return f.records+len(r.records) <= eventlog.MaxBatchRecords && f.weight+r.weight <= eventlog.MaxBatchBytes && f.size+r.aside() <= maxBlocks
}

func (f *frame) add(r *request) {
	f.requests = append(f.requests, r)
	f.records += len(r.records)
	f.weight += r.weight
	f.blocks = append(f.blocks, r.blocks...)
	f.claims = append(f.claims, r.claims...)
	f.size += r.aside()
}

// aside is about what a request takes in a message beside its records.
func (r *request) aside() (size int) {
	for _, b := range r.blocks {
		size += len(b.Data) + blockOverhead
	}
	for _, c := range r.claims {
		size += c.size()
	}
	return size
}

// commitAll is the committer: it takes everything that waits, appends it message
// by message, and tells the callers of each.
func (db *DB) commitAll() {
	defer close(db.drained)
	for {
		requests := db.queue.take()
		if len(requests) == 0 {
			return
		}
		for len(requests) > 0 {
			var f frame
			for len(requests) > 0 && f.fits(requests[0]) {
				f.add(requests[0])
				requests = requests[1:]
			}
			if err := db.commit(&f); err != nil {
				db.end(err)
				return
			}
			db.queue.land(f.requests)
		}
		if err := db.markSometimes(db.ctx); err != nil {
			db.cfg.Logger.Warn("progress of block copying not kept", "error", err)
		}
	}
}

// commit makes a frame durable.
func (db *DB) commit(f *frame) error {
	packer := eventlog.NewPacker(db.cluster, db.epoch, db.tail.get())
	for _, r := range f.requests {
		if len(r.records) == 0 {
			continue
		}
		first, err := packer.Add(r.records, r.weight)
		if err != nil {
			return fmt.Errorf("%w: %w", eventlog.ErrFailed, err)
		}
		r.first = first
	}
	sealed, head, err := packer.Finish()
	if err != nil {
		return fmt.Errorf("%w: %w", eventlog.ErrFailed, err)
	}
	to := place{next: head.Next, epoch: db.epoch, segment: db.place.segment}
	var segment []byte
	if len(sealed) > 0 {
		segment, to.segment = sealed[0].Encoded, db.place.seq+1
	}
	data, err := encodeBody(segment, f.blocks, f.claims)
	if err != nil {
		return fmt.Errorf("%w: %w", eventlog.ErrFailed, err)
	}
	if err := db.publish(db.ctx, to, data); err != nil {
		return err
	}
	db.tail.set(head, segment)
	return nil
}

// publish appends a message behind the last one and moves the place. It repeats
// what was not answered, until the patience is over. The error is ErrFenced when
// another coordinator has written in its place, or ErrFailed.
func (db *DB) publish(ctx context.Context, to place, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, db.cfg.Patience)
	defer cancel()
	to.seq = db.place.seq + 1
	m := &nats.Msg{Subject: namesOf(db.cfg.Name).subject, Header: to.header(db.lease.owner), Data: data}
	for {
		err := db.try(ctx, m, to.seq)
		if err == nil {
			db.place = to
			return nil
		}
		if errors.Is(err, eventlog.ErrFenced) {
			return err
		}
		db.cfg.Logger.Warn("append not answered, trying again", "message", to.seq, "error", err)
		pause := time.NewTimer(100 * time.Millisecond)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return fmt.Errorf("%w: append message %d: %w (%w)", eventlog.ErrFailed, to.seq, err, context.Cause(ctx))
		}
	}
}

// tryFor bounds one attempt, so that a server that is gone does not use up all of
// the patience.
const tryFor = 5 * time.Second

// try publishes once. After an error that is not ErrFenced the message may be in
// the stream or not, and come into it later.
func (db *DB) try(ctx context.Context, m *nats.Msg, seq uint64) error {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	ack, err := db.js.PublishMsg(ctx, m, jetstream.WithExpectLastSequence(seq-1), jetstream.WithRetryAttempts(1))
	if err == nil {
		if ack.Sequence != seq {
			return fmt.Errorf("%w: message %d was numbered %d", eventlog.ErrFenced, seq, ack.Sequence)
		}
		return nil
	}
	api, ok := errors.AsType[*jetstream.APIError](err)
	if !ok || api.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequence && api.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequenceConstant {
		return err
	}
	// The number is taken: by an earlier attempt of ours, or by somebody else.
	there, looked := db.stream.GetMsg(ctx, seq)
	switch {
	case looked != nil:
		return errors.Join(err, looked)
	case bytes.Equal(there.Data, m.Data) && there.Header.Get(headerWriter) == m.Header.Get(headerWriter):
		return nil
	}
	return fmt.Errorf("%w: message %d is %s's", eventlog.ErrFenced, seq, there.Header.Get(headerWriter))
}
