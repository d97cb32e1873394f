package p2p

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/libp2p/go-libp2p/core/network"
)

func testHello() Hello {
	return Hello{Kind: "node", Profiles: []string{"det-1"}, Engine: "wazero/1.12.0 amd64", Slots: 4, MemoryMB: 2048}
}

func testWelcome() Welcome {
	return Welcome{Cluster: "c", LeaseMS: 30_000, HeartbeatMS: 5_000, MaxBatch: 64}
}

func newTestIdentity(t testing.TB) Identity {
	t.Helper()
	id, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// newTestHost makes a host on loopback, listening where transports say ("quic",
// "tcp"), that closes with the test.
func newTestHost(t testing.TB, transports []string, change ...func(*Config)) *Host {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Identity = newTestIdentity(t)
	cfg.Log = slog.New(slog.DiscardHandler)
	for _, tr := range transports {
		cfg.Listen = append(cfg.Listen, map[string]string{
			"quic": "/ip4/127.0.0.1/udp/0/quic-v1",
			"tcp":  "/ip4/127.0.0.1/tcp/0",
		}[tr])
	}
	for _, c := range change {
		c(&cfg)
	}
	h, err := NewHost(testContext(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("close host: %v", err)
		}
	})
	return h
}

// testContext bounds a test that waits for something that must happen.
func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// hint is how one test host finds another.
func hint(t testing.TB, h *Host) PeerHint {
	t.Helper()
	peers, err := parsePeers(h.Addrs())
	if err != nil || len(peers) != 1 {
		t.Fatalf("host addresses %v: %v", h.Addrs(), err)
	}
	got, ok := hintOf(peers[0], SourceStatic)
	if !ok {
		t.Fatalf("host addresses %v cannot be dialled", h.Addrs())
	}
	return got
}

// connect connects two hosts.
func connect(t testing.TB, from, to *Host) {
	t.Helper()
	connectTo(t, from, hint(t, to))
}

// connectTo connects to a host that was found, and tries again like any worker: on a
// machine that has no time for it a handshake may run out of its own.
func connectTo(t testing.TB, from *Host, at PeerHint) {
	t.Helper()
	ctx := testContext(t)
	err := from.Connect(ctx, at)
	for pause := newBackoff(firstRound, lastRound); err != nil && sleep(ctx, pause.next()); {
		err = from.Connect(ctx, at)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// wantError checks an error's kind, its code, and that it names the offender.
func wantError(t testing.TB, err, kind error, offender string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error %v, want kind %v", err, kind)
	}
	e, ok := errors.AsType[*contracts.Error](err)
	if !ok {
		t.Fatalf("error %T is no *contracts.Error", err)
	}
	if e.Offender != offender {
		t.Errorf("offender %q, want %q", e.Offender, offender)
	}
	for _, k := range kinds {
		if k.kind == kind && e.Code != k.code {
			t.Errorf("code %s of %v, want %s", e.Code, kind, k.code)
		}
	}
}

func mustSend(t testing.TB, s *WorkStream, m Message) {
	t.Helper()
	if err := s.Send(testContext(t), m); err != nil {
		t.Fatalf("send %T: %v", m, err)
	}
}

// mustRecv returns the next message that is no heartbeat.
func mustRecv[M Message](t testing.TB, s *WorkStream) M {
	t.Helper()
	for {
		m, err := s.Recv()
		if err != nil {
			t.Fatalf("receive: %v", err)
		}
		if got, ok := m.(M); ok {
			return got
		}
		if _, beat := m.(*Heartbeat); !beat {
			t.Fatalf("received %T", m)
		}
	}
}

// nopConn is a conn of bytes to read; what is written to it is lost.
type nopConn struct{ io.Reader }

func (nopConn) Write(b []byte) (int, error)                  { return len(b), nil }
func (nopConn) SetReadDeadline(time.Time) error              { return nil }
func (nopConn) SetWriteDeadline(time.Time) error             { return nil }
func (nopConn) CloseWrite() error                            { return nil }
func (nopConn) Close() error                                 { return nil }
func (nopConn) ResetWithError(network.StreamErrorCode) error { return nil }
