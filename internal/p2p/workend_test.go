package p2p

import (
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/krako-labs/krako/contracts"
)

func TestCloseDeliversWhatIsQueuedAndWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := pipe()
		mustSend(t, c, &Ack{Seq: 1})
		go c.Close(contracts.Errorf(contracts.CodeAuth, "x", "node is suspended"))
		mustRecv[*Ack](t, w)
		_, err := w.Recv()
		wantError(t, err, ErrGoodbye, coordinatorPeer)
		if contracts.CodeOf(err) != contracts.CodeAuth || !strings.Contains(err.Error(), "node is suspended") {
			t.Errorf("goodbye %v", err)
		}
		<-c.Done()
		wantError(t, c.Err(), ErrClosed, workerPeer)
		wantError(t, c.Send(t.Context(), &Ack{}), ErrClosed, workerPeer)
		wantError(t, w.Send(t.Context(), &Drain{}), ErrGoodbye, coordinatorPeer)
	})
}

func TestGoodbyeTellsNoInternals(t *testing.T) {
	for _, c := range []struct {
		reason  error
		code    contracts.Code
		message string
	}{
		{nil, contracts.CodeCancelled, "leaving"},
		{errors.New("open /etc/secret: denied"), contracts.CodeInternal, "internal error"},
		{contracts.Errorf("NONSENSE", "", "x"), contracts.CodeInternal, "internal error"},
		{contracts.Errorf(contracts.CodeAuth, "", "%s", strings.Repeat("é", maxNote)), contracts.CodeAuth, strings.Repeat("é", maxNote/2)},
	} {
		g := goodbye(c.reason)
		if g.Code != c.code || g.Message != c.message {
			t.Errorf("goodbye for %.40v: %s %.40q", c.reason, g.Code, g.Message)
		}
		if _, err := encodeMessage(g); err != nil {
			t.Error(err)
		}
	}
}

// Close must end even if the peer neither reads nor closes.
func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := pipe()
		fillQueue(t, c, w)
		start := time.Now()
		c.Close(nil)
		if got, most := time.Since(start), time.Duration(DefaultConfig().HeartbeatMisses)*5*time.Second+closeLinger; got > most {
			t.Errorf("close took %s, at most %s", got, most)
		}
		w.Close(nil)
		w.Close(nil)
	})
}

// Nor may a peer that keeps talking hold it up.
func TestCloseIsBoundedAgainstAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, wire := rawPeer(coordinator, workerPeer)
		go io.Copy(io.Discard, wire)
		var flood sync.WaitGroup
		flood.Go(func() {
			for chunk := make([]byte, readProgress); ; time.Sleep(closeLinger / 10) { // of the bubble's clock
				if _, err := wire.Write(chunk); err != nil {
					return
				}
			}
		})
		start := time.Now()
		s.Close(nil)
		if got := time.Since(start); got > closeLinger {
			t.Errorf("close took %s, at most %s", got, closeLinger)
		}
		flood.Wait()
	})
}

// Who receives once Close has begun need not wait for the peer to take notice.
func TestReceiveDoesNotWaitForClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, wire := rawPeer(coordinator, workerPeer)
		go io.Copy(io.Discard, wire) // which reads, and says nothing
		closed := make(chan struct{})
		go func() { defer close(closed); s.Close(nil) }()
		synctest.Wait()
		start := time.Now()
		_, err := s.Recv()
		if wantError(t, err, ErrClosed, workerPeer); time.Since(start) != 0 {
			t.Errorf("told after %s", time.Since(start))
		}
		select {
		case <-closed:
			t.Error("close did not linger: there was nothing to wait for")
		default:
		}
		<-closed
	})
}

func TestCloseWakesReceiveAndSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := pipe()
		fillQueue(t, c, w)
		ends := make(chan error, 2)
		go func() { _, err := c.Recv(); ends <- err }()
		go func() {
			ends <- c.Send(t.Context(), &Reject{Code: contracts.CodeInternal, Message: strings.Repeat("x", maxNote)})
		}()
		synctest.Wait()
		start := time.Now()
		closed := make(chan struct{})
		go func() { defer close(closed); c.Close(nil) }()
		for range 2 {
			wantError(t, <-ends, ErrClosed, workerPeer)
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("woken after %s", got)
		}
		<-closed
		w.Close(nil)
	})
}
