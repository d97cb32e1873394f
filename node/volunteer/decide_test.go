package volunteer

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/internal/golden"
)

// TestStories replays a node's day. A line that begins with a date is what is
// sensed then; the lines with arrows after it are the decision.
func TestStories(t *testing.T) { golden.Stories(t, replay) }

func replay(t *testing.T, story string) string {
	var (
		out  strings.Builder
		r    Rules
		d    Decision
		zone = time.UTC
		s    = Senses{
			OnBattery: Unknown[bool]("nothing tells"), Idle: Unknown[time.Duration]("nobody looks"),
			Load: Unknown[float64]("nobody counts"), Free: Unknown[int64]("nobody weighs"),
		}
	)
	for line := range strings.Lines(story) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case word == "->":
			continue
		case word == "zone":
			var err error
			if zone, err = time.LoadLocation(rest); err != nil {
				t.Fatal(err)
			}
		case word == "rule":
			setRule(t, &r, rest)
		case word != "" && word[0] == '2':
			fields := strings.Fields(rest)
			now, err := time.ParseInLocation("2006-01-02 15:04:05", word+" "+fields[0], zone)
			if err != nil {
				t.Fatal(err)
			}
			s.Now = now
			for _, f := range fields[1:] {
				sense(t, &s, f)
			}
			d = r.Decide(d, s)
			out.WriteString(line)
			out.WriteString(told(d))
			continue
		}
		out.WriteString(line)
	}
	return out.String()
}

func setRule(t *testing.T, r *Rules, rest string) {
	name, value, _ := strings.Cut(rest, " ")
	var err error
	switch name {
	case "hours":
		r.Hours, err = ParseSchedule(strings.Split(value, ","))
	case "idle-for":
		r.IdleFor, err = time.ParseDuration(value)
	case "on-battery":
		r.OnBattery = value == "yes"
	case "max-load":
		r.MaxLoad, err = strconv.ParseFloat(value, 64)
	case "min-free":
		r.MinFree, err = strconv.ParseInt(value, 10, 64)
		r.MinFree <<= 20
	default:
		t.Fatalf("no rule %q", name)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func sense(t *testing.T, s *Senses, field string) {
	name, value, _ := strings.Cut(field, "=")
	var err error
	switch name {
	case "pause":
		s.Order = &Pause{Since: s.Now}
		if value != "" {
			var d time.Duration
			d, err = time.ParseDuration(value)
			s.Order.Until = s.Now.Add(d)
		}
	case "resume":
		s.Order = nil
	case "battery":
		s.OnBattery = Sensed(value == "yes")
	case "idle":
		var d time.Duration
		d, err = time.ParseDuration(value)
		s.Idle = Sensed(d)
	case "load":
		var f float64
		f, err = strconv.ParseFloat(value, 64)
		s.Load = Sensed(f)
	case "free":
		var n int64
		n, err = strconv.ParseInt(value, 10, 64)
		s.Free = Sensed(n << 20)
	default:
		t.Fatalf("no sense %q", name)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// told writes a decision down.
func told(d Decision) string {
	if !d.Paused() {
		return "  -> works\n"
	}
	var b strings.Builder
	for _, r := range d.Reasons {
		fmt.Fprintf(&b, "  -> paused: %s, %s, since %s", r.Cause, r.Text, r.Since.Format("Mon 15:04:05"))
		if !r.Until.IsZero() {
			fmt.Fprintf(&b, ", until %s", r.Until.Format("Mon 15:04:05 MST"))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestOwnWorkIsNoLoad runs two threads on four processors for ten minutes and
// then nothing, beside one thread of somebody else's, with the averages that a
// system would show.
func TestOwnWorkIsNoLoad(t *testing.T) {
	var o OthersLoad
	now, average := time.Unix(0, 0), 0.0
	o.Observe(now, 0, 0, 4)
	for i := range 240 {
		own := 2.0
		if i >= 120 {
			own = 0
		}
		now = now.Add(5 * time.Second)
		keep := math.Exp(-5.0 / 60)
		average = average*keep + (own+1)*(1-keep)
		got := o.Observe(now, average, own, 4)
		if i > 60 && math.Abs(got-0.25) > 0.01 {
			t.Fatalf("after %d looks: %.3f of each processor, want 0.25", i, got)
		}
	}
	if got := o.Observe(now.Add(time.Hour), 0, 64, 0); got != 0 {
		t.Errorf("load %v of an idle machine", got)
	}
}
