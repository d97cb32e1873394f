package p2p

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff gives growing pauses: each twice the one before, up to a greatest,
// shortened by up to a half at random so that hosts that fail together do not
// try again together.
type backoff struct{ first, last, now time.Duration }

func newBackoff(first, last time.Duration) *backoff {
	return &backoff{first: first, last: last, now: first}
}

func (b *backoff) next() time.Duration {
	d := b.now
	b.now = min(2*d, b.last)
	return d - rand.N(d/2+1)
}

func (b *backoff) reset() { b.now = b.first }

// sleep waits for d. It returns false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
