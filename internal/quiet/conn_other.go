//go:build race || !linux || (!amd64 && !arm64)

package quiet

import "net"

// Conn returns c. The race detector learns from sockets what happens before what, and would
// not from quiet ones.
func Conn(c net.Conn) net.Conn { return c }
