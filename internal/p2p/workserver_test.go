package p2p

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// testServer counts how many streams it serves at a time.
type testServer struct {
	workServer
	handlers sync.WaitGroup
	joined   chan *WorkStream
	hold     chan struct{} // serve returns only when it is closed

	mu           sync.Mutex
	serving, max int
}

func newTestServer() *testServer {
	s := &testServer{joined: make(chan *WorkStream, 16), hold: make(chan struct{})}
	s.workServer = workServer{
		admit:  func(context.Context, string, Hello) (Welcome, error) { return testWelcome(), nil },
		serve:  s.serve,
		misses: 3, log: slog.New(slog.DiscardHandler), turns: make(map[string]*turn),
	}
	return s
}

func (s *testServer) serve(ctx context.Context, w *WorkStream) error {
	s.count(1)
	defer s.count(-1)
	s.joined <- w
	<-ctx.Done()
	<-s.hold
	return nil
}

func (s *testServer) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serving += n
	s.max = max(s.max, s.serving)
}

// dial hands the server one end of a stream and returns the other.
func (s *testServer) dial(ctx context.Context, peer string) conn {
	a, b := pipeConns()
	s.handlers.Go(func() { s.handle(ctx, b, peer) })
	return a
}

func (s *testServer) open(ctx context.Context, peer string) (*WorkStream, error) {
	hello := testHello()
	hello.V = WorkVersion
	return openWork(context.Background(), s.dial(ctx, peer), terms{peer: coordinatorPeer, hello: hello, misses: 3})
}

// pump reads s until it ends, as every user of a stream does.
func pump(s *WorkStream) {
	for {
		if _, err := s.Recv(); err != nil {
			return
		}
	}
}

func TestStreamsOfOnePeerAreServedInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		s := newTestServer()
		first, err := s.open(ctx, workerPeer)
		if err != nil {
			t.Fatal(err)
		}
		go pump(first)
		opened := make(chan *WorkStream)
		go func() {
			w, err := s.open(ctx, workerPeer)
			if err != nil {
				t.Error(err)
			}
			opened <- w
		}()
		synctest.Wait()
		<-first.Done()
		if contracts.CodeOf(first.Err()) != contracts.CodeConflict {
			t.Errorf("first stream ended with %v", first.Err())
		}
		select {
		case <-opened:
			t.Error("second stream admitted while the first is served")
		default:
		}
		close(s.hold)
		second := <-opened
		go pump(second)
		synctest.Wait()
		if s.max != 1 || s.serving != 1 {
			t.Errorf("%d served at once, %d at last, want 1 and 1", s.max, s.serving)
		}
		cancel(ErrClosed)
		s.handlers.Wait()
		if len(s.turns) != 0 {
			t.Errorf("%d turns are kept", len(s.turns))
		}
	})
}

func TestOtherPeersDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		s := newTestServer()
		close(s.hold)
		for _, peer := range []string{"a", "b", "c"} {
			w, err := s.open(ctx, peer)
			if err != nil {
				t.Fatal(err)
			}
			go pump(w)
		}
		synctest.Wait()
		if s.serving != 3 {
			t.Errorf("%d served, want 3", s.serving)
		}
		cancel(ErrClosed)
		s.handlers.Wait()
	})
}

// A ServeFunc that hangs costs its own peer the stream, not the guarantee that
// only one is served, however many times the peer comes back.
func TestHungStreamIsNeverServedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		s := newTestServer()
		first, err := s.open(ctx, workerPeer)
		if err != nil {
			t.Fatal(err)
		}
		go pump(first)
		for i := range 4 {
			if i%2 == 1 {
				synctest.Wait() // come back after the refused turn has ended, or before
			}
			_, err := s.open(ctx, workerPeer)
			wantError(t, err, ErrRefused, coordinatorPeer)
			if contracts.CodeOf(err) != contracts.CodeResourceExhausted {
				t.Errorf("refused with %v", err)
			}
		}
		close(s.hold)
		w, err := s.open(ctx, workerPeer)
		if err != nil {
			t.Fatal(err)
		}
		go pump(w)
		synctest.Wait()
		if s.max != 1 {
			t.Errorf("%d served at once", s.max)
		}
		cancel(ErrClosed)
		s.handlers.Wait()
		if len(s.turns) != 0 {
			t.Errorf("%d turns are kept", len(s.turns))
		}
	})
}

func TestForeignVersionIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer()
		hello := testHello()
		hello.V = WorkVersion + 1
		_, err := openWork(t.Context(), s.dial(t.Context(), workerPeer), terms{peer: coordinatorPeer, hello: hello, misses: 3})
		wantError(t, err, ErrRefused, coordinatorPeer)
		if contracts.CodeOf(err) != contracts.CodeVersionMismatch {
			t.Errorf("refused with %v", err)
		}
		s.handlers.Wait()
	})
}

func TestBrokenHandshakesAreReset(t *testing.T) {
	for name, c := range map[string]struct {
		wire []byte
		held time.Duration
	}{
		"no hello":       {mustEncode(t, &Credit{N: 1}), 0},
		"malformed":      {mustFrame(t, typeHello, []byte{0xa0}), 0},
		"over its cap":   {binary.BigEndian.AppendUint32(nil, maxHandshake+1), 0},
		"4 GiB":          {[]byte{0xff, 0xff, 0xff, 0xff}, 0},
		"cut":            {[]byte{0, 0}, handshakeTimeout},
		"nothing at all": {nil, handshakeTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestServer()
				end := s.dial(t.Context(), workerPeer)
				start := time.Now()
				go end.Write(c.wire)
				if got, err := io.ReadAll(end); len(got) != 0 || err != nil {
					t.Errorf("answered % x, %v", got, err)
				}
				if took := time.Since(start); took != c.held {
					t.Errorf("held for %s, want %s", took, c.held)
				}
				s.handlers.Wait()
				if len(s.turns) != 0 {
					t.Error("a peer that said no hello has a turn")
				}
			})
		})
	}
}

func TestClosingHostEndsHandshakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		s := newTestServer()
		s.dial(ctx, workerPeer)
		synctest.Wait()
		start := time.Now()
		cancel(ErrClosed)
		s.handlers.Wait()
		if time.Since(start) != 0 {
			t.Errorf("closed after %s", time.Since(start))
		}
	})
}

func TestOpenWorkGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hello := testHello()
		hello.V = WorkVersion
		tm := terms{peer: coordinatorPeer, hello: hello, misses: 3}

		a, b := pipeConns()
		go io.Copy(io.Discard, b)
		_, err := openWork(t.Context(), a, tm)
		wantError(t, err, ErrSilent, coordinatorPeer)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		a, b = pipeConns()
		go io.Copy(io.Discard, b)
		if _, err := openWork(ctx, a, tm); !errors.Is(err, context.DeadlineExceeded) || contracts.CodeOf(err) != contracts.CodeTimeout {
			t.Errorf("after the caller's deadline: %v", err)
		}

		a, b = pipeConns()
		go func() {
			newOpening(b, time.Minute).read(typeHello)
			b.Write(mustEncode(t, &Ack{Seq: 1}))
		}()
		_, err = openWork(t.Context(), a, tm)
		wantError(t, err, ErrUnexpected, coordinatorPeer)

		a, b = pipeConns()
		go func() {
			newOpening(b, time.Minute).read(typeHello)
			b.Write(mustEncode(t, &Welcome{V: 2, LeaseMS: 1, HeartbeatMS: 1000, MaxBatch: 1}))
		}()
		if _, err = openWork(t.Context(), a, tm); contracts.CodeOf(err) != contracts.CodeVersionMismatch {
			t.Errorf("welcome of another version: %v", err)
		}
	})
}
