package p2p

import (
	"context"

	"github.com/krako-labs/krako/contracts"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// ServeWork makes the host a coordinator: it takes the work streams of workers.
// It may be called once.
func (h *Host) ServeWork(admit AdmitFunc, serve ServeFunc) {
	w := &workServer{admit: admit, serve: serve, misses: h.cfg.HeartbeatMisses, log: h.log, turns: make(map[string]*turn)}
	h.handle(workProtocol, func(s network.Stream) {
		release := h.protectStream(s)
		defer release()
		w.handle(h.ctx, s, s.Conn().RemotePeer().String())
	})
}

// OpenWork opens the work stream to the coordinator peerID, which must be
// connected, and introduces this host by hello (V is filled in). status, if not
// nil, fills in the heartbeats; it must not block. ctx bounds the handshake. A
// stream that this host has to the same coordinator is ended by the
// coordinator. Errors are *contracts.Error; ErrRefused has the coordinator's
// code.
func (h *Host) OpenWork(ctx context.Context, peerID string, hello Hello, status func() Heartbeat) (*WorkStream, error) {
	stream, err := h.open(ctx, peerID, workProtocol)
	if err != nil {
		return nil, err
	}
	hello.V = WorkVersion
	s, err := openWork(ctx, stream, terms{peer: peerID, hello: hello, misses: h.cfg.HeartbeatMisses, status: status})
	if err != nil {
		return nil, err
	}
	if err := h.own(s, stream); err != nil {
		return nil, err
	}
	return s, nil
}

// own ends the stream with the host, and protects its connection until it ends.
func (h *Host) own(s *WorkStream, stream network.Stream) error {
	if !h.begin() {
		s.leave(ErrClosed)
		return s.Err()
	}
	release := h.protectStream(stream)
	go func() {
		defer h.tasks.Done()
		defer release()
		select {
		case <-s.Done():
		case <-h.ctx.Done():
			s.leave(context.Cause(h.ctx))
		}
	}()
	return nil
}

func (h *Host) protectStream(s network.Stream) (release func()) {
	id, tag := s.Conn().RemotePeer(), s.ID()
	conns := h.stack.host.ConnManager()
	conns.Protect(id, tag)
	return func() { conns.Unprotect(id, tag) }
}

// open opens a stream over the existing connection, or over a new one to an
// address that the host happens to know.
func (h *Host) open(ctx context.Context, peerID string, p protocol.ID) (network.Stream, error) {
	id, err := parseID(peerID)
	if err != nil {
		return nil, err
	}
	s, err := h.stack.host.NewStream(ctx, id, p)
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeNetwork, peerID, "open %s stream: %w", p, err)
	}
	return s, nil
}

// handle serves a protocol until the host closes. The handler's goroutine is
// one of the host's tasks.
func (h *Host) handle(p protocol.ID, serve func(network.Stream)) {
	h.stack.host.SetStreamHandler(p, func(s network.Stream) {
		if !h.begin() {
			_ = s.ResetWithError(network.StreamShutdown)
			return
		}
		defer h.tasks.Done()
		serve(s)
	})
}
