package p2p

import (
	"context"
	"net"

	"github.com/krako-labs/krako/internal/quiet"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"
)

// hushed secures connections over quiet sockets: libp2p makes its sockets itself, and
// this is where they come by.
type hushed struct{ sec.SecureTransport }

func (h hushed) SecureInbound(ctx context.Context, insecure net.Conn, p peer.ID) (sec.SecureConn, error) {
	return h.SecureTransport.SecureInbound(ctx, quiet.Conn(insecure), p)
}

func (h hushed) SecureOutbound(ctx context.Context, insecure net.Conn, p peer.ID) (sec.SecureConn, error) {
	return h.SecureTransport.SecureOutbound(ctx, quiet.Conn(insecure), p)
}
