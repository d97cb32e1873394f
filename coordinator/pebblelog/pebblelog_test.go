package pebblelog

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/eventlog/eventlogtest"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/blob/blobtest"
)

func TestLogConforms(t *testing.T) {
	t.Run("disk", func(t *testing.T) {
		eventlogtest.Run(t, func(t *testing.T) eventlogtest.Factory {
			dir := t.TempDir()
			return func() (eventlog.Log, error) { return logOf(Open(dir, testOptions())) }
		})
	})
	t.Run("memory", func(t *testing.T) {
		eventlogtest.Run(t, func(*testing.T) eventlogtest.Factory {
			fs := vfs.NewMem()
			return func() (eventlog.Log, error) { return logOf(openMem(fs)) }
		})
	})
}

func TestBlocksConform(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobtest.Harness {
		dir := t.TempDir()
		db := mustOpen(t, dir)
		return blobtest.Harness{Store: db.Blocks(), Reopen: func() blob.Store {
			must(t, db.Close())
			return mustOpen(t, dir).Blocks()
		}}
	})
}

// testOptions makes memtables so small that tables are written and the
// write-ahead log is rotated within a test.
func testOptions() Options {
	o := DefaultOptions()
	o.CacheBytes, o.MemTableBytes = 1<<20, 64<<10
	return o
}

// openMem opens a store on a file system for tests.
func openMem(fs vfs.FS) (*DB, error) { return open("store", testOptions(), fs, filesInMemory) }

func filesInMemory() (blob.Store, error) {
	return blob.NewMemory(blob.MemoryOptions{MaxBytes: 1 << 20}), nil
}

func logOf(db *DB, err error) (eventlog.Log, error) {
	if err != nil {
		return nil, err
	}
	return db.Log(), nil
}

func mustOpen(t testing.TB, dir string) *DB {
	t.Helper()
	db, err := Open(dir, testOptions())
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A second opener is told which directory is taken, and gets it once it is free.
func TestSecondOpenerIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	db := mustOpen(t, dir)
	_, err := Open(dir, testOptions())
	e, ok := errors.AsType[*contracts.Error](err)
	if !ok || e.Code != contracts.CodeConflict || e.Offender != dir {
		t.Fatalf("second opener: %v, want CONFLICT naming %s", err, dir)
	}
	if _, err := db.Log().Append(t.Context(), eventlogtest.Batch(1)); err != nil {
		t.Errorf("the first opener after that: %v", err)
	}
	must(t, db.Close())
	must(t, mustOpen(t, dir).Close())
}

func TestOptionsAreChecked(t *testing.T) {
	cases := map[string]func(*Options){
		"CacheBytes":    func(o *Options) { o.CacheBytes = 0 },
		"MemTableBytes": func(o *Options) { o.MemTableBytes = 1 },
		"QueueBytes":    func(o *Options) { o.QueueBytes = 1 << 20 },
		"MaxFileBytes":  func(o *Options) { o.MaxFileBytes = -1 },
	}
	for field, spoil := range cases {
		o := DefaultOptions()
		spoil(&o)
		_, err := Open(t.TempDir(), o)
		if e, ok := errors.AsType[*contracts.Error](err); !ok || e.Code != contracts.CodeValidation || e.Offender != field {
			t.Errorf("%s: %v, want VALIDATION_ERROR naming it", field, err)
		}
	}
}

// A directory that a newer program has written is left alone.
func TestOtherVersionIsRefused(t *testing.T) {
	dir := t.TempDir()
	must(t, mustOpen(t, dir).Close())
	tamper(t, dir, func(put func(key, value []byte)) { put(keyForm, []byte{0, 0, 0, 99}) })
	_, err := Open(dir, testOptions())
	if contracts.CodeOf(err) != contracts.CodeVersionMismatch {
		t.Errorf("open: %v, want VERSION_MISMATCH", err)
	}
	tamper(t, dir, func(put func(key, value []byte)) { put(keyForm, nil) })
	_, err = Open(dir, testOptions())
	if contracts.CodeOf(err) != contracts.CodeInternal || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("open without a version: %v, want INTERNAL", err)
	}
}

func TestMeta(t *testing.T) {
	dir := t.TempDir()
	db := mustOpen(t, dir)
	meta := db.Meta()
	get := func(key, want string) {
		t.Helper()
		if got, err := meta.Get(t.Context(), key); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v, want %q", key, got, err, want)
		}
	}
	get("seq", "")
	must(t, meta.Set(t.Context(), "seq", []byte("1000")))
	must(t, meta.Set(t.Context(), "checkpoint", []byte("7")))
	must(t, meta.Set(t.Context(), "seq", []byte("2000")))
	get("seq", "2000")
	must(t, meta.Set(t.Context(), "checkpoint", nil))
	get("checkpoint", "")

	bad := map[string]error{
		"an empty key":  meta.Set(t.Context(), "", []byte("x")),
		"a long key":    meta.Set(t.Context(), string(make([]byte, MaxMetaKey+1)), []byte("x")),
		"a long value":  meta.Set(t.Context(), "k", make([]byte, MaxMetaValue+1)),
		"an empty read": errorOf(meta.Get(t.Context(), "")),
	}
	for name, err := range bad {
		if contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%s: %v, want VALIDATION_ERROR", name, err)
		}
	}
	must(t, db.Close())
	if err := meta.Set(t.Context(), "seq", []byte("x")); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("set after close: %v", err)
	}
	meta = mustOpen(t, dir).Meta()
	get("seq", "2000")
	get("checkpoint", "")
}

func errorOf[T any](_ T, err error) error { return err }

// A store that is opened to be read is the same afterwards, epoch and all.
func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(dir, testOptions())
	must(t, err)
	history := eventlogtest.NewHistory()
	for id := range 20 {
		must(t, history.Append(t.Context(), db.Log(), id))
	}
	epoch := db.Log().Epoch()
	must(t, db.Close())
	o := testOptions()
	o.ReadOnly = true
	for range 2 {
		db, err = Open(dir, o)
		must(t, err)
		must(t, history.Verify(t.Context(), db.Log()))
		if _, err := db.Log().Append(t.Context(), eventlogtest.Batch(99)); !errors.Is(err, eventlog.ErrClosed) {
			t.Errorf("append: %v, want ErrClosed", err)
		}
		if got := db.Log().Epoch(); got != epoch {
			t.Errorf("epoch %d, want %d", got, epoch)
		}
		must(t, db.Close())
	}
	if _, err := Open(filepath.Join(dir, "nothing"), o); err == nil {
		t.Error("what is not there was opened to be read")
	}
	if _, err := os.Stat(filepath.Join(dir, "nothing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory was made: %v", err)
	}
}
