package p2p

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// admitPatiently welcomes everyone with the rarest heartbeats: on a real clock nobody is
// to be called silent because the machine stood still for some seconds.
func admitPatiently(context.Context, string, Hello) (Welcome, error) {
	w := testWelcome()
	w.HeartbeatMS = maxBeat
	return w, nil
}

// coordinatorOn serves work on h and gives out the streams it accepts, up to 16
// that nobody has taken.
func coordinatorOn(h *Host) <-chan *WorkStream {
	streams := make(chan *WorkStream, 16)
	h.ServeWork(
		admitPatiently,
		func(ctx context.Context, s *WorkStream) error {
			streams <- s
			<-ctx.Done()
			return nil
		})
	return streams
}

func TestWorkStreamOverTransports(t *testing.T) {
	for _, tr := range []string{"quic", "tcp"} {
		t.Run(tr, func(t *testing.T) {
			c := newTestHost(t, []string{tr})
			w := newTestHost(t, nil)
			streams := coordinatorOn(c)
			connect(t, w, c)
			if remote := w.Remote(c.ID()); !strings.Contains(remote, map[string]string{"quic": "/quic-v1", "tcp": "/tcp/"}[tr]) {
				t.Fatalf("connected to %s", remote)
			}
			atWorker, err := w.OpenWork(testContext(t), c.ID(), testHello(), nil)
			if err != nil {
				t.Fatal(err)
			}
			atCoordinator := <-streams
			if got := atCoordinator.Hello(); got.Engine != testHello().Engine || got.V != WorkVersion {
				t.Errorf("hello %+v", got)
			}
			if atWorker.Peer() != c.ID() || atCoordinator.Peer() != w.ID() {
				t.Errorf("peers %s and %s", atWorker.Peer(), atCoordinator.Peer())
			}
			roundTrip(t, atWorker, atCoordinator)
			closed := make(chan struct{})
			go func() { defer close(closed); atWorker.Close(nil) }()
			_, err = atCoordinator.Recv()
			wantError(t, err, ErrGoodbye, w.ID())
			<-closed
			if _, err := atWorker.Recv(); !errors.Is(err, ErrClosed) {
				t.Errorf("after close: %v", err)
			}
		})
	}
}

// roundTrip grants, assigns, answers and acknowledges one unit.
func roundTrip(t *testing.T, atWorker, atCoordinator *WorkStream) {
	t.Helper()
	mustSend(t, atWorker, &Credit{N: 2})
	mustRecv[*Credit](t, atCoordinator)
	unit := Unit{Lease: 7, Epoch: 3, Attempt: 1, RunTimeoutMS: 1000, Invocation: []byte{0xa0}}
	mustSend(t, atCoordinator, &Assign{Units: []Unit{unit}})
	if got := mustRecv[*Assign](t, atWorker); fmt.Sprint(got.Units) != fmt.Sprint([]Unit{unit}) {
		t.Errorf("assigned %v", got.Units)
	}
	if got := atCoordinator.Credit(); got != 1 {
		t.Errorf("credit left %d, want 1", got)
	}
	mustSend(t, atWorker, &Results{Batch: []byte("envelope")})
	mustRecv[*Results](t, atCoordinator)
	mustSend(t, atCoordinator, &Ack{Seq: 9})
	if got := mustRecv[*Ack](t, atWorker); got.Seq != 9 {
		t.Errorf("acknowledged %d", got.Seq)
	}
}

func TestSecondStreamReplacesFirst(t *testing.T) {
	c, w := newTestHost(t, []string{"quic"}), newTestHost(t, nil)
	streams := coordinatorOn(c)
	connect(t, w, c)
	ctx := testContext(t)
	first, err := w.OpenWork(ctx, c.ID(), testHello(), nil)
	if err != nil {
		t.Fatal(err)
	}
	atFirst := <-streams
	second, err := w.OpenWork(ctx, c.ID(), testHello(), nil)
	if err != nil {
		t.Fatal(err)
	}
	atSecond := <-streams
	_, err = first.Recv()
	wantError(t, err, ErrGoodbye, c.ID())
	if code := contracts.CodeOf(err); code != contracts.CodeConflict {
		t.Errorf("first stream ended with %s", code)
	}
	_, err = atFirst.Recv()
	wantError(t, err, ErrReplaced, w.ID())
	roundTrip(t, second, atSecond)
}

func TestReconnect(t *testing.T) {
	c, w := newTestHost(t, []string{"tcp"}), newTestHost(t, nil)
	streams := coordinatorOn(c)
	for range 3 {
		connect(t, w, c)
		s, err := w.OpenWork(testContext(t), c.ID(), testHello(), nil)
		if err != nil {
			t.Fatal(err)
		}
		roundTrip(t, s, <-streams)
		if err := w.Disconnect(c.ID()); err != nil {
			t.Fatal(err)
		}
		_, err = s.Recv()
		wantError(t, err, ErrLost, c.ID())
	}
}

