package blob

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// disk is every change a Dir makes to its directory, one step a method, so that
// tests can stop between any two.
type disk interface {
	// mkdir makes a directory for the owner alone; one that is there is well.
	mkdir(path string) error
	// write makes a new file for the owner alone and returns when its bytes are
	// durable.
	write(path string, data []byte) error
	// rename gives a file another name, in place of what has it.
	rename(from, to string) error
	// remove deletes a file; an absent one is well.
	remove(path string) error
	// syncDir returns when the names in a directory are durable.
	syncDir(path string) error
}

// osDisk is the operating system's file system. With lazy it leaves it to the
// system when bytes and names reach the medium.
type osDisk struct{ lazy bool }

func (osDisk) mkdir(path string) error { return os.MkdirAll(path, 0o700) }

func (d osDisk) write(path string, data []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if d.lazy {
		return nil
	}
	return f.Sync()
}

func (osDisk) rename(from, to string) error { return os.Rename(from, to) }

func (osDisk) remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (d osDisk) syncDir(path string) error {
	if d.lazy {
		return nil
	}
	return syncDir(path)
}

// readAtMost reads a file of no more than limit bytes; of a longer one it
// returns the first limit+1.
func readAtMost(path string, limit int64) (data []byte, err error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data = make([]byte, limit+1)
	n, err := io.ReadFull(f, data)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return data[:n], nil
}
