package p2p

import (
	"errors"
	"net"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// Pipe returns the two ends of a work stream inside the process, with the
// handshake done and without a host: for tests of what runs on either end, also
// under testing/synctest. The ends know each other by the given peer ids.
func Pipe(workerID, coordinatorID string, hello Hello, welcome Welcome) (atWorker, atCoordinator *WorkStream) {
	hello.V, welcome.V = WorkVersion, WorkVersion
	a, b := pipeConns()
	start := func(c conn, t terms) *WorkStream {
		t.hello, t.welcome, t.misses = hello, welcome, DefaultConfig().HeartbeatMisses
		o := newOpening(c, t.patience())
		return startWork(c, o.reader, o.buf, t)
	}
	return start(a, terms{self: worker, peer: coordinatorID}), start(b, terms{self: coordinator, peer: workerID})
}

// pipeConn is a conn of two synchronous pipes, one for each direction, so that
// either can be closed alone.
type pipeConn struct{ in, out net.Conn }

func pipeConns() (a, b *pipeConn) {
	aOut, bIn := net.Pipe()
	bOut, aIn := net.Pipe()
	return &pipeConn{in: aIn, out: aOut}, &pipeConn{in: bIn, out: bOut}
}

func (p *pipeConn) Read(b []byte) (int, error)                   { return p.in.Read(b) }
func (p *pipeConn) Write(b []byte) (int, error)                  { return p.out.Write(b) }
func (p *pipeConn) SetReadDeadline(t time.Time) error            { return p.in.SetReadDeadline(t) }
func (p *pipeConn) SetWriteDeadline(t time.Time) error           { return p.out.SetWriteDeadline(t) }
func (p *pipeConn) CloseWrite() error                            { return p.out.Close() }
func (p *pipeConn) Close() error                                 { return errors.Join(p.in.Close(), p.out.Close()) }
func (p *pipeConn) ResetWithError(network.StreamErrorCode) error { return p.Close() }
