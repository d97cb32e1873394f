package pebblelog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/eventlog/eventlogtest"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/blob/blobtest"
)

// work is a caller of the store that remembers what it was promised.
type work struct {
	history  *eventlogtest.History
	next     int // batch
	durable  []blob.Block
	tried    []blob.Block
	seq      uint64 // metadata acknowledged
	seqTried uint64
}

func newWork() *work { return &work{history: eventlogtest.NewHistory()} }

// block makes a block that fills a memtable in four.
func (w *work) block(kind int) blob.Block {
	b := blob.Raw(blobtest.Sample(uint64(w.next*2+kind), 15<<10))
	w.tried = append(w.tried, b)
	return b
}

// round uses everything the store writes: staged blocks that the next append
// makes durable, blocks, metadata and records.
func (w *work) round(ctx context.Context, db *DB) error {
	w.next++
	staged, put := w.block(0), w.block(1)
	if err := db.Blocks().Stage(ctx, staged); err != nil {
		return err
	}
	if err := w.history.Append(ctx, db.Log(), w.next); err != nil {
		return err
	}
	w.durable = append(w.durable, staged)
	if err := db.Blocks().Put(ctx, put); err != nil {
		return err
	}
	w.durable = append(w.durable, put)
	w.seqTried++
	if err := db.Meta().Set(ctx, "seq", []byte(strconv.FormatUint(w.seqTried, 10))); err != nil {
		return err
	}
	w.seq = w.seqTried
	if w.next%3 != 0 {
		return nil
	}
	return w.history.Trim(ctx, db.Log(), db.Log().Last()*2/3+1)
}

// lives opens a store twice and works on it, until something fails.
func (w *work) lives(t *testing.T, fs vfs.FS) error {
	for range 2 {
		db, err := openMem(fs)
		if err != nil {
			return err
		}
		for range 6 {
			if err := w.round(t.Context(), db); err != nil {
				return err
			}
		}
		if err := db.Close(); err != nil {
			return err
		}
	}
	return nil
}

// verify opens what a crash has left and holds it against every promise, works
// on, and opens it once more.
func (w *work) verify(t *testing.T, fs vfs.FS) {
	t.Helper()
	db, err := openMem(fs)
	if err != nil {
		t.Errorf("open after the crash: %v", err)
		return
	}
	w.holds(t, db)
	again := &work{history: w.history.Snapshot(), next: w.next + 100, durable: w.durable, tried: w.tried, seq: w.seq, seqTried: w.seqTried}
	must(t, again.round(t.Context(), db))
	again.holds(t, db)
	must(t, db.Close())
	db, err = openMem(fs)
	must(t, err)
	again.holds(t, db)
	must(t, db.Close())
}

// holds checks the whole state of a store.
func (w *work) holds(t *testing.T, db *DB) {
	t.Helper()
	if err := w.history.Verify(t.Context(), db.Log()); err != nil {
		t.Error(err)
	}
	for i, b := range w.durable {
		if data, err := db.Blocks().Get(t.Context(), b.CID); err != nil || !bytes.Equal(data, b.Data) {
			t.Errorf("durable block %d of %d: %d bytes, %v", i, len(w.durable), len(data), err)
		}
	}
	for _, b := range w.tried {
		if data, err := db.Blocks().Get(t.Context(), b.CID); !blob.IsNotFound(err) && !bytes.Equal(data, b.Data) {
			t.Errorf("a block is neither whole nor absent: %d bytes, %v", len(data), err)
		}
	}
	value, err := db.Meta().Get(t.Context(), "seq")
	must(t, err)
	seq, _ := strconv.ParseUint(string(value), 10, 64)
	if seq < w.seq || seq > w.seqTried {
		t.Errorf("metadata says %d, acknowledged %d, tried %d", seq, w.seq, w.seqTried)
	}
}

