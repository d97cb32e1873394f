package llama

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/wire"
)

// dialTimeout bounds connecting; servers are near.
const dialTimeout = 5 * time.Second

// Endpoint is where a server listens. Exactly one of Socket and URL is set.
type Endpoint struct {
	// Socket is the path of a Unix socket.
	Socket string
	// URL is a base such as http://127.0.0.1:8080.
	URL string
	// Key is sent as a bearer token if it is not empty.
	Key string
}

// Validate checks the form of an endpoint. The error is *contracts.Error
// VALIDATION_ERROR.
func (e Endpoint) Validate() error {
	if (e.Socket == "") == (e.URL == "") {
		return contracts.Errorf(contracts.CodeValidation, "endpoint", "needs exactly one of a socket and a URL")
	}
	if e.URL == "" {
		return nil
	}
	u, err := url.Parse(e.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.User != nil {
		return contracts.Errorf(contracts.CodeValidation, "endpoint", "%q is not an http or https URL without query or user", e.URL)
	}
	return nil
}

// Client talks to one server. It is safe for concurrent use.
type Client struct {
	wire *wire.Wire
	at   Endpoint
}

// Endpoint returns where the server listens.
func (c *Client) Endpoint() Endpoint { return c.at }

// New makes a client. It does not connect.
func New(e Endpoint) (*Client, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	return &Client{wire: wire.New(wire.Server{URL: e.URL, Socket: e.Socket, Key: e.Key, Dial: dialTimeout, Refused: refused}), at: e}, nil
}

// get asks for path and decodes the answer into out.
func (c *Client) get(ctx context.Context, path string, out any) error {
	return c.wire.Get(ctx, path, out)
}

func (c *Client) post(ctx context.Context, path string, in, out any) error {
	return c.wire.Call(ctx, http.MethodPost, path, in, out)
}
