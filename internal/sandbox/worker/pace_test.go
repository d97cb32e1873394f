package worker

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

const ms = time.Millisecond

func TestDutyKeepsTheShare(t *testing.T) {
	for _, c := range []struct {
		name  string
		share int
		work  []time.Duration
		rest  []time.Duration // after each
	}{
		{"half", 50, []time.Duration{10 * ms, 20 * ms}, []time.Duration{10 * ms, 20 * ms}},
		{"a tenth", 10, []time.Duration{2 * ms}, []time.Duration{18 * ms}},
		{"most", 99, []time.Duration{495 * ms, 495 * ms}, []time.Duration{0, 10 * ms}},
		{"short work adds up", 50, []time.Duration{4 * ms, 4 * ms, 4 * ms}, []time.Duration{0, 0, 12 * ms}},
		{"nothing", 1, []time.Duration{0}, []time.Duration{0}},
	} {
		var d duty
		for i, w := range c.work {
			rest := d.worked(w, c.share)
			if rest/100 != c.rest[i]/100 { // divisions round
				t.Errorf("%s: rest %s after work %d, want %s", c.name, rest, i, c.rest[i])
			}
			d.rested(rest)
		}
	}
}

func TestDutyGivesBackLongRests(t *testing.T) {
	var d duty
	d.rested(d.worked(20*ms, 50) + 8*ms) // overslept
	if rest := d.worked(16*ms, 50); rest != 0 {
		t.Errorf("rest %s, want none yet: 8 ms were had ahead", rest)
	}
	d = duty{}
	d.rested(time.Hour)
	if rest := d.worked(2*mostCredit, 50); rest != leastRest {
		t.Errorf("rest %s: an hour of sleep is credit for more than %s", rest, mostCredit)
	}
}

// work passes the gate n times with a slice of work before each.
func work(ctx context.Context, tr *turn, n int, slice time.Duration) {
	for range n {
		tr.pass(ctx)
		time.Sleep(slice) // in a bubble: work
	}
	tr.idle()
}

func TestTurnWorksItsShareOfTheTime(t *testing.T) {
	for share, want := range map[int]time.Duration{0: time.Second, 100: time.Second, 50: 2 * time.Second, 10: 10 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			g := newGate()
			g.set(Pace{Share: share})
			began := time.Now()
			work(context.Background(), &turn{gate: g}, 1000, ms)
			if took := time.Since(began); took > want+50*ms || took < want-50*ms {
				t.Errorf("share %d: a second's work took %s, want %s", share, took, want)
			}
		})
	}
}

func TestIdleTimeIsNoWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		g.set(Pace{Share: 50})
		tr := &turn{gate: g}
		for range 100 {
			work(context.Background(), tr, 1, ms)
			time.Sleep(time.Second)
		}
		began := time.Now()
		tr.pass(context.Background())
		if rest := time.Since(began); rest > 20*ms {
			t.Errorf("rest of %s after 100 ms of work in all", rest)
		}
	})
}

func TestPauseAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		g.set(Pace{Paused: true})
		ctx, cancel := context.WithCancel(context.Background())
		passed := make(chan time.Duration)
		began := time.Now()
		pass := func(ctx context.Context) {
			tr := &turn{gate: g}
			tr.pass(ctx)
			passed <- time.Since(began)
		}
		go pass(ctx)
		time.Sleep(time.Hour)
		cancel()
		if d := <-passed; d != time.Hour {
			t.Errorf("a cancelled turn passed after %s", d)
		}
		go pass(context.Background())
		time.Sleep(time.Hour)
		g.set(Pace{})
		if d := <-passed; d != 2*time.Hour {
			t.Errorf("a paused turn passed after %s", d)
		}
	})
}

// TestChangeEndsRest widens the share in the middle of a long rest.
func TestChangeEndsRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		g.set(Pace{Share: 1})
		began := time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			work(context.Background(), &turn{gate: g}, 10, 10*ms)
		}()
		time.Sleep(100 * ms)
		g.set(Pace{})
		<-done
		if took := time.Since(began); took > 250*ms {
			t.Errorf("work went on after %s", took)
		}
	})
}
