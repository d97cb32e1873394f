package node

import (
	"bytes"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/durable"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
)

func TestReconnectSendsTheSameBytes(t *testing.T) {
	c := newCoordinator(t, "lab")
	a := start(t, testConfig(t, c))
	s := c.wait()
	s.assign(1, c.invocation(noop(t)))
	first := expect[*p2p.Results](s)
	s.leave <- nil // without an ack

	s = c.wait()
	again := expect[*p2p.Results](s)
	if !bytes.Equal(first.Batch, again.Batch) || len(again.Items) != 1 || !bytes.Equal(first.Items[0], again.Items[0]) {
		t.Fatal("the batch was not sent again as it was")
	}
	if len(again.Outputs) != 1 || !bytes.Equal(first.Outputs[0].Data, again.Outputs[0].Data) {
		t.Error("the output was not sent again")
	}
	seq := c.open(s.Peer(), again)[1].seq
	c.recordedUpTo(seq) // recorded, but the ack is lost
	s.leave <- nil

	s = c.wait()
	s.assign(2, c.invocation(noop(t)))
	r := s.results(1)[2]
	if r.seq <= seq {
		t.Errorf("batch %d came after batch %d", r.seq, seq)
	}
	if got := a.Status(); got.Recorded < 1 {
		t.Errorf("status %+v, want the first result recorded", got)
	}
}

func TestUnitsOutliveTheStream(t *testing.T) {
	c := newCoordinator(t, "lab")
	start(t, testConfig(t, c))
	s := c.wait()
	s.run(1, c.invocation(sandboxtest.Loop()))
	s.leave <- nil
	s = c.wait()
	s.beat(func(h *p2p.Heartbeat) bool { return len(h.Running) == 1 && h.Running[0] == 1 })
	s.send(&p2p.Cancel{Leases: []uint64{1}})
	s.wantFault(1, contracts.CodeCancelled, "")
}

func TestAnotherClusterGetsNothingOfTheFirst(t *testing.T) {
	one, two := newCoordinator(t, "one"), newCoordinator(t, "two")
	cfg := testConfig(t, one, two)
	cfg.Slots = 1
	start(t, cfg)
	s := one.wait()
	secret := one.keep(bytes.Repeat([]byte("secret"), 1000))
	v := one.invocation(sandboxtest.Echo(), func(v *contracts.Invocation) { v.Input = contracts.Payload{Link: secret} })
	s.assign(1, v)
	last := one.open(s.Peer(), expect[*p2p.Results](s))[1].seq
	s.run(2, one.invocation(sandboxtest.Loop()))
	if err := one.host.Close(); err != nil {
		t.Fatal(err)
	}

	s = two.wait()
	s.assign(3, v) // knowing the names of module and input
	s.wantFault(3, contracts.CodeNotFound, v.Module.String())
	two.keep(sandboxtest.Echo())
	s.assign(4, v)
	s.wantFault(4, contracts.CodeNotFound, secret.String())
	s.assign(5, two.invocation(sandboxtest.Echo()))
	m := expect[*p2p.Results](s) // the first batch here: nothing of cluster one was sent
	if r := two.open(s.Peer(), m); len(r) != 1 || r[5].seq <= last {
		t.Errorf("results %+v, want lease 5 alone in a batch after %d", r, last)
	}
}

func TestNumbersGoOnAboveTheClustersOwn(t *testing.T) {
	c := newCoordinator(t, "lab")
	c.recordedUpTo(5000) // the data directory was lost and came back from a backup
	cfg := testConfig(t, c)
	a := start(t, cfg)
	s := c.wait()
	s.assign(1, c.invocation(noop(t)))
	first := s.results(1)[1].seq
	if first <= 5000 {
		t.Fatalf("batch %d, the cluster has recorded 5000", first)
	}
	a.kill()

	start(t, cfg)
	s = c.wait()
	s.assign(2, c.invocation(noop(t)))
	if second := s.results(1)[2].seq; second <= first {
		t.Errorf("batch %d after a restart, the last was %d", second, first)
	}
}

func TestAbsurdSequenceIsRefused(t *testing.T) {
	liar, honest := newCoordinator(t, "lab"), newCoordinator(t, "lab")
	liar.recordedUpTo(1<<63 - 5)
	start(t, testConfig(t, liar, honest))
	s := honest.wait()
	s.assign(1, honest.invocation(noop(t)))
	if seq := s.results(1)[1].seq; seq > durable.ReserveAhead {
		t.Errorf("batch %d: the liar was believed", seq)
	}
}

func TestNextCoordinatorIsTriedWhenOneRefuses(t *testing.T) {
	closed, open := newCoordinator(t, "lab"), newCoordinator(t, "lab")
	closed.refuse = contracts.Errorf(contracts.CodeAuth, "node", "not enrolled")
	start(t, testConfig(t, closed, open))
	open.wait()
}

func TestGivesUpWithoutACoordinator(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.GiveUpAfter = 50 * time.Millisecond
	if err := c.host.Close(); err != nil {
		t.Fatal(err)
	}
	err := start(t, cfg).wait()
	if contracts.CodeOf(err) != contracts.CodeNetwork {
		t.Errorf("ended with %v, want NETWORK_ERROR", err)
	}
}
