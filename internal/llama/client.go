package llama

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Bounds on what a server may answer.
const (
	maxAnswer = 64 << 20
	maxError  = 64 << 10
	// dialTimeout bounds connecting; servers are near.
	dialTimeout = 5 * time.Second
)

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
	http *http.Client
	base string
	key  string
	at   Endpoint
}

// Endpoint returns where the server listens.
func (c *Client) Endpoint() Endpoint { return c.at }

// New makes a client. It does not connect.
func New(e Endpoint) (*Client, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	// After a streamed answer the server closes the connection without saying so:
	// one in five requests that reuse it fails. So none is reused.
	t := &http.Transport{DisableKeepAlives: true, DialContext: dialer.DialContext, MaxResponseHeaderBytes: maxError}
	c := &Client{http: &http.Client{Transport: t, CheckRedirect: noRedirect}, base: e.URL, key: e.Key, at: e}
	if e.Socket != "" {
		c.base = "http://llama-server"
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", e.Socket)
		}
	}
	return c, nil
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// get asks for path and decodes the answer into out.
func (c *Client) get(ctx context.Context, path string, out any) error {
	return c.call(ctx, http.MethodGet, path, nil, out)
}

func (c *Client) post(ctx context.Context, path string, in, out any) error {
	return c.call(ctx, http.MethodPost, path, in, out)
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	res, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return broken(ctx, path, err)
	}
	if len(body) > maxAnswer {
		return contracts.Errorf(contracts.CodeInternal, path, "server answers with more than %d bytes", maxAnswer)
	}
	if text, ok := out.(*string); ok {
		*text = string(body)
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return contracts.Errorf(contracts.CodeInternal, path, "server's answer is not what it should be: %w", err)
	}
	return nil
}

// send makes a request and turns an answer other than 200 into its error.
func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, broken(ctx, path, err)
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, maxError)) // what can be read of it says enough
		return nil, refused(path, res.StatusCode, text)
	}
	return res, nil
}

// broken is the error of a request that got no whole answer.
func broken(ctx context.Context, path string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if e, ok := errors.AsType[*contracts.Error](cause); ok {
			return e
		}
		if errors.Is(cause, context.DeadlineExceeded) {
			return contracts.Errorf(contracts.CodeTimeout, path, "server took too long: %w", cause)
		}
		return contracts.Errorf(contracts.CodeCancelled, path, "request was cancelled: %w", cause)
	}
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT) {
		return contracts.Errorf(contracts.CodeModelUnavailable, path, "nobody listens: %w", err)
	}
	return contracts.Errorf(contracts.CodeNetwork, path, "server's answer broke off: %w", err)
}
