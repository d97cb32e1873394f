package llmpod

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/llmpod/slots"
)

// serve works over one stream until it ends, and returns why: nil when the pod
// has drained.
func (a *Agent) serve(ctx context.Context, s *p2p.WorkStream, tasks *sync.WaitGroup) error {
	w := s.Welcome()
	if err := a.sequence.Pass(w.LastSeq); err != nil {
		s.Close(err)
		return err
	}
	if a.cluster != "" && a.cluster != w.Cluster {
		a.log.Warn("cluster changed, work in hand dropped", "from", a.cluster, "to", w.Cluster)
		a.hand.drop(contracts.Errorf(contracts.CodeCancelled, w.Cluster, "the pod works for another cluster now"))
	}
	a.cluster = w.Cluster
	a.hand.settled(w.LastSeq, true)
	a.log.Info("work stream open", "coordinator", s.Peer(), "cluster", w.Cluster, "pod", a.ID())
	ctx, cancel := context.WithCancel(ctx)
	var sent error
	sending := make(chan struct{})
	go func() {
		defer close(sending)
		sent = a.send(ctx, s)
		s.Close(sent)
	}()
	err := a.receive(ctx, s, tasks)
	cancel()
	<-sending
	if _, fatal := errors.AsType[*fatalError](sent); fatal {
		return sent
	}
	return err
}

// receive takes what the coordinator sends until the stream ends.
func (a *Agent) receive(ctx context.Context, s *p2p.WorkStream, tasks *sync.WaitGroup) error {
	for {
		m, err := s.Recv()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *p2p.Assign:
			for i := range m.Units {
				a.begin(context.WithoutCancel(ctx), &m.Units[i], s.Welcome().Cluster, tasks)
			}
		case *p2p.Ack:
			a.hand.settled(m.Seq, true)
		case *p2p.Reject:
			a.hand.settled(m.Seq, false)
			a.log.Warn("result rejected", "seq", m.Seq, "code", m.Code, "reason", m.Message)
		case *p2p.Cancel:
			a.hand.cancel(m.Leases, contracts.Errorf(contracts.CodeCancelled, "", "the coordinator cancelled the unit"))
		}
	}
}

// begin takes one unit in hand or refuses it.
func (a *Agent) begin(ctx context.Context, m *p2p.Unit, cluster string, tasks *sync.WaitGroup) {
	call, pool, err := a.accept(m)
	if err != nil {
		a.log.Warn("unit refused", "lease", m.Lease, "error", err)
		a.hand.refuse(faultOf(m.Lease, err))
		return
	}
	u := &unit{lease: m.Lease, epoch: m.Epoch, attempt: uint32(m.Attempt)}
	limit := a.cfg.MaxRun
	if t := time.Duration(m.RunTimeoutMS) * time.Millisecond; t > 0 {
		limit = min(limit, t)
	}
	u.ctx, u.stop = context.WithCancelCause(ctx)
	if !a.hand.take(u) {
		return
	}
	tasks.Go(func() {
		defer u.stop(nil)
		ctx, cancel := context.WithTimeout(u.ctx, limit)
		defer cancel()
		if m.Score != nil {
			a.score(ctx, u, pool, call, m.Score)
			return
		}
		a.run(ctx, u, pool, call, cluster)
	})
}

// accept turns an assigned unit into a call, or says why it is not for this pod:
// UNSUPPORTED for what something else can run, such as a CPU unit.
func (a *Agent) accept(m *p2p.Unit) (Call, *Pool, error) {
	v, id, err := contracts.DecodeModelInvocation(m.Invocation)
	if err != nil {
		if _, _, cpu := contracts.DecodeInvocation(m.Invocation); cpu == nil {
			return Call{}, nil, contracts.Errorf(contracts.CodeUnsupported, id.String(), "is a CPU unit, this is a pod")
		}
		return Call{}, nil, err
	}
	if v.Profile != contracts.ProfileLLM1 {
		return Call{}, nil, contracts.Errorf(contracts.CodeUnsupported, id.String(), "profile %.64q, this pod runs %q", v.Profile, contracts.ProfileLLM1)
	}
	if m.Tenant == "" || m.Session == "" {
		return Call{}, nil, contracts.Errorf(contracts.CodeValidation, id.String(), "unit does not say whose it is")
	}
	for _, p := range a.pools {
		if o := p.Model(); o.Embeddings == (v.Operation == contracts.Embed) && (v.Name == "" || v.Name == o.Name) && v.Tier == o.Tier && weighs(o.Class, m.Score) {
			c := Call{ModelInvocation: v, Owner: slots.Owner{Tenant: m.Tenant, Session: m.Session}, unit: id}
			c.Last = m.Last
			if m.Allow != nil {
				c.AllowTokens, c.AllowCalls = m.Allow.Tokens, m.Allow.Calls
			}
			if m.Resume != nil {
				c.Resume, c.ResumeText = m.Resume.Tokens, m.Resume.Text
			}
			return c, p, nil
		}
	}
	return Call{}, nil, contracts.Errorf(contracts.CodeUnsupported, id.String(), "this pod has no model %q of tier %s for %s", v.Name, v.Tier, v.Operation)
}

