package node

import (
	"context"
	"errors"
	"fmt"

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
	for {
		if err := l.flush(ctx); err != nil {
			return err
		}
		if l.agent.drained() {
			return nil
		}
		select {
		case <-l.agent.backlog.pulse:
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

// flush takes all that waits and sends it: whatever comes meanwhile travels in
// the next round, so that batches grow with the load and nothing ever waits for
// a timer.
func (l *link) flush(ctx context.Context) error {
	for {
		if err := l.tellPause(ctx); err != nil {
			return err
		}
		faults, batch := l.agent.backlog.collect(!l.agent.outbox.full(), l.stream.Welcome().MaxBatch)
		for _, f := range faults {
			if err := l.stream.Send(ctx, f); err != nil {
				return err
			}
		}
		if err := l.grant(ctx); err != nil {
			return err
		}
		if len(batch) == 0 {
			return nil
		}
		if err := l.report(ctx, batch); err != nil {
			return err
		}
	}
}

// tellPause has the coordinator know at once that the node is paused, or that it
// is not any more.
func (l *link) tellPause(ctx context.Context) error {
	h := l.agent.heartbeat()
	if h.Pause == l.told {
		return nil
	}
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
