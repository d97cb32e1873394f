package pebblelog

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// Trimming is one commit like any other: it takes the segments before the one that
// holds the first record to be kept out of the key space, and writes down where the
// log begins now. Pebble gives the disk back when it next rewrites those tables.

// Trim implements eventlog.Log.
func (l *log) Trim(ctx context.Context, before eventlog.Offset, base []byte) error {
	db := l.db
	if err := db.enter(ctx); err != nil {
		return err
	}
	defer db.gate.leave()
	if err := eventlog.CheckTrim(before, l.Last(), base); err != nil {
		return err
	}
	db.trimming.Lock()
	defer db.trimming.Unlock()
	if before <= db.begin.Load().First {
		return nil
	}
	begin := eventlog.Beginning{First: before, Base: bytes.Clone(base)}
	var err error
	if begin.Head, err = db.headBefore(before); err != nil {
		return err
	}
	// From now on nobody begins to read before it; see scan.
	was := db.begin.Swap(&begin)
	r := &request{pairs: []pair{{key: keyBegin, value: encodeBeginning(&begin)}}, until: segmentKey(begin.Head.Next), landed: make(chan struct{})}
	if err := db.enqueue(ctx, r); err != nil {
		db.begin.Store(was) // nothing is written
		return err
	}
	return db.await(ctx, r)
}

// Base implements eventlog.Log.
func (l *log) Base() (eventlog.Offset, []byte) {
	b := l.db.begin.Load()
	return b.First, bytes.Clone(b.Base)
}

// headBefore proves the segment that holds a record and returns the head before it.
func (db *DB) headBefore(at eventlog.Offset) (head eventlog.Head, err error) {
	it, err := db.segments()
	if err != nil {
		return head, err
	}
	defer closeIter(it, &err)
	if !it.SeekLT(segmentKey(at + 1)) {
		return head, missing(it, at)
	}
	s, _, err := db.begins(it)
	return eventlog.Head{Next: s.First, Digest: s.Prev}, err
}

// encodeBeginning is the first record kept, where its segment begins, both 8 bytes,
// big-endian, the digest of the segment before, and the base.
func encodeBeginning(b *eventlog.Beginning) []byte {
	out := binary.BigEndian.AppendUint64(nil, uint64(b.First))
	out = binary.BigEndian.AppendUint64(out, uint64(b.Head.Next))
	return append(append(out, b.Head.Digest[:]...), b.Base...)
}

// recallBeginning reads where the log begins.
func (db *DB) recallBeginning() error {
	begin := &eventlog.Beginning{First: 1, Head: eventlog.Genesis()}
	value, err := db.value(keyBegin)
	if err != nil {
		return err
	}
	if value != nil {
		const fixed = 8 + 8 + len(eventlog.Digest{})
		if len(value) < fixed {
			return errors.New("the store has lost where its log begins")
		}
		begin.First = eventlog.Offset(binary.BigEndian.Uint64(value))
		begin.Head.Next = eventlog.Offset(binary.BigEndian.Uint64(value[8:]))
		copy(begin.Head.Digest[:], value[16:])
		if len(value) > fixed {
			begin.Base = value[fixed:]
		}
		if begin.Head.Next == 0 || begin.First < begin.Head.Next {
			return fmt.Errorf("the store says that its log begins at record %d in a segment that begins at %d", begin.First, begin.Head.Next)
		}
	}
	db.begin.Store(begin)
	return nil
}
