package pebblelog

import (
	"bytes"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/blob/blobtest"
)

// Every block is listed once, more of them than a page; those that are erased are
// gone, also after a start, and come again; the others stay.
func TestBlocksAreErased(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(dir, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	b := db.Blocks()
	var all []blob.Block
	for i := range pageBlocks + 100 {
		all = append(all, blob.Raw(blobtest.Sample(uint64(i), 100)))
	}
	for i := range 4 {
		all = append(all, blob.Raw(blobtest.Sample(uint64(1e6+i), MaxSmallBlock+1)))
	}
	if err := b.Put(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
	size := map[cid.Cid]int64{}
	var doomed []blob.Held
	gone := map[cid.Cid]bool{}
	for i := range all {
		gone[all[i].CID] = i%2 == 0
	}
	err = b.Each(t.Context(), func(h blob.Held) error {
		if _, ok := size[h.CID]; ok {
			t.Errorf("%s is listed twice", h.CID)
		}
		if size[h.CID] = h.Bytes; gone[h.CID] {
			doomed = append(doomed, h)
		}
		return nil
	})
	if err != nil || len(size) != len(all) {
		t.Fatalf("%d blocks are listed (%v), want %d", len(size), err, len(all))
	}
	for i := range all {
		if size[all[i].CID] != int64(len(all[i].Data)) {
			t.Errorf("block %d of %d bytes is listed with %d", i, len(all[i].Data), size[all[i].CID])
		}
	}
	var want blob.Erased
	for _, h := range doomed {
		want.Add(h)
	}
	if got, err := b.Erase(t.Context(), doomed...); got != want || err != nil {
		t.Errorf("erased %+v (%v), want %+v", got, err, want)
	}
	check := func(when string) {
		t.Helper()
		for i := range all {
			data, err := b.Get(t.Context(), all[i].CID)
			if gone[all[i].CID] && !blob.IsNotFound(err) || !gone[all[i].CID] && !bytes.Equal(data, all[i].Data) {
				t.Fatalf("%s, block %d, erased %t: %d bytes, %v", when, i, gone[all[i].CID], len(data), err)
			}
		}
	}
	check("at once")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = Open(dir, DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	b = db.Blocks()
	check("after a start")
	if err := b.Put(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
	clear(gone)
	check("stored again")
	if n, err := b.Size(t.Context()); err != nil || n < 4*MaxSmallBlock {
		t.Errorf("blocks take %d bytes (%v)", n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
