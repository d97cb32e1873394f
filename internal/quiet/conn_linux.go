//go:build !race && (amd64 || arm64)

package quiet

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// Conn returns c with quiet reads and writes, or c itself where it is no socket. It is
// used as c is: by any number of goroutines, deadlines and Close included.
func Conn(c net.Conn) net.Conn {
	s, ok := c.(syscall.Conn)
	if !ok {
		return c
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return c
	}
	q := &conn{Conn: c, wait: raw}
	q.in.do = q.in.transfer(syscall.SYS_RECVFROM, syscall.MSG_DONTWAIT)
	q.out.do = q.out.transfer(syscall.SYS_SENDTO, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
	return q
}

type conn struct {
	net.Conn
	wait    syscall.RawConn
	in, out direction
}

// direction is what one read or write at a time works with.
type direction struct {
	mu    sync.Mutex
	b     []byte
	n     int
	errno syscall.Errno
	do    func(fd uintptr) bool // made once: it is called for every message
}

// transfer makes the function that tries a call, and says whether there is no need to
// wait for the socket.
func (d *direction) transfer(call uintptr, flags uintptr) func(fd uintptr) bool {
	return func(fd uintptr) bool {
		for {
			n, _, errno := syscall.RawSyscall6(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(d.b))), uintptr(len(d.b)), flags, 0, 0)
			if errno == syscall.EINTR {
				continue
			}
			d.n, d.errno = int(n), errno
			return errno != syscall.EAGAIN
		}
	}
}

func (c *conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return c.Conn.Read(b)
	}
	d := &c.in
	d.mu.Lock()
	defer d.mu.Unlock()
	d.b = b
	defer func() { d.b = nil }()
	if err := c.wait.Read(d.do); err != nil {
		return 0, c.failed("read", err)
	}
	switch {
	case d.errno != 0:
		return 0, c.failed("read", os.NewSyscallError("recvfrom", d.errno))
	case d.n == 0:
		return 0, io.EOF
	}
	return d.n, nil
}

func (c *conn) Write(b []byte) (written int, err error) {
	d := &c.out
	d.mu.Lock()
	defer d.mu.Unlock()
	defer func() { d.b = nil }()
	for written < len(b) {
		d.b = b[written:]
		if err := c.wait.Write(d.do); err != nil {
			return written, c.failed("write", err)
		}
		if d.errno != 0 {
			return written, c.failed("write", os.NewSyscallError("sendto", d.errno))
		}
		written += d.n
	}
	return written, nil
}

// failed is err as the connection itself would have it.
func (c *conn) failed(op string, err error) error {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		err = e.Err
	}
	local := c.LocalAddr()
	return &net.OpError{Op: op, Net: local.Network(), Source: local, Addr: c.RemoteAddr(), Err: err}
}

// CloseWrite ends what is sent and leaves the other direction open, where the
// connection can do that.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
