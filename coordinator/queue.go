package coordinator

import (
	"container/heap"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// waiting is a ready unit that waits for a place.
type waiting struct {
	live *live
	unit int
	// at is when it may go, since when it began to wait.
	at, since time.Time
}

// lanes of the queue: priority by whether a trusted node is needed, so that
// units that only few nodes can take never hold up the others.
const (
	priorities = 4
	lanes      = 2 * priorities
)

// queue holds ready units in lanes, first in first out.
type queue struct{ lane [lanes]fifo }

type fifo struct {
	items []waiting
	head  int
}

func (q *queue) push(w waiting) {
	i := priorityOf(w.live.Plan().Unit(w.unit).Priority)
	if w.live.needsTrust(w.unit) {
		i += priorities
	}
	q.lane[i].push(w)
}

func priorityOf(p contracts.Priority) int {
	switch p {
	case contracts.P0:
		return 0
	case contracts.P1:
		return 1
	case contracts.P3:
		return 3
	}
	return 2
}

// len returns how many units wait, including those of ended sessions that have
// not been passed over yet.
func (q *queue) len() int {
	n := 0
	for i := range q.lane {
		n += q.lane[i].len()
	}
	return n
}

func (f *fifo) len() int { return len(f.items) - f.head }

func (f *fifo) push(w waiting) { f.items = append(f.items, w) }

func (f *fifo) peek() *waiting { return &f.items[f.head] }

func (f *fifo) pop() waiting {
	w := f.items[f.head]
	f.items[f.head] = waiting{}
	if f.head++; f.head > 1024 && f.head > len(f.items)/2 {
		f.items = append(f.items[:0], f.items[f.head:]...)
		f.head = 0
	}
	return w
}

// needsTrust reports whether a unit may only run in the trusted zone.
func (l *live) needsTrust(unit int) bool {
	k := l.Plan().Unit(unit).Constraints
	return l.Plan().Privacy(unit) == contracts.LocalOnly || k != nil && k.TrustedNodeRequired
}

// delayed is a heap of units that back off, soonest first.
type delayed []waiting

func (d delayed) Len() int           { return len(d) }
func (d delayed) Less(i, j int) bool { return d[i].at.Before(d[j].at) }
func (d delayed) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *delayed) Push(x any)        { *d = append(*d, x.(waiting)) }
func (d *delayed) Pop() any {
	old := *d
	w := old[len(old)-1]
	old[len(old)-1] = waiting{}
	*d = old[:len(old)-1]
	return w
}

// release hands out every unit whose time has come.
func (d *delayed) release(now time.Time, to func(waiting)) {
	for len(*d) > 0 && !(*d)[0].at.After(now) {
		to(heap.Pop(d).(waiting))
	}
}
