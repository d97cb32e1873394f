package worker

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
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
	// lookEvery is how often a process with tasks looks whether one of them runs long.
	lookEvery = 2 * time.Millisecond
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
	ended  bool // cancelled before it began; under server.mu
}

// server runs tasks in a worker process, one at a time. Guests run to their end: a
// second goroutine, the lookout, does what cannot wait for that.
type server struct {
	box *sandbox.Sandbox
	out *frameWriter

	mu      sync.Mutex
	more    sync.Cond
	queue   []*errand
	current *errand
	began   time.Time // of the current task, or of loading its module
	runs    bool      // the current task's module has been loaded
	// lookout is armed while there are tasks; seen is the one that was current when
	// it last looked, and told that the agent knows of it.
	lookout *time.Timer
	armed   bool
	seen    *errand
	told    bool

	garbage *collector

	results []byte    // ends that were not sent
	count   int       // of them
	batch   uint64    // they are of
	oldest  time.Time // of them
	outputs int       // bytes of output in this batch
}

func newServer(box *sandbox.Sandbox, out *frameWriter, garbage *collector) *server {
	s := &server{box: box, out: out, garbage: garbage}
	s.more.L = &s.mu
	s.lookout = time.AfterFunc(time.Hour, s.look)
	s.lookout.Stop()
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

// cancel ends a task that waits. One that runs is the agent's to end, with this
// process; one that has ended is not there any more.
func (s *server) cancel(id taskID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.queue {
		if e.id == id {
			e.ended = true
		}
	}
}

// run runs tasks for ever; the error is that of writing.
func (s *server) run() error {
	for {
		e, err := s.next()
		if err != nil {
			return err
		}
		if err := s.end(e, s.execute(e)); err != nil {
			return err
		}
	}
}

// next waits for a task and makes it the current one. Before it waits it sends the
// results that there are.
func (s *server) next() (*errand, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		if err := s.flush(); err != nil {
			return nil, err
		}
	}
	for len(s.queue) == 0 {
		s.garbage.turn(time.Now())
		s.more.Wait()
	}
	e := s.queue[0]
	s.queue[0], s.queue = nil, s.queue[1:]
	if e.id.batch != s.batch {
		s.batch, s.outputs, s.told = e.id.batch, 0, false
	}
	s.current, s.began, s.runs = e, time.Now(), false
	if !s.armed {
		s.armed = true
		s.lookout.Reset(lookEvery)
	}
	return e, nil
}

func (s *server) execute(e *errand) End {
	if e.ended {
		return End{Err: contracts.Errorf(contracts.CodeCancelled, e.job.Unit.String(), "cancelled before it began")}
	}
	ctx := context.Background()
	var err error
	if e.job.Module, err = readyModule(ctx, s.box, e.module); err != nil {
		return End{Err: err}
	}
	began := time.Now()
	s.mu.Lock()
	s.began, s.runs = began, true
	s.mu.Unlock()
	o, err := s.box.Run(ctx, e.job)
	return End{Outcome: o, Took: time.Since(began), Err: err}
}

// end reports how a task ended, together with others if they are not late.
func (s *server) end(e *errand, end End) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = nil
	s.report(e.id.index, &end)
	if s.outputs += len(end.Outcome.Output); s.outputs > manyOutputs {
		s.recall()
	}
	if len(s.results) < flushBytes && time.Since(s.oldest) < holdResults {
		return nil
	}
	return s.flush()
}

// look is called every now and then while there are tasks: results do not wait for
// a long task, nor do tasks, and the agent learns of it, since it alone can end it.
func (s *server) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.current
	if e == nil {
		s.armed, s.seen = false, nil
		return
	}
	if e == s.seen {
		s.attend(e)
	}
	s.seen = e
	if s.told {
		s.armed = false // there is nothing more to do
		return
	}
	s.lookout.Reset(lookEvery)
}

// attend sees to a task that has been current for a while. s.mu is held. A pipe that
// is broken ends the process, which receive is about to notice.
func (s *server) attend(e *errand) {
	ran := time.Since(s.began)
	long := ran > min(recallAfter, e.limit/4)
	if long {
		s.recall()
	}
	_ = s.flush()
	if long && s.runs {
		_ = s.out.send(kindRunning, encodeRunning(e.id, ran), nil)
		s.told = true
	}
}

// report notes how a task ended. s.mu is held.
func (s *server) report(index int, e *End) {
	if s.count == 0 {
		s.oldest = time.Now()
	}
	s.count++
	s.results = encodeEnd(s.results, index, e)
}

// recall sends the tasks that wait back. s.mu is held.
func (s *server) recall() {
	for _, e := range s.queue {
		s.report(e.id.index, &End{Err: ErrNotRun})
	}
	s.queue = nil
}

// flush sends the results that there are. s.mu is held.
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
