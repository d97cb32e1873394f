package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/krako-labs/krako/contracts"
)

const eventsDescription = "Server-sent events (HTML standard, section 9.2). Each is an Event with its own id as the id of the frame; " +
	"a frame named `end`, without an id, says that the session is final and ends the stream. " +
	"Frames named `tokens`, without an id, are pieces of answers that are being made (Tokens); they are not repeated and may be missed. " +
	"A stream that ends without it was cut: ask again with `Last-Event-ID` to go on without loss. Frames of any other name may be ignored."

var eventType = reflect.TypeFor[contracts.Event]()

func streamSchema() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "Frames whose data is an Event of #/components/schemas/Event."}
}

type eventsInput struct {
	ID          contracts.SessionID `path:"id" format:"uuid" doc:"The execution_session_id."`
	LastEventID string              `header:"Last-Event-ID" maxLength:"64" doc:"The id of the last event that was received."`
	After       string              `query:"after" maxLength:"64" doc:"The same, for a first request that cannot set the header, which wins."`
}

// Bounds of one stream: how many events may wait for the client, how long a
// stream waits for its first event before it says that it is open, and how long
// a client should wait before it reconnects.
const (
	streamQueue = 64
	openAfter   = 100 * time.Millisecond
	retryMillis = 1000
)

func (g *gateway) events(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	after := in.LastEventID
	if after == "" {
		after = in.After
	}
	leave, err := g.enter()
	if err != nil {
		return nil, err
	}
	who := callerOf(ctx)
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer leave()
		x := exchangeOf(hc)
		ctx, cancel := untilDrain(x.r.Context())
		defer cancel()
		s := &stream{w: x.w, control: http.NewResponseController(x.w), keepAlive: g.cfg.KeepAlive}
		defer g.listen(ctx, in.ID, s)()
		err := s.run(ctx, func(ctx context.Context, fn func(contracts.Event) error) error {
			return g.fabric.Events(ctx, in.ID, after, fn)
		})
		if err == nil || s.err != nil || ctx.Err() != nil {
			return
		}
		p := g.problem(ctx, "get-events", forbidden(who, err))
		if !s.open {
			p.write(x.w)
		}
	}}, nil
}

// stream writes the events of one session to one client. Its fields belong to
// pump while that runs.
type stream struct {
	w         http.ResponseWriter
	control   *http.ResponseController
	keepAlive time.Duration
	open      bool  // the status is out; before, a problem still can be
	err       error // the client did not take a part
	// pieces, if not nil, are written between events as they come.
	pieces <-chan contracts.Tokens
}

// source calls fn with one event after the other; see Fabric.Events.
type source func(ctx context.Context, fn func(contracts.Event) error) error

// run writes what src gives until src is done, the client is gone or ctx is
// done. The error is that of src.
func (s *stream) run(ctx context.Context, src source) error {
	ctx, cancel := context.WithCancel(ctx)
	frames := make(chan []byte, streamQueue)
	pumped := make(chan struct{})
	go func() {
		defer close(pumped)
		defer cancel() // the client is gone: src may stop
		s.pump(frames)
	}()
	defer func() { <-pumped }() // even if src panics
	err := s.feed(ctx, frames, src)
	<-pumped
	if err == nil && s.err == nil {
		s.end()
	}
	return err
}

// feed encodes what src gives and closes frames behind it.
func (s *stream) feed(ctx context.Context, frames chan<- []byte, src source) error {
	defer close(frames)
	err := src(ctx, func(e contracts.Event) error {
		data, err := json.Marshal(&e)
		if err != nil {
			return fmt.Errorf("encode event %s: %w", e.ID, err)
		}
		select {
		case frames <- fmt.Appendf(nil, "id: %s\ndata: %s\n\n", e.ID, data):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if err == nil {
		err = ctx.Err() // who was stopped has not seen the last event
	}
	return err
}

// pump writes frames and signs of life until there are no more or the client
// does not take them.
func (s *stream) pump(frames <-chan []byte) {
	silence := time.NewTimer(openAfter)
	defer silence.Stop()
	pieces := s.pieces
	for s.err == nil {
		select {
		case f, ok := <-frames:
			s.sayRest() // it was said before what the event tells
			if !ok {
				return
			}
			s.write(f)
		case p, ok := <-pieces:
			if !ok {
				pieces = nil
				continue
			}
			s.say(p)
		case <-silence.C:
			s.write([]byte(": keep-alive\n\n"))
		}
		if len(frames) == 0 && len(pieces) == 0 {
			s.flush()
		}
		silence.Reset(s.keepAlive)
	}
}

// end says that there will be no more events. A client that has them all
// already is told so by 204, on which an EventSource stops to reconnect.
func (s *stream) end() {
	if !s.open {
		s.w.WriteHeader(http.StatusNoContent)
		return
	}
	s.write([]byte("event: end\ndata: {}\n\n"))
	s.flush()
}

// write opens the stream with the first frame. After a failure it does nothing.
func (s *stream) write(frame []byte) {
	if !s.open {
		s.open = true
		s.w.Header().Set("Content-Type", "text/event-stream")
		s.w.WriteHeader(http.StatusOK)
		frame = append(fmt.Appendf(nil, "retry: %d\n\n", retryMillis), frame...)
	}
	if s.err == nil {
		_, s.err = s.w.Write(frame)
	}
}

func (s *stream) flush() {
	if s.err == nil {
		s.err = s.control.Flush()
	}
}
