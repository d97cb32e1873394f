package trust

import (
	"time"

	"github.com/krako-labs/krako/contracts"
)

// The dials. They follow the public Krako 2.0 trust score with one correction:
// old evidence decays towards the prior and not below it, so that a node that
// was idle for a month is as little known as a new one, not less.
const (
	prior         = 2.0  // α0 = β0 of the beta-binomial
	lateWeight    = 0.2  // λ of the moving average of timeouts
	latePenalty   = 0.4  // its most
	hourlyDecay   = 0.98 // of evidence beyond the prior: half of it in 34 hours
	groupPenalty  = 0.1  // while another node of the operator is barred
	degraded      = 0.2
	unhealthy     = 0.5
	strangerScore = 0.3 // the most that a node without an operator reaches
	// forgotten is after how many idle hours no evidence is left to speak of.
	forgotten = 2000
)

// Neutral is the score of a node of which nothing is known but its operator.
const Neutral = 0.5

// Book holds the scores. It is owned by one goroutine.
type Book struct {
	nodes map[contracts.NodeID]*account
	// barred counts the barred nodes of each operator.
	barred map[string]int
}

// account is the evidence about one node.
type account struct {
	alpha, beta float64
	late        float64
	health      Kind
	operator    string
	barred      bool
	// hour is up to when decay has been applied; zero before the first evidence.
	hour time.Time
	seen uint64
}

// New returns an empty book.
func New() *Book { return &Book{nodes: map[contracts.NodeID]*account{}, barred: map[string]int{}} }

// Apply folds one piece of evidence in. Evidence that is older than what is
// known already counts at the time of the latest: the log's order rules, and no
// clock of a node can move a score.
func (b *Book) Apply(e Evidence) {
	a := b.account(e.Node)
	a.decay(e.At)
	a.seen++
	switch e.Kind {
	case Success:
		a.alpha++
		a.late = float64((1 - lateWeight) * a.late)
	case Failure:
		a.beta++
		a.late = float64((1 - lateWeight) * a.late)
	case Timeout:
		a.beta++
		a.late = lateWeight + float64((1-lateWeight)*a.late)
	case Healthy, Degraded, Unhealthy:
		a.health = e.Kind
	case Identified:
		b.move(a, e.Operator)
	case Stranger:
		b.move(a, "")
	case Barred, Admitted:
		b.bar(a, e.Kind == Barred)
	}
}

func (b *Book) account(n contracts.NodeID) *account {
	a := b.nodes[n]
	if a == nil {
		a = &account{alpha: prior, beta: prior, health: Healthy}
		b.nodes[n] = a
	}
	return a
}

// move gives a node to an operator, "" to none.
func (b *Book) move(a *account, operator string) {
	was := a.barred
	b.bar(a, false)
	a.operator = operator
	b.bar(a, was)
}

func (b *Book) bar(a *account, barred bool) {
	switch {
	case a.barred == barred:
		return
	case barred:
		b.barred[a.operator]++
	default:
		b.barred[a.operator]--
	}
	a.barred = barred
}

// Rename has the evidence about a node count for the key by which it is known now,
// of which there is none yet. What comes in under the old one later counts too.
func (b *Book) Rename(was, now contracts.NodeID) {
	a := b.nodes[was]
	if a == nil {
		return
	}
	if of := b.nodes[now]; of != nil {
		b.bar(of, false)
	}
	b.nodes[now] = a
}

// decay lets evidence fade, hour by whole hour. The products are rounded one by
// one: a fused multiplication would differ between architectures.
func (a *account) decay(now time.Time) {
	if a.hour.IsZero() {
		a.hour = now
		return
	}
	hours := int(now.Sub(a.hour) / time.Hour)
	if hours <= 0 {
		return
	}
	a.hour = a.hour.Add(time.Duration(hours) * time.Hour)
	for range min(hours, forgotten) {
		a.alpha = prior + float64((a.alpha-prior)*hourlyDecay)
		a.beta = prior + float64((a.beta-prior)*hourlyDecay)
	}
}

// Score is what is known of one node.
type Score struct {
	// Score is the reliability in [0, 1], made of the others.
	Score float64 `json:"score"`
	// Reliability is the mean of the beta-binomial, Late the penalty for timeouts.
	Reliability float64 `json:"reliability"`
	Late        float64 `json:"late"`
	Health      float64 `json:"health"`
	Group       float64 `json:"group"`
	Identified  bool    `json:"identified"`
	Operator    string  `json:"operator,omitempty"`
	// Evidence counts what was folded in.
	Evidence uint64 `json:"evidence"`
}

// Reliability is the Score alone: what placement looks at.
func (b *Book) Reliability(n contracts.NodeID) float64 { return b.Score(n).Score }

// Score returns a node's score as of its latest evidence. A node that the book
// does not know is a stranger.
func (b *Book) Score(n contracts.NodeID) Score {
	a := b.nodes[n]
	if a == nil {
		a = &account{alpha: prior, beta: prior, health: Healthy} // stays on the stack
	}
	s := Score{
		Reliability: a.alpha / (a.alpha + a.beta), Late: min(latePenalty, a.late),
		Identified: a.operator != "", Operator: a.operator, Evidence: a.seen,
	}
	switch a.health {
	case Degraded:
		s.Health = degraded
	case Unhealthy:
		s.Health = unhealthy
	}
	others := b.barred[a.operator]
	if a.barred {
		others--
	}
	if s.Identified && others > 0 {
		s.Group = groupPenalty
	}
	s.Score = min(1, max(0, s.Reliability-s.Late-s.Health-s.Group))
	if !s.Identified {
		s.Score = min(s.Score, strangerScore)
	}
	return s
}
