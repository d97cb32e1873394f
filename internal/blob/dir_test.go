package blob

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

var errDisk = errors.New("the disk says no")

// faultyDisk fails its n-th step, before or after the step was done. After that
// it is a dead process's disk: no step does anything.
type faultyDisk struct {
	osDisk
	failAt  int
	persist bool
	steps   []string
}

func (f *faultyDisk) step(name string, do func() error) error {
	f.steps = append(f.steps, name)
	switch {
	case f.failAt == 0 || len(f.steps) < f.failAt:
		return do()
	case len(f.steps) == f.failAt && f.persist:
		return errors.Join(do(), errDisk)
	default:
		return errDisk
	}
}

func (f *faultyDisk) mkdir(p string) error {
	return f.step("mkdir", func() error { return f.osDisk.mkdir(p) })
}

func (f *faultyDisk) write(p string, data []byte) error {
	return f.step("write", func() error {
		if len(f.steps) == f.failAt {
			data = data[:len(data)/2]
		}
		return f.osDisk.write(p, data)
	})
}

func (f *faultyDisk) rename(from, to string) error {
	return f.step("rename", func() error { return f.osDisk.rename(from, to) })
}

func (f *faultyDisk) remove(p string) error {
	return f.step("remove", func() error { return f.osDisk.remove(p) })
}

func (f *faultyDisk) syncDir(p string) error {
	return f.step("syncDir", func() error { return f.osDisk.syncDir(p) })
}

// The order of steps is what power cuts are survived by: bytes before the name,
// the shard before the block, the name before the answer.
func TestPutSyncsInOrder(t *testing.T) {
	disk := &faultyDisk{}
	d := mustOpen(t, t.TempDir(), disk)
	disk.steps = nil
	if err := d.Put(t.Context(), Raw([]byte("a block"))); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(disk.steps, " "), "write mkdir syncDir rename syncDir"; got != want {
		t.Errorf("steps %q, want %q", got, want)
	}
}

// TestDirFaults crashes at every step of opening a directory and putting three
// blocks, with the step done and not done, and opens what is left: acknowledged
// blocks are there, others are there whole or not at all, nothing half-written
// remains, and a Put heals all.
func TestDirFaults(t *testing.T) {
	blocks := []Block{Raw([]byte("first block")), Raw(bytes.Repeat([]byte("second"), 1000)), Node([]byte{0xa0})}
	run := func(path string, disk *faultyDisk) (acked int) {
		d, err := openDir(path, disk, newShelf(1<<20, false))
		if err != nil {
			return 0
		}
		for i, b := range blocks {
			if err := d.Put(t.Context(), b); err != nil {
				if !errors.Is(err, errDisk) {
					t.Errorf("put: %v, want the disk's error", err)
				}
				return i
			}
		}
		return len(blocks)
	}

	sound := &faultyDisk{}
	if acked := run(t.TempDir(), sound); acked != len(blocks) {
		t.Fatalf("%d blocks put on a sound disk", acked)
	}
	for failAt := 1; failAt <= len(sound.steps); failAt++ {
		for _, persist := range []bool{false, true} {
			name := fmt.Sprintf("%02d-%s-persist=%v", failAt, sound.steps[failAt-1], persist)
			t.Run(name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "blocks")
				acked := run(path, &faultyDisk{failAt: failAt, persist: persist})
				verifyAfterCrash(t, path, blocks, acked)
			})
		}
	}
}

func verifyAfterCrash(t *testing.T, path string, blocks []Block, acked int) {
	t.Helper()
	d := mustOpen(t, path, osDisk{})
	if left, err := os.ReadDir(filepath.Join(path, tempDir)); err != nil || len(left) > 0 {
		t.Errorf("temp holds %d files after open (%v), want none", len(left), err)
	}
	var used int64
	for i, b := range blocks {
		data, err := d.Get(t.Context(), b.CID)
		switch {
		case err == nil && bytes.Equal(data, b.Data):
			used += int64(len(data))
		case i < acked || !IsNotFound(err):
			t.Errorf("block %d of %d acknowledged: %d bytes, %v", i, acked, len(data), err)
		}
	}
	if d.shelf.used != used {
		t.Errorf("%d bytes accounted for, %d held", d.shelf.used, used)
	}
	if err := d.Put(t.Context(), blocks...); err != nil {
		t.Fatalf("put after reopen: %v", err)
	}
	for i, b := range blocks {
		if data, err := d.Get(t.Context(), b.CID); err != nil || !bytes.Equal(data, b.Data) {
			t.Errorf("block %d after the second put: %d bytes, %v", i, len(data), err)
		}
	}
}

