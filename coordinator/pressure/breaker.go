package pressure

import "time"

// A Breaker opens after maxFailures in a row, first for firstPause and twice as long
// each time it opens again, up to maxPause.
const (
	maxFailures = 5
	firstPause  = 5 * time.Second
	maxPause    = 5 * time.Minute
)

// Breaker watches one node. While it is open the node gets nothing; after the pause
// it is half open, and one unit at a time tries whether the node is well. The zero
// Breaker is closed.
type Breaker struct {
	failures int
	opened   int // how often it opened since the last success
	until    time.Time
}

// Failed notes that the node did not finish a unit, and reports whether the breaker
// has opened for that.
func (b *Breaker) Failed(now time.Time) bool {
	b.failures++
	if b.failures < maxFailures && b.opened == 0 {
		return false
	}
	if now.Before(b.until) {
		return false // it was given out before
	}
	b.until = now.Add(min(maxPause, firstPause<<min(b.opened, 10)))
	b.opened++
	b.failures = 0
	return true
}

// Succeeded notes that the node finished a unit, and closes the breaker.
func (b *Breaker) Succeeded() { *b = Breaker{} }

// Open reports whether nothing may go to the node.
func (b *Breaker) Open(now time.Time) bool { return now.Before(b.until) }

// HalfOpen reports whether the node is being tried.
func (b *Breaker) HalfOpen(now time.Time) bool { return b.opened > 0 && !b.Open(now) }
