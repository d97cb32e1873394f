package worker

import (
	"sync"
	"time"
)

// throttle holds a process to a pace. Guests run to their end without looking up, so
// nobody asks them: the process is stopped as a whole and let go on. One that has
// nothing to do is let be. Safe for concurrent use.
type throttle struct {
	body stoppable

	mu      sync.Mutex
	pace    Pace
	busy    bool
	stopped bool
	duty    duty
	since   time.Time     // of work or rest that is not counted yet
	turn    *time.Timer   // between work and rest, while the share is bounded
	resumed chan struct{} // closed at the end of a pause for which somebody waits
}

func newThrottle(b stoppable) *throttle { return &throttle{body: b, since: time.Now()} }

// stoppable is a process that can be made to stand still.
type stoppable interface {
	Suspend()
	Resume()
}

// leastWork is the shortest time that a process is let go on for.
const leastWork = time.Millisecond

// set holds at once.
func (t *throttle) set(p Pace) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count()
	t.pace = p
	if t.resumed != nil && !p.Paused {
		close(t.resumed)
		t.resumed = nil
	}
	t.settle()
}

// await returns when there is no pause, or when gone is closed. A process that is told to
// stand still does so when its threads hear of it: what must not begin is not sent.
func (t *throttle) await(gone <-chan struct{}) {
	for {
		t.mu.Lock()
		if !t.pace.Paused {
			t.mu.Unlock()
			return
		}
		if t.resumed == nil {
			t.resumed = make(chan struct{})
		}
		resumed := t.resumed
		t.mu.Unlock()
		select {
		case <-resumed:
		case <-gone:
			return
		}
	}
}

// work notes that the process has something to do, or nothing any more.
func (t *throttle) work(busy bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count()
	t.busy = busy
	t.settle()
}

// paused reports whether there is a pause.
func (t *throttle) paused() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pace.Paused
}

// count adds the time since it was last called to work or to rest. t.mu is held.
func (t *throttle) count() {
	now := time.Now()
	passed := now.Sub(t.since)
	t.since = now
	switch {
	case !t.pace.bounded():
	case t.busy && !t.stopped:
		t.duty.worked(passed, t.pace.Share)
	default:
		t.duty.rested(passed)
	}
}

// settle stops the process or lets it go on, as the pace demands now, and arranges
// for the next turn. t.mu is held.
func (t *throttle) settle() {
	if t.turn != nil {
		t.turn.Stop()
	}
	switch {
	case t.busy && t.pace.Paused:
		t.halt(true)
	case t.busy && t.pace.bounded():
		next := t.duty.rest()
		t.halt(next > 0)
		if next == 0 {
			next = max(t.duty.untilRest(t.pace.Share), leastWork)
		}
		t.turn = time.AfterFunc(next, func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.count()
			t.settle()
		})
	default:
		t.halt(false)
	}
}

func (t *throttle) halt(stop bool) {
	if stop == t.stopped {
		return
	}
	if t.stopped = stop; stop {
		t.body.Suspend()
	} else {
		t.body.Resume()
	}
}
