package p2p

import (
	"fmt"
	"sync"
)

// credit counts the units that the worker has granted and the coordinator has
// not assigned. Each side keeps its own count: the worker's is never below the
// coordinator's, because a grant is counted before it is sent and an Assign
// before it arrives. Safe for concurrent use.
type credit struct {
	mu       sync.Mutex
	free     int
	draining bool
}

// grant adds n, up to MaxCredit in all.
func (c *credit) grant(n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.free+n > MaxCredit {
		return fmt.Errorf("%w: %d granted and %d more, at most %d", ErrOverCredit, c.free, n, MaxCredit)
	}
	c.free += n
	return nil
}

// take uses up n of what is granted, all or nothing.
func (c *credit) take(n int, short error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > c.free {
		return fmt.Errorf("%w: %d units, %d granted", short, n, c.free)
	}
	c.free -= n
	return nil
}

// drain notes that no more may be granted or assigned.
func (c *credit) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
}

func (c *credit) isDraining() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.draining
}

func (c *credit) available() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draining {
		return 0
	}
	return c.free
}
