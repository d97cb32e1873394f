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
// as it is at rest, each behind its length in four bytes, big-endian.
const magic = "krako log 1\n"

// Segments is a log whose segments can be read as they are at rest.
type Segments interface {
	Cluster() string
	ReadSegments(ctx context.Context, from eventlog.Offset, fn func(eventlog.Segment) error) error
}

// Export writes a log to a file, proving it on the way.
func Export(ctx context.Context, log Segments, to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<20)
	if _, err := w.WriteString(magic + log.Cluster() + "\n"); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	err := log.ReadSegments(ctx, 1, func(s eventlog.Segment) error {
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
}

// Open reads the head of an exported log.
func Open(from io.Reader) (*Exported, error) {
	r := bufio.NewReaderSize(from, 1<<20)
	head := make([]byte, len(magic)+36+1)
	if _, err := io.ReadFull(r, head); err != nil || string(head[:len(magic)]) != magic || head[len(head)-1] != '\n' {
		return nil, contracts.Errorf(contracts.CodeValidation, "export", "is no exported log")
	}
	cluster := string(head[len(magic) : len(head)-1])
	if uuid.Validate(cluster) != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, "export", "names no log")
	}
	return &Exported{from: r, cluster: cluster}, nil
}

// Cluster is the UUID of the log.
func (e *Exported) Cluster() string { return e.cluster }

// Read calls fn for every record from offset from on and proves the chain.
func (e *Exported) Read(ctx context.Context, from eventlog.Offset, fn func(eventlog.Record) error) error {
	head := eventlog.Genesis()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		encoded, err := e.segment(head.Next)
		if err != nil || encoded == nil {
			return err
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
