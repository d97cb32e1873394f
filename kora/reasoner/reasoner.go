package reasoner

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Reasoner answers model calls with the models of some servers. It is safe for
// concurrent use.
type Reasoner struct {
	servers []server
	opts    Options
	asked   atomic.Int64

	mu     sync.Mutex
	known  []Model
	listed time.Time
}

// Options say how a Reasoner behaves. The zero value of a field means its
// default.
type Options struct {
	// FirstToken and NextToken bound the wait for the first piece of an answer, a
	// model's loading included, and between pieces. Default 5 minutes and 1 minute.
	FirstToken, NextToken time.Duration
	// Default is the model for calls that name none; "" takes the first of the tier.
	Default string
	// ListedFor is how long a list of models is taken for true. Default 10 s.
	ListedFor time.Duration
}

type server struct {
	Endpoint
	dialect dialect
}

// New makes a Reasoner of endpoints, which it asks for models in this order. It
// does not connect.
func New(endpoints []Endpoint, o Options) (*Reasoner, error) {
	r := &Reasoner{opts: o}
	if o.FirstToken <= 0 {
		r.opts.FirstToken = 5 * time.Minute
	}
	if o.NextToken <= 0 {
		r.opts.NextToken = time.Minute
	}
	if o.ListedFor <= 0 {
		r.opts.ListedFor = 10 * time.Second
	}
	for _, e := range endpoints {
		if err := e.Validate(); err != nil {
			return nil, err
		}
		r.servers = append(r.servers, server{e, dialectOf(e)})
	}
	return r, nil
}

// Asked returns how often a model was asked since the start: requests that were
// sent, whatever came of them.
func (r *Reasoner) Asked() int64 { return r.asked.Load() }

// Models lists what the servers offer. A server that does not answer has none; the
// error is that of the last when none answers.
func (r *Reasoner) Models(ctx context.Context) ([]Model, error) {
	r.mu.Lock()
	known, fresh := r.known, time.Since(r.listed) < r.opts.ListedFor
	r.mu.Unlock()
	if fresh {
		return slices.Clone(known), nil
	}
	all, err := r.list(ctx)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known, r.listed = all, time.Now()
	return slices.Clone(all), nil
}

// list asks all servers at once.
func (r *Reasoner) list(ctx context.Context) ([]Model, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	found, errs := make([][]Model, len(r.servers)), make([]error, len(r.servers))
	var wg sync.WaitGroup
	for i, s := range r.servers {
		wg.Go(func() { found[i], errs[i] = s.dialect.models(ctx) })
	}
	wg.Wait()
	if !slices.Contains(errs, nil) {
		return nil, contracts.Errorf(contracts.CodeModelUnavailable, "models", "no server of models answers: %w", errors.Join(errs...))
	}
	return slices.Concat(found...), nil
}

// choose returns the model for a call and its server: the one that it names, or
// the default, or the first of its tier, or the first at all: a tier is a wish, and
// this machine has what it has.
func (r *Reasoner) choose(ctx context.Context, c *Call) (Model, server, error) {
	all, err := r.Models(ctx)
	if err != nil {
		return Model{}, server{}, err
	}
	name := c.Name
	if name == "" && c.Operation == contracts.Generate {
		name = r.opts.Default
	}
	fits := fitting(all, name, c.Operation)
	i := slices.IndexFunc(fits, func(m Model) bool { return m.Tier() == c.Tier })
	if len(fits) == 0 {
		return Model{}, server{}, contracts.Errorf(contracts.CodeNotFound, name, "no server here has this model")
	}
	m := fits[max(i, 0)]
	s := r.servers[slices.IndexFunc(r.servers, func(s server) bool { return m.Kind == s.Kind && m.URL == s.URL })]
	if c.Local && s.Remote {
		return m, s, contracts.Errorf(contracts.CodePrivacyViolation, m.Name, "the call must not leave this machine, and the model is elsewhere")
	}
	return m, s, nil
}

// fitting returns the models that a call may mean.
func fitting(all []Model, name string, op contracts.ModelOperation) (fits []Model) {
	embedder := slices.ContainsFunc(all, func(m Model) bool { return m.Embeds })
	for _, m := range all {
		switch {
		case name != "" && m.Name == name,
			name == "" && op == contracts.Generate && !m.Embeds,
			name == "" && op == contracts.Embed && (m.Embeds || !embedder):
			fits = append(fits, m)
		}
	}
	return fits
}
