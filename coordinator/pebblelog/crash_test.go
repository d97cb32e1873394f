package pebblelog

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/eventlog/eventlogtest"
	"github.com/krako-labs/krako/internal/blob"
	"github.com/krako-labs/krako/internal/blob/blobtest"
)

// childDir names, in the environment, the store that a re-executed test binary
// is to append to until it is killed; childFirst the number of its first batch.
const (
	childDir   = "PEBBLELOG_TEST_CHILD_DIR"
	childFirst = "PEBBLELOG_TEST_CHILD_FIRST"
	childTrims = "PEBBLELOG_TEST_CHILD_TRIMS" // it trims as well
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := appendForEver(dir, os.Getenv(childFirst)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// blockOf is the block that is staged before batch id is appended.
func blockOf(id int) blob.Block { return blob.Raw(blobtest.Sample(uint64(id), 900)) }

const crashWriters = 4

// appendAll stages and appends the batches whose numbers come in, and reports
// every acknowledgement.
func appendAll(ctx context.Context, db *DB, ids <-chan int, acked func(id int, at eventlog.Offset)) error {
	for id := range ids {
		if err := db.Blocks().Stage(ctx, blockOf(id)); err != nil {
			return err
		}
		at, err := db.Log().Append(ctx, eventlogtest.Batch(id))
		if err != nil {
			return err
		}
		acked(id, at)
	}
	return nil
}

// holdsAll verifies the log against a history, and that no acknowledged batch is
// there without the block that was staged before it.
func holdsAll(t *testing.T, h *eventlogtest.History, db *DB) {
	t.Helper()
	must(t, h.Verify(t.Context(), db.Log()))
	for _, id := range h.Acked() {
		b := blockOf(id)
		if data, err := db.Blocks().Get(t.Context(), b.CID); err != nil || !bytes.Equal(data, b.Data) {
			t.Fatalf("batch %d is there, its staged block is not: %d bytes, %v", id, len(data), err)
		}
	}
}

// TestPowerCuts cuts the power 60 times under four writers. What had been
// acknowledged before each cut is there after it, whatever part of the unsynced
// writes reached the disk.
func TestPowerCuts(t *testing.T) {
	const cuts, batches = 60, 20
	mem := vfs.NewCrashableMem()
	db, err := openMem(mem)
	must(t, err)
	h := eventlogtest.NewHistory()
	ids := make(chan int)
	var wg sync.WaitGroup
	for range crashWriters {
		wg.Go(func() {
			if err := appendAll(t.Context(), db, ids, h.Ack); err != nil {
				t.Errorf("writer: %v", err)
			}
		})
	}
	for cut := range cuts {
		if cut%4 == 3 { // in the middle of the others' appends
			before := db.Log().Last()/2 + 1
			h.TryTrim(before)
			wg.Go(func() {
				if err := h.Trim(t.Context(), db.Log(), before); err != nil {
					t.Errorf("trim: %v", err)
				}
			})
		}
		for id := range batches {
			h.Try(cut*batches + id)
			ids <- cut*batches + id
		}
		promised := h.Snapshot() // the last few are in flight
		after := mem.CrashClone(vfs.CrashCloneCfg{
			UnsyncedDataPercent: []int{0, 25, 50, 75, 100}[cut%5],
			RNG:                 rand.New(rand.NewPCG(1, uint64(cut))),
		})
		left, err := openMem(after)
		must(t, err)
		holdsAll(t, promised, left)
		must(t, left.Close())
	}
	close(ids)
	wg.Wait()
	holdsAll(t, h, db)
	must(t, db.Close())
}

// TestTornTail cuts and litters the end of the write-ahead log as a power cut in
// the middle of a write does: the log ends earlier or where it did, between two
// batches.
func TestTornTail(t *testing.T) {
	const batches = 40
	dir := storeOf(t, batches)
	h := eventlogtest.NewHistory()
	for id := range batches {
		h.Try(id)
	}
	wal := largest(t, dir, ".log")
	whole, err := os.ReadFile(wal)
	must(t, err)
	tails := map[string][]byte{
		"littered": append(bytes.Clone(whole), blobtest.Sample(1, 700)...),
		"zeroed":   append(bytes.Clone(whole), make([]byte, 40<<10)...),
	}
	for cut := 1; cut < len(whole)/2; cut += 997 {
		tails[fmt.Sprintf("cut by %d", cut)] = whole[:len(whole)-cut]
	}
	for name, tail := range tails {
		t.Run(name, func(t *testing.T) {
			torn := t.TempDir()
			must(t, os.CopyFS(torn, os.DirFS(dir)))
			must(t, os.WriteFile(filepath.Join(torn, "db", filepath.Base(wal)), tail, 0o600))
			db := mustOpen(t, torn)
			must(t, h.Verify(t.Context(), db.Log()))
			if len(tail) >= len(whole) && db.Log().Last() < batches {
				t.Errorf("litter behind the end cost records: last is %d", db.Log().Last())
			}
			_, err := db.Log().Append(t.Context(), eventlogtest.Batch(0))
			must(t, err)
		})
	}
}

// TestKill kills a process that appends, five times over the same directory.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	h := eventlogtest.NewHistory()
	for life := range 5 {
		first := life * 1_000_000
		last := first
		for id, at := range liveAndDie(t, dir, first) {
			h.Ack(id, at)
			last = max(last, id)
		}
		for id := first; id <= last+crashWriters; id++ {
			h.Try(id) // those in flight may be there
		}
		db := mustOpen(t, dir)
		holdsAll(t, h, db)
		must(t, db.Close())
	}
}

// liveAndDie runs the child until it has acknowledged enough, kills it, and
// returns all that it said it was promised.
func liveAndDie(t *testing.T, dir string, first int) map[int]eventlog.Offset {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir, fmt.Sprintf("%s=%d", childFirst, first))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	acks := make(map[int]eventlog.Offset)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var id int
		var at eventlog.Offset
		if _, err := fmt.Sscanf(lines.Text(), "%d %d", &id, &at); err != nil {
			break // the line that the kill cut off
		}
		acks[id] = at
		if len(acks) == 200 {
			must(t, child.Process.Kill())
		}
	}
	_, _ = io.Copy(io.Discard, out)
	if err := child.Wait(); err == nil || len(acks) < 200 {
		t.Fatalf("child ended by itself after %d batches: %v", len(acks), err)
	}
	return acks
}

// appendForEver is the child: it says on standard output what it was promised.
func appendForEver(dir, firstText string) error {
	var first int
	if _, err := fmt.Sscan(strings.TrimSpace(firstText), &first); err != nil {
		return err
	}
	if os.Getenv(childTrims) != "" {
		return trimForEver(dir, first)
	}
	db, err := Open(dir, testOptions())
	if err != nil {
		return err
	}
	ids, ended := make(chan int), make(chan error)
	var say sync.Mutex
	for range crashWriters {
		go func() {
			ended <- appendAll(context.Background(), db, ids, func(id int, at eventlog.Offset) {
				say.Lock()
				defer say.Unlock()
				fmt.Printf("%d %d\n", id, at)
			})
		}()
	}
	for id := first; ; id++ {
		select {
		case ids <- id:
		case err := <-ended:
			return err
		}
	}
}
