package node

import (
	"context"
)

// next waits for a unit that may run now and gives it a slot, until the backlog
// is closed (nil). The context ends with the unit's run time or when the unit is
// cancelled. The first in the queue may wait for memory, and those behind it
// wait too, so that none is passed over for ever.
func (b *backlog) next() (*unit, context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.closed {
		if u := b.runnable(); u != nil {
			ctx, stop := context.WithTimeout(context.Background(), u.timeout)
			u.phase, u.stop = running, stop
			b.busy++
			b.pages += int(u.call.MemoryPages)
			return u, ctx
		}
		b.slots.Wait()
	}
	return nil, nil
}

// runnable takes the first unit if there is room for it. b.mu is held.
func (b *backlog) runnable() *unit {
	for b.ready.len() > 0 && b.ready.first().phase != ready {
		b.ready.pop() // cancelled while it waited
	}
	if b.ready.len() == 0 || b.output >= b.maxOutput {
		return nil
	}
	if b.pages+int(b.ready.first().call.MemoryPages) > b.maxPages {
		return nil
	}
	return b.ready.pop()
}

// done gives the slot of a unit back and reports its result, unless the unit
// was cancelled meanwhile.
func (b *backlog) done(u *unit, r *report) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.vacate(u)
	if u.phase == ended {
		return
	}
	b.end(u)
	b.pace.observe(r.took)
	b.output += r.kept()
	b.counters.Executed++
	if r.failed {
		b.counters.Failed++
	}
	b.reports.push(r)
	b.pulse.beat()
}

// failed gives the slot of a unit back and reports a fault, unless the unit was
// cancelled meanwhile.
func (b *backlog) failed(u *unit, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.vacate(u)
	b.fault(u, err)
}

func (b *backlog) vacate(u *unit) {
	u.stop() // frees the timer
	b.busy--
	b.pages -= int(u.call.MemoryPages)
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
