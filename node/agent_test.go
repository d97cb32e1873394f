package node

import (
	"bytes"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
)

func TestResultsVerify(t *testing.T) {
	c := newCoordinator(t, "lab")
	a := start(t, testConfig(t, c))
	s := c.wait()
	v := c.invocation(noop(t))
	const units = 40
	for lease := range uint64(units) {
		s.assign(lease, v)
	}
	want := dagcbor.CID(block(t, v))
	for lease, r := range s.results(units) {
		if r.Outcome != contracts.Succeeded || !r.Unit.Equals(want) {
			t.Errorf("lease %d: %s of unit %s, want success of %s", lease, r.Outcome, r.Unit, want)
		}
		if len(r.output) != 8 || r.OutputBytes != 8 {
			t.Errorf("lease %d: output %x of %d bytes, want 8", lease, r.output, r.OutputBytes)
		}
		o := r.observed
		if o.Node != a.ID() || o.Epoch != 7 || o.Attempt != 1 || o.FinishedAt.Before(o.StartedAt.Time) {
			t.Errorf("lease %d: observed %+v", lease, o)
		}
	}
	if n := c.fetches(v.Module.Cid); n != 1 {
		t.Errorf("module was fetched %d times", n)
	}
}

func TestStopsOfTheProgramAreResults(t *testing.T) {
	c := newCoordinator(t, "lab")
	start(t, testConfig(t, c))
	s := c.wait()
	s.assign(1, c.invocation(sandboxtest.Trap()))
	s.assign(2, c.invocation(sandboxtest.Exit(3)))
	s.assign(3, c.invocation(sandboxtest.Loop(), func(v *contracts.Invocation) { v.MemoryPages = 1 })) // its memory has 64
	got := s.results(3)
	for lease, want := range map[uint64]contracts.Code{
		1: contracts.CodeTrap, 2: contracts.CodeExitNonzero, 3: contracts.CodeOutOfMemory,
	} {
		if r := got[lease]; r.Outcome != contracts.Failed || r.ErrorCode != want || r.Output != nil {
			t.Errorf("lease %d: %s %s, want failed %s", lease, r.Outcome, r.ErrorCode, want)
		}
	}
}

func TestInputAndBlobsAreFetchedOnce(t *testing.T) {
	c := newCoordinator(t, "lab")
	start(t, testConfig(t, c))
	s := c.wait()
	input := []byte(`"` + string(bytes.Repeat([]byte("long "), 2000)) + `"`)
	v := c.invocation(sandboxtest.Echo(), func(v *contracts.Invocation) {
		v.Input = contracts.Payload{Link: c.keep(input)}
		v.Blobs = map[string]contracts.Link{"weights": c.keep([]byte("weights"))}
	})
	s.assign(1, v)
	s.assign(2, v)
	for lease, r := range s.results(2) {
		if !bytes.Equal(r.output, input) {
			t.Errorf("lease %d: echoed %d bytes, want the %d of the input", lease, len(r.output), len(input))
		}
	}
	for _, id := range v.Needs() {
		if n := c.fetches(id); n != 1 {
			t.Errorf("block %s was fetched %d times", id, n)
		}
	}
}

func TestCancelStopsAnEndlessLoop(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.Slots = 1
	start(t, cfg)
	s := c.wait()
	s.run(1, c.invocation(sandboxtest.Loop()))
	s.assign(2, c.invocation(noop(t)))
	s.send(&p2p.Cancel{Leases: []uint64{1, 99}})
	s.wantFault(1, contracts.CodeCancelled, "cancelled")
	if r := s.results(1); r[2].Outcome != contracts.Succeeded {
		t.Errorf("the slot was not freed: %+v", r)
	}
}

func TestRunDeadlineIsAFault(t *testing.T) {
	c := newCoordinator(t, "lab")
	start(t, testConfig(t, c))
	s := c.wait()
	s.give(p2p.Unit{Lease: 1, RunTimeoutMS: 20, Invocation: block(t, c.invocation(sandboxtest.Loop()))})
	s.wantFault(1, contracts.CodeTimeout, "")
}

func TestMaxRunBoundsUnitsThatNameNoDeadline(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.MaxRun = 20 * time.Millisecond
	start(t, cfg)
	s := c.wait()
	s.assign(1, c.invocation(sandboxtest.Loop()))
	s.wantFault(1, contracts.CodeTimeout, "")
}

