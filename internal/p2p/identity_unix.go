//go:build !windows

package p2p

import (
	"errors"
	"io/fs"
	"os"

	"github.com/krako-labs/krako/contracts"
)

// checkMode refuses a key that others can read or write.
func checkMode(path string, mode fs.FileMode) error {
	if mode.Perm()&0o077 != 0 {
		return contracts.Errorf(contracts.CodeAuth, path,
			"identity has mode %04o, so others may have copied it; run chmod 600 on it if they have not", mode.Perm())
	}
	return nil
}

// syncDir makes a new directory entry durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
