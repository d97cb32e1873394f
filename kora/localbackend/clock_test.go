package localbackend_test

import (
	"slices"
	"sync"
	"time"
)

// clock stands still until it is moved.
type clock struct {
	mu     sync.Mutex
	set    sync.Cond
	now    time.Time
	alarms []*alarm
}

type alarm struct {
	at time.Time
	f  func()
}

func newClock() *clock {
	c := &clock{now: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)}
	c.set.L = &c.mu
	return c
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) AfterFunc(d time.Duration, f func()) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := &alarm{c.now.Add(d), f}
	c.alarms = append(c.alarms, a)
	c.set.Broadcast()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.alarms = slices.DeleteFunc(c.alarms, func(b *alarm) bool { return a == b })
	}
}

// await waits until there are n alarms.
func (c *clock) await(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.alarms) < n {
		c.set.Wait()
	}
}

// next waits until there is an alarm within the given time, moves there, and
// lets it ring. It returns how far that was.
func (c *clock) next(within time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		for _, a := range c.alarms {
			if passed := a.at.Sub(c.now); passed <= within {
				return c.ring(a, passed)
			}
		}
		c.set.Wait()
	}
}

func (c *clock) ring(a *alarm, passed time.Duration) time.Duration {
	c.alarms = slices.DeleteFunc(c.alarms, func(b *alarm) bool { return a == b })
	c.now = c.now.Add(passed)
	go a.f()
	return passed
}
