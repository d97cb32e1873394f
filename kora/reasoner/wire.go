package reasoner

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
)

// Bounds on what a server may answer, in bytes, and on connecting to it.
const (
	maxAnswer   = 64 << 20
	maxEvent    = 8 << 20
	maxError    = 64 << 10
	dialTimeout = 3 * time.Second
)

// wire sends requests to one endpoint.
type wire struct {
	http *http.Client
	base string
	url  string // of the endpoint
	key  string
}

func newWire(e Endpoint) *wire {
	dialer := &net.Dialer{Timeout: dialTimeout}
	t := &http.Transport{
		// llama-server closes a connection after a streamed answer without saying
		// so: requests that reuse it fail. So none is reused, nor sent by a proxy.
		DisableKeepAlives: true, Proxy: nil, MaxResponseHeaderBytes: maxError,
		DialContext: dialer.DialContext,
	}
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w := &wire{http: &http.Client{Transport: t, CheckRedirect: noRedirect}, base: strings.TrimSuffix(e.URL, "/"), url: e.URL, key: e.Key}
	if path, ok := e.socket(); ok {
		w.base = "http://llama-server"
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer.DialContext(ctx, "unix", path) }
	}
	return w
}

// get asks for path and decodes the answer.
func (w *wire) get(ctx context.Context, path string, out any) error {
	return w.call(ctx, http.MethodGet, path, nil, out)
}

func (w *wire) call(ctx context.Context, method, path string, in, out any) error {
	body, err := w.open(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	if err != nil {
		return broken(ctx, path, err)
	}
	if len(data) > maxAnswer {
		return contracts.Errorf(contracts.CodeInternal, path, "server answers with more than %d bytes", maxAnswer)
	}
	if err := json.Unmarshal(data, out); err != nil {
		return contracts.Errorf(contracts.CodeInternal, path, "server's answer is not what it should be: %w", err)
	}
	return nil
}

// open makes a request and returns the body of its answer, or the error that a
// status other than 200 means.
func (w *wire) open(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
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
		return nil, broken(ctx, path, err)
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, maxError)) // what can be read of it says enough
		return nil, refused(path, res.StatusCode, text)
	}
	return res.Body, nil
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

// refused is the error for an answer with a status other than 200. What a server
// says of a request may quote it, and so hold a prompt: none of it is kept.
func refused(path string, status int, body []byte) error {
	message := messageOf(body)
	code, why := contracts.CodeInternal, "the server failed"
	switch {
	case overflows(message):
		code, why = contracts.CodeContextOverflow, "prompt and answer do not fit into the model's context"
	case status == http.StatusServiceUnavailable:
		code, why = contracts.CodeModelUnavailable, "the server loads its model or is full"
	case status == http.StatusTooManyRequests:
		code, why = contracts.CodeRateLimited, "the server has too many requests"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		code, why = contracts.CodeAuth, "the server wants another key"
	case status == http.StatusNotFound:
		code, why = contracts.CodeNotFound, "the server knows no such model or call"
	case status == http.StatusNotImplemented:
		code, why = contracts.CodeUnsupported, "the server was not started with what this needs"
	case strings.Contains(message, "schema") || strings.Contains(message, "grammar"):
		code, why = contracts.CodeUnsupported, "the server cannot decode under this schema"
	case status >= 400 && status < 500:
		code, why = contracts.CodeValidation, "the server refuses the request"
	}
	return contracts.Errorf(code, path, "%s", why)
}

// messageOf returns the message of an error in any of the servers' forms:
// {"error":{"message":…}}, {"error":"…"}.
func messageOf(body []byte) string {
	var outer struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &outer) != nil {
		return ""
	}
	var text string
	if json.Unmarshal(outer.Error, &text) == nil {
		return text
	}
	var inner struct {
		Message string `json:"message"`
		Type    string `json:"type"`
	}
	if json.Unmarshal(outer.Error, &inner) != nil {
		return ""
	}
	return inner.Message + " " + inner.Type
}

func overflows(message string) bool {
	for _, part := range []string{"exceed_context_size", "exceeds the available context", "Context size has been exceeded", "context length", "too large to process"} {
		if strings.Contains(message, part) {
			return true
		}
	}
	return false
}