// weighs reports whether a class is of the weights that an answer is to be scored by.
func weighs(class string, s *p2p.Said) bool {
	return s == nil || s.Weights != "" && strings.HasPrefix(class, s.Weights+"/")
}

// scoredTokens is how many tokens of an answer are scored: each is a step of the
// model, and so many tell most that all of them would.
const scoredTokens = 256

// score says what is to be found of another pod's answer to a unit.
func (a *Agent) score(ctx context.Context, u *unit, pool *Pool, c Call, said *p2p.Said) {
	f, err := pool.Judge(ctx, c, said.Tokens, said.Text, scoredTokens)
	if err != nil {
		a.log.Info("answer not scored", "lease", u.lease, "error", err)
		a.hand.finish(u, nil, faultOf(u.lease, err))
		return
	}
	a.log.Debug("answer scored", "lease", u.lease, "positions", f.Positions, "plausible", f.Plausible, "sound", f.Sound)
	a.hand.find(u, &p2p.Scored{
		Lease: u.lease, Positions: f.Positions, Misses: f.Misses, Deviation: f.Deviation, Plausible: f.Plausible, Sound: f.Sound,
	})
}

// run carries one unit out.
func (a *Agent) run(ctx context.Context, u *unit, pool *Pool, c Call, cluster string) {
	started := time.Now()
	answer, err := pool.Invoke(ctx, c, func(p Piece) { a.hand.say(u, p) })
	if err != nil {
		// The error names codes and counts, never text of a prompt or an answer.
		a.log.Info("unit not answered", "lease", u.lease, "tokens_out", answer.Use.TokensOut, "error", err)
		a.hand.finish(u, nil, faultOf(u.lease, err))
		return
	}
	r, err := newReport(a.ID(), u, c.unit, &answer, started, time.Now())
	if err != nil {
		a.hand.finish(u, nil, faultOf(u.lease, err))
		return
	}
	a.log.Debug("unit answered", "lease", u.lease, "tokens_in", answer.Use.TokensIn, "tokens_out", answer.Use.TokensOut,
		"cached", answer.Cached, "took", time.Since(started).String(), "cluster", cluster)
	a.hand.finish(u, r, nil)
}

// send sends what there is to send until the stream ends or the pod has drained
// (nil).
func (a *Agent) send(ctx context.Context, s *p2p.WorkStream) error {
	for _, old := range a.hand.waiting() {
		if err := s.Send(ctx, old.frame); err != nil {
			return err
		}
	}
	drain := a.leaving.Done()
	told := ""
	for a.hand.stir(); ; {
		news, err := a.flush(ctx, s)
		if err != nil {
			return err
		}
		if news {
			if told, err = a.tell(ctx, s, told); err != nil || a.drained() {
				return err
			}
		}
		select {
		case <-a.hand.pulse:
			a.hand.gather(ctx)
		case <-drain:
			drain = nil
			a.hand.stir()
			if err := s.Send(ctx, &p2p.Drain{}); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// tell sends a heartbeat where what ails the pod is no longer what was told: what is
// placed next should know.
func (a *Agent) tell(ctx context.Context, s *p2p.WorkStream, told string) (string, error) {
	why := a.ailment()
	if why == told {
		return told, nil
	}
	h := a.heartbeat()
	return why, s.Send(ctx, &h)
}

// flush sends what there is. It reports whether that was more than pieces, or may be:
// then it has asked for as many units as there are places, too.
func (a *Agent) flush(ctx context.Context, s *p2p.WorkStream) (news bool, err error) {
	pieces, notes, done, news := a.hand.collect()
	for _, p := range pieces {
		if err := s.Send(ctx, p); err != nil {
			return news, err
		}
	}
	if !news {
		return false, nil
	}
	for _, n := range notes {
		if err := s.Send(ctx, n); err != nil {
			return true, err
		}
	}
	for _, r := range done {
		seq, err := a.sequence.Take()
		if err != nil {
			return true, &fatalError{err}
		}
		b, err := r.seal(a.identity.Private(), s.Welcome().Cluster, seq)
		if err != nil {
			return true, &fatalError{fmt.Errorf("sign result: %w", err)}
		}
		a.hand.keep(b)
		if err := s.Send(ctx, b.frame); err != nil {
			return true, err
		}
	}
	return true, a.grant(ctx, s)
}

// ahead is how many units more than there are slots may be in hand, so that no
// slot waits for the network; all others wait in Krako's own queue.
const ahead = 1

// grant asks for as many units as there are places, while a server is ready.
func (a *Agent) grant(ctx context.Context, s *p2p.WorkStream) error {
	total, _ := a.usage()
	if a.leaving.Err() != nil || total == 0 {
		return nil
	}
	n := total + ahead - a.hand.running() - s.Credit()
	if n <= 0 {
		return nil
	}
	err := s.Send(ctx, &p2p.Credit{N: n})
	if errors.Is(err, p2p.ErrDraining) {
		return nil // the coordinator is about to leave
	}
	return err
}
