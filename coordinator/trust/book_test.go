package trust

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
)

var start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// story folds a script: s, f and t are ends of units, h is an hour, d and u are
// bad health, everything within one hour otherwise.
func story(b *Book, node contracts.NodeID, script string, times int) {
	b.Apply(Evidence{At: start, Node: node, Kind: Identified, Operator: "op-" + string(node)})
	at := start
	for range times {
		for _, c := range script {
			k := map[rune]Kind{'s': Success, 'f': Failure, 't': Timeout, 'd': Degraded, 'u': Unhealthy, 'h': Healthy}[c]
			if c == 'h' {
				at = at.Add(time.Hour)
			}
			b.Apply(Evidence{At: at, Node: node, Kind: k})
		}
	}
}

// The published vectors of the Krako 2.0 score. The one with decay differs in
// the sixth place: evidence fades towards the prior here.
func TestPublishedVectors(t *testing.T) {
	type part struct {
		script string
		times  int
	}
	for name, c := range map[string]struct {
		parts []part
		want  float64
	}{
		"nothing":                      {nil, 0.5},
		"one success":                  {[]part{{"s", 1}}, 0.6},
		"one timeout":                  {[]part{{"t", 1}}, 0.2},
		"ten successes":                {[]part{{"s", 10}}, 0.857143},
		"ten successes, a timeout":     {[]part{{"s", 10}, {"t", 1}}, 0.6},
		"ten successes, 3 timeouts":    {[]part{{"s", 10}, {"t", 3}}, 0.305882},
		"a hundred successes":          {[]part{{"s", 100}}, 0.980769},
		"degraded":                     {[]part{{"s", 100}, {"d", 1}}, 0.780769},
		"unhealthy":                    {[]part{{"s", 100}, {"u", 1}}, 0.480769},
		"twenty timeouts":              {[]part{{"t", 20}}, 0},
		"fifty successes and failures": {[]part{{"sf", 50}}, 0.5},
		"a month later":                {[]part{{"s", 100}, {"h", 720}}, 0.500006},
	} {
		t.Run(name, func(t *testing.T) {
			b := New()
			story(b, "n", "", 0)
			for _, p := range c.parts {
				story(b, "n", p.script, p.times)
			}
			if got := b.Score("n").Score; math.Abs(got-c.want) > 1e-6 {
				t.Errorf("score is %.6f, want %.6f", got, c.want)
			}
		})
	}
}

func TestStrangersAreFrozen(t *testing.T) {
	b := New()
	for range 1000 {
		b.Apply(Evidence{At: start, Node: "n", Kind: Success})
	}
	if s := b.Score("n"); s.Score != strangerScore || s.Reliability < 0.99 {
		t.Errorf("a stranger with a thousand successes has %+v", s)
	}
	if s := b.Score("unknown"); s.Score != strangerScore {
		t.Errorf("an unknown node has %g", s.Score)
	}
	b.Apply(Evidence{At: start, Node: "n", Kind: Identified, Operator: "lab"})
	if s := b.Score("n").Score; s < 0.99 {
		t.Errorf("once enrolled it has %g", s)
	}
}

func TestAnOperatorsNodesShareBlame(t *testing.T) {
	b := New()
	for _, n := range []contracts.NodeID{"a", "b", "c"} {
		b.Apply(Evidence{At: start, Node: n, Kind: Identified, Operator: "lab"})
	}
	b.Apply(Evidence{At: start, Node: "c", Kind: Identified, Operator: "other"})
	want := func(n contracts.NodeID, score float64) {
		t.Helper()
		if got := b.Score(n).Score; got != score {
			t.Errorf("%s has %g, want %g", n, got, score)
		}
	}
	b.Apply(Evidence{At: start, Node: "a", Kind: Barred})
	b.Apply(Evidence{At: start, Node: "a", Kind: Barred})
	want("a", Neutral) // its own conduct is verify's business
	want("b", Neutral-groupPenalty)
	want("c", Neutral)
	b.Apply(Evidence{At: start, Node: "a", Kind: Identified, Operator: "other"})
	want("b", Neutral)
	want("c", Neutral-groupPenalty)
	b.Apply(Evidence{At: start, Node: "a", Kind: Admitted})
	want("c", Neutral)
}

// Time that runs backwards, or evidence from the future, moves no other node.
func TestClocksOfOthersMoveNothing(t *testing.T) {
	b := New()
	story(b, "n", "s", 10)
	before := b.Score("n").Score
	b.Apply(Evidence{At: start.Add(1e6 * time.Hour), Node: "m", Kind: Success})
	b.Apply(Evidence{At: start.Add(-time.Hour), Node: "n", Kind: Healthy})
	if got := b.Score("n").Score; got != before {
		t.Errorf("score moved from %g to %g", before, got)
	}
}

// A replay in another book gives the same bits, and scores stay in [0, 1].
func TestReplayIsBitForBit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var log []Evidence
	at := start
	for range 20_000 {
		at = at.Add(time.Duration(rng.Int64N(int64(time.Hour))))
		n := contracts.NodeID(rune('a' + rng.IntN(8)))
		log = append(log, Evidence{At: at, Node: n, Kind: Kind(1 + rng.IntN(int(Admitted))), Operator: string(rune('A' + rng.IntN(3)))})
	}
	first, second := New(), New()
	for _, e := range log {
		first.Apply(e)
		if s := first.Score(e.Node).Score; s < 0 || s > 1 {
			t.Fatalf("score %g", s)
		}
	}
	for _, e := range log {
		second.Apply(e)
	}
	for n := range first.nodes {
		if first.Score(n) != second.Score(n) {
			t.Errorf("%s: %+v and %+v", n, first.Score(n), second.Score(n))
		}
	}
}

func BenchmarkApply(b *testing.B) {
	book, e := New(), Evidence{At: start, Node: "n", Kind: Success}
	for b.Loop() {
		e.At = e.At.Add(time.Second)
		book.Apply(e)
	}
}
