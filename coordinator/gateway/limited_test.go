package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/krako-labs/krako/coordinator/gateway/certs"
)

// Connections over QUIC are bounded as those over TCP are; one that is one too many is
// ended at once, and there is room again when another ends.
func TestQUICConnectionsAreBounded(t *testing.T) {
	secure, _, err := certs.Own(filepath.Join(t.TempDir(), "tls.pem"), []string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const patience = 5 * time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	patient := &quic.Config{HandshakeIdleTimeout: patience, MaxIdleTimeout: patience}
	ln, err := quic.ListenAddrEarly("127.0.0.1:0", http3.ConfigureTLSConfig(secure), patient)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	l := &limited{EarlyListener: ln, most: 2}
	accepted := make(chan *quic.Conn)
	go func() {
		for {
			c, err := l.Accept(ctx)
			if err != nil {
				return
			}
			select {
			case accepted <- c:
			case <-ctx.Done():
				return
			}
		}
	}()
	// dial connects; without one the other end has ended it before it was open here.
	dial := func() *quic.Conn {
		t.Helper()
		c, err := quic.DialAddr(ctx, ln.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h3"}}, patient)
		// Before the handshake is confirmed no code of ours is told (RFC 9000, section 10.2.3).
		if ended, ok := errors.AsType[*quic.TransportError](err); ok && ended.Remote && ended.ErrorCode == quic.ApplicationErrorErrorCode {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := dial()
	taken := <-accepted
	dial()
	<-accepted
	if refused := dial(); refused != nil {
		select {
		case <-refused.Context().Done():
		case <-accepted:
			t.Fatal("one too many was taken in")
		}
	}
	_ = first.CloseWithError(0, "")
	<-taken.Context().Done()
	for { // its end is counted beside
		if c := dial(); c != nil {
			select {
			case <-accepted:
				return
			case <-c.Context().Done():
			}
		}
		if ctx.Err() != nil {
			t.Fatal("there is no room when another has ended")
		}
	}
}
