package worker

import (
	"context"
	"sync"
	"time"
)

// Pace is how much of the processor tasks may have. The zero value is all.
type Pace struct {
	// Share is the percentage of its time that each slot may work, 1 to 99;
	// anything else is no bound. Where the system can bound the processor time of
	// all slots together, it does that instead, admissions included.
	Share int
	// Paused stops all tasks where they are. Their deadlines go on. Admissions end
	// as CANCELLED, and none begins.
	Paused bool
}

func (p Pace) bounded() bool { return p.Share > 0 && p.Share < 100 }

// duty tells how long to rest after work, so that work is at most a share of the
// time. It reads no clock.
type duty struct {
	owed time.Duration // rest that was not taken; below zero after more than was owed
}

const (
	// leastRest is the shortest pause worth a sleep: with a share of a half, work
	// and rest take turns about fifty times a second.
	leastRest = 10 * time.Millisecond
	// mostCredit bounds the rest that may be had ahead, when sleeps last longer
	// than they should.
	mostCredit = leastRest
)

// worked counts work and returns how long to rest now, 0 for not yet.
func (d *duty) worked(t time.Duration, share int) time.Duration {
	d.owed += t * time.Duration(100-share) / time.Duration(share)
	return d.rest()
}

// rest is how long to rest now, 0 for not yet.
func (d *duty) rest() time.Duration {
	if d.owed < leastRest {
		return 0
	}
	return d.owed
}

// untilRest is how much work is left before a rest.
func (d *duty) untilRest(share int) time.Duration {
	return (leastRest - d.owed) * time.Duration(share) / time.Duration(100-share)
}

// rested counts rest.
func (d *duty) rested(t time.Duration) { d.owed = max(d.owed-t, -mostCredit) }

// gate is where tasks of this process wait when they may not work. Safe for
// concurrent use.
type gate struct {
	mu      sync.Mutex
	pace    Pace
	changed chan struct{} // closed when the pace changes
}

func newGate() *gate { return &gate{changed: make(chan struct{})} }

func (g *gate) set(p Pace) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p == g.pace {
		return
	}
	g.pace = p
	close(g.changed)
	g.changed = make(chan struct{})
}

func (g *gate) get() (Pace, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pace, g.changed
}

// turn is one slot at the gate. One goroutine uses it.
type turn struct {
	gate  *gate
	duty  duty
	since time.Time // of work that is not counted yet; zero while the pace is not bounded
}

// idle notes that the slot has nothing to do from now on.
func (t *turn) idle() {
	if pace, _ := t.gate.get(); pace.bounded() && !t.since.IsZero() {
		t.duty.worked(time.Since(t.since), pace.Share)
	}
	t.since = time.Time{}
}

// yield is called between slices of a guest's fuel.
func yield(ctx context.Context) {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok {
		t.pass(ctx)
	}
}

// turnKey finds the turn of whoever runs a guest in its context.
type turnKey struct{}

// pass returns when the slot may work on, or when ctx ends. It is called before
// each task and between slices of its fuel.
func (t *turn) pass(ctx context.Context) {
	for ctx.Err() == nil {
		pace, changed := t.gate.get()
		switch {
		case pace.Paused:
			t.wait(ctx, nil, changed)
		case !pace.bounded():
			t.since = time.Time{}
			return
		default:
			rest := t.count(pace.Share)
			if rest == 0 {
				return
			}
			t.sleep(ctx, rest, changed)
		}
	}
}

// count adds the work since the last count and returns the rest that is due.
func (t *turn) count(share int) time.Duration {
	now, worked := time.Now(), time.Duration(0)
	if !t.since.IsZero() {
		worked = now.Sub(t.since)
	}
	t.since = now
	return t.duty.worked(worked, share)
}

func (t *turn) sleep(ctx context.Context, d time.Duration, changed <-chan struct{}) {
	began, timer := time.Now(), time.NewTimer(d)
	defer timer.Stop()
	t.wait(ctx, timer.C, changed)
	now := time.Now()
	t.duty.rested(now.Sub(began))
	t.since = now
}

func (t *turn) wait(ctx context.Context, until <-chan time.Time, changed <-chan struct{}) {
	select {
	case <-until:
	case <-changed:
	case <-ctx.Done():
	}
	t.since = time.Time{}
}
