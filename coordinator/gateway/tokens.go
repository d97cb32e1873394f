package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/krako-labs/krako/contracts"
)

// Speaker is a Fabric whose sessions' answers can be heard while they are made.
type Speaker interface {
	// Listen returns the pieces of a session's answers from where they are now, and
	// a function that ends them. The channel is closed when there are no more. What
	// was missed is missed: the events and the result are whole without it.
	Listen(ctx context.Context, id contracts.SessionID) (pieces <-chan contracts.Tokens, stop func())
}

// speaking puts pieces of answers between a session's events, as frames named
// tokens. They have no id: a client that reconnects goes on from the last event.
// It returns when what waits is written and calls stop.
func (g *gateway) speaking(ctx context.Context, id contracts.SessionID, frames chan<- []byte) (wait func()) {
	s, ok := g.fabric.(Speaker)
	if !ok {
		return func() {}
	}
	pieces, stop := s.Listen(ctx, id)
	over := make(chan struct{})
	var told sync.WaitGroup
	told.Go(func() {
		defer stop()
		for {
			select {
			case p, ok := <-pieces:
				if !ok || !tell(ctx, frames, p) {
					return
				}
			case <-over:
				rest(ctx, frames, pieces)
				return
			case <-ctx.Done():
				return
			}
		}
	})
	return func() { close(over); told.Wait() }
}

// rest writes what waits.
func rest(ctx context.Context, frames chan<- []byte, pieces <-chan contracts.Tokens) {
	for {
		select {
		case p, ok := <-pieces:
			if !ok || !tell(ctx, frames, p) {
				return
			}
		default:
			return
		}
	}
}

// tell writes one piece; false says that nobody reads any more.
func tell(ctx context.Context, frames chan<- []byte, p contracts.Tokens) bool {
	data, err := json.Marshal(p)
	if err != nil {
		return false // a text and two names: it does not happen
	}
	select {
	case frames <- fmt.Appendf(nil, "event: tokens\ndata: %s\n\n", data):
		return true
	case <-ctx.Done():
		return false
	}
}
