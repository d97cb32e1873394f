package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/durable"
)

// dataDir is everything that a node keeps on disk. One process at a time has
// it: two would sign with the same numbers.
type dataDir struct {
	path string
	lock *os.File
}

// openDataDir makes the directory, for its owner alone, if it is not there. The
// error is CONFLICT naming the directory while another process has it.
func openDataDir(path string) (*dataDir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("create data directory: %w", err)
	}
	lock, err := durable.Lock(filepath.Join(path, "lock"))
	if errors.Is(err, durable.ErrLocked) {
		return nil, contracts.Errorf(contracts.CodeConflict, path, "data directory is in use: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	return &dataDir{path: path, lock: lock}, nil
}

// identity is the file of the node's key. Whoever has it is the node.
func (d *dataDir) identity() string { return filepath.Join(d.path, "identity.key") }

// sequence is the file of the batch numbers in use.
func (d *dataDir) sequence() string { return filepath.Join(d.path, "sequence") }

// pause is the file of the owner's order to pause, while there is one.
func (d *dataDir) pause() string { return filepath.Join(d.path, "pause.json") }

// journal is the file of what the node did on the last days.
func (d *dataDir) journal() string { return filepath.Join(d.path, "days.json") }

// code is the directory of compiled modules.
func (d *dataDir) code() string { return filepath.Join(d.path, "code") }

// blocks is the directory of cached blocks, one below it for a cluster.
func (d *dataDir) blocks() string { return filepath.Join(d.path, "blocks") }

// close lets another process have the directory.
func (d *dataDir) close() error { return d.lock.Close() }