// A failed Put in a process that lives on gives its room back, leaves no rubbish
// and does every step again the next time.
func TestPutAgainAfterFailure(t *testing.T) {
	b := Raw([]byte("again"))
	for failAt := 1; failAt <= 5; failAt++ {
		d := mustOpen(t, t.TempDir(), osDisk{})
		d.disk = &faultyDisk{failAt: failAt}
		if err := d.Put(t.Context(), b); !errors.Is(err, errDisk) {
			t.Fatalf("step %d: %v, want the disk's error", failAt, err)
		}
		if d.shelf.used != 0 || d.holds(b.CID) {
			t.Fatalf("step %d: %d bytes still reserved, holds %v", failAt, d.shelf.used, d.holds(b.CID))
		}
		second := &faultyDisk{}
		d.disk = second
		if err := d.Put(t.Context(), b); err != nil {
			t.Fatalf("step %d: second put: %v", failAt, err)
		}
		if len(second.steps) != 5 {
			t.Fatalf("step %d: second put took steps %v, want all 5", failAt, second.steps)
		}
	}
}

// Damage is found by the read, named, removed, and healed by the next Put.
func TestDamagedBlockIsQuarantined(t *testing.T) {
	damages := map[string]func([]byte) []byte{
		"flipped bit": func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"torn":        func(b []byte) []byte { return b[:len(b)/2] },
		"emptied":     func([]byte) []byte { return nil },
		"grown":       func(b []byte) []byte { return append(b, 0) },
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			d := mustOpen(t, t.TempDir(), osDisk{})
			b := Raw([]byte("soon to be damaged"))
			if err := d.Put(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			rewrite(t, d.file(b.CID), damage)

			_, err := d.Get(t.Context(), b.CID)
			if corrupt, ok := errors.AsType[*CorruptError](err); !ok || corrupt.CID != b.CID {
				t.Fatalf("get: %v, want a CorruptError naming %s", err, b.CID)
			}
			if _, err := os.Stat(d.file(b.CID)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the damaged file is still there: %v", err)
			}
			if _, err := d.Get(t.Context(), b.CID); !IsNotFound(err) {
				t.Errorf("second get: %v, want NOT_FOUND", err)
			}
			if err := d.Put(t.Context(), b); err != nil {
				t.Fatalf("put: %v", err)
			}
			if data, err := d.Get(t.Context(), b.CID); err != nil || !bytes.Equal(data, b.Data) {
				t.Errorf("get after refetch: %q, %v", data, err)
			}
			if d.shelf.used != int64(len(b.Data)) {
				t.Errorf("%d bytes accounted for, want %d", d.shelf.used, len(b.Data))
			}
		})
	}
}

// A file that somebody deleted is an absent block, not a broken store.
func TestDeletedFileIsNotFound(t *testing.T) {
	d := mustOpen(t, t.TempDir(), osDisk{})
	b := Raw([]byte("deleted"))
	if err := d.Put(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(d.file(b.CID)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(t.Context(), b.CID); !IsNotFound(err) {
		t.Errorf("get: %v, want NOT_FOUND", err)
	}
	if err := d.Put(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(t.Context(), b.CID); err != nil {
		t.Error(err)
	}
}

// Open counts blocks only: files of other names are neither counted nor touched.
func TestOpenLeavesForeignFilesAlone(t *testing.T) {
	path := t.TempDir()
	b := Raw([]byte("counted"))
	if err := mustOpen(t, path, osDisk{}).Put(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	shard := shardOf(b.CID.String())
	strangers := []string{"README", filepath.Join(shard, "notes.txt"), filepath.Join(shard, Raw([]byte("elsewhere")).CID.String())}
	for _, s := range strangers {
		if err := os.WriteFile(filepath.Join(path, s), []byte("a stranger's"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := mustOpen(t, path, osDisk{})
	if d.shelf.used != int64(len(b.Data)) || len(d.shelf.books) != 1 {
		t.Errorf("%d blocks of %d bytes counted, want 1 of %d", len(d.shelf.books), d.shelf.used, len(b.Data))
	}
	for _, s := range strangers {
		if _, err := os.Stat(filepath.Join(path, s)); err != nil {
			t.Error(err)
		}
	}
}

// Blocks are the owner's alone, and lie where the documentation says.
func TestFileLayout(t *testing.T) {
	path := t.TempDir()
	b := Raw([]byte("private"))
	if err := mustOpen(t, path, osDisk{}).Put(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	name := b.CID.String()
	info, err := os.Stat(filepath.Join(path, name[len(name)-3:len(name)-1], name))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
}

func mustOpen(t *testing.T, path string, disk disk) *Dir {
	t.Helper()
	d, err := openDir(path, disk, newShelf(1<<20, false))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func rewrite(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(data), 0o600); err != nil {
		t.Fatal(err)
	}
}
