package residence

import (
	"slices"
	"time"
)

// Model is one of a pod's models, by its index.
type Model int

// Ticket names one request that waits to be let in.
type Ticket uint64

// Action is what is to be done: exactly one field counts, as Do says.
type Action struct {
	Do     Do
	Model  Model
	Ticket Ticket // of Admit
}

// Do is what an Action does.
type Do uint8

// The actions.
const (
	Admit  Do = iota + 1 // let a request in: its model is loaded, or is being loaded
	Load                 // begin to load a model
	Unload               // end it; Gone says when it has
)

func (d Do) String() string { return [...]string{"?", "admit", "load", "unload"}[min(int(d), 3)] }

// state of a model.
type state uint8

const (
	absent   state = iota
	resident       // loaded, or being loaded
	closing        // resident, and takes no more
	leaving        // told to go, and not gone
)

type model struct {
	state  state
	active int       // requests that are in
	since  time.Time // resident since
	used   time.Time // last left by a request
}

type waiter struct {
	ticket Ticket
	model  Model
	since  time.Time
}

// Table is the state of one pod's device. It is not safe for concurrent use.
type Table struct {
	most  int
	turn  time.Duration
	idle  time.Duration
	all   []model
	queue []waiter // in order of arrival
}

// New makes a table of n models, none loaded, of which most fit together. turn is
// how long a request for what is not loaded lets others go before it; idle is how
// long a model stays that nobody asks for, 0 for ever.
func New(n, most int, turn, idle time.Duration) *Table {
	return &Table{most: max(most, 1), turn: turn, idle: idle, all: make([]model, n)}
}

// Ask makes a request wait for its model.
func (t *Table) Ask(id Ticket, m Model, now time.Time) { t.queue = append(t.queue, waiter{id, m, now}) }

// Drop forgets a request that waits. It reports false if none did.
func (t *Table) Drop(id Ticket) bool {
	n := len(t.queue)
	t.queue = slices.DeleteFunc(t.queue, func(w waiter) bool { return w.ticket == id })
	return len(t.queue) < n
}

// Done notes that a request that was let in has ended.
func (t *Table) Done(m Model, now time.Time) {
	t.all[m].active--
	t.all[m].used = now
}

// Gone notes that a model that was told to go is gone.
func (t *Table) Gone(m Model) { t.all[m] = model{} }

// Resident reports whether a model is loaded or being loaded.
func (t *Table) Resident(m Model) bool {
	s := t.all[m].state
	return s == resident || s == closing
}

// Step returns what is to be done now, in order, and when to look again: the zero
// time if nothing will change by time alone.
func (t *Table) Step(now time.Time) (do []Action, again time.Time) {
	do = t.admit(do)
	if w, ok := t.first(); ok {
		do = t.makeRoom(w, now, do)
		do = t.admit(do)
	}
	if _, ok := t.first(); !ok && t.reopen() {
		do = t.admit(do)
	}
	do = t.expire(now, do)
	return do, t.next(now)
}

// reopen has closed models take requests again: those they were to make room for
// found it elsewhere, or gave up, and what waits for a closed model would wait for
// ever. It reports whether there was one.
func (t *Table) reopen() bool {
	found := false
	for i := range t.all {
		if m := &t.all[i]; m.state == closing {
			m.state, found = resident, true
		}
	}
	return found
}

// admit lets in every request whose model takes some.
func (t *Table) admit(do []Action) []Action {
	t.queue = slices.DeleteFunc(t.queue, func(w waiter) bool {
		m := &t.all[w.model]
		if m.state != resident {
			return false
		}
		m.active++
		do = append(do, Action{Do: Admit, Model: w.model, Ticket: w.ticket})
		return true
	})
	return do
}

// first is the request that has waited longest for a model that is not there.
func (t *Table) first() (waiter, bool) {
	i := slices.IndexFunc(t.queue, func(w waiter) bool { return t.all[w.model].state == absent })
	if i < 0 {
		return waiter{}, false
	}
	return t.queue[i], true
}

// makeRoom loads the model that a request waits for, or sees to it that there will
// be room: by ending an idle one, or else, after a turn, by closing one.
func (t *Table) makeRoom(w waiter, now time.Time, do []Action) []Action {
	taken, making := 0, false
	for i := range t.all {
		if t.all[i].state != absent {
			taken++
		}
		making = making || t.all[i].state == leaving || t.all[i].state == closing
	}
	if taken < t.most {
		t.all[w.model] = model{state: resident, since: now, used: now}
		return append(do, Action{Do: Load, Model: w.model})
	}
	for i := range t.all { // what was closed and has ended
		if m := &t.all[i]; m.state == closing && m.active == 0 {
			return t.unload(Model(i), do)
		}
	}
	if making {
		return do
	}
	if i, ok := t.pick(func(m *model) bool { return m.active == 0 }, func(m *model) time.Time { return m.used }); ok {
		return t.unload(i, do)
	}
	if now.Sub(w.since) < t.turn {
		return do
	}
	if i, ok := t.pick(func(*model) bool { return true }, func(m *model) time.Time { return m.since }); ok {
		t.all[i].state = closing
	}
	return do
}

// pick returns the resident that suits and of which the time is the earliest.
func (t *Table) pick(suits func(*model) bool, at func(*model) time.Time) (best Model, ok bool) {
	for i := range t.all {
		m := &t.all[i]
		if m.state == resident && suits(m) && (!ok || at(m).Before(at(&t.all[best]))) {
			best, ok = Model(i), true
		}
	}
	return best, ok
}

func (t *Table) unload(m Model, do []Action) []Action {
	t.all[m].state = leaving
	return append(do, Action{Do: Unload, Model: m})
}

// expire ends what nobody has asked for.
func (t *Table) expire(now time.Time, do []Action) []Action {
	for i := range t.all {
		if m := &t.all[i]; t.idle > 0 && m.state == resident && m.active == 0 && now.Sub(m.used) >= t.idle {
			do = t.unload(Model(i), do)
		}
	}
	return do
}

// next is when time alone changes something.
func (t *Table) next(now time.Time) (at time.Time) {
	sooner := func(x time.Time) {
		if x.After(now) && (at.IsZero() || x.Before(at)) {
			at = x
		}
	}
	if w, ok := t.first(); ok {
		sooner(w.since.Add(t.turn))
	}
	for i := range t.all {
		if m := &t.all[i]; t.idle > 0 && m.state == resident && m.active == 0 {
			sooner(m.used.Add(t.idle))
		}
	}
	return at
}
