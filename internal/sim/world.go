package sim

import (
	"math"
	"math/rand/v2"

	"github.com/krako-labs/krako/coordinator/verify"
)

// load is the share of the pool's capacity that arrives as work.
const load = 0.5

// lookahead is how many queued executions dispatch looks at.
const lookahead = 32

// world is one run.
type world struct {
	spec   *Spec
	seed   uint64
	rng    *rand.Rand
	now    float64
	agenda agenda
	judge  judge
	attack func(*world, *machine, uint64) deed

	machines []machine
	idle     []int32 // machines without work, in no order that matters
	queue    waitlist
	units    roster
	free     []*unit
	arrived  uint64
	uniques  uint64
	out      outcome
}

// machine is one node; its index is its verify.Node.
type machine struct {
	operator verify.Operator
	speed    float64
	saboteur bool
	results  uint64
	bad      uint64 // of its results, those released first and wrong
	place    int    // in idle, -1 while it works or is out
	out      bool   // suspended or banned
}

// unit is a unit with work in hand, queued or held back.
type unit struct {
	arrived, first float64
	digest         verify.Digest // as released
	released       bool
	ringLied       bool
	busy           []int32 // machines that run it
	pending        int     // queued executions and recomputes
	liars          []int32 // machines that sent a wrong result
}

func newWorld(s *Spec, seed uint64) *world {
	w := &world{
		spec: s, seed: seed, rng: rand.New(rand.NewPCG(seed, 0x6b72616b6f)),
		attack: attacks[s.Attack.Kind],
	}
	w.judge = judges[s.Policy.Kind](w)
	operators := (s.Nodes + s.Operators.NodesPerOperator - 1) / s.Operators.NodesPerOperator
	bad := int(math.Round(s.SaboteurShare * float64(operators)))
	if s.Attack.Kind == "none" || s.Attack.Kind == "flaky" {
		bad = 0
	}
	var op verify.Operator
	for i := range s.Nodes {
		if i%s.Operators.NodesPerOperator == 0 {
			op = w.judge.operator()
		}
		w.join(op, i/s.Operators.NodesPerOperator < bad, math.Exp(0.3*w.rng.NormFloat64()))
	}
	return w
}

// join adds a machine that is ready for work.
func (w *world) join(op verify.Operator, saboteur bool, speed float64) {
	n := int32(w.judge.join(op))
	w.machines = append(w.machines, machine{operator: op, speed: speed, saboteur: saboteur, place: -1})
	if saboteur {
		w.out.identities++
	}
	w.rest(n)
}

func (w *world) run() outcome {
	w.out.units = uint64(w.spec.Nodes) * uint64(w.spec.UnitsPerNode)
	w.agenda.add(event{kind: arrival})
	for {
		e, ok := w.agenda.next()
		if !ok {
			break
		}
		w.now = e.at
		switch e.kind {
		case arrival:
			w.arrive()
		case finished:
			w.finish(e.unit, e.node)
		case recomputed:
			w.units.get(e.unit).pending--
			w.judge.recomputed(e.unit)
			w.tidy(e.unit)
		case rejoin:
			w.join(w.judge.operator(), true, w.machines[e.node].speed)
		}
		w.dispatch()
	}
	w.out.finalBad += w.judge.lasting()
	for i := range w.machines {
		if m := &w.machines[i]; m.saboteur {
			w.out.badResults += m.bad
			w.out.worstIdentity = max(w.out.worstIdentity, m.bad)
		}
	}
	return w.out
}

func (w *world) arrive() {
	u := w.arrived
	w.arrived++
	w.open(u).released = false
	w.judge.submitted(u)
	if w.arrived < w.out.units {
		w.agenda.add(event{at: w.now + w.rng.ExpFloat64()/(load*float64(w.spec.Nodes)), kind: arrival})
	}
}

// open returns the unit's record. One that is made anew had been released and
// forgotten, or arrives.
func (w *world) open(id uint64) *unit {
	if u := w.units.get(id); u != nil {
		return u
	}
	var u *unit
	if n := len(w.free); n > 0 {
		u, w.free = w.free[n-1], w.free[:n-1]
		*u = unit{busy: u.busy[:0], liars: u.liars[:0]}
	} else {
		u = &unit{}
	}
	u.arrived, u.first, u.released = w.now, -1, true
	w.units.add(id, u)
	return u
}

// tidy forgets a unit that is released and on which nobody works.
func (w *world) tidy(id uint64) {
	if u := w.units.get(id); u.released && u.pending == 0 && len(u.busy) == 0 {
		w.units.remove(id)
		w.free = append(w.free, u)
	}
}

// enqueue asks for one more execution of a unit.
func (w *world) enqueue(id uint64) {
	u := w.open(id)
	u.pending++
	w.queue.push(id)
}

