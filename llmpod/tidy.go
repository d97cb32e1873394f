package llmpod

import (
	"context"
	"errors"

	"github.com/krako-labs/krako/llmpod/slots"
)

// forgotten drops all that is kept of a session that is over: who comes next need
// not wait until its slot is erased.
func (b *broker) forgotten(o slots.Owner) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.table.Forget(o) {
		b.unpark(o)
	}
	b.untidy.beat()
}

// tidy erases slots that nobody may go on from, while nobody waits for them, until
// ctx ends.
func (b *broker) tidy(ctx context.Context, p *Pool) {
	for {
		select {
		case <-b.untidy:
		case <-ctx.Done():
			return
		}
		for b.tidyOne(ctx, p) {
		}
	}
}

// tidyOne reports whether there may be more to do. A slot that could not be erased
// stays one that must be, before its next use.
func (b *broker) tidyOne(ctx context.Context, p *Pool) bool {
	b.mu.Lock()
	g, ok := b.table.Tidy()
	t := turn{g, b.status}
	b.mu.Unlock()
	if !ok {
		return false
	}
	ctx, cancel := context.WithTimeoutCause(ctx, p.cfg.SlotTimeout, errors.New("the slot was not free in time"))
	defer cancel()
	_, err := b.prepare(ctx, t)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.giveBack(t, err == nil)
	return err == nil
}
