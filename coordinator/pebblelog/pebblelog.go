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
// The package does not look into records, lets go of the log's beginning only when
// it is told to (Trim), and does not replicate: a log that must outlive a machine needs another
// implementation of the port.
package pebblelog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

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

	queue *queue
	tail  *tail
	begin atomic.Pointer[eventlog.Beginning]
	// trimming is held by who trims.
	trimming sync.Mutex
	gate     *gate
	space    *space
	drained  chan struct{} // closed when the committer has ended
	close    func() error  // once
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
	return db.await(ctx, r)
}

// await waits until a request that is queued has landed.
func (db *DB) await(ctx context.Context, r *request) error {
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
	if err := db.space.check(r.purpose); err != nil {
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
