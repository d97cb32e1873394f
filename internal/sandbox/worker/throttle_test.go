package worker

import (
	"testing"
	"testing/synctest"
	"time"
)

// clockwork is a process that counts the time for which it is let go on.
type clockwork struct {
	stopped bool
	since   time.Time
	worked  time.Duration
}

func (c *clockwork) Suspend() {
	c.worked += time.Since(c.since)
	c.stopped = true
}

func (c *clockwork) Resume() {
	c.since = time.Now()
	c.stopped = false
}

func TestThrottleKeepsTheShare(t *testing.T) {
	for _, share := range []int{1, 10, 50, 90, 99} {
		synctest.Test(t, func(t *testing.T) {
			c := &clockwork{since: time.Now()}
			th := newThrottle(c)
			th.set(Pace{Share: share})
			th.work(true)
			time.Sleep(100 * time.Second)
			th.set(Pace{Paused: true}) // counts what was worked last
			if want := time.Duration(share) * time.Second; c.worked < want-want/20 || c.worked > want+want/20 {
				t.Errorf("share %d: %s of 100 s", share, c.worked)
			}
			th.work(false)
		})
	}
}

// TestShortWorkAddsUp has a process work for less than anybody would stop it for, again
// and again.
func TestShortWorkAddsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clockwork{since: time.Now()}
		th := newThrottle(c)
		th.set(Pace{Share: 50})
		began := time.Now()
		for range 1000 {
			th.work(true)
			for work := 2 * time.Millisecond; work > 0; work -= time.Millisecond {
				for stands(th) {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(time.Millisecond)
			}
			th.work(false)
		}
		if took := time.Since(began); took < 3600*time.Millisecond || took > 4400*time.Millisecond {
			t.Errorf("two seconds of work took %s at half the time", took)
		}
	})
}

func TestNothingIsSentDuringAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle(&clockwork{})
		th.set(Pace{Paused: true})
		passed := make(chan struct{})
		go func() { th.await(nil); close(passed) }()
		time.Sleep(time.Hour)
		th.set(Pace{Paused: true, Share: 50})
		synctest.Wait()
		select {
		case <-passed:
			t.Error("it passed")
		default:
		}
		th.set(Pace{})
		<-passed
		th.set(Pace{Paused: true})
		gone := make(chan struct{})
		time.AfterFunc(time.Hour, func() { close(gone) })
		th.await(gone)
	})
}

func stands(t *throttle) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stopped
}

func TestThrottlePausesAndResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &clockwork{since: time.Now()}
		th := newThrottle(c)
		for i, step := range []struct {
			do      func()
			stopped bool
		}{
			{func() { th.set(Pace{Paused: true}) }, false}, // it has nothing to do
			{func() { th.work(true) }, true},
			{func() { th.set(Pace{}) }, false},
			{func() { th.set(Pace{Paused: true}) }, true},
			{func() { th.set(Pace{Paused: true}) }, true},
			{func() { th.work(false) }, false},
			{func() { th.work(true) }, true},
			{func() { th.set(Pace{Share: 50}) }, false},
			{func() { time.Sleep(11 * time.Millisecond) }, true},
			{func() { th.work(false) }, false},
			{func() { th.set(Pace{}); th.work(true); time.Sleep(time.Hour) }, false},
		} {
			step.do()
			synctest.Wait()
			if got := stands(th); got != step.stopped {
				t.Errorf("after step %d: stopped %t, want %t", i, got, step.stopped)
			}
		}
	})
}