// TestEveryWriteFails lets every write, sync, creation, renaming and removal of
// two lives of a store go wrong in turn, undone, half done and done, and opens
// what is on the disk then: in turn what a killed process leaves (all that was
// written), what a power cut leaves (all that was synced) and something between.
// It must open and keep every promise. The short run takes every fifth step.
func TestEveryWriteFails(t *testing.T) {
	// Whether a log file is used again depends on what pebble has got done by then: on
	// a busy machine it may take another run.
	var sound *faultFS
	for range 10 {
		sound = &faultFS{FS: vfs.NewCrashableMem()}
		must(t, newWork().lives(t, sound))
		if sound.did("reuse") {
			break
		}
	}
	for _, step := range []string{"create", "write", "sync", "rename", "reuse", "remove"} {
		if !sound.did(step) {
			t.Errorf("the work never came to %s: the matrix has a hole", step)
		}
	}
	if !hasTable(sound.steps) {
		t.Error("the work never wrote a table: the matrix has a hole")
	}
	stride := 1
	if testing.Short() {
		stride = 5
	}
	for failAt := 1; failAt <= len(sound.steps); failAt += stride {
		for _, fault := range []fault{failsUndone, failsHalf, failsDone} {
			if fault == failsHalf && !strings.HasPrefix(sound.steps[failAt-1], "write") {
				continue
			}
			t.Run(fmt.Sprintf("%03d-%s-%v", failAt, sound.steps[failAt-1], fault), func(t *testing.T) {
				crashAt(t, failAt, fault)
			})
		}
	}
}

func hasTable(steps []string) bool {
	for _, s := range steps {
		if strings.HasSuffix(s, ".sst") {
			return true
		}
	}
	return false
}

func crashAt(t *testing.T, failAt int, fault fault) {
	mem := vfs.NewCrashableMem()
	w := newWork()
	err := w.lives(t, &faultFS{FS: mem, failAt: failAt, fault: fault})
	if err != nil && !errors.Is(err, eventlog.ErrFailed) && !errors.Is(err, errDisk) {
		t.Errorf("the work ended with %v", err)
	}
	kept := []int{100, 0, 50}[(failAt+int(fault))%3]
	rng := rand.New(rand.NewPCG(uint64(failAt), uint64(kept)))
	w.verify(t, mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: rng}))
}

// The marker that names pebble's new manifest is never found without it, even
// where a power cut keeps some changes of a directory and not those before them.
func TestMarkerIsNotLeftAlone(t *testing.T) {
	mem := vfs.NewCrashableMem()
	db, err := openMem(&faultFS{FS: mem})
	must(t, err)
	w := newWork()
	must(t, w.round(t.Context(), db))
	must(t, db.Close())
	fs := &faultFS{FS: mem, failOn: "create marker.manifest", fault: failsDone}
	if _, err := openMem(fs); !errors.Is(err, errDisk) {
		t.Fatalf("open: %v, want %v", err, errDisk)
	}
	for seed := range uint64(32) {
		rng := rand.New(rand.NewPCG(seed, 0))
		w.verify(t, mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rng}))
	}
}

// After the first error the store is dead: nothing more is accepted, nothing more
// is written, whoever waits is told, and the directory stays locked.
func TestCrashStop(t *testing.T) {
	fs := &faultFS{FS: vfs.NewCrashableMem(), err: syscall.ENOSPC}
	db, err := openMem(fs)
	must(t, err)
	w := newWork()
	must(t, w.round(t.Context(), db))
	last := db.Log().Last()

	waiting := make(chan error, 1)
	go func() { waiting <- db.Log().Wait(t.Context(), last+1) }()
	fs.mu.Lock()
	fs.failAt = len(fs.steps) + 2 // the sync after the next write
	fs.mu.Unlock()

	failed := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, eventlog.ErrFailed) || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: %v, want ErrFailed because of ENOSPC", what, err)
		}
	}
	failed("append", w.history.Append(t.Context(), db.Log(), 1000))
	failed("a waiter", <-waiting)
	<-db.Failed()
	failed("the DB", db.Err())

	steps := fs.count()
	failed("second append", w.history.Append(t.Context(), db.Log(), 1001))
	failed("put", db.Blocks().Put(t.Context(), blob.Raw([]byte("x"))))
	failed("stage", db.Blocks().Stage(t.Context(), blob.Raw([]byte("y"))))
	failed("get", errorOf(db.Blocks().Get(t.Context(), blob.Raw([]byte("z")).CID)))
	failed("set", db.Meta().Set(t.Context(), "k", []byte("v")))
	failed("wait", db.Log().Wait(t.Context(), 1))
	failed("read", db.Log().Read(t.Context(), 1, func(eventlog.Record) error { return nil }))
	failed("close", db.Close())
	failed("second close", db.Log().Close())
	if n := fs.count() - steps; n != 0 {
		t.Errorf("%d changes to the disk after the failure: %v", n, fs.steps[steps:])
	}
	if db.Log().Last() != last {
		t.Errorf("last record %d, want %d", db.Log().Last(), last)
	}
	if _, err := openMem(fs.FS); contracts.CodeOf(err) != contracts.CodeConflict {
		t.Errorf("open in the same process: %v, want CONFLICT", err)
	}
	w.verify(t, fs.FS.(*vfs.MemFS).CrashClone(vfs.CrashCloneCfg{}))
}

