package node

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox/sandboxtest"
)

// isolated is a node whose units run in worker processes.
func isolated(t *testing.T, c *fakeCoordinator) *trial {
	t.Helper()
	cfg := testConfig(t, c)
	cfg.Isolation, cfg.MemoryMB, cfg.Priority = IsolationProcess, 4096, PriorityNormal // the machine of a test is busy
	return start(t, cfg)
}

func TestIsolatedUnitsEndAsOthersDo(t *testing.T) {
	c := newCoordinator(t, "lab")
	a := isolated(t, c)
	s := c.wait()
	const units = 100
	for lease := range uint64(units) {
		s.assign(lease, c.invocation(noop(t)))
	}
	s.assign(units, c.invocation(sandboxtest.Trap()))
	s.assign(units+1, c.invocation(sandboxtest.Zeros(100<<10)))
	for lease, r := range s.results(units + 2) {
		want := contracts.Code("")
		if lease == units {
			want = contracts.CodeTrap
		}
		if r.ErrorCode != want || r.observed.FinishedAt.Before(r.observed.StartedAt.Time) {
			t.Errorf("lease %d: %+v", lease, r)
		}
	}
	if r := a.Status().Runner; r.Isolation != "process" || len(r.Processes) == 0 || r.Deaths != 0 || len(r.Measures) == 0 {
		t.Errorf("runner %+v", r)
	}
}

// TestHostileUnitsLeaveTheAgentAlone runs what would hold up a process in both
// slots, and counts what the agent does meanwhile: heartbeats and collections.
func TestHostileUnitsLeaveTheAgentAlone(t *testing.T) {
	c := newCoordinator(t, "lab")
	isolated(t, c)
	s := c.wait()
	s.assign(1, c.invocation(sandboxtest.Loop()))
	s.assign(2, c.invocation(sandboxtest.Fill(1<<14), func(v *contracts.Invocation) { v.MemoryPages = 1 << 14 }))
	beats := 0
	s.beat(func(h *p2p.Heartbeat) bool {
		runtime.GC() // waits for every goroutine of the process
		if h.FreeSlots == 0 && len(h.Running) == 2 {
			beats++
		}
		return beats == 3
	})
	s.send(&p2p.Cancel{Leases: []uint64{1, 2}})
	for range 2 {
		if f := expect[*p2p.Fault](s); f.Code != contracts.CodeCancelled {
			t.Errorf("fault %+v", f)
		}
	}
	s.assign(3, c.invocation(sandboxtest.Echo()))
	if r := s.results(1)[3]; string(r.output) != "{}" {
		t.Errorf("a unit after them: %+v", r)
	}
}

// TestHostileUnitsEndAsDefined runs the corpus, with a planted file where the
// node works, beside honest units.
func TestHostileUnitsEndAsDefined(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("secret", []byte("planted"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCoordinator(t, "lab")
	a := isolated(t, c)
	s := c.wait()
	some := func(v *contracts.Invocation) { v.Fuel, v.MemoryPages = 300_000_000, 1<<14 }
	hostile := []struct {
		wasm []byte
		want contracts.Code
	}{
		{sandboxtest.Loop(), contracts.CodeOutOfFuel},
		{sandboxtest.Recurse(), contracts.CodeStackOverflow},
		{sandboxtest.Bomb(), contracts.CodeOutOfMemory},
		{sandboxtest.Fill(1 << 14), contracts.CodeOutOfFuel},
		{sandboxtest.Flood(), contracts.CodeBadOutput},
		{sandboxtest.Open("secret"), ""},
		{sandboxtest.Open(filepath.Join(dir, "secret")), ""},
	}
	for i, h := range hostile {
		s.assign(uint64(2*i), c.invocation(h.wasm, some))
		s.assign(uint64(2*i+1), c.invocation(sandboxtest.Echo(), func(v *contracts.Invocation) {
			v.Input = contracts.Payload{Inline: fmt.Append(nil, i)}
		}))
	}
	all := s.results(2 * len(hostile))
	for i, h := range hostile {
		bad, good := all[uint64(2*i)], all[uint64(2*i+1)]
		if bad.ErrorCode != h.want || strings.Contains(string(bad.output), "planted") {
			t.Errorf("hostile unit %d: %s, output %q, want %s", i, bad.ErrorCode, bad.output, h.want)
		}
		if string(good.output) != fmt.Sprint(i) {
			t.Errorf("honest unit %d: %+v", i, good)
		}
	}
	if r := a.Status().Runner; r.Deaths != 0 {
		t.Errorf("%d worker processes died: %s", r.Deaths, r.LastDeath)
	}
}

// TestKillerIsReportedAndRefused kills the worker process of a unit each time it
// runs, until the node has had enough of that.
func TestKillerIsReportedAndRefused(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.Isolation, cfg.Slots, cfg.Priority = IsolationProcess, 1, PriorityNormal
	a := start(t, cfg)
	s := c.wait()
	// Its module is compiled before, in a process that is none of the unit's.
	s.assign(0, c.invocation(sandboxtest.Loop(), func(v *contracts.Invocation) { v.Fuel = 1000 }))
	s.results(1)
	killer := c.invocation(sandboxtest.Loop())
	s.run(1, killer)
	f := s.killUntilFault(a)
	if id := dagcbor.CID(block(t, killer)).String(); f.Lease != 1 || f.Code != contracts.CodeInternal || !strings.Contains(f.Message, id) {
		t.Errorf("fault %+v, want one of lease 1 that is internal and names %s", f, id)
	}
	if r := a.Status().Runner; r.Deaths < 2 || r.LastDeath == "" {
		t.Errorf("runner %+v", r)
	}
	s.assign(2, c.invocation(sandboxtest.Echo()))
	if r := s.results(1)[2]; r.Outcome != contracts.Succeeded {
		t.Errorf("an honest unit: %+v", r)
	}
}

// killUntilFault kills the node's processes until it gives a unit up. Each has some
// more heartbeats to begin with it than the one before: a death without it is none
// of the unit's.
func (s *session) killUntilFault(a *trial) *p2p.Fault {
	s.c.t.Helper()
	beats, killed := map[int]int{}, 0
	for end := time.Now().Add(patience); time.Now().Before(end); {
		switch m := next[*p2p.Fault](s).(type) {
		case *p2p.Fault:
			return m
		case *p2p.Heartbeat:
			for _, pid := range a.Status().Runner.Processes {
				if beats[pid]++; beats[pid] <= killed {
					continue
				}
				if p, err := os.FindProcess(pid); err == nil && p.Kill() == nil {
					killed++
					beats[pid] = -1 << 30 // it may be listed for a while yet
				}
			}
		}
	}
	s.c.t.Fatal("the unit is never given up")
	return nil
}

func TestRunDeadlineHoldsInAWorker(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	cfg.Isolation, cfg.MaxRun, cfg.Priority = IsolationProcess, 20*time.Millisecond, PriorityNormal
	start(t, cfg)
	s := c.wait()
	s.assign(1, c.invocation(sandboxtest.Loop()))
	s.wantFault(1, contracts.CodeTimeout, "")
}
