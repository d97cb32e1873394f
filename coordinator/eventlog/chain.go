package eventlog

import "fmt"

// Head is a position in a log between two segments: all that is needed to write
// the next one, or to tell whether what was read is the next one. The zero Head
// is not valid; Genesis is the first.
type Head struct {
	Next   Offset // of the record that comes next
	Digest Digest // of the segment before
	Epoch  uint64 // of the segment before: epochs never fall
}

// Genesis is the Head of an empty log.
func Genesis() Head { return Head{Next: 1} }

// Last is the offset of the last record before the Head, 0 if there is none.
func (h Head) Last() Offset { return h.Next - 1 }

// Verify checks that encoded is the next segment of the log and returns it with
// the Head behind it. The error is a *CorruptError that names the segment.
func (h Head) Verify(cluster string, encoded []byte) (Segment, Head, error) {
	s, err := DecodeSegment(encoded)
	if err != nil {
		return Segment{}, h, &CorruptError{Segment: h.Next, Reason: err.Error()}
	}
	if reason := h.mismatch(cluster, s); reason != "" {
		return Segment{}, h, &CorruptError{Segment: h.Next, Reason: reason}
	}
	return s, Head{Next: s.Last() + 1, Digest: DigestOf(encoded), Epoch: s.Epoch}, nil
}

// mismatch says why s is not the segment behind the Head, if it is not.
func (h Head) mismatch(cluster string, s Segment) string {
	switch {
	case s.Cluster != cluster:
		return fmt.Sprintf("it belongs to log %q, not %q", s.Cluster, cluster)
	case s.First != h.Next:
		return fmt.Sprintf("its first record is %d, want %d", s.First, h.Next)
	case s.Prev != h.Digest:
		return fmt.Sprintf("it follows segment %s, want %s", s.Prev, h.Digest)
	case s.Epoch < h.Epoch:
		return fmt.Sprintf("its epoch is %d after %d", s.Epoch, h.Epoch)
	}
	return ""
}

// Enter is Verify for a reader that begins in the middle: it takes the segment
// that begins at first, and what it says of the segment before, on trust.
func Enter(cluster string, first Offset, encoded []byte) (Segment, Head, error) {
	s, err := DecodeSegment(encoded)
	if err != nil {
		return Segment{}, Head{}, &CorruptError{Segment: first, Reason: err.Error()}
	}
	return Head{Next: first, Digest: s.Prev}.Verify(cluster, encoded)
}

// Sealed is an encoded segment on its way to the disk.
type Sealed struct {
	First   Offset
	Digest  Digest
	Encoded []byte
}

// Packer groups batches into segments behind a Head, as few as the limits allow
// and never splitting a batch. It is used by one goroutine.
type Packer struct {
	cluster string
	epoch   uint64
	head    Head // behind the sealed segments

	events [][]byte // of the open segment
	size   int
	sealed []Sealed
}

// NewPacker returns a Packer that continues at head as the writer of epoch.
func NewPacker(cluster string, epoch uint64, head Head) *Packer {
	return &Packer{cluster: cluster, epoch: epoch, head: head}
}

// Add takes a batch that BatchSize has measured and returns the offset of its
// first record.
func (p *Packer) Add(records [][]byte, size int) (Offset, error) {
	if len(p.events)+len(records) > MaxBatchRecords || p.size+size > MaxBatchBytes {
		if err := p.seal(); err != nil {
			return 0, err
		}
	}
	first := p.head.Next + Offset(len(p.events))
	p.events = append(p.events, records...)
	p.size += size
	return first, nil
}

// Finish returns the segments of all batches added and the Head behind them.
func (p *Packer) Finish() ([]Sealed, Head, error) {
	if err := p.seal(); err != nil {
		return nil, Head{}, err
	}
	return p.sealed, p.head, nil
}

// seal encodes the open segment, if there is one.
func (p *Packer) seal() error {
	if len(p.events) == 0 {
		return nil
	}
	s := Segment{Cluster: p.cluster, Epoch: p.epoch, First: p.head.Next, Prev: p.head.Digest, Events: p.events}
	encoded, err := EncodeSegment(s)
	if err != nil {
		return err
	}
	digest := DigestOf(encoded)
	p.sealed = append(p.sealed, Sealed{First: s.First, Digest: digest, Encoded: encoded})
	p.head = Head{Next: s.Last() + 1, Digest: digest, Epoch: p.epoch}
	p.events, p.size = p.events[:0], 0
	return nil
}
