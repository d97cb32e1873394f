package session

import (
	"container/heap"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
)

// Queue holds ready units until they are dispatched: the most urgent first, of
// equal urgency the first that came, and those that back off aside.
type Queue struct {
	plan  *dag.Plan
	lanes [priorities]lane
	clock alarms
	// tickets tell, by unit, an entry that counts from one that was taken out.
	tickets map[int]uint64
	issued  uint64
}

const priorities = 4

// NewQueue returns an empty queue for units of p.
func NewQueue(p *dag.Plan) *Queue { return &Queue{plan: p, tickets: map[int]uint64{}} }

// Push puts a unit in its place.
func (q *Queue) Push(now time.Time, r Ready) {
	q.issued++
	q.tickets[r.Unit] = q.issued
	if r.NotBefore.After(now) {
		heap.Push(&q.clock, alarm{r.NotBefore, entry{r.Unit, q.issued}, true})
		return
	}
	q.line(now, entry{r.Unit, q.issued})
}

// line makes a unit wait for a place, as long as it may.
func (q *Queue) line(now time.Time, e entry) {
	u := q.plan.Unit(e.unit)
	q.lanes[priorityOf(u.Priority)].push(e)
	if t := u.Timeouts; t != nil && t.DispatchMS != nil {
		heap.Push(&q.clock, alarm{now.Add(milliseconds(*t.DispatchMS)), e, false})
	}
}

// Next returns the unit that is next, false if none waits for a place. It stays
// next until it is dropped.
func (q *Queue) Next() (unit int, ok bool) {
	for i := range q.lanes {
		for q.lanes[i].len() > 0 {
			if e := q.lanes[i].first(); q.valid(e) {
				return e.unit, true
			}
			q.lanes[i].pop()
		}
	}
	return 0, false
}

// Drop takes a unit out.
func (q *Queue) Drop(unit int) { delete(q.tickets, unit) }

// Waiting reports whether Next may have a unit.
func (q *Queue) Waiting() bool {
	for i := range q.lanes {
		if q.lanes[i].len() > 0 {
			return true
		}
	}
	return false
}

// Len returns how many units are in the queue, those that back off included.
func (q *Queue) Len() int { return len(q.tickets) }

// Expired lets those whose back-off is over wait for a place, and takes out one
// unit that has waited as long as it may; false if there is none.
func (q *Queue) Expired(now time.Time) (unit int, ok bool) {
	for len(q.clock) > 0 && !q.clock[0].at.After(now) {
		a := heap.Pop(&q.clock).(alarm)
		if !q.valid(a.entry) {
			continue
		}
		if !a.begins {
			q.Drop(a.unit)
			return a.unit, true
		}
		q.line(now, a.entry)
	}
	return 0, false
}

// Wake returns when Expired has something to do next, zero if never.
func (q *Queue) Wake() time.Time {
	if len(q.clock) == 0 {
		return time.Time{}
	}
	return q.clock[0].at
}

func (q *Queue) valid(e entry) bool { return q.tickets[e.unit] == e.ticket }

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

type entry struct {
	unit   int
	ticket uint64
}

// lane is first in, first out.
type lane struct {
	items []entry
	head  int
}

func (l *lane) len() int { return len(l.items) - l.head }

func (l *lane) push(e entry) { l.items = append(l.items, e) }

func (l *lane) first() entry { return l.items[l.head] }

func (l *lane) pop() {
	if l.head++; l.head == len(l.items) {
		l.items, l.head = l.items[:0], 0
	}
}

// alarm is when a unit's wait for a place begins or ends.
type alarm struct {
	at time.Time
	entry
	begins bool
}

// alarms is a heap, soonest first and of equals the one that came first.
type alarms []alarm

func (a alarms) Len() int { return len(a) }
func (a alarms) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].ticket < a[j].ticket
}
func (a alarms) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)   { *a = append(*a, x.(alarm)) }
func (a *alarms) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}
