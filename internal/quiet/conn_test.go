package quiet_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/krako-labs/krako/internal/quiet"
)

// pair is both ends of a connection; the second is quiet.
func pair(t *testing.T, network, addr string) (plain, quieted net.Conn) {
	t.Helper()
	inner, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	l := quiet.Listener(inner)
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	plain, err = net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	quieted = <-accepted
	t.Cleanup(func() { plain.Close(); quieted.Close() })
	return plain, quieted
}

func everywhere(t *testing.T, test func(t *testing.T, plain, quieted net.Conn)) {
	for name, addr := range map[string][2]string{
		"tcp": {"tcp", "127.0.0.1:0"}, "unix": {"unix", filepath.Join(t.TempDir(), "s")},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, addr[0], addr[1])
			test(t, a, b)
		})
	}
}

// TestMuchGoesBothWays sends more than sockets hold, to a reader that is not there yet.
func TestMuchGoesBothWays(t *testing.T) {
	everywhere(t, func(t *testing.T, plain, quieted net.Conn) {
		data := make([]byte, 16<<20)
		if _, err := rand.Read(data); err != nil {
			t.Fatal(err)
		}
		for _, way := range [][2]net.Conn{{plain, quieted}, {quieted, plain}} {
			sent := make(chan error, 1)
			go func() {
				n, err := way[0].Write(data)
				if err == nil && n != len(data) {
					err = io.ErrShortWrite
				}
				sent <- err
			}()
			got := make([]byte, len(data))
			if _, err := io.ReadFull(way[1], got); err != nil || !bytes.Equal(got, data) {
				t.Fatalf("what arrives is not what was sent (%v)", err)
			}
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestEndsAreThoseOfTheConnection: its errors are what callers know.
func TestEndsAreThoseOfTheConnection(t *testing.T) {
	everywhere(t, func(t *testing.T, plain, quieted net.Conn) {
		if err := quieted.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
		_, err := quieted.Read(make([]byte, 1))
		var e *net.OpError
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &e) || e.Op != "read" || !e.Timeout() {
			t.Errorf("after its deadline a read ends with %v", err)
		}
		if err := quieted.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		if err := plain.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if n, err := quieted.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("at the end a read gives %d, %v", n, err)
		}
		if err := quieted.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Error(err)
		}
		if n, err := plain.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("behind its end the other side reads %d, %v", n, err)
		}
		if _, err := quieted.Write([]byte("x")); !errors.As(err, &e) || e.Op != "write" {
			t.Errorf("behind its end a write gives %v", err)
		}
	})
}

// TestCloseWakesWhoReads as it does on any connection.
func TestCloseWakesWhoReads(t *testing.T) {
	everywhere(t, func(t *testing.T, plain, quieted net.Conn) {
		read := make(chan error, 1)
		go func() {
			_, err := quieted.Read(make([]byte, 1))
			for err == nil { // the byte that says that it reads
				_, err = quieted.Read(make([]byte, 1))
			}
			read <- err
		}()
		if _, err := plain.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := quieted.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-read; !errors.Is(err, net.ErrClosed) {
			t.Errorf("who reads is told %v", err)
		}
	})
}

// TestWhatIsNoSocketIsLeftAlone.
func TestWhatIsNoSocketIsLeftAlone(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if quiet.Conn(a) != a {
		t.Error("a pipe in memory was wrapped")
	}
}
