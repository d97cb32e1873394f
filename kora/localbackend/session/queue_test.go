package session_test

import (
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/kora/localbackend/session"
)

// newQueue makes a queue for units with these priorities; the last may wait for
// a place no longer than a second.
func newQueue(t *testing.T, priorities ...contracts.Priority) *session.Queue {
	t.Helper()
	g := &contracts.TaskGraph{WorkUnits: make([]contracts.WorkUnit, len(priorities))}
	for i, p := range priorities {
		g.WorkUnits[i] = contracts.WorkUnit{ID: contracts.UnitID(rune('a' + i)), Priority: p}
	}
	g.WorkUnits[len(priorities)-1].Timeouts = &contracts.Timeouts{DispatchMS: new(int64(1000))}
	plan, err := dag.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	return session.NewQueue(plan)
}

// drain takes everything out that waits for a place.
func drain(q *session.Queue) (order []int) {
	for {
		unit, ok := q.Next()
		if !ok {
			return order
		}
		q.Drop(unit)
		order = append(order, unit)
	}
}

func wantUnits(t *testing.T, got []int, want ...int) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("units %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("units %v, want %v", got, want)
		}
	}
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestMostUrgentFirst(t *testing.T) {
	q := newQueue(t, contracts.P3, "", contracts.P0, contracts.P1, contracts.P2, contracts.P0)
	for unit := range 6 {
		q.Push(noon, session.Ready{Unit: unit})
	}
	if n := q.Len(); n != 6 || !q.Waiting() {
		t.Errorf("%d units wait", n)
	}
	wantUnits(t, drain(q), 2, 5, 3, 1, 4, 0)
	if q.Len() != 0 || q.Waiting() {
		t.Error("the queue is not empty")
	}
}

func TestBackOffIsAside(t *testing.T) {
	q := newQueue(t, "", "", "")
	q.Push(noon, session.Ready{Unit: 0, NotBefore: noon.Add(2 * time.Second)})
	q.Push(noon, session.Ready{Unit: 1, NotBefore: noon.Add(time.Second)})
	if _, ok := q.Next(); ok || q.Waiting() || q.Len() != 2 {
		t.Fatal("a unit that backs off is next")
	}
	if at := q.Wake(); !at.Equal(noon.Add(time.Second)) {
		t.Fatalf("wake at %s", at)
	}
	if _, ok := q.Expired(noon.Add(time.Second)); ok {
		t.Error("a unit that backed off has expired")
	}
	wantUnits(t, drain(q), 1)
	q.Expired(noon.Add(time.Hour))
	wantUnits(t, drain(q), 0)
	if !q.Wake().IsZero() {
		t.Errorf("wake at %s for nothing", q.Wake())
	}
}

func TestWaitForAPlaceIsBounded(t *testing.T) {
	q := newQueue(t, "", "")
	q.Push(noon, session.Ready{Unit: 0})
	q.Push(noon, session.Ready{Unit: 1})
	if _, ok := q.Expired(noon.Add(999 * time.Millisecond)); ok {
		t.Fatal("a unit expired early")
	}
	if unit, ok := q.Expired(noon.Add(time.Second)); !ok || unit != 1 {
		t.Fatalf("expired is %d, %t, want 1", unit, ok)
	}
	wantUnits(t, drain(q), 0)

	// The wait begins when the back-off is over, and ends with being taken.
	q.Push(noon, session.Ready{Unit: 1, NotBefore: noon.Add(time.Minute)})
	if _, ok := q.Expired(noon.Add(time.Minute)); ok {
		t.Fatal("back-off counted as a wait")
	}
	wantUnits(t, drain(q), 1)
	if unit, ok := q.Expired(noon.Add(time.Hour)); ok {
		t.Errorf("unit %d expired after it was taken", unit)
	}
}

func TestUnitComesBack(t *testing.T) {
	q := newQueue(t, "", "")
	for range 3 {
		q.Push(noon, session.Ready{Unit: 1})
		wantUnits(t, drain(q), 1)
	}
	q.Push(noon, session.Ready{Unit: 1})
	q.Drop(1)
	q.Push(noon.Add(500*time.Millisecond), session.Ready{Unit: 1})
	if _, ok := q.Expired(noon.Add(1400 * time.Millisecond)); ok {
		t.Error("an earlier wait counted")
	}
	wantUnits(t, drain(q), 1)
}
