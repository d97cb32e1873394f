package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// maxDocument bounds a JSON answer: the telemetry of a graph of the largest
// size has room.
const maxDocument = 256 << 20

// call is one request of the API, to be made as often as it takes.
type call struct {
	method string
	path   string // escaped
	query  url.Values
	header http.Header
	body   []byte
	accept []int // statuses that are no errors
	most   int64 // longest answer; 0 = maxDocument
}

// reply is a whole answer.
type reply struct {
	status int
	body   []byte
}

// do makes the call until it is answered for good.
func (c *Client) do(ctx context.Context, r call) (reply, error) {
	for attempt := 1; ; attempt++ {
		got, err := c.once(ctx, r)
		if err == nil || attempt >= c.retry.Attempts || !contracts.CodeOf(err).Retryable() || ctx.Err() != nil {
			return got, err
		}
		if c.pause(ctx, attempt, err) != nil {
			return got, err // the failure says more than that time ran out
		}
	}
}

// once makes the call one time and reads the whole answer.
func (c *Client) once(ctx context.Context, r call) (reply, error) {
	resp, err := c.open(ctx, r)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	most := r.most
	if most == 0 {
		most = maxDocument
	}
	body, err := readAll(io.LimitReader(resp.Body, most+1), min(resp.ContentLength, most))
	switch {
	case err != nil:
		return reply{}, c.broken(ctx, err)
	case int64(len(body)) > most:
		return reply{}, contracts.Errorf(contracts.CodeUnsupported, c.base, "the answer is longer than %d bytes", most)
	}
	return reply{resp.StatusCode, body}, nil
}

// readAll is io.ReadAll in one allocation when the length is known. No more is
// believed of it than a document of ordinary size.
func readAll(r io.Reader, length int64) ([]byte, error) {
	const believed = 64 << 20
	var b bytes.Buffer
	if length > 0 && length <= believed {
		b.Grow(int(length) + bytes.MinRead)
	}
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

// open makes the call one time and returns an accepted answer, whose body is
// watched for silence and must be closed.
func (c *Client) open(ctx context.Context, r call) (*http.Response, error) {
	target := c.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	watched, w := watch(ctx, c.idle+r.patience())
	req, err := http.NewRequestWithContext(watched, r.method, target, w.sending(r.body))
	if err != nil {
		w.stop()
		return nil, contracts.Errorf(contracts.CodeValidation, target, "make request: %w", err)
	}
	req.ContentLength = int64(len(r.body))
	for name, values := range r.header {
		req.Header[name] = values
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	req.Header.Set("User-Agent", "krako-client/"+contracts.Version)
	resp, err := c.http.Do(req)
	if err != nil {
		w.stop()
		return nil, c.broken(ctx, w.why(err))
	}
	resp.Body = w.receiving(resp.Body, c.idle)
	if !slices.Contains(r.accept, resp.StatusCode) || isProblem(resp) {
		defer func() { _ = resp.Body.Close() }()
		return nil, refused(resp)
	}
	return resp, nil
}

// patience is how long the gateway may let the call wait on purpose.
func (r call) patience() time.Duration {
	d, err := time.ParseDuration(r.query.Get("wait"))
	if err != nil {
		return 0
	}
	return d
}

// broken is the error of a call without a whole answer.
func (c *Client) broken(ctx context.Context, err error) error {
	switch cause := ctx.Err(); {
	case errors.Is(cause, context.DeadlineExceeded):
		return contracts.Errorf(contracts.CodeTimeout, c.base, "call gateway: %w", cause)
	case cause != nil:
		return contracts.Errorf(contracts.CodeCancelled, c.base, "call gateway: %w", cause)
	}
	if e, ok := errors.AsType[*contracts.Error](err); ok && e.Code == contracts.CodeAuth {
		return e // not the pinned gateway: no attempt more will change that
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return contracts.Errorf(contracts.CodeAuth, c.base, "the gateway's certificate is not trusted here; if the coordinator made it itself, pin its fingerprint: %w", err)
	}
	return contracts.Errorf(contracts.CodeNetwork, c.base, "call gateway: %w", err)
}

// pause waits before the attempt after attempt. It returns ctx's error when
// that ends first.
func (c *Client) pause(ctx context.Context, attempt int, err error) error {
	delay := min(c.retry.Most, c.retry.First<<min(attempt-1, 16))
	if half := delay / 2; half > 0 {
		delay = half + rand.N(half)
	}
	if p, ok := errors.AsType[*retryLater](err); ok {
		delay = max(delay, min(c.retry.Most, p.after))
	}
	t := time.NewTimer(delay)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retryLater carries a Retry-After inside an error.
type retryLater struct{ after time.Duration }

func (e *retryLater) Error() string { return fmt.Sprintf("retry after %s", e.after) }

// RetryAfter returns how long the gateway asked to wait before another attempt.
func RetryAfter(err error) (time.Duration, bool) {
	later, ok := errors.AsType[*retryLater](err)
	if !ok {
		return 0, false
	}
	return later.after, true
}

func retryAfter(h http.Header) *retryLater {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 32) // a day has more seconds than 16 bits
	if err != nil {
		return nil
	}
	return &retryLater{time.Duration(seconds) * time.Second}
}

// get reads the JSON document at path.
func get[T any](ctx context.Context, c *Client, path string, query url.Values, accept ...int) (T, error) {
	var v T
	got, err := c.do(ctx, call{method: http.MethodGet, path: path, query: query, accept: append(accept, http.StatusOK)})
	if err == nil {
		err = c.decode(got.body, &v)
	}
	return v, err
}

// decode reads an answer; fields that are not known are left out.
func (c *Client) decode(body []byte, v any) error {
	if err := json.Unmarshal(body, v); err != nil {
		return contracts.Errorf(contracts.CodeUnsupported, c.base, "decode answer: %w", err)
	}
	return nil
}
