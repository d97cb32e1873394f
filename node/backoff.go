package node

import (
	"context"
	"time"
)

// backoff gives growing pauses: each twice the one before, up to a greatest,
// shortened by up to a half at random so that nodes that lost a coordinator
// together do not come back together.
type backoff struct {
	first, last time.Duration
	random      func() float64 // in [0, 1)
	now         time.Duration
}

func (b *backoff) next() time.Duration {
	d := min(max(b.now, b.first), b.last)
	b.now = min(2*d, b.last)
	return d - time.Duration(b.random()*float64(d)/2)
}

func (b *backoff) reset() { b.now = b.first }

// pause waits for d. It returns false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
