package node

import "context"

// nextStaged waits for a unit that misses blocks, until ctx ends (nil).
func (b *backlog) nextStaged(ctx context.Context) *unit {
	defer context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.stagers.Broadcast()
	})()
	b.mu.Lock()
	defer b.mu.Unlock()
	for ctx.Err() == nil {
		for b.staging.len() > 0 {
			if u := b.staging.pop(); u.phase == staged {
				return u
			}
		}
		b.stagers.Wait()
	}
	return nil
}

// complete takes a unit back from a stager: its blocks are here.
func (b *backlog) complete(u *unit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if u.phase == staged {
		b.enqueue(u)
	}
}

// postpone takes a unit back from a stager that lost the coordinator.
func (b *backlog) postpone(u *unit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if u.phase == staged {
		b.staging.push(u)
		b.stagers.Signal()
	}
}

// restage takes a unit back from a slot: its module has to be admitted again.
func (b *backlog) restage(u *unit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if u.phase == ended {
		return
	}
	u.stop()
	u.stagings++
	u.phase = staged
	b.staging.push(u)
	b.stagers.Signal()
}

// abandon ends a unit that has no slot with a fault.
func (b *backlog) abandon(u *unit, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault(u, err)
}
