package pressure_test

import (
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/pressure"
)

var start = time.UnixMilli(1_700_000_000_000)

func at(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second)))
}

func TestValve(t *testing.T) {
	var v pressure.Valve
	for _, c := range []struct {
		at       float64
		pressure float64
		want     pressure.Mode
		changed  bool
	}{
		{0, 0.69, pressure.Open, false},
		{1, 0.70, pressure.Throttled, true},
		{2, 0.65, pressure.Throttled, false}, // between the marks
		{3, 0.59, pressure.Throttled, false}, // low, but not for long
		{6, 0.61, pressure.Throttled, false}, // high again: the rest begins anew
		{7, 0.59, pressure.Throttled, false},
		{11, 0.10, pressure.Throttled, false},
		{12, 0.10, pressure.Open, true},
		{13, 0.95, pressure.Critical, true}, // at once
		{14, 0.85, pressure.Critical, false},
		{15, 0.10, pressure.Critical, false},
		{20, 0.10, pressure.Throttled, true}, // one step at a time
		{21, 0.10, pressure.Throttled, false},
		{26, 0.10, pressure.Open, true},
		{27, 0.75, pressure.Throttled, true},
		{28, 1.00, pressure.Critical, true},
	} {
		changed := v.Observe(at(c.at), c.pressure)
		if v.Mode() != c.want || changed != c.changed {
			t.Errorf("at %v s with %v: %s (%t), want %s (%t)", c.at, c.pressure, v.Mode(), changed, c.want, c.changed)
		}
	}
}

func TestWhoIsLetIn(t *testing.T) {
	for _, c := range []struct {
		pressure float64
		mode     pressure.Mode
		in       string
	}{{0, pressure.Open, "p0p1p2p3"}, {0.8, pressure.Throttled, "p0p1p2"}, {1, pressure.Critical, "p0"}} {
		var v pressure.Valve
		v.Observe(start, c.pressure)
		in := ""
		for _, p := range []contracts.Priority{contracts.P0, contracts.P1, contracts.P2, contracts.P3} {
			ok, after := v.Admits(p)
			if ok {
				in += string(p)
			} else if after <= 0 {
				t.Errorf("%s: %s is not told when to ask again", c.mode, p)
			}
		}
		if v.Mode() != c.mode || in != c.in {
			t.Errorf("%s lets in %s, want %s with %s", v.Mode(), in, c.mode, c.in)
		}
	}
}

func TestBreaker(t *testing.T) {
	var b pressure.Breaker
	fail := func(s float64, opens bool) {
		t.Helper()
		if got := b.Failed(at(s)); got != opens {
			t.Errorf("at %v s: opens %t, want %t", s, got, opens)
		}
	}
	state := func(s float64, open, half bool) {
		t.Helper()
		if b.Open(at(s)) != open || b.HalfOpen(at(s)) != half {
			t.Errorf("at %v s: open %t, half open %t, want %t and %t", s, b.Open(at(s)), b.HalfOpen(at(s)), open, half)
		}
	}
	for range 4 {
		fail(0, false)
	}
	state(0, false, false)
	b.Succeeded()
	for range 4 {
		fail(1, false)
	}
	fail(1, true)
	state(5.9, true, false)
	fail(2, false) // of before it opened
	state(6, false, true)
	fail(7, true) // the first that is tried
	state(16.9, true, false)
	state(17, false, true)
	b.Succeeded()
	state(17, false, false)
	for i := range 20 { // far apart, each is a try that fails
		if i < 4 {
			fail(float64(1000*i), false)
		} else {
			fail(float64(1000*i), true)
		}
	}
	state(19_000+299, true, false)
	state(19_000+300, false, true)
}

func TestBudgetKeepsRetriesFew(t *testing.T) {
	var b pressure.Budget
	spend := func() (n int) {
		for b.Spend() {
			n++
		}
		return n
	}
	if n := spend(); n != 100 {
		t.Errorf("a fresh budget has %d retries", n)
	}
	for range 50 {
		b.Earn()
	}
	if n := spend(); n != 10 {
		t.Errorf("50 successes earn %d retries", n)
	}
	for range 1_000_000 {
		b.Earn()
	}
	if n := spend(); n != 1000 {
		t.Errorf("the most that is saved is %d retries", n)
	}
}