// Those who wait for room in the queue, or in it, are told of the failure too.
func TestFailureReleasesTheQueue(t *testing.T) {
	fs := &faultFS{FS: vfs.NewCrashableMem()}
	o := testOptions()
	o.QueueBytes = minQueueBytes
	db, err := open("store", o, fs, filesInMemory)
	must(t, err)
	fs.mu.Lock()
	fs.failAt = len(fs.steps) + 40
	fs.mu.Unlock()
	const writers = 32
	ends := make(chan error, writers)
	for range writers {
		go func() {
			big := [][]byte{bytes.Repeat([]byte{1}, 500<<10)}
			for {
				if _, err := db.Log().Append(t.Context(), big); err != nil {
					ends <- err
					return
				}
			}
		}()
	}
	for range writers {
		if err := <-ends; !errors.Is(err, eventlog.ErrFailed) {
			t.Errorf("append: %v, want ErrFailed", err)
		}
	}
}

// nearlyFull is a disk whose free space the test sets.
type nearlyFull struct {
	vfs.FS
	free atomic.Uint64
}

func (f *nearlyFull) GetDiskUsage(string) (vfs.DiskUsage, error) {
	free := f.free.Load()
	return vfs.DiskUsage{AvailBytes: free, TotalBytes: 1 << 40, UsedBytes: 1<<40 - free}, nil
}

// Below the reserve new work is refused, below half of it all is, and nothing
// fails; with room again it goes on.
func TestReserveRefusesBeforeTheDiskIsFull(t *testing.T) {
	disk := &nearlyFull{FS: vfs.NewMem()}
	disk.free.Store(1 << 20)
	o := testOptions()
	o.ReserveBytes = 64 << 20
	db, err := open("store", o, disk, filesInMemory)
	must(t, err)
	w := newWork()
	refused := func(what string, err error) {
		t.Helper()
		if contracts.CodeOf(err) != contracts.CodeResourceExhausted {
			t.Errorf("%s with %d bytes free: %v, want RESOURCE_EXHAUSTED", what, disk.free.Load(), err)
		}
	}
	begin := func() { refused("put", db.Blocks().Put(t.Context(), blob.Raw([]byte("x")))) }
	begin()
	refused("append", errorOf(db.Log().Append(t.Context(), eventlogtest.Batch(1))))
	refused("stage", db.Blocks().Stage(t.Context(), blob.Raw([]byte("x"))))
	refused("set", db.Meta().Set(t.Context(), "k", []byte("v")))
	w.holds(t, db)

	disk.free.Store(40 << 20) // enough to finish
	begin()
	must(t, db.Blocks().Stage(t.Context(), w.block(0)))
	must(t, w.history.Append(t.Context(), db.Log(), 1000))
	must(t, db.Meta().Set(t.Context(), "k", []byte("v")))

	disk.free.Store(1 << 30)
	must(t, w.round(t.Context(), db))
	w.holds(t, db)
	must(t, db.Close())
}
