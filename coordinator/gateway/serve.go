package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/krako-labs/krako/internal/quiet"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"
)

// Bounds of the server.
const (
	headerTimeout  = 10 * time.Second // to send a header, and for a TLS handshake
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
	maxConns       = 4096 // of TCP, where more wait to be accepted, and of QUIC, where they are refused
	maxStreams     = 256  // requests at the same time on one connection
	drainTimeout   = 10 * time.Second
)

// Serve answers requests on ln with h until ctx is done. Then it ends event
// streams and long polls, lets other requests finish for at most 10 s, and
// returns nil, or the error of a shutdown that was not clean. It closes ln.
func Serve(ctx context.Context, ln *Listener, h http.Handler, log *slog.Logger) error {
	if ln.tls == nil {
		return serveTCP(ctx, ln, h, log)
	}
	h3 := newHTTP3(ctx, ln, h, log)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serveHTTP3(ctx, ln, h3) })
	group.Go(func() error { return serveTCP(ctx, ln, announcing(h3, h), log) })
	return group.Wait()
}

// announcing tells clients that came over TCP of HTTP/3 (RFC 7838).
func announcing(h3 *http3.Server, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = h3.SetQUICHeaders(w.Header()) // fails until HTTP/3 listens; then there is nothing to tell
		h.ServeHTTP(w, r)
	})
}

func serveTCP(ctx context.Context, ln *Listener, h http.Handler, log *slog.Logger) error {
	srv := &http.Server{
		Handler:           h,
		TLSConfig:         ln.tls.Clone(),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return draining(context.WithoutCancel(ctx), ctx) },
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { stopped <- shutdown(ctx, srv) })
	conns := netutil.LimitListener(quiet.Listener(ln.tcp), maxConns)
	serve := func() error { return srv.Serve(conns) }
	if ln.tls != nil {
		serve = func() error { return srv.ServeTLS(conns, "", "") }
	}
	if err := serve(); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve gateway: %w", errors.Join(err, srv.Close()))
	}
	return <-stopped
}

// draining leaves in the context of requests that of Serve, whose end begins the
// shutdown.
func draining(requests, serving context.Context) context.Context {
	return context.WithValue(requests, drainKey{}, serving)
}

func newHTTP3(ctx context.Context, ln *Listener, h http.Handler, log *slog.Logger) *http3.Server {
	return &http3.Server{
		Handler:        h,
		TLSConfig:      http3.ConfigureTLSConfig(ln.tls.Clone()),
		MaxHeaderBytes: maxHeaderBytes,
		IdleTimeout:    idleTimeout,
		// 0-RTT stays off: what it carries can be sent again by anybody.
		QUICConfig: &quic.Config{
			HandshakeIdleTimeout: headerTimeout, MaxIdleTimeout: idleTimeout,
			MaxIncomingStreams: maxStreams, MaxIncomingUniStreams: 16,
		},
		ConnContext: func(conn context.Context, _ *quic.Conn) context.Context { return draining(conn, ctx) },
		Logger:      slog.New(slog.DiscardHandler), // the peers' mistakes
	}
}

func serveHTTP3(ctx context.Context, ln *Listener, srv *http3.Server) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { stopped <- shutdown(ctx, srv) })
	conns, err := quic.ListenEarly(ln.udp, srv.TLSConfig, srv.QUICConfig)
	if err == nil {
		err = srv.ServeListener(&limited{EarlyListener: conns, most: maxConns})
		defer conns.Close()
	}
	if !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve gateway over HTTP/3: %w", errors.Join(err, srv.Close(), ln.udp.Close()))
	}
	return errors.Join(<-stopped, ln.udp.Close())
}

// limited takes in no more connections than most at the same time and ends others at
// once. A QUIC listener knows no such bound of its own.
type limited struct {
	*quic.EarlyListener
	most int64
	open atomic.Int64
}

// Accept returns the next connection that there is room for.
func (l *limited) Accept(ctx context.Context) (*quic.Conn, error) {
	for {
		conn, err := l.EarlyListener.Accept(ctx)
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) > l.most {
			l.open.Add(-1)
			_ = conn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeExcessiveLoad), "too many connections")
			continue
		}
		context.AfterFunc(conn.Context(), func() { l.open.Add(-1) })
		return conn, nil
	}
}

// server is what the servers of all versions of HTTP have in common.
type server interface {
	Shutdown(ctx context.Context) error
	Close() error
}

func shutdown(ctx context.Context, srv server) error {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		return fmt.Errorf("drain gateway: %w", errors.Join(err, srv.Close()))
	}
	return nil
}
