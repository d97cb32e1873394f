package p2p

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/libp2p/go-libp2p/core/network"
)

// closeLinger is how long Close waits for the peer to take notice.
const closeLinger = time.Second

// fail ends the stream because of err, unless it has ended, and returns why it
// did. It does not wait.
func (s *WorkStream) fail(err error) error {
	if !isKnown(err) {
		err = fmt.Errorf("%w: %w", ErrLost, err)
	}
	if first, ended := s.end(err); !ended {
		return first
	}
	switch {
	case errors.Is(err, ErrGoodbye):
		_ = s.conn.Close()
	case isViolation(err):
		_ = s.conn.ResetWithError(network.StreamProtocolViolation)
	default:
		_ = s.conn.ResetWithError(network.StreamShutdown)
	}
	s.out.abort()
	return s.Err()
}

// end records why the stream ends. Only the first caller does.
func (s *WorkStream) end(err error) (first error, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err, false
	}
	s.err = peerError(s.peer, err)
	s.cancel()
	return s.err, true
}

// Close says goodbye after what is queued, waits until the peer has closed its
// end too (a bounded time) and frees the stream. A nil reason is an ordinary
// leave; of another the code and, if it is a *contracts.Error, the message go
// to the peer. Recv and Send return ErrClosed from now on. Later calls do
// nothing.
func (s *WorkStream) Close(reason error) {
	if s.stop(ErrClosed, goodbye(reason)) {
		s.linger()
	}
}

// leave is Close with cause as the reason on both sides.
func (s *WorkStream) leave(cause error) {
	if s.stop(cause, goodbye(peerError(s.peer, cause))) {
		s.linger()
	}
}

// stop ends the stream for this side, with a goodbye queued, and wakes Recv.
// It reports whether the caller is to linger.
func (s *WorkStream) stop(err error, last *Goodbye) bool {
	if _, ended := s.end(err); !ended {
		return false
	}
	frame, err := encodeMessage(last)
	if err != nil {
		// The message is ours and bounded, so this is a fault of this package;
		// the peer sees the stream end without a word.
		frame = nil
	}
	s.reader.close(time.Now())
	s.out.finish(frame)
	return true
}

// linger lets the goodbye arrive: the end of a connection would overtake it.
func (s *WorkStream) linger() {
	limit := time.AfterFunc(s.reader.patience, func() { _ = s.conn.ResetWithError(network.StreamShutdown) })
	defer limit.Stop()
	<-s.out.done
	_ = s.conn.CloseWrite()
	s.reader.close(time.Now().Add(closeLinger))
	s.recv <- struct{}{}
	defer func() { <-s.recv }()
	_, _ = io.Copy(io.Discard, s.buf)
	_ = s.conn.Close()
}

func goodbye(reason error) *Goodbye {
	if reason == nil {
		return &Goodbye{Code: contracts.CodeCancelled, Message: "leaving"}
	}
	code, message := describe(reason)
	return &Goodbye{Code: code, Message: message}
}

// describe gives the part of an error that a peer may see.
func describe(err error) (contracts.Code, string) {
	e, ok := errors.AsType[*contracts.Error](err)
	if !ok || !e.Code.Valid() {
		return contracts.CodeInternal, "internal error"
	}
	return e.Code, strings.ToValidUTF8(e.Message[:min(len(e.Message), maxNote)], "")
}
