package eventlog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// Limits of a segment, and so of a batch: because a batch is atomic and a
// segment is what every backend can write atomically, a batch is never split.
// 512 KiB stays under the usual message bound of a replicated log (1 MiB).
const (
	MaxBatchRecords = 512
	MaxSegmentBytes = 512 << 10
	// MaxBatchBytes bounds the result of BatchSize.
	MaxBatchBytes = MaxSegmentBytes - maxHeader

	maxHeader      = 256 // everything in a segment but its events, generously
	recordOverhead = 5   // the longest CBOR head of one event
	maxCluster     = 64  // a UUID is 36
)

const (
	segmentVersion = 1
	segmentFields  = 6
)

// Digest is the SHA-256 digest of an encoded segment. The zero Digest stands
// before the first segment.
type Digest [sha256.Size]byte

// DigestOf digests an encoded segment.
func DigestOf(encoded []byte) Digest { return sha256.Sum256(encoded) }

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Segment is what a log is made of at rest: consecutive records of one writer
// and a link to the segment before. Encoded it is the strict DAG-CBOR map
// {v: 1, cluster, epoch, first, prev, events},
// written by hand in canonical order: by the length of names, then by bytes.
type Segment struct {
	Cluster string   // the log's UUID
	Epoch   uint64   // of the writer
	First   Offset   // of Events[0]
	Prev    Digest   // of the segment before, encoded
	Events  [][]byte // 1 to MaxBatchRecords records, none of them empty
}

// Last is the offset of the segment's last record.
func (s Segment) Last() Offset { return s.First + Offset(len(s.Events)) - 1 }

// Each calls fn for the segment's records from offset from on, until fn returns
// an error.
func (s Segment) Each(from Offset, fn func(Record) error) error {
	for i, data := range s.Events {
		offset := s.First + Offset(i)
		if offset < from {
			continue
		}
		if err := fn(Record{Offset: offset, Data: data}); err != nil {
			return err
		}
	}
	return nil
}

// BatchSize returns the bytes that a batch takes in a segment. The error is a
// VALIDATION_ERROR naming the record at fault: a batch holds 1 to
// MaxBatchRecords records, none of them empty, and MaxBatchBytes at most.
func BatchSize(records [][]byte) (int, error) {
	if len(records) == 0 || len(records) > MaxBatchRecords {
		return 0, contracts.Errorf(contracts.CodeValidation, "records",
			"batch of %d records, want 1 to %d", len(records), MaxBatchRecords)
	}
	size := 0
	for i, r := range records {
		size += len(r) + recordOverhead
		if len(r) == 0 || size > MaxBatchBytes {
			return 0, contracts.Errorf(contracts.CodeValidation, fmt.Sprintf("records[%d]", i),
				"record of %d bytes brings the batch to %d, want records of at least 1 byte and %d in all",
				len(r), size, MaxBatchBytes)
		}
	}
	return size, nil
}

// EncodeSegment returns the one encoding of a segment within the limits.
func EncodeSegment(s Segment) ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("encode segment %d: %w", s.First, err)
	}
	size := maxHeader
	for _, e := range s.Events {
		size += recordOverhead + len(e)
	}
	b := dagcbor.AppendMap(make([]byte, 0, size), segmentFields)
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "v"), segmentVersion)
	b = dagcbor.AppendBytes(dagcbor.AppendText(b, "prev"), s.Prev[:])
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "epoch"), s.Epoch)
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "first"), uint64(s.First))
	b = dagcbor.AppendArray(dagcbor.AppendText(b, "events"), len(s.Events))
	for _, e := range s.Events {
		b = dagcbor.AppendBytes(b, e)
	}
	b = dagcbor.AppendText(dagcbor.AppendText(b, "cluster"), s.Cluster)
	if err := dagcbor.Check(b); err != nil {
		return nil, fmt.Errorf("encode segment %d: %w", s.First, err)
	}
	return b, nil
}

// DecodeSegment reads an encoded segment. It accepts exactly what EncodeSegment
// returns, and its result shares no memory with b. It does not check the
// segment's place in a chain; Head.Verify does.
func DecodeSegment(b []byte) (Segment, error) {
	if len(b) > MaxSegmentBytes {
		return Segment{}, fmt.Errorf("decode segment: %d bytes exceed %d", len(b), MaxSegmentBytes)
	}
	r := dagcbor.NewReader(bytes.Clone(b))
	m := r.Map()
	m.Must("v")
	version := r.Uint()
	m.Must("prev")
	prev := r.View()
	m.Must("epoch")
	s := Segment{Epoch: r.Uint()}
	m.Must("first")
	s.First = Offset(r.Uint())
	m.Must("events")
	n := r.Array(dagcbor.MaxItems)
	s.Events = make([][]byte, 0, min(n, MaxBatchRecords))
	for i := 0; i < n && r.Err() == nil; i++ {
		s.Events = append(s.Events, r.View())
	}
	m.Must("cluster")
	s.Cluster = r.Text()
	m.End()
	if err := r.Done(); err != nil {
		return Segment{}, fmt.Errorf("decode segment: %w", err)
	}
	if version != segmentVersion {
		return Segment{}, fmt.Errorf("decode segment: version %d, want %d", version, segmentVersion)
	}
	if len(prev) != sha256.Size {
		return Segment{}, fmt.Errorf("decode segment: prev of %d bytes, want %d", len(prev), sha256.Size)
	}
	s.Prev = Digest(prev)
	if err := s.check(); err != nil {
		return Segment{}, fmt.Errorf("decode segment: %w", err)
	}
	return s, nil
}

// check holds a segment against the limits.
func (s Segment) check() error {
	if _, err := BatchSize(s.Events); err != nil {
		return err
	}
	switch {
	case s.Cluster == "" || len(s.Cluster) > maxCluster:
		return fmt.Errorf("cluster of %d bytes, want 1 to %d", len(s.Cluster), maxCluster)
	case s.Epoch == 0:
		return fmt.Errorf("epoch 0")
	case s.First == 0 || s.Last() < s.First:
		return fmt.Errorf("first record %d", s.First)
	case s.First == 1 && s.Prev != Digest{}:
		return fmt.Errorf("a segment before the first record")
	}
	return nil
}
