package pebblelog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/blob"
)

// Open opens the store in dir, making it if it is not there, and locks it: while
// it is open, another Open fails with CONFLICT naming dir, in this process and in
// others. Opening raises the epoch. It replays what the last process had not yet
// moved into tables and proves the last segment of the log; reading proves the
// others.
//
// Other errors are *contracts.Error (VALIDATION_ERROR for options,
// VERSION_MISMATCH for a directory of another version), *eventlog.CorruptError
// or an error that wraps eventlog.ErrFailed; after the last, the directory stays
// locked until the process ends.
func Open(dir string, o Options) (*DB, error) {
	return open(dir, o, vfs.Default, func() (blob.Store, error) {
		return blob.OpenDir(filepath.Join(dir, nameBlocks), blob.DirOptions{MaxBytes: o.MaxFileBytes})
	})
}

// open is Open on any file system, with the long blocks anywhere.
func open(dir string, o Options, fs vfs.FS, files func() (blob.Store, error)) (*DB, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	failed := newFailure()
	db := &DB{
		dir: dir, options: o, failure: failed,
		queue: newQueue(o.QueueBytes, failed), gate: newGate(), drained: make(chan struct{}),
	}
	db.close = sync.OnceValue(db.shutDown)
	guarded := &guardFS{FS: fs, failure: db.failure}
	db.space = &space{fs: fs, dir: dir, reserve: o.ReserveBytes}
	if err := db.failure.guard(func() error { return db.start(guarded, files) }); err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	if o.ReadOnly {
		db.queue.close()
	}
	go db.commitAll()
	return db, nil
}

// start opens what the store is made of and finds out where it stands.
func (db *DB) start(guarded *guardFS, files func() (blob.Store, error)) (err error) {
	var opened []io.Closer
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(opened))
		}
	}()
	if db.options.ReadOnly {
		if _, err := guarded.Stat(guarded.PathJoin(db.dir, nameDB)); err != nil {
			return err
		}
	}
	db.lock, err = lockDir(guarded, db.dir)
	if err != nil {
		return err
	}
	opened = append(opened, db.lock)
	options := db.options.pebbleOptions(guarded, db.failure)
	if !db.options.ReadOnly {
		if err := create(guarded, db.dir, options); err != nil {
			return err
		}
	}
	db.pebble, err = pebble.Open(guarded.PathJoin(db.dir, nameDB), options)
	if err != nil {
		return err
	}
	opened = append(opened, db.pebble)
	db.files, err = files()
	if err != nil {
		return err
	}
	db.space.measure()
	return db.identify()
}

// closeAll closes in the reverse order of opening.
func closeAll(opened []io.Closer) (err error) {
	for _, c := range slices.Backward(opened) {
		err = errors.Join(err, c.Close())
	}
	return err
}

// identify reads who the store is and where its log ends, and takes the next
// epoch.
func (db *DB) identify() error {
	if err := db.recall(); err != nil {
		return err
	}
	if err := db.recallBeginning(); err != nil {
		return err
	}
	head, err := db.findHead()
	if err != nil {
		return err
	}
	db.tail = newTail(head)
	if db.options.ReadOnly {
		return nil
	}
	db.epoch = max(db.epoch, head.Epoch) + 1
	return commitPairs(db.pebble, pair{key: keyEpoch, value: binary.BigEndian.AppendUint64(nil, db.epoch)})
}

// recall reads the store's identity.
func (db *DB) recall() error {
	version, err := db.value(keyForm)
	if err != nil {
		return err
	}
	if len(version) == 0 {
		return contracts.Errorf(contracts.CodeInternal, db.dir, "the store says nothing of its version: it is damaged, or another program's")
	}
	if len(version) != 4 || binary.BigEndian.Uint32(version) != form {
		return contracts.Errorf(contracts.CodeVersionMismatch, db.dir,
			"store is of version %x, this program reads version %d", version, form)
	}
	cluster, err := db.value(keyCluster)
	if err != nil {
		return err
	}
	epoch, err := db.value(keyEpoch)
	if err != nil {
		return err
	}
	if len(cluster) == 0 || len(epoch) != 8 {
		return errors.New("the store has lost its cluster id or epoch")
	}
	db.cluster, db.epoch = string(cluster), binary.BigEndian.Uint64(epoch)
	return nil
}
