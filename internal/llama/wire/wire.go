// Package wire sends requests to servers of models: JSON goes out, JSON or a stream
// comes back, and whatever goes wrong is one *contracts.Error that names the path.
package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/quiet"
)

// Bounds on what a server may answer, in bytes.
const (
	maxAnswer = 64 << 20
	maxError  = 64 << 10
)

// Server says where a server is and what it means by an error.
type Server struct {
	// URL is the base of its paths, such as http://127.0.0.1:8080.
	URL string
	// Socket is the path of a Unix socket, which is used where it is set.
	Socket string
	// Key is sent as a bearer token if it is not empty.
	Key string
	// Dial bounds connecting.
	Dial time.Duration
	// Refused is the error for an answer with a status other than 200.
	Refused func(path string, status int, body []byte) error
}

// Wire sends requests to one server. It is safe for concurrent use.
type Wire struct {
	http    *http.Client
	base    string
	key     string
	refused func(path string, status int, body []byte) error
}

// New makes a wire. It does not connect.
func New(s Server) *Wire {
	dialer := &net.Dialer{Timeout: s.Dial}
	// After a streamed answer llama-server closes the connection without saying so:
	// one in five requests that reuse it fails. So none is reused, nor sent by a proxy.
	t := &http.Transport{DisableKeepAlives: true, Proxy: nil, MaxResponseHeaderBytes: maxError}
	w := &Wire{
		http: &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		base: strings.TrimSuffix(s.URL, "/"), key: s.Key, refused: s.Refused,
	}
	if s.Socket != "" {
		w.base = "http://llama-server"
	}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if s.Socket != "" {
			network, addr = "unix", s.Socket
		}
		c, err := dialer.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return quiet.Conn(c), nil // an answer comes token by token
	}
	return w
}

// Get asks for a path and decodes the answer as Call does.
func (w *Wire) Get(ctx context.Context, path string, out any) error {
	return w.Call(ctx, http.MethodGet, path, nil, out)
}

// Call makes a request, with in as its body where that is not nil, and decodes the
// whole answer into out, or keeps its text where out is a *string.
func (w *Wire) Call(ctx context.Context, method, path string, in, out any) error {
	body, err := w.Open(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	if err != nil {
		return Broken(ctx, path, err)
	}
	if len(data) > maxAnswer {
		return contracts.Errorf(contracts.CodeInternal, path, "server answers with more than %d bytes", maxAnswer)
	}
	if text, ok := out.(*string); ok {
		*text = string(data)
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return contracts.Errorf(contracts.CodeInternal, path, "server's answer is not what it should be: %w", err)
	}
	return nil
}

// Open makes a request and returns the body of its answer, which the caller closes.
func (w *Wire) Open(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if w.key != "" {
		req.Header.Set("Authorization", "Bearer "+w.key)
	}
	res, err := w.http.Do(req)
	if err != nil {
		return nil, Broken(ctx, path, err)
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, maxError)) // what can be read of it says enough
		return nil, w.refused(path, res.StatusCode, text)
	}
	return res.Body, nil
}

// NobodyListens reports whether a request failed before anybody could hear of it.
func NobodyListens(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT)
}

// Broken is the error of a request that got no whole answer: what ended ctx where
// that is the cause, else that nobody listens, or that the network failed.
func Broken(ctx context.Context, path string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if e, ok := errors.AsType[*contracts.Error](cause); ok {
			return e
		}
		if errors.Is(cause, context.DeadlineExceeded) {
			return contracts.Errorf(contracts.CodeTimeout, path, "server took too long: %w", cause)
		}
		return contracts.Errorf(contracts.CodeCancelled, path, "request was cancelled: %w", cause)
	}
	if NobodyListens(err) {
		return contracts.Errorf(contracts.CodeModelUnavailable, path, "nobody listens: %w", err)
	}
	return contracts.Errorf(contracts.CodeNetwork, path, "server's answer broke off: %w", err)
}
