package slots

// Owner is whose tokens a slot may hold.
type Owner struct{ Tenant, Session string }

// Ticket names one request that waits or is served.
type Ticket uint64

// Step is something to be done to a slot before its request runs, in order.
type Step struct {
	Do    Action
	Owner Owner // of what is parked or restored
}

// Action is what a Step does.
type Action uint8

// The actions on a slot.
const (
	Park    Action = iota + 1 // save what the slot holds, for its owner
	Erase                     // empty it
	Restore                   // put back what was parked
	Afresh                    // have the server drop what it holds when the request begins
)

func (a Action) String() string {
	return [...]string{"?", "park", "erase", "restore", "afresh"}[min(int(a), 4)]
}

// Grant is one request's turn.
type Grant struct {
	Ticket Ticket
	Slot   int
	Owner  Owner
	Steps  []Step

	turn uint64
}

// slot is what one slot holds.
type slot struct {
	busy   bool
	tidied bool // busy, but with no request
	dirty  bool // must be erased before anybody gets it, and is worth nothing
	spent  bool // what it holds is of a session that is over, and is worth nothing
	holder Owner
	used   uint64 // turn of its last use
}

// Table is the state of a server's slots. It is not safe for concurrent use.
type Table struct {
	slots  []slot
	queue  queue
	turn   uint64
	parked *parked
}

// New makes a table of n empty slots in which up to waiting requests may wait and
// up to sessions of them may be parked.
func New(n, waiting, sessions int) *Table {
	return &Table{slots: make([]slot, n), queue: newQueue(waiting), parked: newParked(sessions)}
}

// Reset makes the table that of a server that was started again: n empty slots.
// Who waits goes on waiting, what is parked stays. Grants of before are void.
func (t *Table) Reset(n int) { t.slots = make([]slot, n) }

// Ask makes a request wait for its turn; cost is how many tokens it may take. It
// reports false when too many wait.
func (t *Table) Ask(id Ticket, o Owner, cost int) bool { return t.queue.push(id, o, cost) }

// Drop forgets a request that waits. It reports false if none did.
func (t *Table) Drop(id Ticket) bool { return t.queue.drop(id) }

// Slots returns how many slots there are.
func (t *Table) Slots() int { return len(t.slots) }

// Waiting returns how many requests wait.
func (t *Table) Waiting() int { return t.queue.len() }

// Free returns how many slots serve no request.
func (t *Table) Free() int {
	n := 0
	for i := range t.slots {
		if !t.slots[i].busy || t.slots[i].tidied {
			n++
		}
	}
	return n
}

// Next gives the next request its slot; ok is false while none is idle or nobody
// waits, and while the one that suits best is being emptied.
func (t *Table) Next() (g Grant, ok bool) {
	if t.queue.len() == 0 {
		return Grant{}, false
	}
	i := t.choose(t.queue.first())
	if i < 0 || t.slots[i].busy {
		return Grant{}, false
	}
	w := t.queue.pop()
	s := &t.slots[i]
	t.turn++
	g = Grant{Ticket: w.id, Slot: i, Owner: w.owner, Steps: t.prepare(s, w.owner), turn: t.turn}
	s.busy, s.dirty, s.spent, s.holder, s.used = true, false, false, w.owner, t.turn
	return g, true
}

// merit is how well a slot suits: greater is better, the first difference decides.
type merit struct {
	rank int    // what is gained or lost
	runs int    // of slots that serve requests, with this one
	idle bool   // it need not be waited for
	used uint64 // the turn of its last use
}

func (m merit) beats(o merit) bool {
	switch {
	case m.rank != o.rank:
		return m.rank > o.rank
	case m.runs != o.runs:
		return m.runs < o.runs
	case m.idle != o.idle:
		return m.idle
	}
	return m.used < o.used
}

