package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/krako-labs/krako/internal/p2p"
)

// send sends what there is to send until the stream ends or the node has
// drained (nil).
func (l *link) send(ctx context.Context) error {
	for _, s := range l.agent.outbox.unsent() {
		if err := l.deliver(ctx, s); err != nil {
			return err
		}
	}
	drain := l.agent.leaving.Done()
	late := time.NewTimer(time.Hour)
	defer late.Stop()
	for {
		wait, err := l.flush(ctx)
		if err != nil {
			return err
		}
		if l.agent.drained() {
			return nil
		}
		if wait > 0 {
			late.Reset(wait)
		}
		select {
		case <-l.agent.backlog.pulse:
		case <-late.C:
		case <-drain:
			drain = nil
			if err := l.stream.Send(ctx, &p2p.Drain{}); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// flush takes what waits and sends it. Whatever comes meanwhile travels in the
// next round, and while a batch is not acknowledged results wait a little for
// more, so that batches grow with the load: then it returns how long.
func (l *link) flush(ctx context.Context) (wait time.Duration, err error) {
	for {
		if err := l.tellPause(ctx); err != nil {
			return 0, err
		}
		if wait = 0; !l.agent.outbox.empty() {
			wait = l.agent.backlog.gather(time.Now())
		}
		faults, batch := l.agent.backlog.collect(wait == 0 && !l.agent.outbox.full(), l.stream.Welcome().MaxBatch)
		for _, f := range faults {
			if err := l.stream.Send(ctx, f); err != nil {
				return 0, err
			}
		}
		if err := l.grant(ctx); err != nil {
			return 0, err
		}
		if len(batch) == 0 {
			return wait, nil
		}
		if err := l.report(ctx, batch); err != nil {
			return 0, err
		}
	}
}

// tellPause has the coordinator know at once that the node is paused, or that it
// is not any more.
func (l *link) tellPause(ctx context.Context) error {
	if l.agent.governor.cause() == l.told {
		return nil // a heartbeat names every lease: it is not made for each batch
	}
	h := l.agent.heartbeat()
	l.told = h.Pause
	return l.stream.Send(ctx, &h)
}

// grant asks for more units if there is room for them.
func (l *link) grant(ctx context.Context) error {
	if l.agent.draining() {
		return nil
	}
	n := l.agent.backlog.credit(l.stream.Credit())
	if n == 0 {
		return nil
	}
	err := l.stream.Send(ctx, &p2p.Credit{N: n})
	if errors.Is(err, p2p.ErrDraining) {
		return nil // the coordinator is about to leave
	}
	return err
}

// report seals results and sends them. The number is durable before it is used.
func (l *link) report(ctx context.Context, batch []*report) error {
	a := l.agent
	seq, err := a.sequence.Take()
	if err != nil {
		return &fatalError{err}
	}
	s, err := seal(a.identity.Private(), l.cluster.id, seq, batch)
	if err != nil {
		return &fatalError{fmt.Errorf("sign results: %w", err)}
	}
	a.outbox.add(s)
	a.backlog.release(batch)
	return l.deliver(ctx, s)
}

func (l *link) deliver(ctx context.Context, s *sealed) error {
	if err := l.stream.Send(ctx, s.frame); err != nil {
		return err
	}
	l.agent.outbox.markSent(s)
	return nil
}
