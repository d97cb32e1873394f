package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/krako-labs/krako/contracts"
)

// exchange is the request and response under an operation, for operations that
// read their body themselves: huma reads bodies into buffers that it reuses,
// without a bound on all of them together, and checks JSON as loosely as
// encoding/json does.
type exchange struct {
	w http.ResponseWriter
	r *http.Request
}

func exchangeOf(ctx huma.Context) exchange {
	r, w := humago.Unwrap(ctx)
	return exchange{w, r}
}

// mediaType returns the media type of the body, which must be one of allowed.
func (x exchange) mediaType(allowed ...string) (string, error) {
	if e := x.r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return "", refuse(http.StatusUnsupportedMediaType, contracts.CodeUnsupported, "Content-Encoding", "content encoding %.100q is not supported", e)
	}
	declared := x.r.Header.Get("Content-Type")
	t, params, err := mime.ParseMediaType(declared)
	if err != nil || !slices.Contains(allowed, t) {
		return "", refuse(http.StatusUnsupportedMediaType, contracts.CodeUnsupported, "Content-Type",
			"content type %.100q is not %s", declared, strings.Join(allowed, " or "))
	}
	if c, ok := params["charset"]; ok && !strings.EqualFold(c, "utf-8") {
		return "", refuse(http.StatusUnsupportedMediaType, contracts.CodeUnsupported, "Content-Type", "charset %.100q is not utf-8", c)
	}
	return t, nil
}

// body reads the whole request body, at most limit bytes. The bytes belong to
// the caller; release gives their room back and is not nil when err is.
func (g *gateway) body(ctx context.Context, x exchange, limit int64) (data []byte, release func(), err error) {
	size := x.r.ContentLength
	switch {
	case size > limit:
		return nil, nil, tooLarge(limit)
	case size < 0: // chunked: the length is not known before the end
		size = limit
	}
	if err := g.rates.bytes(callerOf(ctx), size); err != nil {
		return nil, nil, err
	}
	if !g.buffered.TryAcquire(size) {
		return nil, nil, contracts.Errorf(contracts.CodeResourceExhausted, "body", "too many bodies are being read at the same time")
	}
	release = func() { g.buffered.Release(size) }
	control := http.NewResponseController(x.w)
	_ = control.SetReadDeadline(time.Now().Add(g.cfg.BodyTimeout))
	data, err = readAll(http.MaxBytesReader(x.w, x.r.Body, limit), x.r.ContentLength)
	if err != nil {
		_ = control.SetReadDeadline(time.Now()) // the server need not wait for the rest
		release()
		return nil, nil, unread(err, limit)
	}
	// The deadline is lifted again: it would also end the server's watch for a
	// client that goes away during the call of the fabric.
	_ = control.SetReadDeadline(time.Time{})
	return data, release, nil
}

// readAll is io.ReadAll in one allocation when the length is known.
func readAll(r io.Reader, length int64) ([]byte, error) {
	var b bytes.Buffer
	if length > 0 {
		b.Grow(int(length) + bytes.MinRead)
	}
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

func tooLarge(limit int64) error {
	return refuse(http.StatusRequestEntityTooLarge, contracts.CodeValidation, "body", "the body is longer than %d bytes", limit)
}

func unread(err error, limit int64) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(limit)
	}
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		return refuse(http.StatusRequestTimeout, contracts.CodeTimeout, "body", "the body did not arrive in time")
	}
	return refuse(http.StatusBadRequest, contracts.CodeNetwork, "body", "the body broke off")
}
