package p2p

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/krako-labs/krako/contracts"
)

// AdmitFunc decides whether a worker may work and on which terms; V is filled
// in. The peer id is proved by the transport, everything in Hello is a claim.
// An error turns the worker away, with its code and, if it is a
// *contracts.Error, its message. ctx ends when a newer stream of the same peer
// takes over.
type AdmitFunc func(ctx context.Context, peer string, hello Hello) (Welcome, error)

// ServeFunc serves one worker until Recv fails or the coordinator is done with
// it; the stream is then closed with the returned error as the reason. ctx ends
// with the stream. For one peer at most one call is under way at any time.
type ServeFunc func(ctx context.Context, s *WorkStream) error

// workServer is the coordinator's end of all work streams.
type workServer struct {
	admit  AdmitFunc
	serve  ServeFunc
	misses int
	log    *slog.Logger

	mu    sync.Mutex
	turns map[string]*turn // the newest of each peer
}

// turn is the life of one stream of a peer. A newer one ends it and waits for
// it, so that two streams of a peer are never served at once.
type turn struct {
	ctx   context.Context
	end   context.CancelCauseFunc
	prev  *turn
	ended chan struct{}
}

// take makes the caller's stream the newest of peer and ends the one before.
func (w *workServer) take(ctx context.Context, peer string) *turn {
	t := &turn{ended: make(chan struct{})}
	t.ctx, t.end = context.WithCancelCause(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if t.prev = w.turns[peer]; t.prev != nil {
		t.prev.end(ErrReplaced)
	}
	w.turns[peer] = t
	return t
}

// wait returns when every earlier stream of the peer has been served. On error
// prev is one that still is.
func (t *turn) wait() error {
	ctx, cancel := context.WithTimeout(t.ctx, handshakeTimeout)
	defer cancel()
	for ; t.prev != nil; t.prev = t.prev.prev {
		select {
		case <-t.prev.ended:
		case <-ctx.Done():
			return fmt.Errorf("wait for the previous stream to end: %w", context.Cause(ctx))
		}
	}
	return nil
}

// yield ends the turn. An earlier one that is still served is the newest again.
func (w *workServer) yield(peer string, t *turn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(t.ended)
	if w.turns[peer] != t {
		return
	}
	for t = t.prev; t != nil && t.hasEnded(); t = t.prev {
	}
	if t == nil {
		delete(w.turns, peer)
		return
	}
	w.turns[peer] = t
}

func (t *turn) hasEnded() bool {
	select {
	case <-t.ended:
		return true
	default:
		return false
	}
}

// handle runs the coordinator's end of one stream. ctx is the host's.
func (w *workServer) handle(ctx context.Context, c conn, peer string) {
	log := w.log.With("peer", peer)
	o := newOpening(c, handshakeTimeout)
	closing := context.AfterFunc(ctx, func() { o.reset(ErrClosed) })
	hello, err := o.readHello(peer)
	closing()
	if err != nil {
		log.Warn("work stream refused", "error", err)
		return
	}
	t := w.take(ctx, peer)
	defer t.end(nil)
	s, err := w.greet(t, o, peer, hello)
	if err != nil {
		w.yield(peer, t)
		log.Warn("work stream refused", "error", err)
		return
	}
	log.Info("worker joined", "kind", hello.Kind, "engine", hello.Engine)
	left := make(chan struct{})
	watch := context.AfterFunc(t.ctx, func() {
		defer close(left)
		s.leave(context.Cause(t.ctx))
	})
	err = w.serve(s.ctx, s)
	w.yield(peer, t)
	if watch() {
		s.Close(err)
	} else {
		<-left
	}
	log.Info("worker left", "reason", s.Err())
}

// greet admits the worker or refuses it.
func (w *workServer) greet(t *turn, o *opening, peer string, hello *Hello) (*WorkStream, error) {
	if err := t.wait(); err != nil {
		o.refuse(contracts.Errorf(contracts.CodeResourceExhausted, peer, "%w", err))
		return nil, err
	}
	ctx, cancel := context.WithTimeout(t.ctx, handshakeTimeout)
	defer cancel()
	welcome, err := w.admit(ctx, peer, *hello)
	if err != nil {
		o.refuse(err)
		return nil, err
	}
	welcome.V = WorkVersion
	if err := o.write(&welcome); err != nil {
		o.reset(err)
		return nil, err
	}
	return startWork(o.conn, o.reader, o.buf, terms{
		self: coordinator, peer: peer, hello: *hello, welcome: welcome, misses: w.misses,
	}), nil
}
