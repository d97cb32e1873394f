package pebblelog

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// commitBytes is about how much one commit takes from the queue: eight full
// segments, a few milliseconds of writing.
const commitBytes = 4 << 20

// commitAll is the committer, the one goroutine that writes: it takes everything
// that waits, commits it with one sync, tells the callers, and begins again. It
// ends when the queue is closed and empty; when the DB has failed it may stay
// frozen in a commit for ever.
func (db *DB) commitAll() {
	defer close(db.drained)
	for {
		requests := db.queue.take(commitBytes)
		if len(requests) == 0 {
			return
		}
		head, sealed, err := db.commit(requests)
		if err != nil {
			db.failure.fail(err)
		}
		if db.failure.err() != nil {
			return
		}
		db.tail.set(head, sealed)
		db.queue.land(requests)
		db.space.measure()
	}
}

// commit makes requests durable, all or none of them, and returns where the log
// ends then and the segments that it wrote.
func (db *DB) commit(requests []*request) (eventlog.Head, []eventlog.Sealed, error) {
	sealed, head, err := db.pack(requests)
	if err != nil {
		return head, nil, err
	}
	batch := db.pebble.NewBatchWithSize(batchSize(requests))
	for _, s := range sealed {
		op := batch.SetDeferred(len(segmentKey(0)), len(s.Digest)+len(s.Encoded))
		copy(op.Key, segmentKey(s.First))
		copy(op.Value[copy(op.Value, s.Digest[:]):], s.Encoded)
		if err := op.Finish(); err != nil {
			return head, nil, fmt.Errorf("write segment %d: %w", s.First, err)
		}
	}
	for _, r := range requests {
		if r.until == nil {
			continue
		}
		if err := batch.DeleteRange([]byte{spaceSegment}, r.until, nil); err != nil {
			return head, nil, fmt.Errorf("trim: %w", err)
		}
	}
	for _, p := range inOrder(requests) {
		if err := write(batch, p); err != nil {
			return head, nil, fmt.Errorf("write key %q: %w", p.key, err)
		}
	}
	if err := batch.Commit(pebble.Sync); err != nil {
		return head, nil, fmt.Errorf("commit: %w", err)
	}
	return head, sealed, batch.Close()
}

// inOrder returns the pairs of requests by key: neighbours find their place in
// pebble's table of recent writes from one another. Of equal keys the last one
// written counts, so that they keep their order.
func inOrder(requests []*request) []*pair {
	n := 0
	for _, r := range requests {
		n += len(r.pairs)
	}
	pairs := make([]*pair, 0, n)
	for _, r := range requests {
		for i := range r.pairs {
			pairs = append(pairs, &r.pairs[i])
		}
	}
	slices.SortStableFunc(pairs, func(a, b *pair) int { return bytes.Compare(a.key, b.key) })
	return pairs
}

// pack puts the records of requests into segments behind the log's end and notes
// in each request where they stand.
func (db *DB) pack(requests []*request) ([]eventlog.Sealed, eventlog.Head, error) {
	packer := eventlog.NewPacker(db.cluster, db.epoch, db.tail.get())
	for _, r := range requests {
		if len(r.records) == 0 {
			continue
		}
		first, err := packer.Add(r.records, r.weight)
		if err != nil {
			return nil, eventlog.Head{}, err
		}
		r.first = first
	}
	return packer.Finish()
}

func write(batch *pebble.Batch, p *pair) error {
	if p.delete {
		return batch.Delete(p.key, nil)
	}
	return batch.Set(p.key, p.value, nil)
}

// batchSize is a good guess at the bytes of a pebble batch.
func batchSize(requests []*request) int {
	size := 4 << 10
	for _, r := range requests {
		size += int(r.room)
	}
	return size
}