func TestClosingCoordinatorSaysGoodbye(t *testing.T) {
	c, w := newTestHost(t, []string{"quic"}), newTestHost(t, nil)
	streams := coordinatorOn(c)
	connect(t, w, c)
	s, err := w.OpenWork(testContext(t), c.ID(), testHello(), nil)
	if err != nil {
		t.Fatal(err)
	}
	<-streams
	closed := make(chan error)
	go func() { closed <- c.Close() }()
	_, err = s.Recv()
	wantError(t, err, ErrGoodbye, c.ID())
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestRefusedWorkerLearnsWhy(t *testing.T) {
	c, w := newTestHost(t, []string{"quic"}), newTestHost(t, nil)
	c.ServeWork(func(_ context.Context, peer string, _ Hello) (Welcome, error) {
		return Welcome{}, contracts.Errorf(contracts.CodeAuth, peer, "node is quarantined")
	}, nil)
	connect(t, w, c)
	_, err := w.OpenWork(testContext(t), c.ID(), testHello(), nil)
	wantError(t, err, ErrRefused, c.ID())
	if contracts.CodeOf(err) != contracts.CodeAuth || !strings.Contains(err.Error(), "node is quarantined") {
		t.Errorf("refused with %v", err)
	}
}

func TestOpenWorkToNobody(t *testing.T) {
	w, other := newTestHost(t, nil), newTestHost(t, []string{"tcp"})
	if _, err := w.OpenWork(testContext(t), other.ID(), testHello(), nil); contracts.CodeOf(err) != contracts.CodeNetwork {
		t.Errorf("unknown address: %v", err)
	}
	connect(t, w, other)
	if _, err := w.OpenWork(testContext(t), other.ID(), testHello(), nil); contracts.CodeOf(err) != contracts.CodeNetwork {
		t.Errorf("peer that is no coordinator: %v", err)
	}
	if _, err := w.OpenWork(testContext(t), "nonsense", testHello(), nil); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("bad peer id: %v", err)
	}
}

func TestConnectProvesPeerID(t *testing.T) {
	w, c := newTestHost(t, nil), newTestHost(t, []string{"quic", "tcp"})
	lie := hint(t, c)
	lie.Peer = newTestIdentity(t).ID()
	if err := w.Connect(testContext(t), lie); contracts.CodeOf(err) != contracts.CodeNetwork {
		t.Errorf("connected to an impostor: %v", err)
	}
}

func TestListenFailsAsAWhole(t *testing.T) {
	for _, tr := range []string{"quic", "tcp"} {
		taken := newTestHost(t, []string{tr})
		addr := strings.Split(taken.Addrs()[0], "/p2p/")[0]
		cfg := DefaultConfig()
		cfg.Identity = newTestIdentity(t)
		cfg.Listen = []string{"/ip4/127.0.0.1/tcp/0", addr}
		if _, err := NewHost(testContext(t), cfg); err == nil || !strings.Contains(err.Error(), addr) {
			t.Errorf("listening on a taken address: %v", err)
		}
	}
}

func TestListenersAreQUICAndTCPOnly(t *testing.T) {
	cfg := ListenAddrs(netip.MustParseAddr("127.0.0.1"), 0)
	h := newTestHost(t, nil, func(c *Config) { c.Listen = cfg })
	if len(h.Addrs()) != 2 {
		t.Errorf("listens on %v", h.Addrs())
	}
	for _, p := range h.stack.host.Mux().Protocols() {
		if strings.Contains(string(p), "circuit") || strings.Contains(string(p), "relay") {
			t.Errorf("speaks %s", p)
		}
	}
}

func TestAnnounceReplacesListenAddresses(t *testing.T) {
	h := newTestHost(t, []string{"tcp"}, func(c *Config) { c.Announce = []string{"/dns4/coord.example/tcp/443"} })
	if got, want := h.Addrs(), "/dns4/coord.example/tcp/443/p2p/"+h.ID(); len(got) != 1 || got[0] != want {
		t.Errorf("announces %v", got)
	}
}

// libp2p's defaults refuse the 253rd connection and the 9th from one address.
func TestAcceptsHundredsOfWorkers(t *testing.T) {
	const workers = 300
	c := newTestHost(t, []string{"quic", "tcp"})
	c.ServeWork(
		admitPatiently,
		func(_ context.Context, s *WorkStream) error {
			for {
				if _, err := s.Recv(); err != nil {
					return err
				}
			}
		})
	at := hint(t, c)
	slots := make(chan struct{}, 4) // handshakes at once, for two cores
	var all sync.WaitGroup
	for range workers {
		slots <- struct{}{}
		w := newTestHost(t, nil)
		all.Go(func() {
			defer func() { <-slots }()
			if err := join(testContext(t), w, at); err != nil { // two minutes for each, not for all
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := c.Conns(); got < workers {
		t.Errorf("%d connections open, want %d", got, workers)
	}
}

// join connects and opens a work stream, with the patience of connect.
func join(ctx context.Context, w *Host, at PeerHint) (err error) {
	for pause := newBackoff(firstRound, lastRound); ; {
		if err = w.Connect(ctx, at); err == nil {
			_, err = w.OpenWork(ctx, at.Peer, testHello(), nil)
		}
		if err == nil || !sleep(ctx, pause.next()) {
			return err
		}
	}
}