func TestUnitsThatAreNotForThisNode(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.MemoryMB = 16
	start(t, cfg)
	s := c.wait()
	wasm := noop(t)
	foreign, err := dagcbor.Marshal(map[string]any{"v": 1, "profile": "llm-1", "model": map[string]any{"tier": "small"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range []struct {
		name  string
		block []byte
		code  contracts.Code
	}{
		{"another profile", block(t, c.invocation(wasm, func(v *contracts.Invocation) { v.Profile = "det-99" })), contracts.CodeUnsupported},
		{"a model call", foreign, contracts.CodeUnsupported},
		{"more memory than is lent", block(t, c.invocation(wasm, func(v *contracts.Invocation) { v.MemoryPages = 257 })), contracts.CodeUnsupported},
		{"another version", block(t, c.invocation(wasm, func(v *contracts.Invocation) { v.V = 2 })), contracts.CodeVersionMismatch},
		{"no CBOR", []byte("garbage"), contracts.CodeValidation},
		{"no fuel", block(t, c.invocation(wasm, func(v *contracts.Invocation) { v.Fuel = 0 })), contracts.CodeValidation},
		{"a module that is a structure", block(t, c.invocation(wasm, func(v *contracts.Invocation) { v.Module.Cid = dagcbor.CID(wasm) })), contracts.CodeValidation},
	} {
		t.Run(u.name, func(t *testing.T) {
			s.give(p2p.Unit{Lease: uint64(i), Invocation: u.block})
			s.wantFault(uint64(i), u.code, dagcbor.CID(u.block).String())
		})
	}
}

func TestBlocksThatCannotBeHad(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.MaxInputMB = 1
	start(t, cfg)
	s := c.wait()
	withInput := func(l contracts.Link) *contracts.Invocation {
		return c.invocation(sandboxtest.Echo(), func(v *contracts.Invocation) { v.Input = contracts.Payload{Link: l} })
	}
	withModule := func(l contracts.Link) *contracts.Invocation {
		return c.invocation(sandboxtest.Echo(), func(v *contracts.Invocation) { v.Module = l })
	}
	absent := contracts.Link{Cid: dagcbor.RawCID([]byte("absent"))}
	tampered := contracts.Link{Cid: dagcbor.RawCID([]byte("tampered"))}
	c.keepAs(tampered.Cid, []byte("something else"))
	for i, u := range []struct {
		name string
		call *contracts.Invocation
		code contracts.Code
	}{
		{"module missing", withModule(absent), contracts.CodeNotFound},
		{"module tampered", withModule(tampered), contracts.CodeNetwork},
		{"module too large", withModule(c.keep(make([]byte, maxModule+1))), contracts.CodeUnsupported},
		{"module is no module", withModule(c.keep([]byte("no wasm"))), contracts.CodeValidation},
		{"input missing", withInput(absent), contracts.CodeNotFound},
		{"input tampered", withInput(tampered), contracts.CodeNetwork},
		{"input too large", withInput(c.keep(make([]byte, 1<<20+1))), contracts.CodeResourceExhausted},
	} {
		t.Run(u.name, func(t *testing.T) {
			s.assign(uint64(i), u.call)
			s.wantFault(uint64(i), u.code, "")
		})
	}
	t.Run("inputs too large together", func(t *testing.T) {
		half := func(c byte) []byte { return bytes.Repeat([]byte{c}, 600<<10) }
		s.assign(50, c.invocation(sandboxtest.Echo(), func(v *contracts.Invocation) {
			v.Blobs = map[string]contracts.Link{"a": c.keep(half('a')), "b": c.keep(half('b'))}
		}))
		s.wantFault(50, contracts.CodeResourceExhausted, "")
	})
	t.Run("the node works on", func(t *testing.T) {
		s.assign(60, c.invocation(sandboxtest.Echo()))
		if r := s.results(1)[60]; string(r.output) != "{}" {
			t.Errorf("output %q", r.output)
		}
	})
}

func TestLargeOutputsAreServedToTheCoordinatorAlone(t *testing.T) {
	c := newCoordinator(t, "lab")
	a := start(t, testConfig(t, c))
	s := c.wait()
	const size = 100 << 10
	s.assign(1, c.invocation(sandboxtest.Zeros(size)))
	m := expect[*p2p.Results](s)
	r := c.open(s.Peer(), m)[1]
	if len(m.Outputs) != 0 || r.OutputBytes != size {
		t.Fatalf("%d outputs travelled along, result has %d bytes", len(m.Outputs), r.OutputBytes)
	}
	fetch := func(from *p2p.Host) ([]byte, error) {
		return from.FetchBlock(t.Context(), string(a.ID()), r.Output.Cid, size)
	}
	if data, err := fetch(c.host); err != nil || len(data) != size {
		t.Errorf("coordinator fetched %d bytes: %v", len(data), err)
	}
	if _, err := a.readOutput(t.Context(), "12D3KooWStranger", r.Output.Cid); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("a stranger was told %v", err)
	}
	s.send(&p2p.Ack{Seq: r.seq})
	s.assign(2, c.invocation(noop(t)))
	s.results(1) // the ack has been read: it came before the unit
	if _, err := fetch(c.host); contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("output is kept after its batch was recorded: %v", err)
	}
}

func TestHeartbeatsListWhatIsInHand(t *testing.T) {
	c := newCoordinator(t, "lab")
	start(t, testConfig(t, c))
	s := c.wait()
	s.assign(5, c.invocation(sandboxtest.Loop()))
	s.beat(func(h *p2p.Heartbeat) bool {
		return len(h.Running) == 1 && h.Running[0] == 5 && h.FreeSlots == 1 && h.LoadPercent == 50
	})
}

func TestUnackedBatchesHoldBackMore(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.MaxUnacked = 1
	a := start(t, cfg)
	s := c.wait()
	s.assign(1, c.invocation(noop(t)))
	first := c.open(s.Peer(), expect[*p2p.Results](s))[1]
	s.assign(2, c.invocation(noop(t)))
	s.beat(func(*p2p.Heartbeat) bool { return a.Status().Executed == 2 }) // the second has ended and may not be signed
	if n := a.Status().Unacked; n != 1 {
		t.Errorf("%d batches are unacked, want 1", n)
	}
	s.send(&p2p.Ack{Seq: first.seq})
	second := s.results(1)[2]
	if second.seq <= first.seq {
		t.Errorf("batch %d came after batch %d", second.seq, first.seq)
	}
}

func TestRejectedBatchIsDropped(t *testing.T) {
	c := newCoordinator(t, "lab")
	a := start(t, testConfig(t, c))
	s := c.wait()
	s.assign(1, c.invocation(noop(t)))
	r := c.open(s.Peer(), expect[*p2p.Results](s))[1]
	s.send(&p2p.Reject{Seq: r.seq, Code: contracts.CodeConflict, Message: "stale"})
	s.assign(2, c.invocation(noop(t)))
	s.results(1)
	if got := a.Status(); got.Rejected != 1 {
		t.Errorf("status %+v, want one result rejected", got)
	}
}
