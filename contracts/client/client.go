package client

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// Client calls one gateway. It is safe for concurrent use.
//
// The errors of its methods are *contracts.Error: what the gateway answered,
// with its *contracts.InvalidError in the chain of a graph's VALIDATION_ERROR;
// NETWORK_ERROR when no gateway answered; CANCELLED or TIMEOUT, with the
// context's error in the chain, when ctx ended.
type Client struct {
	base  string // without a slash at its end
	http  *http.Client
	retry Retry
	idle  time.Duration
	key   string
	pin   string
}

// Retry bounds how a call is repeated that failed with a retryable code, or
// whose gateway was not reached. Delays double from First to Most, each is drawn
// from its upper half, and a Retry-After up to Most is heeded.
type Retry struct {
	// Attempts counts the first one; for streams, those in a row that brought
	// nothing.
	Attempts int
	// Known is Attempts for a stream or a wait that the gateway has answered before,
	// where that is more: somebody who has watched a session for an hour would rather
	// see out a restart than be told of it.
	Known int
	First time.Duration
	Most  time.Duration
}

// DefaultRetry gives a gateway that restarts about 6 s, and about a minute in the middle
// of a stream or a wait.
func DefaultRetry() Retry {
	return Retry{Attempts: 7, Known: 21, First: 100 * time.Millisecond, Most: 5 * time.Second}
}

// known is the client for what the gateway has answered before.
func (c *Client) known() *Client {
	k := *c
	k.retry.Attempts = max(c.retry.Attempts, c.retry.Known)
	return &k
}

// DefaultIdle is how long a connection may be silent before it counts as
// broken: four times the gateway's sign of life.
const DefaultIdle = time.Minute

// longPoll is how long one request for a result waits. The gateway allows as
// much again.
const longPoll = 30 * time.Second

// Option changes a Client that New makes.
type Option func(*Client)

// WithHTTPClient makes calls through h, whose Timeout must not be set: streams
// last.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithRetry replaces DefaultRetry. Attempts below 1 count as 1.
func WithRetry(r Retry) Option { return func(c *Client) { c.retry = r } }

// WithIdle replaces DefaultIdle.
func WithIdle(d time.Duration) Option { return func(c *Client) { c.idle = d } }

// WithKey sends an API key with every call, "" none.
func WithKey(key string) Option { return func(c *Client) { c.key = key } }

// New returns a client of the gateway at baseURL, http or https with a host
// and at most a path. Another baseURL is a VALIDATION_ERROR.
func New(baseURL string, opts ...Option) (*Client, error) {
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, baseURL, "parse base URL: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, baseURL, "base URL is not http(s)://host[:port][/path]")
	}
	c := &Client{
		base:  strings.TrimSuffix(u.String(), "/"),
		http:  newHTTPClient(),
		retry: DefaultRetry(),
		idle:  DefaultIdle,
	}
	for _, o := range opts {
		o(c)
	}
	if err := c.usePin(u.Scheme); err != nil {
		return nil, err
	}
	if c.key != "" && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return nil, contracts.Errorf(contracts.CodeValidation, baseURL, "an API key would cross the network readable by everybody on the way: use https, or a tunnel to a loopback address")
	}
	return c, nil
}

func (c *Client) usePin(scheme string) error {
	if c.pin == "" {
		return nil
	}
	if err := checkPin(c.pin); err != nil {
		return err
	}
	t, ok := c.http.Transport.(*http.Transport)
	if !ok || scheme != "https" {
		return contracts.Errorf(contracts.CodeValidation, c.base, "a fingerprint was given, but it cannot be checked on this connection: use https")
	}
	t.TLSClientConfig = pinned(c.pin)
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func newHTTPClient() *http.Client {
	dialer := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           dialer.DialContext,
			TLSHandshakeTimeout:   10 * time.Second,
			ExpectContinueTimeout: time.Second,
			IdleConnTimeout:       90 * time.Second,
			MaxIdleConnsPerHost:   16,
			DisableCompression:    true,
			ForceAttemptHTTP2:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// URL returns the base URL, as New was given it but for a slash at its end.
func (c *Client) URL() string { return c.base }
