package pebblelog

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// pair is one key to be written, or deleted.
type pair struct {
	key    []byte
	value  []byte
	delete bool
	// A block's value can be read while it waits, and is not queued twice.
	block bool
}

// request is what one caller wants written, whole or not at all.
type request struct {
	records [][]byte // for the log
	weight  int      // of records, by eventlog.BatchSize
	pairs   []pair
	purpose purpose
	room    int64  // what it takes of the queue's bound
	until   []byte // the key up to which segments go, nil for none
	// landed tells the caller that all is durable; nil when nobody waits.
	landed chan struct{}
	first  eventlog.Offset // of records, once landed
}

// requestOverhead is charged for each request and pair on top of its bytes, so
// that the bound on bytes bounds the number of requests too.
const requestOverhead = 256

// measure sets what a request takes of the queue.
func (r *request) measure() {
	r.room = int64(requestOverhead + r.weight)
	for _, p := range r.pairs {
		r.room += int64(requestOverhead + len(p.key) + len(p.value))
	}
}

// queue holds what waits to be committed, in the order in which it will be. It
// is bounded in bytes, counted until a request has landed.
//
// Staged requests, for which nobody waits, do not wake the committer: they ride
// along with the next one that does, or go when they take a quarter of the room.
type queue struct {
	bound   int64
	room    *semaphore.Weighted
	failure *failure

	mu      sync.Mutex
	due     sync.Cond // there is reason to commit
	waiting []*request
	urgent  int               // requests in waiting for which somebody waits
	staged  int64             // room of the others
	flying  map[string][]byte // blocks that wait or are being committed
	closed  bool
}

func newQueue(bound int64, f *failure) *queue {
	q := &queue{
		bound: bound, room: semaphore.NewWeighted(bound), failure: f, flying: make(map[string][]byte),
	}
	q.due.L = &q.mu
	return q
}

// put waits for room and queues a request. The errors are ctx's,
// eventlog.ErrClosed and the failure; then nothing was queued.
func (q *queue) put(ctx context.Context, r *request) error {
	r.measure()
	if err := q.acquire(ctx, r.room); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		q.room.Release(r.room)
		return eventlog.ErrClosed
	}
	r.pairs = slices.DeleteFunc(r.pairs, q.isFlying)
	q.waiting = append(q.waiting, r)
	if r.landed != nil {
		q.urgent++
	} else {
		q.staged += r.room
	}
	if q.isDue() {
		q.due.Signal()
	}
	return nil
}

// isFlying reports whether a pair is a block that is on its way already, and
// notes that it is now. The request that it is dropped from lands no earlier,
// even if it is empty then, because requests land in order.
func (q *queue) isFlying(p pair) bool {
	if !p.block {
		return false
	}
	if _, ok := q.flying[string(p.key)]; ok {
		return true
	}
	q.flying[string(p.key)] = p.value
	return false
}

// acquire takes room, waiting for it while ctx lasts and the DB is well: room is
// given back by requests that land, and after a failure none does.
func (q *queue) acquire(ctx context.Context, room int64) error {
	if q.room.TryAcquire(room) {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(q.failure.ctx, func() { cancel(q.failure.err()) })()
	if q.room.Acquire(ctx, room) != nil {
		return context.Cause(ctx)
	}
	return nil
}

func (q *queue) isDue() bool { return q.closed || q.urgent > 0 || q.staged > q.bound/4 }

// take waits until there is reason to commit and returns the requests at the
// head of the queue, about limit bytes of them, or none when the queue is closed
// and empty.
func (q *queue) take(limit int64) []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.isDue() {
		q.due.Wait()
	}
	n, size := 0, int64(0)
	for n < len(q.waiting) && size < limit {
		r := q.waiting[n]
		size += r.room
		if r.landed != nil {
			q.urgent--
		} else {
			q.staged -= r.room
		}
		n++
	}
	taken := q.waiting[:n:n]
	if q.waiting = q.waiting[n:]; len(q.waiting) == 0 {
		q.waiting = nil // lets go of what was taken once it has landed
	}
	return taken
}

// land gives back the room of requests that are durable and tells their callers.
func (q *queue) land(requests []*request) {
	q.mu.Lock()
	for _, r := range requests {
		for _, p := range r.pairs {
			if p.block {
				delete(q.flying, string(p.key))
			}
		}
	}
	q.mu.Unlock()
	for _, r := range requests {
		q.room.Release(r.room)
		if r.landed != nil {
			close(r.landed)
		}
	}
}

// inFlight returns a block that waits or is being committed.
func (q *queue) inFlight(key []byte) (data []byte, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	data, ok = q.flying[string(key)]
	return data, ok
}

// close refuses further requests and has the committer finish what waits.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.due.Signal()
}
