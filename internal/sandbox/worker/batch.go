package worker

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
)

// batch is tasks that one process runs.
type batch struct {
	number uint64
	tasks  []Task
	sent   []int // which of the tasks, in the order of the process
	ended  func(int, End)
	open   []atomic.Bool // by place in sent
	deaf   []func() bool // stops heeding a task's context, by place in sent
	left   int
	head   int // the first in sent that is open
	began  time.Time
	there  chan struct{} // closed when the process has been sent all of it
	// runs is the place in sent of the task that is known to run, behind which none
	// of the batch begins; below zero there is none.
	runs     atomic.Int64
	since    time.Time   // when that task began
	deadline *time.Timer // of that task
}

// bounds are what a batch is held to.
type bounds struct {
	maxInput   int64
	keepBlocks int64
	grace      time.Duration
}

// run runs tasks in the process and calls ended for each of them, unless the
// process dies: then it returns why, and the batch says which are left.
func (p *process) run(tasks []Task, blocks Blocks, limits bounds, ended func(int, End)) (*batch, *DeathError) {
	p.batch++
	b := &batch{number: p.batch, tasks: tasks, ended: ended, there: make(chan struct{})}
	b.runs.Store(-1)
	cargo := p.load(b, blocks, limits)
	if len(b.sent) == 0 && len(cargo.gone)+len(cargo.ids) == 0 {
		return b, nil
	}
	b.open, b.left, b.began = newOpen(len(b.sent)), len(b.sent), time.Now()
	watch := time.AfterFunc(b.patience(limits)+time.Duration(cargo.bytes/transferRate)*time.Second, func() {
		p.kill(contracts.CodeTimeout, "its task had not ended long after its deadline")
	})
	defer watch.Stop()
	p.heed(b, limits.grace)
	p.pace.await(p.Ended())
	p.pace.work(true)
	defer p.pace.work(false)
	err := p.send(b, cargo)
	close(b.there)
	for err == nil && b.left > 0 {
		if err = p.receive(b); err == nil {
			watch.Reset(b.patience(limits))
		}
	}
	if b.deadline != nil {
		b.deadline.Stop()
	}
	if err == nil {
		return b, nil
	}
	death := p.autopsy(err)
	death.Alone = b.left == 1
	return b, death
}

func newOpen(n int) []atomic.Bool {
	open := make([]atomic.Bool, n)
	for i := range open {
		open[i].Store(true)
	}
	return open
}

// patience is how long the task that runs now may take to end.
func (b *batch) patience(limits bounds) time.Duration {
	if b.left == 0 {
		return limits.grace
	}
	return b.tasks[b.sent[b.head]].Limit + limits.grace
}

// cargo is the blocks that a batch brings.
type cargo struct {
	ids   []cid.Cid
	data  [][]byte
	gone  []cid.Cid // those that make room for them
	bytes int64
}

// load decides what goes along with a batch. Tasks whose blocks cannot be had
// end here. So do, as not run, those behind one that brought much: what a
// process holds is bounded by what one task may have and what it may keep.
func (p *process) load(b *batch, blocks Blocks, limits bounds) (c cargo) {
	for i := range b.tasks {
		if c.bytes > limits.keepBlocks {
			b.ended(i, End{Err: ErrNotRun})
			continue
		}
		if b.tasks[i].Context.Err() != nil {
			b.ended(i, End{Err: cancelled(&b.tasks[i])})
			continue
		}
		if err := p.fetch(&c, &b.tasks[i], blocks, limits.maxInput); err != nil {
			b.ended(i, End{Err: err})
			continue
		}
		b.sent = append(b.sent, i)
	}
	c.gone = p.shelf.trim(limits.keepBlocks, b.number)
	return c
}

// fetch adds the blocks of a task that the process does not have.
func (p *process) fetch(c *cargo, t *Task, blocks Blocks, left int64) error {
	need := func(id cid.Cid) error {
		size, ok := p.shelf.find(id, p.batch)
		if !ok {
			data, err := blocks.Get(t.Context, id, left)
			if err != nil {
				return err
			}
			size = int64(len(data))
			p.shelf.put(id, size, p.batch)
			c.ids, c.data, c.bytes = append(c.ids, id), append(c.data, data), c.bytes+size
		}
		if left -= size; left < 0 {
			return contracts.Errorf(contracts.CodeResourceExhausted, t.Unit.String(), "input and blobs exceed this node's bound by %d bytes", -left)
		}
		return nil
	}
	if link := t.Call.Input.Link; link.Defined() {
		if err := need(link.Cid); err != nil {
			return err
		}
	}
	for _, link := range t.Call.Blobs {
		if err := need(link.Cid); err != nil {
			return err
		}
	}
	return nil
}

