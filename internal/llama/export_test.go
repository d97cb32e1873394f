package llama

import (
	"bytes"
	"context"
	"net/http"
)

// Events returns the events of a generation as the server wrote them.
func Events(ctx context.Context, c *Client, r Request) (list [][]byte, err error) {
	body, err := c.wire.Open(ctx, http.MethodPost, pathCompletion, r.body())
	if err != nil {
		return nil, err
	}
	defer body.Close()
	events := newEvents(body)
	for {
		data, err := events.next()
		if err != nil {
			return list, nil // the end, as it always comes
		}
		list = append(list, bytes.Clone(data))
	}
}

// Common reports whether an event is read without reflection.
func Common(data []byte) bool {
	var e event
	return e.common(data)
}
