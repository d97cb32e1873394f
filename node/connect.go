package node

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
)

// steady is how long a work stream must last to be taken for a good one.
const steady = 30 * time.Second

// keepConnected serves one work stream after the other.
func (a *Agent) keepConnected(ctx context.Context) error {
	wait := backoff{
		first: a.cfg.ReconnectMin, last: a.cfg.ReconnectMax, random: rand.Float64,
	}
	for {
		err := a.searchAndServe(ctx, &wait)
		if fatal, ok := errors.AsType[*fatalError](err); ok {
			return fatal.cause
		}
		if ctx.Err() != nil {
			return stopped(ctx)
		}
		if a.drained() {
			return nil
		}
	}
}

// searchAndServe returns when a stream that had lasted has ended, or when there
// is no going on. Until one lasts, the search for a coordinator goes on where it
// was: one that takes streams and breaks them does not keep the node from the
// next.
func (a *Agent) searchAndServe(ctx context.Context, wait *backoff) error {
	searching, found := context.WithCancel(ctx)
	defer found()
	hints := a.host.FindCoordinators(searching)
	for {
		stream, err := a.connect(ctx, hints)
		if err != nil {
			return err
		}
		settled := time.AfterFunc(steady, found)
		err = a.serve(ctx, stream)
		if _, fatal := errors.AsType[*fatalError](err); fatal || ctx.Err() != nil || a.drained() {
			return err
		}
		a.log.Warn("work stream lost", "coordinator", stream.Peer(), "error", err)
		lasted := !settled.Stop()
		if lasted {
			wait.reset()
		}
		a.rest(ctx, wait.next())
		if lasted {
			return nil
		}
	}
}

// rest waits for d, or until the node is to stop: then there is no time to lose.
func (a *Agent) rest(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(a.leaving, cancel)()
	pause(ctx, d)
}

// stopped returns why ctx ended: nil if it was the caller's doing.
func stopped(ctx context.Context) error {
	if e, ok := errors.AsType[*contracts.Error](context.Cause(ctx)); ok {
		return e
	}
	return nil
}

// connect tries coordinators until one admits the node. The error is a
// *fatalError when none did for Config.GiveUpAfter, else the context's; a
// graceful stop with nothing left to deliver counts as its end.
func (a *Agent) connect(ctx context.Context, hints <-chan p2p.PeerHint) (*p2p.WorkStream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(a.leaving, func() {
		if a.drained() {
			cancel(nil)
		}
	})()
	if d := a.cfg.GiveUpAfter; d > 0 {
		defer time.AfterFunc(d, func() {
			cancel(&fatalError{contracts.Errorf(contracts.CodeNetwork, "coordinator", "none was reached in %s", d)})
		}).Stop()
	}
	for ctx.Err() == nil {
		select {
		case hint, ok := <-hints:
			if !ok && ctx.Err() == nil {
				return nil, &fatalError{errors.New("the network was closed")}
			}
			if !ok {
				continue
			}
			stream, err := a.open(ctx, hint)
			if err == nil {
				return stream, nil
			}
			if ctx.Err() == nil {
				a.log.Warn("coordinator not joined", "coordinator", hint.Peer, "found_by", hint.Source, "error", err)
			}
		case <-ctx.Done():
		}
	}
	return nil, context.Cause(ctx)
}

func (a *Agent) open(ctx context.Context, hint p2p.PeerHint) (*p2p.WorkStream, error) {
	if err := a.host.Connect(ctx, hint); err != nil {
		return nil, err
	}
	hello, err := a.present(a.cfg.hello(), hint.Peer)
	if err != nil {
		return nil, err
	}
	s, err := a.host.OpenWork(ctx, hint.Peer, hello, a.heartbeat)
	if err == nil {
		a.presented()
	}
	return s, err
}
