package pebblelog

import (
	"errors"
	"io/fs"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// Every way of writing to a file system that fails throws the failure, and the
// writer never hears of it.
func TestGuardThrowsOnEveryWrite(t *testing.T) {
	const unspecified = vfs.WriteCategoryUnspecified
	writes := map[string]func(g *guardFS, f, dir vfs.File) error{
		"create":    func(g *guardFS, _, _ vfs.File) error { return errorOf(g.Create("new", unspecified)) },
		"reuse":     func(g *guardFS, _, _ vfs.File) error { return errorOf(g.ReuseForWrite("old", "new", unspecified)) },
		"open":      func(g *guardFS, _, _ vfs.File) error { return errorOf(g.OpenReadWrite("old", unspecified)) },
		"link":      func(g *guardFS, _, _ vfs.File) error { return g.Link("old", "new") },
		"rename":    func(g *guardFS, _, _ vfs.File) error { return g.Rename("old", "new") },
		"write":     func(_ *guardFS, f, _ vfs.File) error { return errorOf(f.Write([]byte("x"))) },
		"write at":  func(_ *guardFS, f, _ vfs.File) error { return errorOf(f.WriteAt([]byte("x"), 0)) },
		"sync":      func(_ *guardFS, f, _ vfs.File) error { return f.Sync() },
		"sync data": func(_ *guardFS, f, _ vfs.File) error { return f.SyncData() },
		"sync to":   func(_ *guardFS, f, _ vfs.File) error { return errorOf(f.SyncTo(1)) },
		"sync dir":  func(_ *guardFS, _, dir vfs.File) error { return dir.Sync() },
	}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			var broken atomic.Bool
			mem := vfs.NewMem()
			failed := newFailure()
			g := &guardFS{failure: failed, FS: errorfs.Wrap(mem, errorfs.InjectorFunc(func(errorfs.Op) error {
				if broken.Load() {
					return errDisk
				}
				return nil
			}))}
			file, err := g.OpenReadWrite("old", unspecified)
			must(t, err)
			dir, err := g.OpenDir("")
			must(t, err)
			must(t, errorOf(file.Write([]byte("sound"))))
			must(t, file.Sync())

			broken.Store(true)
			err = failed.guard(func() error { return write(g, file, dir) })
			if !errors.Is(err, eventlog.ErrFailed) || !errors.Is(err, errDisk) {
				t.Errorf("%v, want ErrFailed because of the disk", err)
			}
		})
	}
}

// Reads pass, with their errors.
func TestGuardLetsReadsPass(t *testing.T) {
	failed := newFailure()
	g := &guardFS{failure: failed, FS: vfs.NewMem()}
	if _, err := g.Open("absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open: %v, want not-exist", err)
	}
	if _, err := g.OpenDir("absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open directory: %v, want not-exist", err)
	}
	if err := g.Remove("absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("remove: %v, want not-exist", err)
	}
	if err := failed.err(); err != nil {
		t.Errorf("the store failed: %v", err)
	}
}
