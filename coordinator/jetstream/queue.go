package jetstream

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/internal/blob"
)

// request is what one caller wants appended, whole or not at all.
type request struct {
	records [][]byte
	weight  int // of records, by eventlog.BatchSize
	blocks  []blob.Block
	claims  []claim
	room    int64
	// landed is closed when all is durable; nil when nobody waits.
	landed chan struct{}
	first  eventlog.Offset // of records, once landed
}

// requestOverhead is charged for each request and block on top of its bytes.
const requestOverhead = 256

// queue holds what waits to be appended, in order, bounded in bytes. Requests for
// which nobody waits ride along with the next one, or go when they take a quarter
// of the room.
type queue struct {
	bound int64
	room  *semaphore.Weighted

	mu      sync.Mutex
	due     sync.Cond
	waiting []*request
	urgent  int
	staged  int64
	closed  bool
}

func newQueue(bound int64) *queue {
	q := &queue{bound: bound, room: semaphore.NewWeighted(bound)}
	q.due.L = &q.mu
	return q
}

// put waits for room and queues a request.
func (q *queue) put(ctx context.Context, r *request) error {
	r.room = int64(requestOverhead + r.weight)
	for _, b := range r.blocks {
		r.room += int64(requestOverhead + len(b.Data))
	}
	for _, c := range r.claims {
		r.room += int64(requestOverhead + c.size())
	}
	if err := q.room.Acquire(ctx, r.room); err != nil {
		return context.Cause(ctx)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		q.room.Release(r.room)
		return eventlog.ErrClosed
	}
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

func (q *queue) isDue() bool { return q.closed || q.urgent > 0 || q.staged > q.bound/4 }

// take waits until there is reason to append and returns what waits, or none when
// the queue is closed and empty.
func (q *queue) take() []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.isDue() {
		q.due.Wait()
	}
	taken := q.waiting
	q.waiting, q.urgent, q.staged = nil, 0, 0
	return taken
}

// land tells the callers of requests that they are durable.
func (q *queue) land(requests []*request) {
	for _, r := range requests {
		q.room.Release(r.room)
		if r.landed != nil {
			close(r.landed)
		}
	}
}

// close refuses further requests and has the committer finish what waits.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.due.Signal()
}
