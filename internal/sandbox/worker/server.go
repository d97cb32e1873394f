package worker

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/internal/sandbox"
)

const (
	// recallAfter is how long a task may run before those behind it are sent back:
	// long enough that batches of short tasks stay whole, short enough that a task
	// loses nothing by having stood behind an endless one.
	recallAfter = 10 * time.Millisecond
	// holdResults is how long a result may wait for others while there are tasks to
	// run: a frame costs both sides 50 µs, with the wakening that it entails.
	holdResults = time.Millisecond
	// flushBytes sends results however young they are.
	flushBytes = 32 << 10
	// manyOutputs is how much output one batch may have before the rest of it is
	// sent back: the agent has bounds of its own for what it keeps.
	manyOutputs = 1 << 20
)

// errand is a task in a worker process.
type errand struct {
	id     taskID
	module cid.Cid
	job    sandbox.Job
	limit  time.Duration
	ended  bool               // cancelled before it began; under server.mu
	cancel context.CancelFunc // while it runs; under server.mu
}

// server runs tasks in a worker process, one at a time.
type server struct {
	box  *sandbox.Sandbox
	out  *frameWriter
	turn turn

	mu      sync.Mutex
	more    sync.Cond
	queue   []*errand
	current *errand

	// The goroutine that runs tasks owns the rest.
	began   time.Time // of the current task
	results []byte    // ends that were not sent
	count   int       // of them
	batch   uint64    // they are of
	oldest  time.Time // of them
	outputs int       // bytes of output in this batch
}

func newServer(box *sandbox.Sandbox, out *frameWriter) *server {
	s := &server{box: box, out: out, turn: turn{gate: newGate()}}
	s.turn.between = s.between
	s.more.L = &s.mu
	return s
}

// enqueue takes a batch in hand.
func (s *server) enqueue(list []order, blocks map[string][]byte) error {
	batch := make([]*errand, len(list))
	for i, o := range list {
		e := &errand{id: o.id, module: o.call.Module.Cid, limit: o.limit}
		e.job = jobOf(&Task{Unit: o.unit, Call: &o.call})
		ok := true
		if link := o.call.Input.Link; link.Defined() {
			e.job.Input, ok = blocks[link.KeyString()]
		}
		for name, link := range o.call.Blobs {
			data, has := blocks[link.KeyString()]
			e.job.Blobs[name], ok = data, ok && has
		}
		if !ok {
			return malformed("task %d names a block that is not here", i)
		}
		batch[i] = e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, batch...)
	s.more.Signal()
	return nil
}

// cancel ends a task. One that has ended is not there any more.
func (s *server) cancel(id taskID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil && s.current.id == id {
		s.current.cancel()
		return
	}
	for _, e := range s.queue {
		if e.id == id {
			e.ended = true
		}
	}
}

// run runs tasks for ever; the error is that of writing.
func (s *server) run() error {
	for {
		e, ctx := s.next()
		if e == nil {
			s.turn.idle()
			if err := s.flush(); err != nil {
				return err
			}
			s.await()
			continue
		}
		if err := s.end(e, s.execute(ctx, e)); err != nil {
			return err
		}
		e.cancel()
	}
}

// await waits for a task to be queued.
func (s *server) await() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) == 0 {
		s.more.Wait()
	}
}

// next takes the first task of the queue, nil if there is none.
func (s *server) next() (*errand, context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = nil
	if len(s.queue) == 0 {
		return nil, nil
	}
	e := s.queue[0]
	s.queue[0], s.queue = nil, s.queue[1:]
	var ctx context.Context
	ctx, e.cancel = context.WithCancel(context.WithValue(context.Background(), turnKey{}, &s.turn))
	if e.ended {
		e.cancel()
	}
	s.current = e
	return e, ctx
}

func (s *server) execute(ctx context.Context, e *errand) End {
	if e.id.batch != s.batch {
		s.batch, s.outputs = e.id.batch, 0
	}
	s.began = time.Now()
	s.turn.pass(ctx)
	var err error
	if e.job.Module, err = readyModule(ctx, s.box, e.module); err != nil {
		return End{Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, e.limit)
	defer cancel()
	s.began = time.Now()
	o, err := s.box.Run(ctx, e.job)
	return End{Outcome: o, Took: time.Since(s.began), Err: err}
}

// end reports how a task ended, together with others if they are not late.
func (s *server) end(e *errand, end End) error {
	s.report(e.id.index, &end)
	if s.outputs += len(end.Outcome.Output); s.outputs > manyOutputs {
		s.recall()
	}
	if len(s.results) < flushBytes && time.Since(s.oldest) < holdResults {
		return nil
	}
	return s.flush()
}

func (s *server) report(index int, e *End) {
	if s.count == 0 {
		s.oldest = time.Now()
	}
	s.count++
	s.results = encodeEnd(s.results, index, e)
}

// between is called between slices of fuel: results do not wait for a long task,
// and neither do tasks.
func (s *server) between() {
	if time.Since(s.began) > recallAfter {
		s.recall()
	}
	// A pipe that is broken ends the process, which receive is about to notice.
	_ = s.flush()
}

// recall sends the tasks that wait back.
func (s *server) recall() {
	s.mu.Lock()
	queue := s.queue
	s.queue = nil
	s.mu.Unlock()
	for _, e := range queue {
		s.report(e.id.index, &End{Err: ErrNotRun})
	}
}

func (s *server) flush() error {
	if s.count == 0 {
		return nil
	}
	head := binary.AppendUvarint(nil, s.batch)
	head = binary.AppendUvarint(head, uint64(s.count))
	err := s.out.send(kindResults, head, s.results)
	s.count, s.results = 0, s.results[:0]
	if cap(s.results) > 4*flushBytes {
		s.results = nil
	}
	return err
}