// send sends a batch and what it brings.
func (p *process) send(b *batch, c cargo) error {
	if len(c.gone) > 0 {
		var list []byte
		for _, id := range c.gone {
			list = putCID(list, id)
		}
		if err := p.in.send(kindDrop, list, nil); err != nil {
			return err
		}
	}
	for i, id := range c.ids {
		if err := p.in.send(kindBlock, putCID(nil, id), c.data[i]); err != nil {
			return err
		}
	}
	body := binary.AppendUvarint(nil, b.number)
	body = binary.AppendUvarint(body, uint64(len(b.sent)))
	for _, i := range b.sent {
		body = encodeTask(body, &b.tasks[i])
		p.loaded[b.tasks[i].Call.Module.Cid] = struct{}{}
	}
	return p.in.send(kindBatch, body, nil)
}

// heed passes the cancellation of open tasks on. The task that is known to run is
// ended with its process, and so is any while there is a pause. One that does
// not end although its process was told costs that its life, too.
func (p *process) heed(b *batch, grace time.Duration) {
	b.deaf = make([]func() bool, len(b.sent))
	for i, at := range b.sent {
		b.deaf[i] = context.AfterFunc(b.tasks[at].Context, func() {
			if b.runs.Load() == int64(i) || p.pace.paused() {
				p.cut(contracts.CodeCancelled)
				return
			}
			time.AfterFunc(grace, func() {
				if b.open[i].Load() {
					p.kill(contracts.CodeCancelled, "its task did not end when it was cancelled")
				}
			})
			<-b.there
			// If this fails the process is dead, which receive sees.
			_ = p.in.send(kindCancel, encodeCancel(taskID{b.number, i}), nil)
		})
	}
}

// running returns the task that is known to run, nil if there is none.
func (b *batch) running() *Task {
	if i := b.runs.Load(); i >= 0 && b.open[i].Load() {
		return &b.tasks[b.sent[i]]
	}
	return nil
}

// mind notes that a task has run for a while: from now on its process is ended when
// the task is to end.
func (p *process) mind(b *batch, body []byte) error {
	id, ran, err := decodeRunning(body)
	if err != nil {
		return err
	}
	if id.batch != b.number || id.index >= len(b.sent) || !b.open[id.index].Load() || b.runs.Load() >= 0 {
		return malformed("task %d of batch %d said to run", id.index, id.batch)
	}
	b.since = time.Now().Add(-ran)
	b.runs.Store(int64(id.index))
	t := b.running()
	b.deadline = time.AfterFunc(t.Limit-ran, func() { p.cut(contracts.CodeTimeout) })
	if t.Context.Err() != nil { // it ended before runs was set, so that heed may not have seen it
		p.cut(contracts.CodeCancelled)
	}
	return nil
}

// receive takes one message about the batch.
func (p *process) receive(b *batch) error {
	kind, body, err := p.out.next()
	if err != nil {
		return err
	}
	if kind == kindRunning {
		return p.mind(b, body)
	}
	if kind != kindResults {
		return malformed("kind %d where results were due", kind)
	}
	d := decoder{b: body}
	if number := d.uint("batch", 1<<62); d.err == nil && number != b.number {
		return malformed("results of batch %d, %d runs", number, b.number)
	}
	n := d.uint("results", maxBatch)
	if n == 0 { // each frame is progress, or the batch would have no end
		d.fail("no results")
	}
	for ; n > 0 && d.err == nil; n-- {
		i, e := decodeEnd(&d)
		if d.err == nil {
			d.err = b.settle(i, e)
		}
	}
	return d.end()
}

// settle takes the end of one task, if it can be that.
func (b *batch) settle(i int, e End) error {
	if i >= len(b.sent) || !b.open[i].Load() {
		return malformed("an end of task %d, which has none to come", i)
	}
	if i == 0 && errors.Is(e.Err, ErrNotRun) {
		return malformed("the first task of a batch sent back")
	}
	call := b.tasks[b.sent[i]].Call
	if e.Err == nil {
		if why := e.Outcome.Conforms(call.Fuel, call.MemoryPages); why != "" {
			return malformed("an outcome that cannot be: %s", why)
		}
	}
	e.Took = min(e.Took, time.Since(b.began))
	b.deaf[i]() // who hears of the end may cancel what has ended
	b.open[i].Store(false)
	b.left--
	for b.head < len(b.sent) && !b.open[b.head].Load() {
		b.head++
	}
	b.ended(b.sent[i], e)
	return nil
}

// bury ends the tasks that a dead process has not answered for, with what err
// says of each.
func (b *batch) bury(err func(*Task) error) {
	running := b.running()
	for i, at := range b.sent {
		if b.open[i].Load() {
			b.deaf[i]()
			e := End{Err: err(&b.tasks[at])}
			if running == &b.tasks[at] {
				e.Took = time.Since(b.since)
			}
			b.ended(at, e)
		}
	}
}
