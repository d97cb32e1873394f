package pebblelog

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/internal/blob"
)

// event is shaped like a unit's completion: half of it repeats from event to
// event, half is addresses that do not compress. About 350 bytes encoded.
type event struct {
	ID       string       `cbor:"id"`
	Type     string       `cbor:"type"`
	Session  string       `cbor:"session"`
	Tenant   string       `cbor:"tenant"`
	Unit     string       `cbor:"unit"`
	Time     string       `cbor:"time"`
	Duration int64        `cbor:"duration_ms"`
	Fuel     int64        `cbor:"fuel"`
	UnitCID  dagcbor.Link `cbor:"unit_cid"`
	Result   dagcbor.Link `cbor:"result_cid"`
	Batch    dagcbor.Link `cbor:"batch_cid"`
}

// events makes n events; every 64 share a batch, every 500 a session.
func events(b *testing.B, n int) [][]byte {
	b.Helper()
	link := func(kind byte, i int) dagcbor.Link { return dagcbor.Link{Cid: address(kind, i)} }
	records := make([][]byte, n)
	for i := range records {
		var err error
		records[i], err = dagcbor.Marshal(event{
			ID:   fmt.Sprintf("019a%04x-%04x-7%03x-8%03x-%012x", i>>16, i&0xffff, i*7919&0xfff, i*104729&0xfff, uint64(i)*0x9e3779b97f4a7c15>>16),
			Type: "workunit.completed", Session: fmt.Sprintf("019a0000-%04x-7000-8000-000000000000", i/500), Tenant: "lab",
			Unit: fmt.Sprintf("map/chunk-%05d", i%500), Time: fmt.Sprintf("2026-11-23T18:%02d:%02d.%03dZ", i/60000%60, i/1000%60, i%1000),
			Duration: int64(i*31%900 + 3), Fuel: int64(i*7331%1_000_000 + 50_000),
			UnitCID: link('u', i), Result: link('r', i), Batch: link('b', i/64),
		})
		must(b, err)
	}
	return records
}

func address(kind byte, i int) cid.Cid {
	return dagcbor.CID(binary.BigEndian.AppendUint64([]byte{kind}, uint64(i)))
}

func openBench(b *testing.B) *DB {
	b.Helper()
	db, err := Open(b.TempDir(), DefaultOptions())
	must(b, err)
	b.Cleanup(func() { must(b, db.Close()) })
	return db
}

// BenchmarkAppend is the price of durability: a caller alone, callers that share
// syncs, and callers that bring batches.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ callers, batch int }{{1, 1}, {64, 1}, {1024, 1}, {1, 256}, {4, 256}} {
		b.Run(fmt.Sprintf("callers=%d/batch=%d", c.callers, c.batch), func(b *testing.B) {
			log, records := openBench(b).Log(), events(b, 8192)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range c.callers {
				wg.Go(func() {
					for {
						i := int(next.Add(1) - 1)
						if i >= b.N {
							return
						}
						at := i * c.batch % (len(records) - c.batch + 1)
						if _, err := log.Append(b.Context(), records[at:at+c.batch]); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N*c.batch)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkStageAppend is the hot path: two small blocks staged and two events
// appended for each unit, by 64 callers.
func BenchmarkStageAppend(b *testing.B) {
	db, records := openBench(b), events(b, 8192)
	log, blocks := db.Log(), db.Blocks()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range 64 {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
				unit, result := fmt.Appendf(make([]byte, 300), "unit %d", i), fmt.Appendf(make([]byte, 200), "result %d", i)
				if err := blocks.Stage(b.Context(), blob.Raw(unit), blob.Raw(result)); err != nil {
					b.Error(err)
				}
				at := i * 2 % (len(records) - 1)
				if _, err := log.Append(b.Context(), records[at:at+2]); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "units/s")
}

// BenchmarkScan reads a log of a million events, in full segments and in segments
// of one as a quiet log has them, and reports what an event takes on disk.
func BenchmarkScan(b *testing.B) {
	for _, c := range []struct{ events, batch int }{{1 << 20, 256}, {1 << 16, 1}} {
		b.Run(fmt.Sprintf("events=%d/batch=%d", c.events, c.batch), func(b *testing.B) {
			db := openBench(b)
			fill(b, db, c.events, c.batch)
			must(b, db.pebble.Flush())
			size := sizeOf(b, db.dir)
			for b.Loop() {
				n := 0
				must(b, db.Log().Read(b.Context(), 1, func(eventlog.Record) error { n++; return nil }))
				if n != c.events {
					b.Fatalf("%d events", n)
				}
			}
			b.ReportMetric(float64(c.events*b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(size)/float64(c.events), "disk_B/event")
		})
	}
}

// fill appends n events in batches.
func fill(b *testing.B, db *DB, n, batch int) {
	b.Helper()
	records := events(b, n)
	for i := 0; i < n; i += batch {
		_, err := db.Log().Append(b.Context(), records[i:i+batch])
		must(b, err)
	}
}

// sizeOf is the length of the tables under a directory; what is in the write-ahead
// log is there twice and counts once.
func sizeOf(b *testing.B, dir string) (size int64) {
	b.Helper()
	must(b, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".sst" {
			return err
		}
		info, err := e.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	}))
	return size
}
