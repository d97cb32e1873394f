package coordinator

import (
	"context"
	"fmt"
	"io"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/blob"
)

// document is a long text in parts: a block that lists raw blocks, whose
// concatenation it is. A text of one part is a raw block itself.
type document struct {
	V     int              `cbor:"v"`
	Bytes int64            `cbor:"n"`
	Parts []contracts.Link `cbor:"parts"`
}

// partBytes is the length of every part but the last.
const partBytes = 2 << 20

// documentWriter stores a text while it is written, so that no more than a part
// of it is in memory.
type documentWriter struct {
	ctx  context.Context
	to   blob.Store
	doc  document
	part []byte
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
		if w.part == nil && len(b) >= partBytes/32 {
			w.part = make([]byte, 0, partBytes) // it is going to be long
		}
		k := min(len(b), partBytes-len(w.part))
		w.part, b = append(w.part, b[:k]...), b[k:]
	}
	return n, nil
}

// store stores the part in hand, which the store may keep.
func (w *documentWriter) store() error {
	part := blob.Raw(w.part)
	if err := w.to.Put(w.ctx, part); err != nil {
		return err
	}
	w.part, w.doc.Parts = nil, append(w.doc.Parts, contracts.Link{Cid: part.CID})
	return nil
}

// finish returns the block that the text is found by; it is not stored yet.
func (w *documentWriter) finish() (blob.Block, error) {
	if len(w.doc.Parts) == 0 {
		return blob.Raw(append([]byte{}, w.part...)), nil
	}
	if err := w.store(); err != nil {
		return blob.Block{}, err
	}
	w.doc.V = 1
	list, err := dagcbor.Marshal(w.doc)
	if err != nil {
		return blob.Block{}, fmt.Errorf("encode document: %w", err)
	}
	return blob.Node(list), nil
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
	if d.doc.V != 1 {
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
	for _, part := range d.doc.Parts {
		b, err := d.blocks.Get(context.Background(), part.Cid)
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
