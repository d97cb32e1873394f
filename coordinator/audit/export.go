package audit

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
)

// An exported log is this line, the log's UUID and a line end, then every segment
// as it is at rest, each behind its length in four bytes, big-endian. That of a log
// that has let records go has another first line, and before its segments, behind
// eight bytes with the first record that is kept and four with a length, the log's
// base.
const (
	magic        = "krako log 1\n"
	magicTrimmed = "krako log 2\n"
)

// Segments is a log whose segments can be read as they are at rest.
type Segments interface {
	Cluster() string
	Base() (first eventlog.Offset, base []byte)
	ReadSegments(ctx context.Context, from eventlog.Offset, fn func(eventlog.Segment) error) error
}

// Export writes a log to a file, proving it on the way.
func Export(ctx context.Context, log Segments, to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<20)
	first, base := log.Base()
	head := []byte(magic + log.Cluster() + "\n")
	if first > 1 {
		copy(head, magicTrimmed)
		head = binary.BigEndian.AppendUint64(head, uint64(first))
		head = append(binary.BigEndian.AppendUint32(head, uint32(len(base))), base...)
	}
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	err := log.ReadSegments(ctx, first, func(s eventlog.Segment) error {
		encoded, err := eventlog.EncodeSegment(s) // the one encoding, and so the bytes at rest
		if err != nil {
			return err
		}
		if _, err := w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(encoded)))); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		if _, err := w.Write(encoded); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

// Exported is an exported log. It can be read once.
type Exported struct {
	from    *bufio.Reader
	cluster string
	first   eventlog.Offset
	base    []byte
}

// Open reads the head of an exported log.
func Open(from io.Reader) (*Exported, error) {
	r := bufio.NewReaderSize(from, 1<<20)
	head := make([]byte, len(magic)+36+1)
	_, err := io.ReadFull(r, head)
	form := string(head[:len(magic)])
	if err != nil || form != magic && form != magicTrimmed || head[len(head)-1] != '\n' {
		return nil, contracts.Errorf(contracts.CodeValidation, "export", "is no exported log")
	}
	cluster := string(head[len(magic) : len(head)-1])
	if uuid.Validate(cluster) != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, "export", "names no log")
	}
	e := &Exported{from: r, cluster: cluster, first: 1}
	if form == magic {
		return e, nil
	}
	var fixed [12]byte
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, "export", "ends in its head")
	}
	e.first = eventlog.Offset(binary.BigEndian.Uint64(fixed[:]))
	n := binary.BigEndian.Uint32(fixed[8:])
	if e.first == 0 || n > eventlog.MaxBaseBytes {
		return nil, contracts.Errorf(contracts.CodeValidation, "export", "begins at record %d with a base of %d bytes", e.first, n)
	}
	e.base = make([]byte, n)
	if _, err := io.ReadFull(r, e.base); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, "export", "ends in its head")
	}
	return e, nil
}

// Base is the first record of the log that was kept, and what the log has kept of
// those before.
func (e *Exported) Base() (eventlog.Offset, []byte) { return e.first, e.base }

// Cluster is the UUID of the log.
func (e *Exported) Cluster() string { return e.cluster }

// Read calls fn for every record from offset from on and proves the chain.
func (e *Exported) Read(ctx context.Context, from eventlog.Offset, fn func(eventlog.Record) error) error {
	head := eventlog.Genesis()
	if e.first > 1 {
		head.Next = e.first // or somewhat before: what the first segment says is taken on trust
	}
	for entered := e.first == 1; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		encoded, err := e.segment(head.Next)
		if err != nil || encoded == nil {
			return err
		}
		if !entered {
			s, err := eventlog.DecodeSegment(encoded)
			if err != nil || s.First > e.first || s.Last() < e.first {
				return &eventlog.CorruptError{Segment: head.Next, Reason: fmt.Sprintf("it does not hold the record with which the log begins (%v)", err)}
			}
			head, entered = eventlog.Head{Next: s.First, Digest: s.Prev}, true
		}
		s, next, err := head.Verify(e.cluster, encoded)
		if err != nil {
			return err
		}
		if err := s.Each(from, fn); err != nil {
			return err
		}
		head = next
	}
}

// segment returns the next segment, nil at the end.
func (e *Exported) segment(first eventlog.Offset) ([]byte, error) {
	cut := &eventlog.CorruptError{Segment: first, Reason: "the file ends in the middle of it"}
	var size [4]byte
	switch _, err := io.ReadFull(e.from, size[:]); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, cut
	case err != nil:
		return nil, fmt.Errorf("read export: %w", err)
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > eventlog.MaxSegmentBytes {
		return nil, &eventlog.CorruptError{Segment: first, Reason: fmt.Sprintf("it has %d bytes, the most are %d", n, eventlog.MaxSegmentBytes)}
	}
	encoded := make([]byte, n)
	if _, err := io.ReadFull(e.from, encoded); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, cut
	} else if err != nil {
		return nil, fmt.Errorf("read export: %w", err)
	}
	return encoded, nil
}
