package pebblelog

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/eventlog/eventlogtest"
	"github.com/krako-labs/krako/internal/blob"
)

// tamper changes a closed store behind its back.
func tamper(t *testing.T, dir string, change func(put func(key, value []byte))) {
	t.Helper()
	rawly(t, dir, func(db *pebble.DB) {
		change(func(key, value []byte) { must(t, db.Set(key, value, pebble.Sync)) })
	})
}

// rawly opens the database under a closed store.
func rawly(t *testing.T, dir string, do func(db *pebble.DB)) {
	t.Helper()
	options := testOptions()
	options.Logger = slog.New(slog.DiscardHandler)
	o := options.pebbleOptions(vfs.Default, newFailure())
	db, err := pebble.Open(filepath.Join(dir, "db"), o)
	must(t, err)
	do(db)
	must(t, db.Close())
}

// segmentsAt returns the stored values of a closed store's segments.
func segmentsAt(t *testing.T, dir string) (firsts []eventlog.Offset, values [][]byte) {
	t.Helper()
	rawly(t, dir, func(db *pebble.DB) {
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{spaceSegment}, UpperBound: []byte{spaceSegment + 1}})
		must(t, err)
		for it.First(); it.Valid(); it.Next() {
			firsts = append(firsts, segmentOfKey(it.Key()))
			values = append(values, bytes.Clone(it.Value()))
		}
		must(t, it.Close())
	})
	return firsts, values
}

// storeOf makes a closed store of n batches, one a segment, all of them in one
// write-ahead log yet.
func storeOf(t *testing.T, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	db, err := Open(dir, DefaultOptions())
	must(t, err)
	for id := range n {
		_, err := db.Log().Append(t.Context(), eventlogtest.Batch(id))
		must(t, err)
	}
	must(t, db.Close())
	return dir
}

// Whatever happens to a segment is found, and found in that segment: by the
// reader before a record of it is delivered, by Open if it is the last.
func TestDamagedSegmentIsNamed(t *testing.T) {
	const n, victim = 10, 4
	firsts, values := segmentsAt(t, storeOf(t, n))
	if len(firsts) != n {
		t.Fatalf("%d segments of %d batches", len(firsts), n)
	}
	forged, err := eventlog.EncodeSegment(eventlog.Segment{
		Cluster: "another", Epoch: 1, First: firsts[victim], Events: [][]byte{[]byte("x")},
	})
	must(t, err)
	digest := eventlog.DigestOf(forged)
	damages := map[string]func(value []byte) []byte{
		"flipped byte":   func(v []byte) []byte { v[len(v)/2] ^= 0x10; return v },
		"flipped digest": func(v []byte) []byte { v[0] ^= 1; return v },
		"cut short":      func(v []byte) []byte { return v[:len(v)-1] },
		"nearly nothing": func([]byte) []byte { return []byte{1, 2, 3} },
		"forged":         func([]byte) []byte { return append(digest[:], forged...) },
		"another one":    func([]byte) []byte { return values[victim+2] },
		"gone":           nil,
	}
	for name, damage := range damages {
		for _, at := range []int{victim, n - 1} {
			t.Run(name, func(t *testing.T) {
				dir := storeOf(t, n)
				firsts, values := segmentsAt(t, dir)
				rawly(t, dir, func(db *pebble.DB) {
					if damage == nil {
						must(t, db.Delete(segmentKey(firsts[at]), pebble.Sync))
						return
					}
					must(t, db.Set(segmentKey(firsts[at]), damage(values[at]), pebble.Sync))
				})
				if damage == nil && at == n-1 {
					return // without its tail a chain is sound: only an anchor outside could tell
				}
				wantCorrupt(t, dir, firsts[at], at == n-1)
			})
		}
	}
}

func wantCorrupt(t *testing.T, dir string, segment eventlog.Offset, last bool) {
	t.Helper()
	db, err := Open(dir, testOptions())
	if err == nil {
		defer func() { must(t, db.Close()) }()
		err = db.Log().Read(t.Context(), 1, func(r eventlog.Record) error {
			if r.Offset >= segment {
				t.Errorf("record %d of the damaged segment %d was delivered", r.Offset, segment)
			}
			return nil
		})
	} else if !last {
		t.Fatal(err)
	}
	if corrupt, ok := errors.AsType[*eventlog.CorruptError](err); !ok || corrupt.Segment != segment {
		t.Errorf("%v, want a CorruptError naming segment %d", err, segment)
	}
	if last {
		return
	}
	// A reader behind the damage is not troubled by it.
	must(t, db.Log().Read(t.Context(), db.Log().Last(), func(eventlog.Record) error { return nil }))
}

// A flipped byte in a file of the database is never taken for data, and never
// for the end of the log: Open or Read says that something is wrong.
func TestFlippedByteInAnyFile(t *testing.T) {
	const batches = 200
	for _, suffix := range []string{".log", ".sst"} {
		for _, part := range []float64{0.2, 0.5} {
			dir := storeOf(t, batches)
			if suffix == ".sst" {
				flushed(t, dir)
			}
			flip(t, largest(t, dir, suffix), part)
			h := eventlogtest.NewHistory()
			for id := range batches {
				h.Try(id)
			}
			db, err := Open(dir, testOptions())
			if err != nil {
				continue // refused outright
			}
			err = h.Verify(t.Context(), db.Log())
			if _, ok := errors.AsType[*eventlog.CorruptError](err); !ok {
				t.Errorf("%s flipped at %v: read says %v", suffix, part, err)
			}
			must(t, db.Close())
		}
	}
}

// flushed moves everything in a closed store into tables.
func flushed(t *testing.T, dir string) {
	t.Helper()
	rawly(t, dir, func(db *pebble.DB) { must(t, db.Flush()) })
}

// largest returns the largest file of a kind.
func largest(t *testing.T, dir, suffix string) (path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "db"))
	must(t, err)
	size := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		if strings.HasSuffix(e.Name(), suffix) && info.Size() > size {
			path, size = filepath.Join(dir, "db", e.Name()), info.Size()
		}
	}
	if path == "" {
		t.Fatalf("no %s file", suffix)
	}
	return path
}

func flip(t *testing.T, path string, part float64) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	data[int(float64(len(data))*part)] ^= 0x10
	must(t, os.WriteFile(path, data, 0o600))
}

// A damaged small block is named, removed, and healed by the next Put.
func TestDamagedSmallBlockIsQuarantined(t *testing.T) {
	dir := t.TempDir()
	b := blob.Raw([]byte("a small block"))
	db, err := Open(dir, testOptions())
	must(t, err)
	must(t, db.Blocks().Put(t.Context(), b))
	must(t, db.Close())
	tamper(t, dir, func(put func(key, value []byte)) { put(blockKey(b.CID), []byte("another")) })

	blocks := mustOpen(t, dir).Blocks()
	_, err = blocks.Get(t.Context(), b.CID)
	if corrupt, ok := errors.AsType[*blob.CorruptError](err); !ok || corrupt.CID != b.CID {
		t.Fatalf("get: %v, want a CorruptError naming %s", err, b.CID)
	}
	if _, err := blocks.Get(t.Context(), b.CID); !blob.IsNotFound(err) {
		t.Errorf("second get: %v, want NOT_FOUND", err)
	}
	must(t, blocks.Put(t.Context(), b))
	if data, err := blocks.Get(t.Context(), b.CID); err != nil || !bytes.Equal(data, b.Data) {
		t.Errorf("get after refetch: %q, %v", data, err)
	}
}
