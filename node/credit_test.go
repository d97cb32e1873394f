package node

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWindowKeepsSlotsBusyForItsHorizon(t *testing.T) {
	for _, c := range []struct {
		name  string
		slots int
		runs  []time.Duration
		want  int
	}{
		{"no unit seen yet", 4, nil, 5},
		{"slow units need one spare", 4, []time.Duration{time.Second}, 5},
		{"exactly the horizon", 4, []time.Duration{50 * time.Millisecond}, 5},
		{"a millisecond each", 2, []time.Duration{time.Millisecond}, 100},
		{"faster than the cap allows", 2, []time.Duration{50 * time.Microsecond}, 1024},
		{"no time at all", 2, []time.Duration{0}, 1024},
		{"one slow unit among fast ones", 1, []time.Duration{time.Millisecond, 7 * time.Millisecond}, 25},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pace{slots: c.slots}
			for _, d := range c.runs {
				p.observe(d)
			}
			if got := p.window(); got != c.want {
				t.Errorf("window = %d, want %d", got, c.want)
			}
		})
	}
}

func TestWindowFollowsTheUnits(t *testing.T) {
	p := pace{slots: 2}
	for range 100 {
		p.observe(50 * time.Microsecond)
	}
	fast := p.window()
	for range 40 {
		p.observe(time.Second)
	}
	if slow := p.window(); fast != maxWindow || slow != 3 {
		t.Errorf("window went from %d to %d, want %d to 3", fast, slow, maxWindow)
	}
}

func TestWindowStaysInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := pace{slots: rapid.IntRange(1, MaxSlots).Draw(t, "slots")}
		for _, us := range rapid.SliceOf(rapid.Int64Range(-5, 1<<40)).Draw(t, "runs") {
			p.observe(time.Duration(us) * time.Microsecond)
			if w := p.window(); w < p.slots+1 || w > maxWindow {
				t.Fatalf("window = %d with %d slots", w, p.slots)
			}
		}
	})
}

func TestGrantFillsTheWindowAndNoMore(t *testing.T) {
	for _, c := range []struct{ window, outstanding, want int }{
		{3, 0, 3},
		{3, 2, 1},
		{3, 3, 0},
		{3, 9, 0}, // the window shrank
		{512, 400, 0},
		{512, 384, 128},
		{512, 0, 512},
	} {
		if got := grant(c.window, c.outstanding); got != c.want {
			t.Errorf("grant(%d, %d) = %d, want %d", c.window, c.outstanding, got, c.want)
		}
	}
}

// TestGrantNeverStarves proves that with nothing more coming a slot is never
// left without a unit by the threshold that saves messages.
func TestGrantNeverStarves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		window := rapid.IntRange(2, maxWindow).Draw(t, "window")
		outstanding := rapid.IntRange(0, maxWindow).Draw(t, "outstanding")
		g := grant(window, outstanding)
		if g < 0 || g > 0 && outstanding+g != window {
			t.Fatalf("grant(%d, %d) = %d does not fill the window", window, outstanding, g)
		}
		if g == 0 && outstanding < window-window/4 && outstanding < window {
			t.Fatalf("grant(%d, %d) = 0", window, outstanding)
		}
	})
}
