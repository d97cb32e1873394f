//go:build unix

package e2e

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/jetstream/natstest"
)

// TestFaultFrozenCoordinatorIsFenced freezes the coordinator that leads until the
// other one has taken over and the graph has ended. When it goes on it must end by
// itself: the log has another writer, and what it would say is out of date.
func TestFaultFrozenCoordinatorIsFenced(t *testing.T) {
	frozen := takeOver(t, func(leader *child, _ *natstest.Cluster) error { return leader.Process.Signal(syscall.SIGSTOP) })
	if err := frozen.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-frozen.ended:
		if frozen.err == nil {
			t.Error("it ended as if nothing had happened")
		}
		t.Log("the woken coordinator:", frozen.err)
	case <-time.After(idleFor):
		t.Error("the woken coordinator goes on")
	}
}

// A node that is frozen with units in hand loses them to the other one after a
// lease's time. When it goes on, what it still reports is refused: no unit ends
// twice, and every one of them ends.
func TestFrozenNodeCostsALease(t *testing.T) {
	f := start(t, 2)
	const units = 400
	g := chain(units)
	for i := range g.WorkUnits {
		g.WorkUnits[i].Dependencies = nil
		g.WorkUnits[i].Input = contracts.JSON(fmt.Sprintf(`{"frozen":%d}`, i))
	}
	frozen := f.local.Nodes[1].PID()
	signal := func(s syscall.Signal) {
		if err := syscall.Kill(frozen, s); err != nil {
			t.Error(err)
		}
	}
	stopped, thawed := false, false
	id := f.submit(g)
	h := f.watch(id, func(h history) {
		switch last := h[len(h)-1]; {
		case !stopped && last.Type == contracts.EventUnitScheduled:
			stopped = true
			signal(syscall.SIGSTOP)
		case stopped && !thawed && last.Type == contracts.EventUnitLeaseLost:
			thawed = true
			signal(syscall.SIGCONT)
		}
	})
	signal(syscall.SIGCONT) // if it lost nothing
	r := f.result(id)
	if r.Metadata.State != contracts.SessionCompleted || h.count(contracts.EventUnitCompleted) != units {
		t.Errorf("session is %s, %d of %d units completed", r.Metadata.State, h.count(contracts.EventUnitCompleted), units)
	}
	ended := map[string]bool{}
	for _, e := range h {
		if e.Type == contracts.EventUnitCompleted {
			if ended[e.Subject] {
				t.Errorf("unit %s ended twice", e.Subject)
			}
			ended[e.Subject] = true
		}
	}
	t.Logf("%d leases were lost", h.count(contracts.EventUnitLeaseLost))
}
