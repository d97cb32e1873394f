package pebblelog

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// Segments at rest. Each is kept behind its own digest, so that damage is found
// in the segment that has it and not in the one after, and found in the last one
// too.

// findHead proves the last segment and returns where the log ends.
func (db *DB) findHead() (head eventlog.Head, err error) {
	it, err := db.segments()
	if err != nil {
		return head, err
	}
	defer closeIter(it, &err)
	if !it.Last() {
		return eventlog.Genesis(), db.empty(it)
	}
	first := segmentOfKey(it.Key())
	encoded, err := unwrap(it, first)
	if err != nil {
		return head, err
	}
	_, head, err = eventlog.Enter(db.cluster, first, encoded)
	return head, err
}

// empty says why there is no segment at all: a log that was trimmed keeps its last.
func (db *DB) empty(it *pebble.Iterator) error {
	if begin := db.begin.Load(); begin.First > 1 {
		return missing(it, begin.Head.Next)
	}
	return broken(it.Error(), 1)
}

// scan calls fn for every segment from the one that holds from to end, proving
// each before and that they end in end. The iterator is a snapshot: it keeps
// tables alive that were there at the call, and blocks nobody. Where the log begins
// is looked up behind it: that is moved before segments go (Trim).
func (db *DB) scan(from eventlog.Offset, end eventlog.Head, fn func(eventlog.Offset, eventlog.Segment) error) (err error) {
	it, err := db.segments()
	if err != nil {
		return err
	}
	defer closeIter(it, &err)
	if from, err = db.begin.Load().From(from); err != nil || from > end.Last() {
		return err
	}
	if !it.SeekLT(segmentKey(from + 1)) {
		return missing(it, 1)
	}
	s, head, err := db.begins(it)
	for {
		if err != nil {
			return err
		}
		if err := fn(from, s); err != nil {
			return err
		}
		if head.Next >= end.Next {
			break
		}
		if !it.Next() {
			return missing(it, head.Next)
		}
		s, head, err = db.follow(it, head)
	}
	if head != end {
		return &eventlog.CorruptError{Segment: s.First, Reason: "it is not the one that was written last"}
	}
	return nil
}

// begins proves the segment under the iterator as far as can be without those
// before it: that with which the log begins follows what was let go.
func (db *DB) begins(it *pebble.Iterator) (eventlog.Segment, eventlog.Head, error) {
	first := segmentOfKey(it.Key())
	if head := db.begin.Load().Head; first == head.Next {
		return db.follow(it, head)
	}
	encoded, err := unwrap(it, first)
	if err != nil {
		return eventlog.Segment{}, eventlog.Head{}, err
	}
	return eventlog.Enter(db.cluster, first, encoded)
}

// follow proves that the segment under the iterator is the one behind head.
func (db *DB) follow(it *pebble.Iterator, head eventlog.Head) (eventlog.Segment, eventlog.Head, error) {
	if segmentOfKey(it.Key()) != head.Next {
		return eventlog.Segment{}, head, missing(it, head.Next)
	}
	encoded, err := unwrap(it, head.Next)
	if err != nil {
		return eventlog.Segment{}, head, err
	}
	return head.Verify(db.cluster, encoded)
}

// segments iterates over the segments.
func (db *DB) segments() (*pebble.Iterator, error) {
	return db.pebble.NewIter(&pebble.IterOptions{
		LowerBound: []byte{spaceSegment},
		UpperBound: []byte{spaceSegment + 1},
	})
}

// closeIter closes an iterator; its error counts if there was none before.
func closeIter(it *pebble.Iterator, err *error) {
	if closed := it.Close(); *err == nil {
		*err = closed
	}
}

// unwrap returns the encoded segment under the iterator, held against its digest.
// The bytes are valid until the iterator moves.
func unwrap(it *pebble.Iterator, first eventlog.Offset) ([]byte, error) {
	value, err := it.ValueAndErr()
	if err != nil {
		return nil, broken(err, first)
	}
	digest := eventlog.Digest{}
	if len(value) < len(digest) {
		return nil, &eventlog.CorruptError{Segment: first, Reason: "it is shorter than its digest"}
	}
	encoded := value[copy(digest[:], value):]
	if got := eventlog.DigestOf(encoded); got != digest {
		return nil, &eventlog.CorruptError{Segment: first, Reason: fmt.Sprintf("its digest is %s, want %s", got, digest)}
	}
	return encoded, nil
}

// missing says why there is no segment where first should begin.
func missing(it *pebble.Iterator, first eventlog.Offset) error {
	if err := it.Error(); err != nil {
		return broken(err, first)
	}
	return &eventlog.CorruptError{Segment: first, Reason: "it is missing"}
}

// broken puts pebble's finding of damage into the log's terms.
func broken(err error, first eventlog.Offset) error {
	if err == nil {
		return nil
	}
	if pebble.IsCorruptionError(err) {
		return &eventlog.CorruptError{Segment: first, Reason: err.Error()}
	}
	return fmt.Errorf("read segment %d: %w", first, err)
}
