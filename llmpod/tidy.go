package llmpod

import (
	"context"
	"errors"
	"time"

	"github.com/krako-labs/krako/llmpod/slots"
)

// forgotten drops all that is kept of a session that is over. What its slot holds goes
// when the next request begins there, or when the slot is tidied.
func (b *broker) forgotten(o slots.Owner) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.table.Forget(o) {
		b.unpark(o)
	}
	b.over.beat()
}

// tidyAfter is how long what a session that is over has left may stay in a slot that
// nobody takes. An erasure at once would be in the way of whoever asks next: it waits
// for the step that the server is in.
const tidyAfter = time.Second

// tidy erases slots that nobody may go on from, while nobody waits for them, until
// ctx ends: at once those of which something was wrong.
func (b *broker) tidy(ctx context.Context, p *Pool) {
	var later <-chan time.Time
	for {
		spent := false
		select {
		case <-b.untidy:
		case <-b.over:
			if later == nil {
				later = time.After(tidyAfter)
			}
			continue
		case <-later:
			later, spent = nil, true
		case <-ctx.Done():
			return
		}
		for b.tidyOne(ctx, p, spent) {
		}
	}
}

// tidyOne reports whether there may be more to do. A slot that could not be erased
// stays one that must be, before its next use.
func (b *broker) tidyOne(ctx context.Context, p *Pool, spent bool) bool {
	b.mu.Lock()
	g, ok := b.table.Tidy(spent)
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
