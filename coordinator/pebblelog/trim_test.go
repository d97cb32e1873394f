package pebblelog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/eventlog/eventlogtest"
)

// A log that was trimmed is proved from where it begins: another segment in the
// place of the first one is found out, and so is one that is gone.
func TestTrimmedLogIsProvedFromItsBeginning(t *testing.T) {
	dir := t.TempDir()
	db := mustOpen(t, dir)
	for id := range 30 {
		_, err := db.Log().Append(t.Context(), eventlogtest.Batch(id))
		must(t, err)
	}
	must(t, db.Log().Trim(t.Context(), 40, []byte("base")))
	must(t, db.Close())
	db = mustOpen(t, dir) // without the segments that are still in memory
	first := db.begin.Load().Head.Next
	for name, change := range map[string]func() error{
		"another segment": func() error {
			s := eventlog.Segment{Cluster: db.cluster, Epoch: 1, First: first, Prev: eventlog.Digest{1}, Events: [][]byte{[]byte("forged")}}
			encoded, err := eventlog.EncodeSegment(s)
			must(t, err)
			digest := eventlog.DigestOf(encoded)
			return db.pebble.Set(segmentKey(first), append(digest[:], encoded...), pebble.Sync)
		},
		"no segment": func() error { return db.pebble.Delete(segmentKey(first), pebble.Sync) },
	} {
		must(t, db.Log().Read(t.Context(), 0, func(eventlog.Record) error { return nil }))
		was, err := db.value(segmentKey(first))
		must(t, err)
		must(t, change())
		err = db.Log().Read(t.Context(), 0, func(eventlog.Record) error { return nil })
		if bad, ok := errors.AsType[*eventlog.CorruptError](err); !ok {
			t.Errorf("%s: %v, want a *CorruptError", name, err)
		} else if name == "another segment" && bad.Segment != first {
			t.Errorf("%s: found in segment %d, want %d", name, bad.Segment, first)
		}
		must(t, db.pebble.Set(segmentKey(first), was, pebble.Sync))
	}
	must(t, db.Close())
}

// What is let go makes room on the disk.
func TestTrimGivesTheDiskBack(t *testing.T) {
	db := mustOpen(t, t.TempDir())
	for id := range 3000 {
		_, err := db.Log().Append(t.Context(), eventlogtest.Batch(id))
		must(t, err)
	}
	size := func() uint64 {
		must(t, db.pebble.Flush())
		must(t, db.pebble.Compact(t.Context(), []byte{spaceSegment}, []byte{spaceSegment + 1}, false))
		n, err := db.pebble.EstimateDiskUsage([]byte{spaceSegment}, []byte{spaceSegment + 1})
		must(t, err)
		return n
	}
	before := size()
	must(t, db.Log().Trim(t.Context(), db.Log().Last()-10, nil))
	if after := size(); after > before/10 {
		t.Errorf("segments take %d bytes of the disk, before %d", after, before)
	}
	must(t, db.Close())
}

// TestKillWhileTrimming kills a process that appends and trims all the time, over
// the same directory.
func TestKillWhileTrimming(t *testing.T) {
	lives := 8
	if testing.Short() {
		lives = 3
	}
	dir := t.TempDir()
	h := eventlogtest.NewHistory()
	for life := range lives {
		first := life * 1_000_000
		trims := trimAndDie(t, dir, first, h)
		db := mustOpen(t, dir)
		must(t, h.Verify(t.Context(), db.Log()))
		if begin, _ := db.Log().Base(); begin == 1 || trims == 0 {
			t.Errorf("life %d: the log begins at record %d after %d trims", life, begin, trims)
		}
		must(t, db.Close())
	}
}

// trimAndDie runs the child until it has trimmed some times, kills it, and notes what
// it said.
func trimAndDie(t *testing.T, dir string, first int, h *eventlogtest.History) (trims int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir, fmt.Sprintf("%s=%d", childFirst, first), childTrims+"=1")
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var verb string
		var id int
		var at eventlog.Offset
		if _, err := fmt.Sscanf(lines.Text(), "%s %d %d", &verb, &id, &at); err != nil {
			break // the line that the kill cut off
		}
		switch verb {
		case "try":
			h.Try(id)
			h.TryTrim(at)
		case "ack":
			h.Ack(id, at)
		case "trimmed":
			h.Trimmed(at)
			if trims++; trims == 30 {
				must(t, child.Process.Kill())
			}
		}
	}
	_, _ = io.Copy(io.Discard, out)
	if err := child.Wait(); err == nil || trims < 30 {
		t.Fatalf("child ended by itself after %d trims: %v", trims, err)
	}
	return trims
}

// trimForEver is the child of TestKillWhileTrimming: one goroutine appends, another
// trims, and both say beforehand what they try.
func trimForEver(dir string, first int) error {
	db, err := Open(dir, testOptions())
	if err != nil {
		return err
	}
	log, ended := db.Log(), make(chan error, 2)
	say := make(chan string)
	ctx := context.Background()
	go func() {
		for id := first; ; id++ {
			say <- fmt.Sprintf("try %d 0", id)
			at, err := log.Append(ctx, eventlogtest.Batch(id))
			if err != nil {
				ended <- err
				return
			}
			say <- fmt.Sprintf("ack %d %d", id, at)
		}
	}()
	go func() {
		for {
			if err := log.Wait(ctx, log.Last()+5); err != nil {
				ended <- err
				return
			}
			before := log.Last() - 3
			say <- fmt.Sprintf("try %d %d", first, before)
			if err := log.Trim(ctx, before, eventlogtest.BaseOf(before)); err != nil {
				ended <- err
				return
			}
			say <- fmt.Sprintf("trimmed 0 %d", before)
		}
	}()
	for {
		select {
		case line := <-say:
			fmt.Println(line)
		case err := <-ended:
			return err
		}
	}
}
