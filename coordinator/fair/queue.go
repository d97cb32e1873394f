package fair

import (
	"container/heap"

	"github.com/krako-labs/krako/contracts"
)

// Levels is the number of levels.
const Levels = 4

// belowEvery is how often the turn goes to a level behind the first while one waits.
const belowEvery = 16

// Key says in which lane an item waits.
type Key struct {
	// Level is 0 for what is most urgent, up to Levels-1.
	Level  uint8
	Tenant contracts.TenantID
	// Class is whatever decides where items can go.
	Class string
}

// Queue holds waiting items. The zero value is empty and ready for use.
type Queue[T any] struct {
	lanes  map[Key]*Lane[T]
	levels [Levels]level[T]
	len    int
	turn   int // since something waits behind the first level, or had a turn
	below  int // the level that had the last turn of those behind the first
	round  uint64
}

// level is the tenants with something to do now, the one that goes next first,
// and those for which there is no place in this round.
type level[T any] struct {
	active tenants[T]
	aside  []*tenant[T]
	byID   map[contracts.TenantID]*tenant[T]
	// floor is the pass of the tenant that went last.
	floor float64
}

// tenant is one tenant's lanes of one level.
type tenant[T any] struct {
	id    contracts.TenantID
	pass  float64
	lanes []*Lane[T]
	next  int
}

// Lane is what waits in one order.
type Lane[T any] struct {
	Key     Key
	items   []T
	head    int
	blocked uint64 // the round in which it is
}

// Len returns how many items wait.
func (q *Queue[T]) Len() int { return q.len }

// Push adds an item at the end of its lane.
func (q *Queue[T]) Push(k Key, item T) {
	l := q.lanes[k]
	if l == nil {
		l = &Lane[T]{Key: k}
		if q.lanes == nil {
			q.lanes = map[Key]*Lane[T]{}
		}
		q.lanes[k] = l
		q.levels[k.Level].open(l)
	}
	l.items = append(l.items, item)
	q.len++
}

// open adds a lane to its tenant.
func (v *level[T]) open(l *Lane[T]) {
	t := v.byID[l.Key.Tenant]
	if t == nil {
		t = &tenant[T]{id: l.Key.Tenant, pass: v.floor}
		if v.byID == nil {
			v.byID = map[contracts.TenantID]*tenant[T]{}
		}
		v.byID[t.id] = t
		heap.Push(&v.active, t)
	}
	t.lanes = append(t.lanes, l)
}

// Begin starts a round: no lane is blocked any more.
func (q *Queue[T]) Begin() {
	q.round++
	for i := range q.levels {
		v := &q.levels[i]
		for _, t := range v.aside {
			heap.Push(&v.active, t)
		}
		v.aside = v.aside[:0]
	}
}

// Next returns the lane whose first item is to go next, nil when every lane is
// empty or blocked in this round.
func (q *Queue[T]) Next() *Lane[T] {
	first := -1
	for i := range q.levels {
		if q.levels[i].ready(q.round) {
			first = i
			break
		}
	}
	if first < 0 {
		return nil
	}
	if !q.waits(first + 1) {
		q.turn = 0
	} else if q.turn++; q.turn == belowEvery {
		q.turn = 0
		for k := range Levels {
			i := (q.below + 1 + k) % Levels
			if i > first && q.levels[i].ready(q.round) {
				q.below, first = i, i
				break
			}
		}
	}
	return q.levels[first].active[0].lane(q.round)
}

// waits reports whether something could go next of the levels from one on.
func (q *Queue[T]) waits(from int) bool {
	for i := from; i < Levels; i++ {
		if q.levels[i].ready(q.round) {
			return true
		}
	}
	return false
}

// ready reports whether a tenant of the level has a lane that is not blocked; that
// tenant is then the first. Tenants without one are put aside.
func (v *level[T]) ready(round uint64) bool {
	for len(v.active) > 0 {
		if v.active[0].lane(round) != nil {
			return true
		}
		v.aside = append(v.aside, heap.Pop(&v.active).(*tenant[T]))
	}
	return false
}

