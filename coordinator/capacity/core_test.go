package capacity

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/golden"
)

func policy() Policy {
	p := DefaultPolicy()
	p.Max, p.StepUp, p.Window, p.DownEvery = 8, 3, time.Minute, 20*time.Second
	return p
}

func core(t testing.TB) *Core {
	t.Helper()
	c, err := New(policy())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func told(d Decision) string {
	switch {
	case d.Scale != nil:
		return fmt.Sprintf("pods %d -> %d, %d calls each: %s", d.Scale.From, d.Scale.To, d.Scale.Concurrency, d.Scale.Reason)
	case d.Mode != nil:
		return fmt.Sprintf("admission %s: %s", d.Mode.Mode, d.Mode.Reason)
	}
	return fmt.Sprintf("congestion %t", d.Congestion.On)
}

// TestTranscripts plays scripts of seconds: "at 12: queued 5 running 1 wait 300 pods
// 1 slots 2" is a sample, "at 12..40 every 2:" repeats it, "silence until 60" lets
// time pass without any.
func TestTranscripts(t *testing.T) { golden.Transcripts(t, play) }

func play(t *testing.T, script string) string {
	c, out := core(t), &strings.Builder{}
	tell := func(at int, list []Decision) {
		for _, d := range list {
			fmt.Fprintf(out, "%4ds  %s\n", at, told(d))
		}
	}
	for line := range strings.SplitSeq(script, "\n") {
		var (
			from, to, every, until int
			s                      Sample
		)
		switch {
		case line == "" || line[0] == '#':
			continue
		case scan(line, "silence until %d", &until):
			for at := int(c.state.Last.At / 1e6); at < until; at++ {
				tell(at, c.Tick(int64(at)*1e6))
			}
			continue
		case scan(line, "at %d..%d every %d: queued %d running %d wait %d pods %d slots %d", &from, &to, &every, &s.Queued, &s.Running, &s.WaitMS, &s.Pods, &s.Slots):
		case scan(line, "at %d: queued %d running %d wait %d pods %d slots %d", &from, &s.Queued, &s.Running, &s.WaitMS, &s.Pods, &s.Slots):
			to, every = from, 1
		default:
			t.Fatalf("what is %q?", line)
		}
		for at := from; at <= to; at += every {
			s.At = int64(at) * 1e6
			list, err := c.Observe(s)
			if err != nil {
				t.Fatal(err)
			}
			tell(at, list)
		}
	}
	return out.String()
}

func scan(line, format string, args ...any) bool {
	n, err := fmt.Sscanf(line, format, args...)
	return err == nil && n == len(args)
}

// Any samples: the bounds hold, steps and pauses are kept, and a core that goes on
// from a snapshot decides as the one that was never stopped, in the same bytes.
func TestBoundsHoldAndReplayIsIdentical(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c := core(t)
	twin := core(t)
	at, lastUp, lastDown := int64(1e6), int64(0), int64(0)
	p := policy()
	n := 20_000
	if long {
		n = 1_000_000
	}
	for i := range n {
		at += r.Int64N(5e6)
		before := c.Desired()
		var list []Decision
		if i%17 == 0 {
			list = c.Tick(at)
			twin.Tick(at)
		} else {
			s := Sample{At: at, Queued: max(0, r.IntN(60)-30), Running: r.IntN(4), WaitMS: r.Int64N(200_000), Pods: r.IntN(9), Slots: r.IntN(20)}
			var err error
			if list, err = c.Observe(s); err != nil {
				t.Fatal(err)
			}
			if _, err := twin.Observe(s); err != nil {
				t.Fatal(err)
			}
		}
		for _, d := range list {
			if d.Scale == nil {
				continue
			}
			step := d.Scale.To - d.Scale.From
			switch {
			case d.Scale.From != before || d.Scale.To != c.Desired() || step > p.StepUp || -step > p.StepDown || step == 0:
				t.Fatalf("from %d: %+v", before, d.Scale)
			case d.Scale.To < p.Min || d.Scale.To > p.Max:
				t.Fatalf("%d pods are wanted", d.Scale.To)
			case step > 0 && lastUp > 0 && at-lastUp < micros(p.UpEvery), step < 0 && lastDown > 0 && at-lastDown < micros(p.DownEvery):
				t.Fatalf("at %d: %+v came too soon", at, d.Scale)
			}
			if step > 0 {
				lastUp = at
			} else {
				lastDown = at
			}
		}
		if i%500 == 0 {
			twin = again(t, twin)
		}
	}
	a, _ := c.Snapshot()
	b, _ := twin.Snapshot()
	if !bytes.Equal(a, b) {
		t.Errorf("states differ:\n%s\n%s", a, b)
	}
}

func again(t *testing.T, c *Core) *Core {
	t.Helper()
	b, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Restore(b)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestBadInput(t *testing.T) {
	c := core(t)
	for _, s := range []Sample{{At: 1, Queued: -1}, {At: 1, WaitMS: -1}, {At: 1, Pods: -1}, {At: 1, Running: -1}, {At: 1, Slots: -1}, {Queued: 1}} {
		if _, err := c.Observe(s); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if list, err := c.Observe(Sample{At: 5e6, Queued: 1}); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := c.Observe(Sample{At: 5e6, Queued: 100}); err != nil || list != nil {
		t.Errorf("an old sample led to %v (%v)", list, err)
	}
	for _, b := range []string{"", "{}", `{"policy":{},"x":1}`, "[]"} {
		if _, err := Restore([]byte(b)); err == nil {
			t.Errorf("restored %q", b)
		}
	}
	for name, change := range map[string]func(*Policy){
		"min": func(p *Policy) { p.Min = 9 }, "slots": func(p *Policy) { p.Slots = 0 }, "utilisation": func(p *Policy) { p.Utilisation = 0 },
		"steps": func(p *Policy) { p.StepUp = 0 }, "critical": func(p *Policy) { p.Critical = p.Throttle }, "window": func(p *Policy) { p.Window = 0 },
	} {
		p := policy()
		if change(&p); p.Validate() == nil {
			t.Errorf("a policy with a bad %s", name)
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	c := core(b)
	s := Sample{At: 1e6, Pods: 2, Slots: 4}
	for i := range b.N {
		s.At += 1e5
		s.Queued, s.WaitMS = i%40, int64(i%90)*1000
		if _, err := c.Observe(s); err != nil {
			b.Fatal(err)
		}
	}
}
