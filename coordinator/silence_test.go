package coordinator_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
)

// silence has the only node of a world take a unit and fall silent, for good and
// without its stream ending, and then another node come. It returns how long after the
// silence began the session ended, 0 if it had not within five minutes, and its events.
func silence(t *testing.T, lease time.Duration) (took time.Duration, events []contracts.Event) {
	const misses = 1 << 20 // a stream is patient for twelve days
	w := newWorldOf(t, misses, func(c *coordinator.Config) {
		c.Lease = lease
		c.DispatchTimeout, c.RunTimeout = 24*time.Hour, 24*time.Hour
		c.Stragglers.Share = 0 // nobody else comes to the unit's help
	})
	ctx, cancel := context.WithCancel(context.Background())
	mute := w.addNode(ctx, 3600) // its units take half an hour at least
	id := w.insist(graph(unit("a", `{"n":1}`)))
	c, network := w.now()
	for len(mute.leases()) == 0 {
		time.Sleep(time.Second)
	}
	time.Sleep(5 * time.Second) // a heartbeat says that it holds the unit
	network.Cut(mute.id.ID())
	began := time.Now()
	w.addNode(ctx, 1)
	for took == 0 && time.Since(began) < 5*time.Minute {
		if _, ok, err := ended(t, c, id); err != nil {
			t.Fatal(err)
		} else if ok {
			took = time.Since(began)
		}
	}
	if !connected(t, c, mute) {
		t.Error("the stream of the silent node has ended, which is not what is looked at here")
	}
	if took > 0 {
		if err := c.Events(t.Context(), id, "", func(e contracts.Event) error { events = append(events, e); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	w.end()
	w.clock.Wait()
	return took, events
}

// leases are what the node holds.
func (n *simNode) leases() []uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.held)
}

func connected(t *testing.T, c *coordinator.Coordinator, n *simNode) bool {
	list, err := c.Nodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(list.Nodes, func(v contracts.NodeView) bool {
		return v.NodeID == contracts.NodeID(n.id.ID()) && v.Connected
	})
}

// ended waits a second for a session.
func ended(t *testing.T, c *coordinator.Coordinator, id contracts.SessionID) (contracts.Document, bool, error) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	doc, ok, err := c.Result(ctx, id)
	if err != nil && ctx.Err() != nil {
		err = nil
	}
	return doc, ok, err
}

// TestLeasesExpireBySilence shows that the clock alone takes a unit back from a node
// that says nothing any more: no stream ends, no copy is made, no node comes back.
// Where leases do not expire within the time that is looked at, nothing does.
func TestLeasesExpireBySilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, events := silence(t, 10*time.Second)
		if took < 5*time.Second || took > 20*time.Second {
			t.Errorf("the session ended %s after its node fell silent, a lease is 10s", took)
		}
		lost := 0
		for _, e := range events {
			if e.Type == contracts.EventUnitLeaseLost && strings.Contains(string(e.Data), "silent for 10s") {
				lost++
			}
		}
		if lost != 1 {
			t.Errorf("%d leases were lost by silence: %v", lost, events)
		}
	})
}

func TestWithoutExpirySilenceLastsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if took, _ := silence(t, time.Hour); took != 0 {
			t.Errorf("the session ended %s after its node fell silent, though leases do not expire: something else took the unit back", took)
		}
	})
}
