package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Bounds of the server.
const (
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
	drainTimeout   = 10 * time.Second
)

// ExposedError says that Listen was asked for an address that other machines
// can reach.
type ExposedError struct{ Addr string }

func (e *ExposedError) Error() string {
	return fmt.Sprintf("refuse to listen on %q: the gateway has no API keys and no TLS yet, so whoever reaches it may run programs and read every block; "+
		"use a loopback address such as 127.0.0.1:7700 or [::1]:7700", e.Addr)
}

// Listen opens a TCP listener on a loopback address, host:port with an IP
// address or "localhost" as the host. Every other address is an *ExposedError.
func Listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.Unmap().IsLoopback()) {
		return nil, &ExposedError{addr}
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	// A resolver may have another idea of localhost than everybody else.
	if tcp, ok := ln.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return nil, errors.Join(&ExposedError{ln.Addr().String()}, ln.Close())
	}
	return ln, nil
}

// Serve answers requests on ln with h until ctx is done. Then it ends event
// streams and long polls, lets other requests finish for at most 10 s, and
// returns nil, or the error of a shutdown that was not clean. It closes ln.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.WithoutCancel(ctx), drainKey{}, ctx)
		},
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { stopped <- shutdown(ctx, srv) })
	err := srv.Serve(ln)
	if !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve gateway: %w", errors.Join(err, srv.Close()))
	}
	return <-stopped
}

func shutdown(ctx context.Context, srv *http.Server) error {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		return fmt.Errorf("drain gateway: %w", errors.Join(err, srv.Close()))
	}
	return nil
}
