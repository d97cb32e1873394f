package jetstream

import (
	"sync"

	"github.com/krako-labs/krako/coordinator/eventlog"
)

// tailBytes bounds the newest segments that are kept in memory for those who
// follow the log.
const tailBytes = 8 << 20

// tail is where the durable log ends, and its newest segments.
type tail struct {
	mu    sync.Mutex
	head  eventlog.Head
	grown chan struct{} // closed and replaced when head moves
	kept  []keptSegment
	size  int
}

// keptSegment is an encoded segment and the head it follows.
type keptSegment struct {
	before  eventlog.Head
	encoded []byte
}

func newTail(head eventlog.Head) *tail { return &tail{head: head, grown: make(chan struct{})} }

func (t *tail) get() eventlog.Head {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head
}

// set moves the end behind a segment, nil for none, and wakes whoever waits.
func (t *tail) set(head eventlog.Head, segment []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(segment) == 0 {
		return
	}
	t.kept = append(t.kept, keptSegment{t.head, segment})
	for t.size += len(segment); t.size > tailBytes; t.kept = t.kept[1:] {
		t.size -= len(t.kept[0].encoded)
	}
	t.head = head
	close(t.grown)
	t.grown = make(chan struct{})
}

// look returns the last record and what closes when it is no longer that.
func (t *tail) look() (last eventlog.Offset, grown <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head.Last(), t.grown
}

// since returns the segments from the one that holds from on; ok is false when
// that is not in memory any more.
func (t *tail) since(from eventlog.Offset) (kept []keptSegment, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.kept) == 0 || from < t.kept[0].before.Next {
		return nil, false
	}
	i := len(t.kept) - 1
	for t.kept[i].before.Next > from {
		i--
	}
	return append([]keptSegment(nil), t.kept[i:]...), true
}