// recompute asks the trusted zone for a unit.
func (w *world) recompute(id uint64) {
	w.open(id).pending++
	w.out.executions++
	w.out.trusted++
	w.agenda.add(event{at: w.now + 1, kind: recomputed, unit: id})
}

// dispatch gives the first queued executions to idle machines that may run them.
func (w *world) dispatch() {
	for i := 0; i < w.queue.len() && i < lookahead && len(w.idle) > 0; {
		n := w.pick(w.queue.at(i))
		if n < 0 {
			i++
			continue
		}
		w.start(w.queue.take(i), n)
	}
}

// pick draws an idle machine that may run the unit, -1 if there is none.
func (w *world) pick(id uint64) int32 {
	from := w.rng.IntN(len(w.idle))
	for i := range w.idle {
		n := w.idle[(from+i)%len(w.idle)]
		if w.judge.may(id, n) && !w.operatorHolds(w.units.get(id), w.machines[n].operator) {
			return n
		}
	}
	return -1
}

func (w *world) operatorHolds(u *unit, op verify.Operator) bool {
	for _, n := range u.busy {
		if w.machines[n].operator == op {
			return true
		}
	}
	return false
}

func (w *world) mateHolds(u *unit, self *machine) bool {
	for _, n := range u.busy {
		if m := &w.machines[n]; m.saboteur && m != self {
			return true
		}
	}
	return false
}

func (w *world) start(id uint64, n int32) {
	u, m := w.units.get(id), &w.machines[n]
	u.pending--
	u.busy = append(u.busy, n)
	w.judge.assigned(id, n)
	last := len(w.idle) - 1
	w.idle[m.place] = w.idle[last]
	w.machines[w.idle[m.place]].place = m.place
	w.idle = w.idle[:last]
	m.place = -1
	w.out.executions++
	service := math.Exp(0.5*w.rng.NormFloat64()-0.125) / m.speed
	w.agenda.add(event{at: w.now + service, kind: finished, unit: id, node: n})
}

// rest puts a machine among the idle ones unless it is out.
func (w *world) rest(n int32) {
	if m := &w.machines[n]; !m.out && m.place < 0 {
		m.place = len(w.idle)
		w.idle = append(w.idle, n)
	}
}

func (w *world) finish(id uint64, n int32) {
	u, m := w.units.get(id), &w.machines[n]
	m.results++
	what := honest
	switch {
	case w.spec.Attack.Kind == "flaky":
		if w.chance(w.spec.Attack.Rate) {
			what = lie
		}
	case m.saboteur:
		what = w.attack(w, m, id)
	}
	for i, b := range u.busy {
		if b == n {
			u.busy = append(u.busy[:i], u.busy[i+1:]...)
			break
		}
	}
	w.rest(n)
	if u.first < 0 && !u.released {
		u.first = w.now
	}
	w.commit(id, n, what)
	w.tidy(id)
}

func (w *world) commit(id uint64, n int32, what deed) {
	d := digest(id, rightResult)
	switch what {
	case honest:
	case lie:
		w.uniques++
		d = digest(id, firstUnique+w.uniques)
	case agreedLie:
		d = digest(id, ringResult)
	case doubleSign:
		w.judge.equivocated(n)
	}
	if what == lie || what == agreedLie {
		u := w.units.get(id)
		u.liars = append(u.liars, n)
	}
	w.judge.committed(id, n, d)
}

// release counts a unit's first released result.
func (w *world) release(id uint64, d verify.Digest) {
	u := w.units.get(id)
	u.released, u.digest = true, d
	w.out.toRelease += w.now - u.arrived
	w.out.toFirst += u.first - u.arrived
	if right(d) {
		return
	}
	w.out.releasedBad++
	for _, n := range u.liars {
		w.machines[n].bad++
	}
}

// expel takes a machine out of work. A whitewasher comes back as a stranger.
func (w *world) expel(n int32) {
	m := &w.machines[n]
	if m.out {
		return
	}
	m.out = true
	if m.place >= 0 {
		last := len(w.idle) - 1
		w.idle[m.place] = w.idle[last]
		w.machines[w.idle[m.place]].place = m.place
		w.idle = w.idle[:last]
		m.place = -1
	}
	switch {
	case !m.saboteur:
		w.out.honestBans++
	case w.spec.Attack.Kind == "whitewash" && w.arrived < w.out.units:
		w.agenda.add(event{at: w.now + w.spec.Attack.Delay, kind: rejoin, node: n})
	}
}

func (w *world) chance(p float64) bool { return p > 0 && w.rng.Float64() < p }

// fraction is a number in [0, 1) that every machine knows of a unit.
func (w *world) fraction(unit uint64) float64 {
	x := unit*0x9e3779b97f4a7c15 + w.seed
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return float64(x>>11) / (1 << 53)
}
