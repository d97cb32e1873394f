package pebblelog

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guardFS stands between pebble and the file system and makes the DB crash-stop:
// the first write or sync that fails throws the failure, and from then on no
// write, sync or change of names is done or returns. Freezing the callers keeps
// pebble from doing anything at all about the error. What it would do is no use
// here: it retries flushes after a failed sync, goes on after a logged fatal
// error, and panics with locks held when it cannot rotate its log.
//
// Reads, removals and closes pass: they cannot make lost bytes look durable.
type guardFS struct {
	vfs.FS
	failure *failure
}

// freeze never returns once the DB has failed.
func (g *guardFS) freeze() {
	if g.failure.err() != nil {
		select {}
	}
}

// check passes success on. An error throws the failure and freezes.
func (g *guardFS) check(op, name string, err error) {
	if err != nil {
		g.failure.fail(fmt.Errorf("%s %s: %w", op, name, err))
		g.freeze()
	}
}

// file guards a file that was opened for writing, or the failure to open it.
func (g *guardFS) file(op, name string, f vfs.File, err error) (vfs.File, error) {
	g.check(op, name, err)
	return &guardFile{File: f, fs: g, name: name}, nil
}

// Create makes durable what a directory names before a marker joins it. Pebble
// syncs the name of a new manifest only together with that of the marker which
// points to it: where a power cut keeps some changes of a directory and not
// others, the marker could be left alone.
func (g *guardFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	g.freeze()
	if strings.HasPrefix(g.FS.PathBase(name), "marker.") {
		g.check("sync", g.FS.PathDir(name), g.syncDir(g.FS.PathDir(name)))
	}
	f, err := g.FS.Create(name, c)
	return g.file("create", name, f, err)
}

func (g *guardFS) syncDir(name string) error {
	dir, err := g.FS.OpenDir(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (g *guardFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	g.freeze()
	f, err := g.FS.ReuseForWrite(from, to, c)
	return g.file("reuse as", to, f, err)
}

func (g *guardFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	g.freeze()
	f, err := g.FS.OpenReadWrite(name, c, opts...)
	return g.file("open", name, f, err)
}

// OpenDir guards the syncs of a directory, not the opening, which pebble may
// try on what is not there.
func (g *guardFS) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &guardFile{File: f, fs: g, name: name}, nil
}

func (g *guardFS) Link(from, to string) error {
	g.freeze()
	g.check("link", to, g.FS.Link(from, to))
	return nil
}

func (g *guardFS) Rename(from, to string) error {
	g.freeze()
	g.check("rename to", to, g.FS.Rename(from, to))
	return nil
}

// MkdirAll makes directories for the owner alone, whatever pebble asks for: the
// log holds other people's work.
func (g *guardFS) MkdirAll(name string, _ os.FileMode) error {
	g.freeze()
	return g.FS.MkdirAll(name, 0o700)
}

func (g *guardFS) Unwrap() vfs.FS { return g.FS }

// guardFile is a file opened for writing under a guardFS.
type guardFile struct {
	vfs.File
	fs   *guardFS
	name string
}

func (f *guardFile) Write(p []byte) (int, error) {
	f.fs.freeze()
	n, err := f.File.Write(p)
	f.fs.check("write", f.name, err)
	return n, nil
}

func (f *guardFile) WriteAt(p []byte, off int64) (int, error) {
	f.fs.freeze()
	n, err := f.File.WriteAt(p, off)
	f.fs.check("write", f.name, err)
	return n, nil
}

func (f *guardFile) Sync() error {
	f.fs.freeze()
	f.fs.check("sync", f.name, f.File.Sync())
	return nil
}

func (f *guardFile) SyncData() error {
	f.fs.freeze()
	f.fs.check("sync", f.name, f.File.SyncData())
	return nil
}

func (f *guardFile) SyncTo(length int64) (fullSync bool, err error) {
	f.fs.freeze()
	fullSync, err = f.File.SyncTo(length)
	f.fs.check("sync", f.name, err)
	return fullSync, nil
}
