package coordinator

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/ipfs/go-cid"
	"github.com/klauspost/compress/s2"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/blob"
)

// document is a long text in parts: a block that lists raw blocks. Each part is a
// block of the S2 format that holds partBytes of the text, the last one what is
// left; in version 1 it was the text itself. A text of up to wholeBytes is a raw
// block, of version 1 one of up to partBytes.
type document struct {
	V     int              `cbor:"v"`
	Bytes int64            `cbor:"n"`
	Parts []contracts.Link `cbor:"parts"`
}

const (
	// partBytes is the length of every part but the last, as text.
	partBytes = 2 << 20
	// wholeBytes is the longest text that is not cut and compressed.
	wholeBytes = 64 << 10
)

// partRoom and packRoom are lent to writers while they write: growing a part by
// doubling copies it twice and clears as much memory again.
var (
	partRoom = sync.Pool{New: func() any { return new([partBytes]byte) }}
	packRoom = sync.Pool{New: func() any { b := make([]byte, s2.MaxEncodedLen(partBytes)); return &b }}
)

// documentWriter stores a text while it is written, so that no more than a part
// of it is in memory. The result of a graph names most units alike: packed it is
// half as long, which saves more time at the disk than packing takes.
type documentWriter struct {
	ctx  context.Context
	to   blob.Store
	doc  document
	part []byte
	room *[partBytes]byte // what part lies in once it is long
}

func (w *documentWriter) Write(b []byte) (int, error) {
	n := len(b)
	w.doc.Bytes += int64(n)
	for len(b) > 0 {
		if len(w.part) == partBytes {
			if err := w.store(); err != nil {
				return 0, err
			}
		}
		k := min(len(b), partBytes-len(w.part))
		if w.room == nil && len(w.part)+k > wholeBytes {
			w.room = partRoom.Get().(*[partBytes]byte)
			w.part = w.room[:copy(w.room[:], w.part)]
		}
		w.part, b = append(w.part, b[:k]...), b[k:]
	}
	return n, nil
}

// store stores the part in hand, packed.
func (w *documentWriter) store() error {
	room := packRoom.Get().(*[]byte)
	part := blob.Raw(bytes.Clone(s2.Encode(*room, w.part))) // the store may keep it
	packRoom.Put(room)
	if err := w.to.Put(w.ctx, part); err != nil {
		return err
	}
	w.part, w.doc.Parts = w.part[:0], append(w.doc.Parts, contracts.Link{Cid: part.CID})
	return nil
}

// finish returns the block that the text is found by; it is not stored yet.
// Nothing may be written afterwards.
func (w *documentWriter) finish() (blob.Block, error) {
	defer w.free()
	if w.room == nil {
		return blob.Raw(append([]byte{}, w.part...)), nil
	}
	if err := w.store(); err != nil {
		return blob.Block{}, err
	}
	w.doc.V = 2
	list, err := dagcbor.Marshal(w.doc)
	if err != nil {
		return blob.Block{}, fmt.Errorf("encode document: %w", err)
	}
	return blob.Node(list), nil
}

// free gives back what was lent. A writer that is not finished is freed.
func (w *documentWriter) free() {
	if w.room != nil {
		partRoom.Put(w.room)
		w.room, w.part = nil, nil
	}
}

// Document is a stored text. It is read when it is written out.
type Document struct {
	blocks blob.Store
	doc    document
	only   []byte // of a text of one part
}

func openDocument(ctx context.Context, from blob.Store, id cid.Cid) (*Document, error) {
	b, err := from.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	d := &Document{blocks: from, only: b, doc: document{Bytes: int64(len(b))}}
	if id.Type() == cid.Raw {
		return d, nil
	}
	d.only, d.doc = nil, document{}
	if err := dagcbor.Unmarshal(b, &d.doc); err != nil {
		return nil, fmt.Errorf("decode document %s: %w", id, err)
	}
	if d.doc.V != 1 && d.doc.V != 2 {
		return nil, contracts.Errorf(contracts.CodeVersionMismatch, id.String(), "document version %d is not supported", d.doc.V)
	}
	return d, nil
}

// Size returns the length of the text in bytes.
func (d *Document) Size() int64 { return d.doc.Bytes }

// WriteTo writes the text out, part by part.
func (d *Document) WriteTo(w io.Writer) (n int64, err error) {
	if d.only != nil {
		k, err := w.Write(d.only)
		return int64(k), err
	}
	room := partRoom.Get().(*[partBytes]byte)
	defer partRoom.Put(room)
	for _, part := range d.doc.Parts {
		b, err := d.part(part.Cid, room)
		if err != nil {
			return n, fmt.Errorf("read part of a document: %w", err)
		}
		k, err := w.Write(b)
		n += int64(k)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// part returns the text of a part, which may lie in room.
func (d *Document) part(id cid.Cid, room *[partBytes]byte) ([]byte, error) {
	b, err := d.blocks.Get(context.Background(), id)
	if err != nil || d.doc.V == 1 {
		return b, err
	}
	if n, err := s2.DecodedLen(b); err != nil || n > partBytes {
		return nil, fmt.Errorf("block %s holds no part, %d bytes of text: %w", id, n, cmp.Or(err, s2.ErrTooLarge))
	}
	return s2.Decode(room[:], b)
}
