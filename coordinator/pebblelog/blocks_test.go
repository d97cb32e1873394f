package pebblelog

import (
	"bytes"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/krako-labs/krako/coordinator/eventlog/eventlogtest"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/blob/blobtest"
)

// after cuts the power and opens what was durable.
func after(t *testing.T, fs *vfs.MemFS) *Blocks {
	t.Helper()
	db, err := openMem(fs.CrashClone(vfs.CrashCloneCfg{}))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db.Blocks()
}

func wantBlock(t *testing.T, what string, s blob.Store, b blob.Block) {
	t.Helper()
	if data, err := s.Get(t.Context(), b.CID); err != nil || !bytes.Equal(data, b.Data) {
		t.Errorf("%s: %d bytes, %v", what, len(data), err)
	}
}

// A staged block is there at once, durable with the next append, put or close
// and not before, and a put of the same block waits for it.
func TestStage(t *testing.T) {
	fs := vfs.NewCrashableMem()
	db, err := openMem(fs)
	must(t, err)
	sample := func(i uint64) blob.Block { return blob.Raw(blobtest.Sample(i, 1000)) }
	stage := func(b blob.Block) {
		t.Helper()
		must(t, db.Blocks().Stage(t.Context(), b, b))
		wantBlock(t, "staged", db.Blocks(), b)
		if ok, err := db.Blocks().Has(t.Context(), b.CID); !ok || err != nil {
			t.Errorf("has a staged block: %v, %v", ok, err)
		}
		if _, err := after(t, fs).Get(t.Context(), b.CID); !blob.IsNotFound(err) {
			t.Errorf("a staged block was durable by itself: %v", err)
		}
	}

	stage(sample(1))
	_, err = db.Log().Append(t.Context(), eventlogtest.Batch(1))
	must(t, err)
	wantBlock(t, "after an append", after(t, fs), sample(1))

	stage(sample(2))
	must(t, db.Blocks().Put(t.Context(), sample(2)))
	wantBlock(t, "after a put of the same", after(t, fs), sample(2))

	stage(sample(3))
	must(t, db.Blocks().Put(t.Context(), sample(4)))
	wantBlock(t, "after a put of another", after(t, fs), sample(3))

	stage(sample(5))
	must(t, db.Close())
	wantBlock(t, "after close", after(t, fs), sample(5))
}

// Staging alone does not fill the queue for ever: what takes a quarter of it is
// committed though nobody waits. In the end all room has been given back.
func TestStagingMakesItsOwnRoom(t *testing.T) {
	o := testOptions()
	o.QueueBytes = minQueueBytes
	db, err := open("store", o, vfs.NewMem(), filesInMemory)
	must(t, err)
	for i := range uint64(300) {
		must(t, db.Blocks().Stage(t.Context(), blob.Raw(blobtest.Sample(i, 50<<10))))
	}
	for i := range uint64(300) {
		wantBlock(t, "staged", db.Blocks(), blob.Raw(blobtest.Sample(i, 50<<10)))
	}
	must(t, db.Close())
	if !db.queue.room.TryAcquire(o.QueueBytes) {
		t.Error("room was lost")
	}
	if len(db.queue.flying) > 0 {
		t.Errorf("%d blocks are still in flight", len(db.queue.flying))
	}
}

// A put longer than the whole queue takes its turns.
func TestPutLongerThanTheQueue(t *testing.T) {
	o := testOptions()
	o.QueueBytes = minQueueBytes
	db, err := open("store", o, vfs.NewMem(), filesInMemory)
	must(t, err)
	blocks := make([]blob.Block, 200)
	for i := range blocks {
		blocks[i] = blob.Raw(blobtest.Sample(uint64(i), 60<<10))
	}
	must(t, db.Blocks().Put(t.Context(), blocks...))
	for _, b := range blocks {
		wantBlock(t, "put", db.Blocks(), b)
	}
	must(t, db.Close())
}
