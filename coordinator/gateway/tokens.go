package gateway

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/krako-labs/krako/contracts"
)

// Speaker is a Fabric whose sessions' answers can be heard while they are made.
type Speaker interface {
	// Listen returns the pieces of a session's answers from where they are now, and
	// a function that ends them. The channel is closed when there are no more. What
	// was missed is missed: the events and the result are whole without it.
	Listen(ctx context.Context, id contracts.SessionID) (pieces <-chan contracts.Tokens, stop func())
}

// listen lets a stream put pieces of answers between a session's events, as frames
// named tokens. They have no id: a client that reconnects goes on from the last
// event.
func (g *gateway) listen(ctx context.Context, id contracts.SessionID, s *stream) (stop func()) {
	f, ok := g.fabric.(Speaker)
	if !ok {
		return func() {}
	}
	s.pieces, stop = f.Listen(ctx, id)
	return stop
}

// say writes one piece.
func (s *stream) say(p contracts.Tokens) {
	data, err := json.Marshal(p)
	if err != nil {
		return // a text and two names: it does not happen
	}
	s.write(fmt.Appendf(nil, "event: tokens\ndata: %s\n\n", data))
}

// sayRest writes what waits.
func (s *stream) sayRest() {
	for {
		select {
		case p, ok := <-s.pieces:
			if !ok {
				return
			}
			s.say(p)
		default:
			return
		}
	}
}
