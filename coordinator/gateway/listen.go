package gateway

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// ExposedError says that Listen was asked to be reached by other machines
// without TLS.
type ExposedError struct{ Addr string }

func (e *ExposedError) Error() string {
	return fmt.Sprintf("refuse to listen on %q without TLS: API keys and what they protect would cross the network in the clear; "+
		"use a certificate, or a loopback address such as 127.0.0.1:7700 or [::1]:7700", e.Addr)
}

// Listener is where a gateway is reached: by TCP, and with TLS on the UDP port
// of the same number too, for HTTP/3.
type Listener struct {
	tcp net.Listener
	udp net.PacketConn
	tls *tls.Config
}

// Loopback reports whether host:port can be reached from this machine only. It
// believes names only where they are "localhost".
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// Listen opens host:port; port 0 picks one. Without TLS the host must be a
// loopback address or "localhost", every other one is an *ExposedError. The
// certificates of secure are asked for at each handshake.
func Listen(addr string, secure *tls.Config) (*Listener, error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	if secure == nil && !Loopback(addr) {
		return nil, &ExposedError{addr}
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	if secure == nil {
		// A resolver may have another idea of localhost than everybody else.
		if tcp, ok := ln.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
			return nil, errors.Join(&ExposedError{ln.Addr().String()}, ln.Close())
		}
		return &Listener{tcp: ln}, nil
	}
	udp, err := listenBeside(ln, addr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen on %q for HTTP/3: %w", addr, err), ln.Close())
	}
	return &Listener{ln, udp, secure}, nil
}

// listenBeside opens the UDP port with the number of a TCP port.
func listenBeside(ln net.Listener, addr string) (net.PacketConn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	tcp, ok := ln.Addr().(*net.TCPAddr)
	if !ok {
		return nil, fmt.Errorf("%s is no TCP address", ln.Addr())
	}
	return net.ListenPacket("udp", net.JoinHostPort(host, strconv.Itoa(tcp.Port)))
}

// Addr is the TCP address.
func (l *Listener) Addr() net.Addr { return l.tcp.Addr() }

// URL is the base URL for clients of this machine.
func (l *Listener) URL() string {
	scheme := "http"
	if l.tls != nil {
		scheme = "https"
	}
	addr := l.tcp.Addr().String()
	if tcp, ok := l.tcp.Addr().(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return scheme + "://" + addr
}

// Close stops listening. Serve does so too.
func (l *Listener) Close() error {
	err := l.tcp.Close()
	if l.udp != nil {
		err = errors.Join(err, l.udp.Close())
	}
	return err
}
