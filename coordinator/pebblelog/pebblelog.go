// Package pebblelog keeps the coordinator's durable state in one directory: the
// event log, content-addressed blocks and a little metadata, on the embedded
// database Pebble. It is the only package that knows Pebble.
//
// Everything is written by one goroutine. It takes whatever callers have queued,
// packs records into hash-chained segments, commits all of it with one sync and
// releases the callers together; while it syncs, the next group gathers. There
// are no timers: alone, a caller pays one sync.
//
// The store is crash-stop. The first write or sync that fails, of whatever file,
// ends it: every call answers eventlog.ErrFailed from then on, not a byte more is
// written, and only another process can open the directory again. See guardFS.
//
// The package does not look into records, does not expire or compact the log,
// and does not replicate: a log that must outlive a machine needs another
// implementation of the port.
package pebblelog

import (
	"context"
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
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/internal/blob"
)

// DB is an open store directory. It is safe for concurrent use.
type DB struct {
	dir     string
	options Options
	lock    io.Closer
	pebble  *pebble.DB
	files   blob.Store // blocks too long for the database
	failure *failure

	cluster string
	epoch   uint64

	queue   *queue
	tail    *tail
	gate    *gate
	space   *space
	drained chan struct{} // closed when the committer has ended
	close   func() error  // once
}

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
	db.lock, err = lockDir(guarded, db.dir)
	if err != nil {
		return err
	}
	opened = append(opened, db.lock)
	options := db.options.pebbleOptions(guarded, db.failure)
	if err := create(guarded, db.dir, options); err != nil {
		return err
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
	head, err := db.findHead()
	if err != nil {
		return err
	}
	db.tail = newTail(head)
	db.epoch = max(db.epoch, head.Epoch) + 1
	return commitPairs(db.pebble, pair{key: keyEpoch, value: binary.BigEndian.AppendUint64(nil, db.epoch)})
}

// recall reads the store's identity.
func (db *DB) recall() error {
	version, err := db.value(keyForm)
	if err != nil {
		return err
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

// value returns a copy of a key's value, nil if there is none.
func (db *DB) value(key []byte) ([]byte, error) {
	value, closer, err := db.pebble.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read key %q: %w", key, err)
	}
	copied := append(make([]byte, 0, len(value)), value...)
	return copied, closer.Close()
}

// Log returns the event log. Closing it closes the DB.
func (db *DB) Log() eventlog.Log { return &log{db: db} }

// Blocks returns the block store.
func (db *DB) Blocks() *Blocks { return &Blocks{db: db} }

// Meta returns the metadata.
func (db *DB) Meta() *Meta { return &Meta{db: db} }

// Failed is closed when the DB has failed; Err says why.
func (db *DB) Failed() <-chan struct{} { return db.failure.done() }

// Err is nil, or the failure: eventlog.ErrFailed and its cause.
func (db *DB) Err() error { return db.failure.err() }

// Close commits what is queued, staged blocks included, waits for reads to end,
// and unlocks the directory. Calls that come later answer eventlog.ErrClosed. A
// DB that has failed, or fails meanwhile, is not closed: the error is the
// failure, and the directory stays locked until the process ends, because what
// it was writing to is in nobody's hands. More calls return what the first did.
func (db *DB) Close() error { return db.close() }

func (db *DB) shutDown() error {
	db.queue.close()
	return db.failure.guard(func() error {
		<-db.drained
		db.gate.close()
		<-db.gate.empty
		if err := db.failure.err(); err != nil {
			return err
		}
		if err := closeAll([]io.Closer{db.lock, db.pebble}); err != nil {
			return fmt.Errorf("close store %s: %w", db.dir, err)
		}
		return nil
	})
}

// submit queues a request and waits until it has landed. Once it is queued, an
// end of ctx leaves the outcome open.
func (db *DB) submit(ctx context.Context, r *request) error {
	r.landed = make(chan struct{})
	if err := db.enqueue(ctx, r); err != nil {
		return err
	}
	select {
	case <-r.landed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-db.failure.done():
		return db.failure.err()
	}
}

// enqueue queues a request, waiting for room.
func (db *DB) enqueue(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := db.failure.err(); err != nil {
		return err
	}
	if err := db.space.check(); err != nil {
		return err
	}
	return db.queue.put(ctx, r)
}

// usable is nil while the DB is neither failed nor closing and ctx not done.
func (db *DB) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := db.failure.err(); err != nil {
		return err
	}
	if db.gate.isShut() {
		return eventlog.ErrClosed
	}
	return nil
}

// enter admits a call that reads from the database; the caller leaves the gate.
func (db *DB) enter(ctx context.Context) error {
	if err := db.usable(ctx); err != nil {
		return err
	}
	if !db.gate.enter() {
		return eventlog.ErrClosed
	}
	return nil
}
