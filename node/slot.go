package node

import "context"

// batch is units that one slot runs one after the other.
type batch struct {
	units []*unit
	pages int // memory of the largest
}

// next waits for units that may run now and gives them a slot, until the backlog
// is closed (nil): at most so many, in the order of the queue. Each has a context
// that ends when it is cancelled. The first in the queue may wait for memory, and
// those behind it wait too, so that none is passed over for ever.
func (b *backlog) next(most int) *batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.closed {
		if first := b.runnable(); first != nil {
			return b.together(first, min(most, b.share()))
		}
		b.slots.Wait()
	}
	return nil
}

// runnable takes the first unit if there is room for it. b.mu is held.
func (b *backlog) runnable() *unit {
	q := b.waiting()
	if q == nil || b.paused || b.output >= b.maxOutput || b.pages+int(q.first().call.MemoryPages) > b.maxPages {
		return nil
	}
	return q.pop()
}

// waiting returns the queue with the first unit that waits for a slot, nil if
// there is none. b.mu is held.
func (b *backlog) waiting() *fifo[*unit] {
	for _, q := range []*fifo[*unit]{&b.returned, &b.ready} {
		for q.len() > 0 && q.first().phase != ready {
			q.pop() // cancelled while it waited
		}
		if q.len() > 0 {
			return q
		}
	}
	return nil
}

// share is how many units one slot may take: what it does in a short time, and
// no more than its part of what waits, so that the others have theirs. b.mu is
// held.
func (b *backlog) share() int {
	return min(b.pace.batch(), 1+(b.returned.len()+b.ready.len())/b.pace.slots)
}

// together gives a slot to a unit and to some of those behind it that need no
// more memory: one at a time runs. b.mu is held.
func (b *backlog) together(first *unit, most int) *batch {
	a := &batch{pages: int(first.call.MemoryPages)}
	a.add(first)
	for !first.alone && len(a.units) < most {
		q := b.waiting()
		if q == nil || q.first().alone || int(q.first().call.MemoryPages) > a.pages {
			break
		}
		a.add(q.pop())
	}
	b.busy++
	b.pages += a.pages
	return a
}

func (a *batch) add(u *unit) {
	u.phase = running
	u.ctx, u.stop = context.WithCancel(context.Background())
	a.units = append(a.units, u)
}

// done reports the result of a unit that ran, unless it was cancelled meanwhile.
func (b *backlog) done(u *unit, r *report) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if u.phase == ended {
		return
	}
	b.end(u)
	b.pace.observe(r.took)
	b.output += r.kept()
	b.counters.Executed++
	b.counters.Busy += r.took
	if r.failed {
		b.counters.Failed++
	}
	b.reports.push(r)
	b.pulse.beat()
}

// failed reports the fault of a unit that had a slot, unless it was cancelled
// meanwhile.
func (b *backlog) failed(u *unit, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault(u, err)
}

// again makes a unit that had a slot wait for one, before all others.
func (b *backlog) again(u *unit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if u.phase == ended {
		return
	}
	u.stop()
	u.phase = ready
	b.returned.push(u)
	b.slots.Signal()
}

// vacate gives a slot back. All units in it have ended or wait again.
func (b *backlog) vacate(a *batch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy--
	b.pages -= a.pages
	b.slots.Signal()
}

// free gives back the room of outputs that are no longer kept.
func (b *backlog) free(bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.output -= bytes
	b.slots.Broadcast()
	b.pulse.beat()
}

// close lets go of the goroutines that wait in next. Nothing more is added.
func (b *backlog) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.slots.Broadcast()
}
