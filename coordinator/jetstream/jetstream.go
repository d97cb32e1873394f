package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
)

// DB is a log and its blocks that this coordinator leads. It is safe for
// concurrent use.
type DB struct {
	cfg     Config
	nc      *nats.Conn
	js      jetstream.JetStream
	stream  jetstream.Stream
	objects jetstream.ObjectStore
	bucket  jetstream.Stream // of the objects
	heldFor time.Duration
	cluster string
	epoch   uint64

	lease   lease
	queue   *queue
	tail    *tail
	ctx     context.Context // done when the DB has failed or is closed
	end     context.CancelCauseFunc
	place   place         // of the last message; the committer's
	marked  uint64        // the last message marked as copied; the committer's
	copied  uint64        // the last message whose blocks are here; Open's
	drained chan struct{} // closed when the committer has ended
	renewed chan struct{} // closed when the lease is not renewed any more
	close   func() error
}

// Open waits until this coordinator leads the log, and opens it. Until then it
// copies blocks, so that it can begin at once. It ends when ctx does.
//
// Errors are VALIDATION_ERROR for the configuration or for a stream that cannot be
// relied on, NETWORK_ERROR when no server answers, AUTH_ERROR for an account that
// may do too much when RequireDeny is set, and *eventlog.CorruptError.
func Open(ctx context.Context, cfg Config) (_ *DB, err error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	db := &DB{cfg: cfg, heldFor: heldFor, queue: newQueue(cfg.QueueBytes), drained: make(chan struct{}), renewed: make(chan struct{})}
	db.ctx, db.end = context.WithCancelCause(context.Background())
	db.close = sync.OnceValue(db.shutDown)
	if db.nc, err = connect(&cfg); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			db.end(err)
			db.nc.Close()
		}
	}()
	if err := db.reach(ctx); err != nil {
		return nil, err
	}
	if err := db.lead(ctx); err != nil {
		return nil, err
	}
	go db.commitAll()
	return db, nil
}

// reach finds or makes everything that is on the servers.
func (db *DB) reach(ctx context.Context) (err error) {
	if db.js, err = jetstream.New(db.nc, jetstream.WithDefaultTimeout(10*time.Second)); err != nil {
		return err
	}
	if db.stream, db.cluster, err = ensure(ctx, db.js, &db.cfg); err != nil {
		return err
	}
	n := namesOf(db.cfg.Name)
	if db.objects, err = db.js.ObjectStore(ctx, n.objects); err != nil {
		return fmt.Errorf("open bucket: %w", err)
	}
	if db.bucket, err = db.js.Stream(ctx, "OBJ_"+n.objects); err != nil {
		return fmt.Errorf("open bucket: %w", err)
	}
	kv, err := db.js.KeyValue(ctx, n.lease)
	if err != nil {
		return fmt.Errorf("open lease: %w", err)
	}
	db.lease = lease{kv: kv, owner: db.cfg.Owner + "/" + uuid.NewString()[:8], period: db.cfg.Lease}
	if may := alterable(ctx, db.nc, db.cfg.Name); len(may) > 0 {
		if db.cfg.RequireDeny {
			return contracts.Errorf(contracts.CodeAuth, "nats account", "may %v streams; deny it that", may)
		}
		db.cfg.Logger.Warn("the account may alter streams: an administrator's mistake can shorten the log", "may", may)
	}
	return nil
}

// lead waits for the lease and claims the log. The lease is kept from the moment it
// is there: to copy what the leader before has left can take longer than it lasts.
func (db *DB) lead(ctx context.Context) error {
	copying, cancel := context.WithCancel(ctx)
	copied := make(chan error, 1)
	go func() { copied <- db.copyBlocks(copying, true) }()
	err := db.retry(ctx, "wait for lease", func() error { return db.lease.acquire(ctx) })
	cancel()
	if aside := <-copied; aside != nil && !errors.Is(aside, context.Canceled) {
		db.cfg.Logger.Warn("blocks not copied while waiting", "error", aside)
	}
	if err != nil {
		return err
	}
	go db.keepLease()
	if err := db.takeOver(ctx); err != nil {
		db.end(err)
		<-db.renewed
		release, cancel := context.WithTimeout(context.WithoutCancel(ctx), db.cfg.Lease)
		defer cancel()
		return errors.Join(err, db.lease.release(release))
	}
	return nil
}

// takeOver makes this coordinator the log's writer. Servers that do not answer are
// asked again for as long as the lease is held: nobody else could do more.
func (db *DB) takeOver(ctx context.Context) error {
	if err := db.retry(ctx, "claim log", func() error { return db.claim(ctx) }); err != nil {
		return err
	}
	// What came before the claim is all there is: nobody else can add to it now.
	if err := db.copyBlocks(ctx, false); err != nil {
		return fmt.Errorf("copy blocks: %w", err)
	}
	return nil
}

