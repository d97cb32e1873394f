package node

import (
	"errors"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
)

func TestDrainFinishesWhatIsInHand(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.MaxUnacked = 1
	a := start(t, cfg)
	s := c.wait()
	s.assign(1, c.invocation(noop(t)))
	first := c.open(s.Peer(), expect[*p2p.Results](s))[1]
	s.assign(2, c.invocation(noop(t))) // ends, and waits for the ack of the first
	s.beat(func(*p2p.Heartbeat) bool { return a.Status().Executed == 2 })
	a.Drain()
	expect[*p2p.Drain](s)
	s.send(&p2p.Ack{Seq: first.seq})
	if r := s.results(1)[2]; r.Outcome != contracts.Succeeded {
		t.Errorf("lease 2: %+v", r)
	}
	if err := a.wait(); err != nil {
		t.Errorf("drained with %v", err)
	}
	for range s.in {
	}
	if err := s.Err(); !errors.Is(err, p2p.ErrGoodbye) {
		t.Errorf("stream ended with %v, want a goodbye", err)
	}
}

func TestDrainGivesBackWhatTakesTooLong(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.DrainTimeout = 1
	a := start(t, cfg)
	s := c.wait()
	s.run(1, c.invocation(sandboxtest.Loop()))
	a.Drain()
	s.wantFault(1, contracts.CodeCancelled, "stops")
	if err := a.wait(); err != nil {
		t.Errorf("drained with %v", err)
	}
}

func TestDrainDoesNotWaitForEverForAcks(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.DrainTimeout = 1
	a := start(t, cfg)
	s := c.wait()
	s.assign(1, c.invocation(noop(t)))
	expect[*p2p.Results](s)
	a.Drain()
	if err := a.wait(); contracts.CodeOf(err) != contracts.CodeTimeout {
		t.Errorf("ended with %v, want TIMEOUT", err)
	}
}

func TestDrainWithoutACoordinatorEndsAtOnce(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	if err := c.host.Close(); err != nil {
		t.Fatal(err)
	}
	a := start(t, cfg)
	a.Drain()
	if err := a.wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}
