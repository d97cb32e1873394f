package coordinator

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/internal/blob"
)

// committer turns what the loop decided into durable records, one batch at a
// time, and lets the effects of a batch out when it is durable. While one batch
// is on its way to the disk the next one gathers, so batches grow with load.
type committer struct {
	next   batch
	room   []byte // for records
	blocks []blob.Block
	busy   bool
	work   chan batch
	done   chan error
	ended  chan struct{}
	// stalled is set while there is no room for what was decided: nothing new is
	// begun then. leave is closed when nobody waits for room any more.
	stalled atomic.Bool
	leave   chan struct{}

	counts Counts
	// passed is told how far the log is durable, behind the effects of the records.
	passed func(eventlog.Offset)
	// commits counts appends, committing the nanoseconds that they took.
	commits, committing atomic.Int64
}

// batch is the records of one or more turns and what waits for them.
type batch struct {
	records [][]byte
	facts   []session.Record // the records as they read
	after   []effect
}

// effect runs on the committer's goroutine once the record at index is durable
// at offset base+index. It must not touch the loop's state.
type effect struct {
	index int
	run   func(eventlog.Offset)
}

// maxPending is how many records may gather before the loop takes no more in.
const maxPending = 16 << 10

func (c *committer) start(log eventlog.Log, fold chan<- committed, passed func(eventlog.Offset)) {
	c.passed = passed
	c.work, c.done, c.ended, c.leave = make(chan batch), make(chan error, 1), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(c.ended)
		defer close(fold)
		for b := range c.work {
			c.done <- c.append(log, &b, fold)
		}
	}()
}

const (
	// recordRoom is how much room is made at once for encoded records, which live and
	// die together. likelyRecord is what most of them fit into.
	recordRoom   = 32 << 10
	likelyRecord = 448
)

// add encodes a record into the next batch; run, if not nil, is called when it
// is durable.
func (c *committer) add(r *session.Record, run func(eventlog.Offset)) error {
	if cap(c.room)-len(c.room) < likelyRecord {
		c.room = make([]byte, 0, recordRoom)
	}
	at := len(c.room)
	room, err := r.AppendEncoded(c.room)
	if err != nil {
		return err
	}
	c.room = room
	c.next.records = append(c.next.records, room[at:len(room):len(room)])
	c.next.facts = append(c.next.facts, *r)
	c.counts.take(r)
	if run != nil {
		c.next.after = append(c.next.after, effect{len(c.next.records) - 1, run})
	}
	return nil
}

// then calls run when everything added so far is durable.
func (c *committer) then(run func()) {
	c.next.after = append(c.next.after, effect{len(c.next.records) - 1, func(eventlog.Offset) { run() }})
}

// keep stores a block no later than the records of this turn.
func (c *committer) keep(b blob.Block) { c.blocks = append(c.blocks, b) }

// stage hands the kept blocks to the store, ahead of the records that name them.
// It reports false when there is no room for them: the records must wait.
func (c *committer) stage(ctx context.Context, to Blocks) (bool, error) {
	if len(c.blocks) == 0 {
		return true, nil
	}
	err := to.Stage(ctx, c.blocks...)
	if exhausted(err) {
		c.stalled.Store(true)
		return false, nil
	}
	c.blocks = c.blocks[:0]
	return true, err
}

// exhausted reports whether an error says that the disk is nearly full: nothing
// was written, and it may be again.
func exhausted(err error) bool {
	return err != nil && contracts.CodeOf(err) == contracts.CodeResourceExhausted
}

func (c *committer) full() bool { return len(c.next.records) >= maxPending }

// flush hands the next batch over unless one is under way.
func (c *committer) flush() {
	if c.busy || len(c.next.records)+len(c.next.after) == 0 {
		return
	}
	c.busy = true
	c.work <- c.next
	// The next one will be about as long.
	n := len(c.next.records)
	c.next = batch{records: make([][]byte, 0, n+n/4), facts: make([]session.Record, 0, n+n/4)}
}

// finish commits what is left, at an orderly stop.
func (c *committer) finish(context.Context) error {
	close(c.leave)
	if c.busy {
		if err := <-c.done; err != nil {
			return err
		}
		c.busy = false
	}
	c.flush()
	if !c.busy {
		return nil
	}
	c.busy = false
	return <-c.done
}

func (c *committer) stop() {
	select {
	case <-c.leave:
	default:
		close(c.leave)
	}
	close(c.work) // done has room for the last answer, read or not
	<-c.ended
}

// append writes the batch in as many atomic appends as its size needs and runs
// each effect as soon as its record is durable. What is durable is handed to fold.
func (c *committer) append(log eventlog.Log, b *batch, fold chan<- committed) error {
	at := 0
	for at < len(b.records) {
		n := chunk(b.records[at:])
		began := time.Now()
		first, err := c.insist(log, b.records[at:at+n])
		c.commits.Add(1)
		c.committing.Add(int64(time.Since(began)))
		if err != nil {
			return err
		}
		b.release(at+n, first-eventlog.Offset(at))
		c.passed(first + eventlog.Offset(n) - 1)
		fold <- committed{first, b.records[at : at+n], b.facts[at : at+n]}
		at += n
	}
	b.release(len(b.records), 0)
	return nil
}

// roomWait is how often a full disk is looked at again.
const roomWait = 200 * time.Millisecond

// insist appends a batch. A full disk is waited for, until the coordinator stops:
// what was decided must not be left out. Other than that, only the log's own end
// stops an append: a caller that goes away must not leave a fact unwritten.
func (c *committer) insist(log eventlog.Log, records [][]byte) (eventlog.Offset, error) {
	for {
		first, err := log.Append(context.Background(), records)
		c.stalled.Store(exhausted(err))
		if !exhausted(err) {
			return first, err
		}
		again := time.NewTimer(roomWait)
		select {
		case <-again.C:
		case <-c.leave:
			again.Stop()
			return 0, err
		}
	}
}

// release runs the effects of records before index end; base is the offset of
// the batch's first record.
func (b *batch) release(end int, base eventlog.Offset) {
	k := 0
	for k < len(b.after) && b.after[k].index < end {
		b.after[k].run(base + eventlog.Offset(b.after[k].index))
		k++
	}
	b.after = b.after[k:]
}

// chunk returns how many of the records fit into one atomic append.
func chunk(records [][]byte) int {
	size := 0
	for i, r := range records {
		size += len(r)
		if i == eventlog.MaxBatchRecords || i > 0 && size > eventlog.MaxBatchBytes/2 {
			return i
		}
	}
	return len(records)
}
