package durable

import (
	"errors"
	"os"
	"path/filepath"
)

// WriteFile replaces the file at path and returns when neither kill -9 nor a
// power cut can bring the old content back. A reader finds the old content or
// the new, never a part.
func WriteFile(path string, data []byte) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return syncDir(filepath.Dir(path))
}

// ErrLocked says that another process holds a lock.
var ErrLocked = errors.New("locked by another process")
