package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/krako-labs/krako/contracts"
)

// Events calls fn with every event of a session after the event with id after
// ("" = from the start), in order, each once and one at a time, until the
// session is final; then it returns nil. A stream that breaks off is taken up
// again where it broke. An error of fn ends it and is returned as it is.
func (c *Client) Events(ctx context.Context, id contracts.SessionID, after string, fn func(contracts.Event) error) error {
	return c.follow(ctx, &follower{client: c, session: id, last: after, fn: fn})
}

// Listen is Events from the start, and calls hear with the pieces of answers that
// are being made as they come, between calls of fn. Pieces may be missed, as when
// a stream breaks off; the result has the whole answer.
func (c *Client) Listen(ctx context.Context, id contracts.SessionID, fn func(contracts.Event) error, hear func(contracts.Tokens)) error {
	return c.follow(ctx, &follower{client: c, session: id, fn: fn, hear: hear})
}

func (c *Client) follow(ctx context.Context, f *follower) error {
	for attempt := 1; ; attempt++ {
		before := f.last
		ended, err := f.follow(ctx)
		if ended || ctx.Err() != nil || !contracts.CodeOf(err).Retryable() {
			return unwrapFn(err)
		}
		if f.last != before {
			attempt = 0
		}
		if f.answered {
			c = c.known()
		}
		if attempt >= max(1, c.retry.Attempts) {
			return err
		}
		if c.pause(ctx, max(1, attempt), err) != nil {
			return c.broken(ctx, err)
		}
	}
}

// follower is a reader of one session's events over any number of streams.
type follower struct {
	client  *Client
	session contracts.SessionID
	fn      func(contracts.Event) error
	hear    func(contracts.Tokens) // nil for who wants no pieces
	last    string                 // id of the last event that fn took
	seen    recent
	// answered says that the gateway knows the session.
	answered bool
}

// fnError tells an error of fn from one of the stream.
type fnError struct{ error }

func unwrapFn(err error) error {
	if e, ok := err.(*fnError); ok {
		return e.error
	}
	return err
}

// follow reads one stream; ended says that there will be no more events, or no
// more calls of fn. A stream that just breaks off is a NETWORK_ERROR.
func (f *follower) follow(ctx context.Context) (ended bool, err error) {
	header := http.Header{"Accept": {"text/event-stream"}}
	if f.last != "" {
		header.Set("Last-Event-ID", f.last)
	}
	resp, err := f.client.open(ctx, call{
		method: http.MethodGet, path: sessionPath(f.session) + "/events", header: header,
		accept: []int{http.StatusOK, http.StatusNoContent},
	})
	if err != nil {
		return false, err
	}
	defer func() { _ = resp.Body.Close() }()
	f.answered = true
	if resp.StatusCode == http.StatusNoContent {
		return true, nil
	}
	stream := newFrames(resp.Body)
	for {
		next, err := stream.next()
		if err != nil {
			return false, f.client.broken(ctx, err)
		}
		switch next.name {
		case "end":
			return true, nil
		case "", "message":
			if err := f.take(next); err != nil {
				return errors.As(err, new(*fnError)), err
			}
		case "tokens":
			if err := f.listen(next); err != nil {
				return false, err
			}
		}
	}
}

// take gives an event to fn unless it had it before. Delivery is at least once;
// in particular a coordinator may repeat events when it restarts.
func (f *follower) take(next frame) error {
	var e contracts.Event
	if err := json.Unmarshal(next.data, &e); err != nil {
		return contracts.Errorf(contracts.CodeUnsupported, next.id, "decode event: %w", err)
	}
	if f.seen.add(e.ID) {
		if err := f.fn(e); err != nil {
			return &fnError{err}
		}
	}
	if next.id != "" {
		f.last = next.id
	}
	return nil
}

// listen gives a piece to hear.
func (f *follower) listen(next frame) error {
	if f.hear == nil {
		return nil
	}
	var p contracts.Tokens
	if err := json.Unmarshal(next.data, &p); err != nil {
		return contracts.Errorf(contracts.CodeUnsupported, "tokens", "decode piece: %w", err)
	}
	f.hear(p)
	return nil
}

// recent remembers the last events, as far back as a gateway can be expected to
// repeat them.
type recent struct {
	ids  map[string]struct{}
	ring [1024]string
	next int
}

// add reports whether id is new.
func (r *recent) add(id string) bool {
	if _, ok := r.ids[id]; ok {
		return false
	}
	if r.ids == nil {
		r.ids = make(map[string]struct{}, len(r.ring))
	}
	delete(r.ids, r.ring[r.next])
	r.ring[r.next] = id
	r.ids[id] = struct{}{}
	r.next = (r.next + 1) % len(r.ring)
	return true
}
