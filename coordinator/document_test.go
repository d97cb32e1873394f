package coordinator

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/klauspost/compress/s2"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/blob"
)

func TestDocumentIsWhatWasWritten(t *testing.T) {
	for _, n := range []int{0, 1, wholeBytes, wholeBytes + 1, partBytes - 1, partBytes, 2*partBytes + 7} {
		store := blob.NewMemory(blob.MemoryOptions{MaxBytes: 64 << 20})
		want := someText(n)
		w := documentWriter{ctx: t.Context(), to: store}
		for chunk := range slices.Chunk(want, 100_003) {
			if _, err := w.Write(chunk); err != nil {
				t.Fatal(err)
			}
		}
		found, err := w.finish()
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Data) > wholeBytes {
			t.Errorf("%d bytes: found by a block of %d", n, len(found.Data))
		}
		if got := readDocument(t, store, found); !bytes.Equal(got, want) {
			t.Errorf("%d bytes: read %d others", n, len(got))
		}
	}
}

func TestDocumentOfTheFirstVersionIsRead(t *testing.T) {
	store := blob.NewMemory(blob.MemoryOptions{MaxBytes: 64 << 20})
	want := someText(partBytes + 5)
	doc := document{V: 1, Bytes: int64(len(want))}
	for chunk := range slices.Chunk(want, partBytes) {
		doc.Parts = append(doc.Parts, putRaw(t, store, chunk))
	}
	if got := readDocument(t, store, listOf(t, doc)); !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, want %d", len(got), len(want))
	}
}

func TestDocumentWithAPartTooLongIsRefused(t *testing.T) {
	store := blob.NewMemory(blob.MemoryOptions{MaxBytes: 64 << 20})
	long := s2.Encode(nil, make([]byte, partBytes+1))
	found := listOf(t, document{V: 2, Bytes: partBytes + 1, Parts: []contracts.Link{putRaw(t, store, long)}})
	if err := store.Put(t.Context(), found); err != nil {
		t.Fatal(err)
	}
	d, err := openDocument(t.Context(), store, found.CID)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := d.WriteTo(&bytes.Buffer{}); n != 0 || !errors.Is(err, s2.ErrTooLarge) {
		t.Errorf("wrote %d bytes, %v, want %v", n, err, s2.ErrTooLarge)
	}
}

// someText returns n bytes that repeat one another now and then.
func someText(n int) []byte {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(i * 7919 >> 8)
	}
	return text
}

func putRaw(t *testing.T, store blob.Store, data []byte) contracts.Link {
	t.Helper()
	b := blob.Raw(data)
	if err := store.Put(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return contracts.Link{Cid: b.CID}
}

func listOf(t *testing.T, doc document) blob.Block {
	t.Helper()
	list, err := dagcbor.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return blob.Node(list)
}

// readDocument stores the block that a document is found by and reads it.
func readDocument(t *testing.T, store blob.Store, found blob.Block) []byte {
	t.Helper()
	if err := store.Put(t.Context(), found); err != nil {
		t.Fatal(err)
	}
	d, err := openDocument(t.Context(), store, found.CID)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	n, err := d.WriteTo(&got)
	if err != nil || n != d.Size() {
		t.Errorf("wrote %d of %d bytes, %v", n, d.Size(), err)
	}
	return got.Bytes()
}
