//go:build !windows

package blob

import (
	"errors"
	"os"
)

// syncDir makes the entries of a directory durable.
func syncDir(path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Sync()
}
