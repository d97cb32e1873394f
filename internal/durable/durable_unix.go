//go:build !windows

package durable

import (
	"errors"
	"os"
)

// syncDir makes the names in a directory durable.
func syncDir(path string) (err error) {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	return dir.Sync()
}
