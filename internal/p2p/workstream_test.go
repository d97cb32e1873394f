package p2p

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// The peers of a Pipe in tests.
const (
	workerPeer      = "worker"
	coordinatorPeer = "coordinator"
)

func pipe() (atWorker, atCoordinator *WorkStream) {
	return Pipe(workerPeer, coordinatorPeer, testHello(), testWelcome())
}

// rawCoordinator is a worker's stream with bytes as the other end.
func rawCoordinator() (atWorker *WorkStream, wire *pipeConn) {
	return rawPeer(worker, coordinatorPeer)
}

func rawPeer(self side, peer string) (*WorkStream, *pipeConn) {
	a, b := pipeConns()
	t := terms{self: self, peer: peer, hello: testHello(), welcome: testWelcome(), misses: 3}
	o := newOpening(a, t.patience())
	return startWork(a, o.reader, o.buf, t), b
}

// closePair ends both ends of a pipe, so that no goroutine outlives its bubble.
func closePair(a, b *WorkStream) {
	var both sync.WaitGroup
	both.Go(func() { a.Close(nil) })
	both.Go(func() { b.Close(nil) })
	both.Wait()
}

func TestPipeCarriesWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := pipe()
		defer closePair(w, c)
		roundTrip(t, w, c)
	})
}

// fillQueue sends until the queue of a peer that does not read is full.
func fillQueue(t *testing.T, s, _ *WorkStream) {
	t.Helper()
	note := &Reject{Code: contracts.CodeInternal, Message: strings.Repeat("x", maxNote)}
	for range 4 * maxQueue / maxNote {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		err := s.Send(ctx, note)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the queue has no bound")
}

// A peer that does not read stops the sender, and nothing is lost or reordered
// when it reads again.
func TestSlowReaderHoldsTheSenderBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := pipe()
		const messages = 200
		var sent sync.WaitGroup
		done := 0
		sent.Go(func() {
			for seq := range uint64(messages) {
				mustSend(t, c, &Reject{Seq: seq, Code: contracts.CodeInternal, Message: strings.Repeat("x", maxNote)})
				done++
			}
		})
		synctest.Wait()
		if done == messages {
			t.Fatalf("%d messages of %d bytes were queued for a peer that reads nothing", done, maxNote)
		}
		for seq := range uint64(messages) {
			if got := mustRecv[*Reject](t, w); got.Seq != seq {
				t.Fatalf("message %d came as %d", seq, got.Seq)
			}
		}
		sent.Wait()
		closePair(w, c)
	})
}

func TestStalledPeerIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := rawPeer(coordinator, workerPeer)
		start := time.Now()
		<-c.Done() // nobody reads the first heartbeat
		wantError(t, c.Err(), ErrStalled, workerPeer)
		if got, most := time.Since(start), 4*5*time.Second; got > most {
			t.Errorf("noticed after %s, want at most %s", got, most)
		}
		wantError(t, c.Send(t.Context(), &Ack{}), ErrStalled, workerPeer)
	})
}

func TestSilentPeerIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, wire := rawCoordinator()
		go io.Copy(io.Discard, wire)
		start := time.Now()
		_, err := w.Recv()
		wantError(t, err, ErrSilent, coordinatorPeer)
		if got, want := time.Since(start), 15*time.Second; got != want {
			t.Errorf("noticed after %s, want %s", got, want)
		}
	})
}

func TestHeartbeatsKeepAnIdleStreamAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := pipe()
		beats := make(chan error, 2)
		for _, s := range []*WorkStream{w, c} {
			go func() {
				for range 20 {
					if _, err := s.Recv(); err != nil {
						beats <- err
						return
					}
				}
				beats <- nil
			}()
		}
		for range 2 {
			if err := <-beats; err != nil {
				t.Error(err)
			}
		}
		closePair(w, c)
	})
}

// A frame that trickles is no sign of life; one that comes slowly is.
func TestTrickleIsSilence(t *testing.T) {
	for _, c := range []struct {
		name  string
		chunk int // bytes a second
		want  error
	}{
		{"trickle", 1, ErrSilent},
		{"slow link", readProgress / 10, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, wire := rawPeer(coordinator, workerPeer)
				go io.Copy(io.Discard, wire)
				frame := mustEncode(t, &Results{Batch: make([]byte, 16*readProgress)})
				var link sync.WaitGroup
				link.Go(func() {
					for len(frame) > 0 {
						n, err := wire.Write(frame[:min(c.chunk, len(frame))])
						if err != nil {
							return
						}
						frame = frame[n:]
						time.Sleep(time.Second) // of the bubble's clock: the link's speed
					}
				})
				if _, err := s.Recv(); !errors.Is(err, c.want) {
					t.Errorf("received with %v, want %v", err, c.want)
				}
				wire.CloseWrite()
				s.Close(nil)
				link.Wait()
			})
		})
	}
}

