package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/krako-labs/krako/internal/durable"
)

// folder is a server's private folder, in memory where the system has such: what
// slots are saved to holds prompts. Its lock says that it has an owner, for as
// long as the process lives that made it.
type folder struct {
	path string
	lock *os.File
}

// folderPrefix begins the names of such folders, lockName is the lock in each.
const (
	folderPrefix = "krako-llama-"
	lockName     = "lock"
)

// newFolder makes one and removes those in base whose owners are dead: one that
// was killed cleans up nothing.
func newFolder(base string) (*folder, error) {
	sweep(base)
	for {
		f, err := claim(base)
		if !errors.Is(err, errSwept) {
			return f, err
		}
	}
}

// errSwept says that a sweeper took a folder between its making and its lock.
var errSwept = errors.New("folder was removed")

func claim(base string) (*folder, error) {
	path, err := os.MkdirTemp(base, folderPrefix)
	if err != nil {
		return nil, fmt.Errorf("make folder for a model server: %w", err)
	}
	lock, err := durable.Lock(filepath.Join(path, lockName))
	if errors.Is(err, durable.ErrLocked) || errors.Is(err, fs.ErrNotExist) {
		return nil, errSwept
	}
	f := &folder{path: path, lock: lock}
	if err == nil {
		// A sweeper may have had the lock, removed its file and let go.
		if _, gone := os.Stat(f.file(lockName)); errors.Is(gone, fs.ErrNotExist) {
			return nil, errors.Join(errSwept, lock.Close())
		}
		err = os.Mkdir(f.file("slots"), 0o700)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make folder for a model server: %w", err), f.remove())
	}
	return f, nil
}

func (f *folder) file(name string) string { return filepath.Join(f.path, name) }

// remove ends the folder and all in it, while the lock is held as far as the
// system lets it: some remove no file that is open.
func (f *folder) remove() error {
	err := os.RemoveAll(f.path)
	if f.lock != nil {
		_ = f.lock.Close() // nothing was written to it
		err = os.RemoveAll(f.path)
	}
	if err != nil {
		return fmt.Errorf("remove folder of a model server: %w", err)
	}
	return nil
}

// sweep removes folders in base whose locks nobody holds. One that cannot be
// looked into is somebody else's and stays.
func sweep(base string) {
	if base == "" {
		base = os.TempDir()
	}
	found, err := filepath.Glob(filepath.Join(base, folderPrefix+"*"))
	if err != nil {
		return // the pattern is of no folder's name
	}
	for _, path := range found {
		if info, err := os.Lstat(path); err != nil || !info.IsDir() {
			continue
		}
		if os.Remove(path) == nil {
			continue // it was empty: its owner died before it had a lock
		}
		lock, err := durable.Lock(filepath.Join(path, lockName))
		if err != nil {
			continue
		}
		_ = (&folder{path: path, lock: lock}).remove() // what stays is tried again by the next
	}
}