// choose prefers the slot that the owner left, then an empty one, then one that
// somebody else left; among those one beside slots that serve requests, and then the
// one that was not used for longest. A server with a cache for each slot computes a
// run of slots, whose numbers follow one another, in one step, and one run after the
// other. It is -1 if all serve requests, and may be one that is being emptied.
func (t *Table) choose(o Owner) int {
	best, most := -1, merit{}
	for i := range t.slots {
		s := &t.slots[i]
		if s.busy && !s.tidied {
			continue
		}
		m := merit{rank: 1, idle: !s.busy, used: s.used}
		switch {
		case s.holder == o && !s.dirty && !s.spent && !s.busy:
			m.rank = 3
		case s.holder == (Owner{}) || s.dirty || s.spent:
			m.rank = 2
		}
		// Where nothing is parked, what was used lately is not thrown away for speed.
		if m.rank > 1 || t.parked.room() {
			m.runs = t.runs(i)
		}
		if best < 0 || m.beats(most) {
			best, most = i, m
		}
	}
	return best
}

// runs counts runs of slots that serve requests as if slot i did.
func (t *Table) runs(i int) (n int) {
	before := false
	for j := range t.slots {
		serves := j == i || t.slots[j].busy && !t.slots[j].tidied
		if serves && !before {
			n++
		}
		before = serves
	}
	return n
}

// prepare says what makes the slot the owner's. What a healthy slot holds need not be
// erased first: a request that starts afresh makes the server drop it, and saves a
// wait for the step that the server is in.
func (t *Table) prepare(s *slot, o Owner) []Step {
	if s.holder == o && !s.dirty && !s.spent || s.holder == (Owner{}) && !s.dirty && !t.parked.has(o) {
		return nil
	}
	var steps []Step
	if s.holder != (Owner{}) && !s.dirty && !s.spent && t.parked.room() {
		t.parked.add(s.holder)
		steps = append(steps, Step{Park, s.holder})
	}
	restores := t.parked.has(o)
	switch {
	case s.dirty, s.holder != (Owner{}) && restores:
		steps = append(steps, Step{Do: Erase})
	case s.holder != (Owner{}):
		steps = append(steps, Step{Do: Afresh})
	}
	if restores {
		steps = append(steps, Step{Restore, o})
	}
	return steps
}

// Done gives a slot back. healthy says that all that was done to it and in it
// went as it should; a slot that is not is erased before its next use. A grant
// of before a Reset gives nothing back.
func (t *Table) Done(g Grant, healthy bool) {
	if g.Slot >= len(t.slots) {
		return
	}
	s := &t.slots[g.Slot]
	if !s.busy || s.used != g.turn {
		return
	}
	s.busy, s.tidied, s.dirty = false, false, !healthy
}

// Forget drops what is kept of an owner and returns whether something is parked
// for it, which the caller then removes. Nobody goes on from what slots hold of it.
func (t *Table) Forget(o Owner) bool {
	for i := range t.slots {
		if s := &t.slots[i]; s.holder == o && !s.busy {
			s.spent = true
		}
	}
	return t.parked.remove(o)
}

// Tidy gives a slot that has to be erased before its next use, or if spent also one
// that holds what nobody needs, while nobody waits for one: erased now, it is ready
// for whoever comes. It is given back by Done.
func (t *Table) Tidy(spent bool) (g Grant, ok bool) {
	if t.queue.len() > 0 {
		return Grant{}, false
	}
	for i := range t.slots {
		s := &t.slots[i]
		if s.busy || !s.dirty && !(spent && s.spent) {
			continue
		}
		t.turn++
		s.busy, s.tidied, s.dirty, s.spent, s.holder, s.used = true, true, false, false, Owner{}, t.turn
		return Grant{Slot: i, Steps: []Step{{Do: Erase}}, turn: t.turn}, true
	}
	return Grant{}, false
}

// Unpark notes that nothing is parked for an owner.
func (t *Table) Unpark(o Owner) { t.parked.remove(o) }

// Shed returns the owner whose parked cache was not used for longest, which the
// caller then removes; ok is false when nothing is parked.
func (t *Table) Shed() (o Owner, ok bool) { return t.parked.oldest() }

// Evict returns the owner whose parked cache is to be removed to make room for
// others, the one that was not used for longest; ok is false when there is room.
func (t *Table) Evict() (o Owner, ok bool) { return t.parked.evict() }
