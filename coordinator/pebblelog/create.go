package pebblelog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
)

// The store's directory.
const (
	nameLock   = "LOCK"   // held while the store is open
	nameDB     = "db"     // pebble's
	nameFresh  = "db.new" // pebble's, before it is whole
	nameBlocks = "blocks" // of blob.Dir
)

// form is the version of the key space. Open refuses any other.
const form = 1

// lockDir locks the store's directory against other openers, making it first if
// need be. File systems say in many ways that a lock is taken; every error but
// the ordinary ones of opening a file is understood so.
func lockDir(guarded *guardFS, dir string) (io.Closer, error) {
	if err := makeDir(guarded, dir); err != nil {
		return nil, err
	}
	lock, err := guarded.Lock(guarded.PathJoin(dir, nameLock))
	if err == nil {
		return lock, nil
	}
	if _, ordinary := errors.AsType[*fs.PathError](err); ordinary {
		return nil, err
	}
	return nil, contracts.Errorf(contracts.CodeConflict, dir, "directory is in use by another coordinator: %w", err)
}

// create makes the database in dir if there is none. Pebble's own creation does
// not survive every power cut: it leaves a name that points to nothing. So the
// database is made under another name, identity and all, and renamed into place;
// what a crash leaves under the other name is made anew.
func create(guarded *guardFS, dir string, o *pebble.Options) error {
	path, fresh := guarded.PathJoin(dir, nameDB), guarded.PathJoin(dir, nameFresh)
	if err := guarded.RemoveAll(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := guarded.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := pebble.Open(fresh, o)
	if err != nil {
		return err
	}
	if err := errors.Join(name(db), db.Close()); err != nil {
		return err
	}
	if err := guarded.Rename(fresh, path); err != nil {
		return err
	}
	return errors.Join(syncDir(guarded, dir), syncDir(guarded, guarded.PathDir(dir)))
}

// name gives a new store its identity.
func name(db *pebble.DB) error {
	cluster, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make cluster id: %w", err)
	}
	return commitPairs(db,
		pair{key: keyForm, value: binary.BigEndian.AppendUint32(nil, form)},
		pair{key: keyCluster, value: []byte(cluster.String())},
		pair{key: keyEpoch, value: make([]byte, 8)})
}

// commitPairs writes pairs in one synced commit.
func commitPairs(db *pebble.DB, pairs ...pair) error {
	batch := db.NewBatch()
	for _, p := range pairs {
		if err := write(batch, &p); err != nil {
			return err
		}
	}
	if err := batch.Commit(pebble.Sync); err != nil {
		return err
	}
	return batch.Close()
}

// makeDir makes a directory and those above it, each name durable.
func makeDir(on vfs.FS, dir string) error {
	if _, err := on.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := on.PathDir(dir)
	if err := makeDir(on, parent); err != nil {
		return err
	}
	if err := on.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(on, parent)
}

// syncDir makes the names in a directory durable.
func syncDir(on vfs.FS, dir string) error {
	d, err := on.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
