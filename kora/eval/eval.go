package eval

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/plan"
)

// Summary is how a KORA did.
type Summary struct {
	Items     int `json:"items"`
	Answered  int `json:"answered"`
	Abstained int `json:"abstained"`
	Correct   int `json:"correct"`
	Wrong     int `json:"wrong"`
	// WrongPer1000 is wrong answers per thousand that can be judged, Wilson95
	// the interval of 95 % around the share, also per thousand.
	WrongPer1000 float64    `json:"wrong_per_1000"`
	Wilson95     [2]float64 `json:"wilson95"`
	// FalseFires are answers to messages that must not be answered.
	FalseFires int `json:"false_fires"`
	// P50US and P99US are the time that planning takes, in microseconds.
	P50US     float64        `json:"p50_us"`
	P99US     float64        `json:"p99_us"`
	ByHandler map[string]int `json:"by_handler"`
}

// Detail is how one item went.
type Detail struct {
	ID       string `json:"id"`
	Answered bool   `json:"answered"`
	Handler  string `json:"handler,omitempty"`
	Answer   string `json:"answer,omitempty"`
	// Correct is absent where nobody says what is right.
	Correct *bool  `json:"correct,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// Runner evaluates items with an engine.
type Runner struct {
	Engine *kora.Engine
	// Base is the request that every item starts from: clock, zone, locale.
	Base plan.Request
	// Attach stores an attachment and returns it as a request has it.
	Attach func(ctx context.Context, a Attachment) (plan.Attachment, error)
}

// Run evaluates the items one after the other and hands every detail to fn. The
// error is the backend's or fn's; a message that has no answer is none.
func (r *Runner) Run(ctx context.Context, items []Item, fn func(Detail) error) (Summary, error) {
	s := Summary{Items: len(items), ByHandler: map[string]int{}}
	// What planning makes once in a process is no part of any item's time.
	r.Engine.Plan(plan.Request{Message: "a mispelt question that nobody reads", Models: plan.ModelNever})
	var took []time.Duration
	judged := 0
	for i := range items {
		d, planning, err := r.one(ctx, &items[i])
		if err != nil {
			return s, err
		}
		took = append(took, planning)
		if s.count(&items[i], &d) {
			judged++
		}
		if err := fn(d); err != nil {
			return s, err
		}
	}
	if judged > 0 {
		s.WrongPer1000 = 1000 * float64(s.Wrong) / float64(judged)
	}
	lo, hi := wilson(s.Wrong, judged)
	s.Wilson95 = [2]float64{1000 * lo, 1000 * hi}
	s.P50US, s.P99US = quantile(took, 0.5), quantile(took, 0.99)
	return s, nil
}

// count adds an item and reports whether it can be judged.
func (s *Summary) count(it *Item, d *Detail) bool {
	if !d.Answered {
		s.Abstained++
		return false
	}
	s.Answered++
	s.ByHandler[d.Handler]++
	if it.MustAbstain {
		s.FalseFires++
	}
	if d.Correct == nil {
		return false
	}
	if *d.Correct {
		s.Correct++
	} else {
		s.Wrong++
	}
	return true
}

func (r *Runner) one(ctx context.Context, it *Item) (Detail, time.Duration, error) {
	d := Detail{ID: it.ID}
	req := r.Base
	req.ID, req.Message, req.Models = "", it.Message, plan.ModelNever
	for _, a := range it.Attachments {
		at, err := r.Attach(ctx, a)
		if err != nil {
			return d, 0, err
		}
		req.Attachments = append(req.Attachments, at)
	}
	reply, err := r.Engine.Ask(ctx, req, nil)
	if err != nil {
		return d, 0, err
	}
	d.Reason = string(reply.Plan.Reason)
	if len(reply.Plan.Handlers) > 0 {
		d.Handler = reply.Plan.Handlers[0]
	}
	switch {
	case reply.Error != nil:
		// A unit that refuses its input has not answered: it abstains late.
		d.Reason = reply.Error.Error()
	case reply.Kind == plan.Deterministic:
		d.Answered, d.Answer = true, reply.Text
	}
	if d.Answered && (it.MustAbstain || it.Expect != nil) {
		right := !it.MustAbstain && Same(d.Answer, string(*it.Expect))
		d.Correct = &right
	}
	return d, reply.PlannedIn, nil
}

// wilson is the score interval of a share at 95 %.
func wilson(k, n int) (lo, hi float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	p, m := float64(k)/float64(n), float64(n)
	centre, spread := p+z*z/(2*m), z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, (centre-spread)/(1+z*z/m)), min(1, (centre+spread)/(1+z*z/m))
}

func quantile(all []time.Duration, q float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return float64(sorted[int(q*float64(len(sorted)-1))].Nanoseconds()) / 1000
}
