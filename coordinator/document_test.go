package coordinator

import (
	"bytes"
	"testing"

	"github.com/krako-labs/krako/internal/blob"
)

func TestDocumentIsWhatWasWritten(t *testing.T) {
	for _, n := range []int{0, 1, partBytes - 1, partBytes, 2*partBytes + 7} {
		store := blob.NewMemory(blob.MemoryOptions{MaxBytes: 64 << 20})
		want := make([]byte, n)
		for i := range want {
			want[i] = byte(i * 7919 >> 8)
		}
		w := documentWriter{ctx: t.Context(), to: store}
		for rest := want; len(rest) > 0; {
			k := min(len(rest), 100_003)
			if _, err := w.Write(rest[:k]); err != nil {
				t.Fatal(err)
			}
			rest = rest[k:]
		}
		found, err := w.finish()
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Put(t.Context(), found); err != nil {
			t.Fatal(err)
		}
		d, err := openDocument(t.Context(), store, found.CID)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		k, err := d.WriteTo(&got)
		if err != nil || k != int64(n) || d.Size() != int64(n) || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%d bytes: read %d of %d, %v", n, k, d.Size(), err)
		}
	}
}