// lane returns the tenant's next lane that is not blocked.
func (t *tenant[T]) lane(round uint64) *Lane[T] {
	for k := range t.lanes {
		l := t.lanes[(t.next+k)%len(t.lanes)]
		if l.blocked != round {
			t.next = (t.next + k) % len(t.lanes)
			return l
		}
	}
	return nil
}

// Peek returns the lane's first item.
func (l *Lane[T]) Peek() *T { return &l.items[l.head] }

// Len returns how many items wait in the lane.
func (l *Lane[T]) Len() int { return len(l.items) - l.head }

// Find returns how many items wait before the first that match accepts; ok is false
// if none is accepted.
func (l *Lane[T]) Find(match func(*T) bool) (before int, ok bool) {
	for i := l.head; i < len(l.items); i++ {
		if match(&l.items[i]) {
			return i - l.head, true
		}
	}
	return 0, false
}

// Block passes the lane over for the rest of the round.
func (q *Queue[T]) Block(l *Lane[T]) { l.blocked = q.round }

// Pop takes the first item out of the lane that Next returned and charges its
// tenant with cost, which is at least a small positive number. A lane that is
// empty then is gone.
func (q *Queue[T]) Pop(l *Lane[T], cost float64) T {
	var zero T
	item := l.items[l.head]
	l.items[l.head] = zero
	q.len--
	if l.head++; l.head > 1024 && l.head > len(l.items)/2 {
		l.items = append(l.items[:0], l.items[l.head:]...)
		l.head = 0
	}
	q.charge(l.Key, cost)
	if l.Len() == 0 {
		q.shut(l)
	}
	return item
}

// Charge counts more, or less, against a tenant that was charged an estimate.
func (q *Queue[T]) Charge(k Key, cost float64) { q.charge(k, cost) }

func (q *Queue[T]) charge(k Key, cost float64) {
	v := &q.levels[k.Level]
	t := v.byID[k.Tenant]
	if t == nil {
		return // it has nothing that waits
	}
	v.floor = max(v.floor, t.pass)
	t.pass += cost
	if len(t.lanes) > 0 {
		t.next = (t.next + 1) % len(t.lanes)
	}
	for i, a := range v.active {
		if a == t {
			heap.Fix(&v.active, i)
			break
		}
	}
}

// shut removes an empty lane, and with its last lane the tenant.
func (q *Queue[T]) shut(l *Lane[T]) {
	delete(q.lanes, l.Key)
	v := &q.levels[l.Key.Level]
	t := v.byID[l.Key.Tenant]
	for i, o := range t.lanes {
		if o == l {
			t.lanes = append(t.lanes[:i], t.lanes[i+1:]...)
			break
		}
	}
	if len(t.lanes) > 0 {
		t.next %= len(t.lanes)
		return
	}
	delete(v.byID, t.id)
	for i, a := range v.active {
		if a == t {
			heap.Remove(&v.active, i)
			return
		}
	}
	for i, a := range v.aside {
		if a == t {
			v.aside = append(v.aside[:i], v.aside[i+1:]...)
			return
		}
	}
}

// Lanes calls fn with every lane, in no order, until fn returns false. fn may pop
// from the lane it is called with.
func (q *Queue[T]) Lanes(fn func(*Lane[T]) bool) {
	for _, l := range q.lanes {
		if !fn(l) {
			return
		}
	}
}

// tenants is a heap: who has had least goes first, then the smaller id.
type tenants[T any] []*tenant[T]

func (h tenants[T]) Len() int { return len(h) }
func (h tenants[T]) Less(i, k int) bool {
	if h[i].pass != h[k].pass {
		return h[i].pass < h[k].pass
	}
	return h[i].id < h[k].id
}
func (h tenants[T]) Swap(i, k int) { h[i], h[k] = h[k], h[i] }
func (h *tenants[T]) Push(x any)   { *h = append(*h, x.(*tenant[T])) }
func (h *tenants[T]) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return t
}