// claim appends the beginning of a new epoch behind the last message, whoever
// wrote that, and proves the last segment.
func (db *DB) claim(ctx context.Context) error {
	nothing, err := encodeBody(nil, nil, nil)
	if err != nil {
		return err
	}
	for {
		at, head, err := db.position(ctx)
		if err != nil {
			return err
		}
		db.epoch = max(at.epoch+1, db.lease.epoch)
		db.place, db.tail = at, newTail(head)
		err = db.publish(ctx, place{next: at.next, epoch: db.epoch, segment: at.segment}, nothing)
		switch {
		case errors.Is(err, eventlog.ErrFenced):
			// The leader before has added something meanwhile; look again.
		case errors.Is(err, eventlog.ErrFailed):
			return fmt.Errorf("append claim: %v", err) // it is not the log that failed: it can be tried again
		default:
			return err
		}
	}
}

// position is where the log ends.
func (db *DB) position(ctx context.Context) (place, eventlog.Head, error) {
	info, err := db.stream.Info(ctx)
	if err != nil {
		return place{}, eventlog.Head{}, fmt.Errorf("look at stream: %w", err)
	}
	if info.State.FirstSeq > 1 {
		return place{}, eventlog.Head{}, &eventlog.CorruptError{Segment: 1, Reason: "the stream has lost its first messages"}
	}
	if info.State.LastSeq == 0 {
		return place{next: 1}, eventlog.Genesis(), nil
	}
	m, err := db.stream.GetMsg(ctx, info.State.LastSeq)
	if err != nil {
		return place{}, eventlog.Head{}, fmt.Errorf("read last message: %w", err)
	}
	at, err := placeOf(m.Sequence, m.Header)
	if err != nil || at.segment == 0 {
		return at, eventlog.Genesis(), err
	}
	head, err := db.headAt(ctx, at)
	return at, head, err
}

// headAt proves the last segment before a place.
func (db *DB) headAt(ctx context.Context, at place) (eventlog.Head, error) {
	m, err := db.stream.GetMsg(ctx, at.segment)
	if err != nil {
		return eventlog.Head{}, fmt.Errorf("read last segment: %w", err)
	}
	encoded, _, _, err := decodeBody(m.Data)
	if err != nil {
		return eventlog.Head{}, &eventlog.CorruptError{Segment: at.next, Reason: err.Error()}
	}
	s, err := eventlog.DecodeSegment(encoded)
	if err != nil {
		return eventlog.Head{}, &eventlog.CorruptError{Segment: at.next, Reason: err.Error()}
	}
	_, head, err := eventlog.Enter(db.cluster, s.First, encoded)
	if err == nil && head.Next != at.next {
		err = &eventlog.CorruptError{Segment: s.First, Reason: fmt.Sprintf("it ends before record %d, the stream says %d", head.Next, at.next)}
	}
	return head, err
}

// keepLease renews the lease; losing it ends the DB.
func (db *DB) keepLease() {
	defer close(db.renewed)
	if err := db.lease.renew(db.ctx); err != nil {
		db.end(err)
	}
}

// Log returns the event log. Closing it closes the DB.
func (db *DB) Log() eventlog.Log { return &log{db} }

// Blocks returns the block store.
func (db *DB) Blocks() *Blocks { return &Blocks{db} }

// Claims returns who may read which block.
func (db *DB) Claims() Claims { return &claims{db} }

// Failed is closed when the DB has failed or was closed; Err says which.
func (db *DB) Failed() <-chan struct{} { return db.ctx.Done() }

// Err is nil, the failure, or eventlog.ErrClosed.
func (db *DB) Err() error { return context.Cause(db.ctx) }

// Close appends what is queued, lets the next coordinator in, and ends the
// connection. A DB that has failed returns the failure.
func (db *DB) Close() error { return db.close() }

func (db *DB) shutDown() error {
	db.queue.close()
	<-db.drained
	failure := db.Err()
	db.end(eventlog.ErrClosed)
	<-db.renewed
	if failure == nil {
		ctx, cancel := context.WithTimeout(context.Background(), db.cfg.Lease)
		defer cancel()
		failure = db.mark(ctx, db.place.seq)
		if err := db.lease.release(ctx); err != nil {
			db.cfg.Logger.Warn("lease not released, the next coordinator waits for its end", "error", err)
		}
	}
	db.nc.Close()
	return failure
}
