package pebblelog

import (
	"cmp"
	"slices"
	"sync"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// tail is where the durable log ends, and those who wait for it to grow. The
// database itself shows records a moment before they are durable, so nothing
// behind the tail is read.
type tail struct {
	mu    sync.Mutex
	head  eventlog.Head
	grown chan struct{} // closed and replaced when head moves
	// recent are the last segments, up to recentBytes of them: who follows the log
	// would else read them back, and prove them, a moment after they were written.
	recent []eventlog.Sealed
	size   int
}

const (
	recentBytes    = 4 << 20
	recentSegments = 256
)

func newTail(head eventlog.Head) *tail {
	return &tail{head: head, grown: make(chan struct{})}
}

func (t *tail) get() eventlog.Head {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head
}

// since returns the segments from the one that holds from to the end, none if from
// is behind that; ok is false if they are no longer at hand.
func (t *tail) since(from eventlog.Offset) (list []eventlog.Sealed, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if from >= t.head.Next {
		return nil, true
	}
	if len(t.recent) == 0 || t.recent[0].First > from {
		return nil, false
	}
	after, _ := slices.BinarySearchFunc(t.recent, from+1, func(s eventlog.Sealed, o eventlog.Offset) int { return cmp.Compare(s.First, o) })
	return slices.Clone(t.recent[after-1:]), true
}

// keep remembers segments that are durable.
func (t *tail) keep(sealed []eventlog.Sealed) {
	t.recent = append(t.recent, sealed...)
	for _, s := range sealed {
		t.size += len(s.Encoded)
	}
	gone := 0
	for len(t.recent)-gone > 1 && (t.size > recentBytes || len(t.recent)-gone > recentSegments) {
		t.size -= len(t.recent[gone].Encoded)
		gone++
	}
	if gone > 0 {
		t.recent = slices.Delete(t.recent, 0, gone)
	}
}

// set moves the end, behind segments that have become durable, and wakes whoever
// waits.
func (t *tail) set(head eventlog.Head, sealed []eventlog.Sealed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if head == t.head {
		return
	}
	t.head = head
	t.keep(sealed)
	close(t.grown)
	t.grown = make(chan struct{})
}

// look returns the last record and what closes when it is no longer that.
func (t *tail) look() (last eventlog.Offset, grown <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head.Last(), t.grown
}

// gate counts calls under way, so that the database is not closed under them.
type gate struct {
	mu     sync.Mutex
	inside int
	shut   chan struct{} // closed when nobody may enter any more
	empty  chan struct{} // closed when, after that, nobody is inside
}

func newGate() *gate { return &gate{shut: make(chan struct{}), empty: make(chan struct{})} }

// enter admits a call unless the gate is shut.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isShut() {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.isShut() {
		close(g.empty)
	}
}

// close shuts the gate; it is called once.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.shut)
	if g.inside == 0 {
		close(g.empty)
	}
}

func (g *gate) isShut() bool {
	select {
	case <-g.shut:
		return true
	default:
		return false
	}
}
