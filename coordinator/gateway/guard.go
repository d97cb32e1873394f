package gateway

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// guard is around every request: it turns away what a browser was tricked into,
// bounds how slowly an answer may be taken, and survives a handler's panic.
func (g *gateway) guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paced := &pacedWriter{ResponseWriter: w, control: http.NewResponseController(w), timeout: g.cfg.WriteTimeout}
		defer g.recover(paced, r)
		if r.ContentLength != 0 {
			// An operation that does not want the body leaves the server waiting for
			// it, before it answers, to keep the connection.
			_ = paced.control.SetReadDeadline(time.Now().Add(min(g.cfg.BodyTimeout, unwantedTimeout)))
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if err := g.checkHost(r.Host); err != nil {
			newProblem(err).write(paced)
			return
		}
		if err := origins.Check(r); err != nil {
			newProblem(refuse(http.StatusForbidden, contracts.CodeAuth, "Origin", "a page of another origin may not do this")).write(paced)
			return
		}
		next.ServeHTTP(paced, r)
	})
}

// unwantedTimeout is how long a client may take to send a body that nobody reads.
const unwantedTimeout = 5 * time.Second

// checkHost accepts only names that can mean nothing but this machine. A page
// whose own name was pointed at a loopback address (DNS rebinding) is of the same
// origin as far as its browser knows; the Host it sends gives it away.
func (g *gateway) checkHost(hostport string) error {
	if g.cfg.AnyHost {
		return nil
	}
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().IsLoopback() {
		return nil
	}
	return refuse(http.StatusMisdirectedRequest, contracts.CodeAuth, clip(hostport, maxName), "this gateway answers only requests to localhost or a loopback address")
}

// recover answers for a handler that panicked. When a part of the answer is out
// already, or the client is gone, it breaks the connection: a short answer must
// not look whole.
func (g *gateway) recover(w *pacedWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler || w.failed {
		panic(http.ErrAbortHandler)
	}
	g.log.ErrorContext(r.Context(), "request handler panicked", "method", r.Method, "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
	if w.began {
		panic(http.ErrAbortHandler)
	}
	newProblem(fmt.Errorf("handler panicked: %v", v)).write(w)
}

// pacedWriter gives the client a time for each piece of an answer instead of one
// for the whole, so that neither a stream nor a large block runs into it while
// the client keeps reading.
type pacedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
	began   bool // a status or a part of the body is out
	failed  bool // the client did not take a part
}

const pieceBytes = 256 << 10

func (w *pacedWriter) WriteHeader(status int) {
	w.began = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *pacedWriter) Write(b []byte) (int, error) {
	w.began = true
	written := 0
	for {
		piece := b[written:min(len(b), written+pieceBytes)]
		w.deadline(time.Now().Add(w.timeout))
		n, err := w.ResponseWriter.Write(piece)
		written += n
		if err != nil {
			w.failed = true
			return written, err
		}
		if written == len(b) {
			return written, nil
		}
	}
}

// FlushError sends what is buffered. It serves http.ResponseController.
func (w *pacedWriter) FlushError() error {
	w.began = true
	w.deadline(time.Now().Add(w.timeout))
	err := w.control.Flush()
	w.deadline(time.Time{})
	w.failed = w.failed || err != nil
	return err
}

// deadline is best effort: a writer without deadlines has no slow client.
func (w *pacedWriter) deadline(t time.Time) { _ = w.control.SetWriteDeadline(t) }

// Unwrap serves http.ResponseController.
func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// orProblem answers with a problem where a mux answers with plain text or a
// redirection: for paths and methods that have no route. A path has one spelling.
func orProblem(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.EscapedPath(); !strings.HasPrefix(p, "/") || strings.TrimSuffix(p, "/") != strings.TrimSuffix(path.Clean(p), "/") {
			newProblem(errNoPath(r.URL.Path)).write(w)
			return
		}
		fallback, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := probe{header: http.Header{}}
		fallback.ServeHTTP(&probe, r)
		if probe.status == http.StatusMethodNotAllowed {
			w.Header()["Allow"] = probe.header["Allow"]
			newProblem(refuse(probe.status, contracts.CodeUnsupported, clip(r.Method, maxName), "the method is not one of %s", probe.header.Get("Allow"))).write(w)
			return
		}
		newProblem(errNoPath(r.URL.Path)).write(w)
	})
}

func errNoPath(path string) error {
	return contracts.Errorf(contracts.CodeNotFound, clip(path, maxDetail), "no such path in this API")
}

// probe takes an answer apart without sending it.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) WriteHeader(status int)      { p.status = status }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
