package pebblelog

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

var errDisk = errors.New("the disk says no")

// fault is the way in which a write goes wrong.
type fault int

const (
	failsUndone fault = iota // an error, and nothing was done
	failsHalf                // an error, and half of the bytes were written
	failsDone                // an error, and yet it was done
)

func (f fault) String() string { return [...]string{"undone", "half", "done"}[f] }

// faultFS counts everything that changes the file system and lets one such step
// go wrong. Steps after it work: it is for the store to stop.
type faultFS struct {
	vfs.FS
	failAt int    // 1 is the first step; 0 is never
	failOn string // or the first step that begins so; "" is none
	fault  fault
	err    error // what the bad step returns; nil is errDisk

	mu    sync.Mutex
	steps []string
}

// step does one step, or lets it go wrong.
func (f *faultFS) step(what, name string, do func() error, half func()) error {
	if !f.isBad(what, name) {
		return do()
	}
	err := errDisk
	if f.err != nil {
		err = f.err
	}
	switch f.fault {
	case failsHalf:
		half()
	case failsDone:
		return errors.Join(err, do())
	}
	return err
}

// isBad counts a step and reports whether it is the one to go wrong.
func (f *faultFS) isBad(what, name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	step := fmt.Sprintf("%s %s", what, path.Base(name))
	f.steps = append(f.steps, step)
	if f.failOn != "" && strings.HasPrefix(step, f.failOn) {
		f.failOn = ""
		return true
	}
	return len(f.steps) == f.failAt
}

// count is the number of steps so far.
func (f *faultFS) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.steps)
}

// did reports whether a step like what was done.
func (f *faultFS) did(what string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.steps {
		if strings.HasPrefix(s, what) {
			return true
		}
	}
	return false
}

func nothing() {}

func (f *faultFS) open(what, name string, do func() (vfs.File, error)) (file vfs.File, err error) {
	err = f.step(what, name, func() (err error) { file, err = do(); return err }, nothing)
	if err != nil {
		return nil, err
	}
	return &faultFile{File: file, fs: f, name: name}, nil
}

func (f *faultFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.open("create", name, func() (vfs.File, error) { return f.FS.Create(name, c) })
}

func (f *faultFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.open("reuse", to, func() (vfs.File, error) { return f.FS.ReuseForWrite(from, to, c) })
}

func (f *faultFS) OpenDir(name string) (vfs.File, error) {
	file, err := f.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &faultFile{File: file, fs: f, name: name}, nil
}

func (f *faultFS) Link(from, to string) error {
	return f.step("link", to, func() error { return f.FS.Link(from, to) }, nothing)
}

func (f *faultFS) Rename(from, to string) error {
	return f.step("rename", to, func() error { return f.FS.Rename(from, to) }, nothing)
}

func (f *faultFS) Remove(name string) error {
	return f.step("remove", name, func() error { return f.FS.Remove(name) }, nothing)
}

func (f *faultFS) Unwrap() vfs.FS { return f.FS }

type faultFile struct {
	vfs.File
	fs   *faultFS
	name string
}

func (f *faultFile) Write(p []byte) (n int, err error) {
	err = f.fs.step("write", f.name,
		func() (err error) { n, err = f.File.Write(p); return err },
		func() { n, _ = f.File.Write(p[:len(p)/2]) })
	return n, err
}

func (f *faultFile) Sync() error { return f.fs.step("sync", f.name, f.File.Sync, nothing) }

func (f *faultFile) SyncData() error { return f.fs.step("sync", f.name, f.File.SyncData, nothing) }

func (f *faultFile) SyncTo(n int64) (full bool, err error) {
	err = f.fs.step("sync", f.name, func() (err error) { full, err = f.File.SyncTo(n); return err }, nothing)
	return full, err
}