func TestBrokenPeersAreReset(t *testing.T) {
	for name, c := range map[string]struct {
		wire []byte
		want error
	}{
		"4 GiB frame":       {[]byte{0xff, 0xff, 0xff, 0xff}, ErrFrameTooLarge},
		"unknown type":      {mustFrame(t, 99, []byte{0xa0}), ErrUnknownType},
		"malformed body":    {mustFrame(t, typeAck, []byte{0xff}), ErrFrameMalformed},
		"worker's message":  {mustEncode(t, &Credit{N: 1}), ErrUnexpected},
		"second welcome":    {mustEncode(t, &Welcome{V: 1, LeaseMS: 1, HeartbeatMS: 1000, MaxBatch: 1}), ErrUnexpected},
		"block protocol":    {mustFrame(t, typeWant, []byte{0xa0}), ErrUnknownType},
		"units ungranted":   {mustEncode(t, &Assign{Units: unitsOf(1)}), ErrOverCredit},
		"oversized for two": {mustFrame(t, typeAssign, mustMarshal(t, &Assign{Units: unitsOf(MaxAssign/2, MaxAssign/2)})), ErrFrameTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, wire := rawCoordinator()
				go wire.Write(c.wire)
				_, err := w.Recv()
				wantError(t, err, c.want, coordinatorPeer)
				wantReset(t, wire)
				if _, again := w.Recv(); again != err {
					t.Errorf("second receive: %v", again)
				}
			})
		})
	}
}

func TestStreamCutInsideAFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, wire := rawCoordinator()
		go func() {
			wire.Write(mustEncode(t, &Ack{Seq: 1})[:6])
			wire.Close()
		}()
		_, err := w.Recv()
		wantError(t, err, ErrFrameTruncated, coordinatorPeer)
	})
}

func TestSidesSendOnlyTheirMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := pipe()
		defer closePair(w, c)
		for _, m := range messageSamples() {
			for _, s := range []*WorkStream{w, c} {
				if senders(m.frame())&s.self == 0 || m.frame() == typeGoodbye {
					if err := s.Send(t.Context(), m); !errors.Is(err, ErrUnexpected) {
						t.Errorf("%s sends %T: %v", s.self, m, err)
					}
				}
			}
		}
		if err := w.Send(t.Context(), &Credit{}); !errors.Is(err, ErrFrameMalformed) {
			t.Errorf("malformed message: %v", err)
		}
		if w.Err() != nil {
			t.Errorf("a refused Send ended the stream: %v", w.Err())
		}
	})
}

func TestWorkersHeartbeatTellsItsStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pipeConns()
		tm := terms{self: worker, peer: coordinatorPeer, hello: testHello(), welcome: testWelcome(), misses: 3,
			status: func() Heartbeat { return Heartbeat{Running: []uint64{5}, LoadPercent: 50, FreeSlots: 3} }}
		o := newOpening(a, tm.patience())
		w := startWork(a, o.reader, o.buf, tm)
		in := newOpening(b, time.Minute)
		m, err := in.read(typeHeartbeat)
		if err != nil {
			t.Fatal(err)
		}
		if h := m.(*Heartbeat); len(h.Running) != 1 || h.LoadPercent != 50 || h.FreeSlots != 3 {
			t.Errorf("heartbeat %+v", h)
		}
		b.Close()
		w.Close(nil)
	})
}

func mustEncode(t testing.TB, m Message) []byte {
	t.Helper()
	frame, err := encodeMessage(m)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func mustMarshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := dagcbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// mustWire sends m and takes it off the other end's wire.
func mustWire(t testing.TB, s *WorkStream, wire *pipeConn, m Message) {
	t.Helper()
	mustSend(t, s, m)
	want := mustEncode(t, m)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(wire, got); err != nil || string(got) != string(want) {
		t.Fatalf("wire % x, %v, want % x", got, err, want)
	}
}

// wantReset checks that the stream is gone for the peer, whatever was on it.
func wantReset(t testing.TB, wire *pipeConn) {
	t.Helper()
	if _, err := wire.Write([]byte{0}); err == nil {
		t.Error("the peer can still write")
	}
	if _, err := io.Copy(io.Discard, wire); err != nil {
		t.Errorf("reading the rest: %v", err)
	}
}
