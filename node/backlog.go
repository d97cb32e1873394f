package node

import (
	"sync"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/p2p"
)

// backlog is every unit in hand: those that wait for blocks, those that wait for
// a slot, those that run, and those that have ended and are still to be
// reported. Stagers and slots take units from it, the sender takes reports. It
// is bounded by the credit that it hands out. Safe for concurrent use.
type backlog struct {
	maxPages  int   // memory of all running units
	maxOutput int64 // bytes of outputs that are kept
	pulse     pulse // beats when there may be something to collect

	mu       sync.Mutex
	slots    sync.Cond // there may be a unit to run
	stagers  sync.Cond // there may be a unit to stage
	closed   bool
	paused   bool             // nothing is given a slot, and nothing is asked for
	held     map[uint64]*unit // by lease, until the report is on its way
	staging  fifo[*unit]
	ready    fifo[*unit]
	returned fifo[*unit] // ready, too, and before those in ready
	reports  fifo[*report]
	faults   fifo[*p2p.Fault]
	active   int // units that have not ended
	busy     int // slots in use
	pages    int // memory of the units in them
	output   int64
	pace     pace
	counters Counters
}

func newBacklog(cfg *Config) *backlog {
	b := &backlog{
		maxPages:  cfg.MemoryMB * pagesPerMB,
		maxOutput: int64(cfg.MaxOutputMB) << 20,
		pulse:     make(pulse, 1),
		held:      make(map[uint64]*unit),
		pace:      pace{slots: cfg.Slots},
		counters:  Counters{Faults: make(map[contracts.Code]uint64)},
	}
	b.slots.L, b.stagers.L = &b.mu, &b.mu
	return b
}

// add takes a unit in hand, complete or with blocks still to be staged. A lease
// that is in hand already is the same execution and is not taken twice.
func (b *backlog) add(u *unit, complete bool) (taken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, twice := b.held[u.lease]; twice || b.closed {
		return false
	}
	b.held[u.lease] = u
	b.active++
	if complete {
		b.enqueue(u)
	} else {
		b.staging.push(u)
		b.stagers.Signal()
	}
	return true
}

// enqueue makes a unit wait for a slot. b.mu is held.
func (b *backlog) enqueue(u *unit) {
	u.phase = ready
	b.ready.push(u)
	b.slots.Signal()
}

// refuse reports the fault of a unit that was not taken in hand.
func (b *backlog) refuse(f *p2p.Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.push(f)
}

// cancel ends the units of these leases. The fault of a running one is reported
// at once; its slot follows when the sandbox lets go.
func (b *backlog) cancel(leases []uint64, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, lease := range leases {
		if u := b.held[lease]; u != nil {
			b.fault(u, why)
		}
	}
}

// pause gives back every unit that does not run, and has none begin until resume.
// It may be called again for those that have come since.
func (b *backlog) pause() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.paused = true
	for _, u := range b.held {
		if u.phase != running {
			b.fault(u, errPaused)
		}
	}
}

// resume undoes pause.
func (b *backlog) resume() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.paused = false
	b.slots.Broadcast()
	b.pulse.beat()
}

// cancelAll ends every unit.
func (b *backlog) cancelAll(why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, u := range b.held {
		b.fault(u, why)
	}
}

// forget drops every unit and report: they were another cluster's.
func (b *backlog) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, u := range b.held {
		b.end(u)
	}
	clear(b.held)
	for b.reports.len() > 0 {
		b.output -= b.reports.pop().kept()
	}
	b.faults = fifo[*p2p.Fault]{}
}

// fault ends a unit, if it has not ended, with a fault. b.mu is held.
func (b *backlog) fault(u *unit, err error) {
	if u.phase != ended {
		b.end(u)
		b.push(faultOf(u.lease, err))
	}
}

// end notes that a unit has ended and stops it if it runs. b.mu is held.
func (b *backlog) end(u *unit) {
	if u.phase == ended {
		return
	}
	u.phase = ended
	b.active--
	if u.stop != nil {
		u.stop()
	}
}

func (b *backlog) push(f *p2p.Fault) {
	b.faults.push(f)
	b.counters.Faults[f.Code]++
	b.pulse.beat()
}

// collect takes what is to be sent: all faults and, if seal, as many results as
// one batch holds, at most the given number.
func (b *backlog) collect(seal bool, most int) (faults []*p2p.Fault, batch []*report) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.faults.len() > 0 {
		f := b.faults.pop()
		delete(b.held, f.Lease)
		faults = append(faults, f)
	}
	for weight := 0; seal && b.reports.len() > 0 && len(batch) < most; {
		r := b.reports.first()
		if weight += r.weight(); weight > maxWeight && len(batch) > 0 {
			break
		}
		batch = append(batch, b.reports.pop())
	}
	return faults, batch
}

// gather reports for how long results that wait should wait for more, while an
// earlier batch is on its way: 0 when they are enough for a batch, have waited
// for a while, or nothing in hand can join them. Signing, checking and recording
// a batch costs both sides the same whether it holds one result or a hundred.
func (b *backlog) gather(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := b.reports.len(); n == 0 || n >= gatherResults || b.active == 0 || b.paused {
		return 0
	}
	return max(0, gatherTime-now.Sub(b.reports.first().observed.FinishedAt.Time))
}

const (
	// gatherResults make a batch that need not wait for more.
	gatherResults = 192
	// gatherTime is how long a result may wait for others.
	gatherTime = 5 * time.Millisecond
)

// release lets go of the leases of a batch: the outbox answers for them.
func (b *backlog) release(batch []*report) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range batch {
		delete(b.held, r.observed.Lease)
	}
}

// credit returns how many more units to ask for while granted ones are still to
// come.
func (b *backlog) credit(granted int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.paused || b.output >= b.maxOutput {
		return 0
	}
	return grant(b.pace.window(), b.active+b.reports.len()+granted)
}

// idle reports whether nothing is in hand.
func (b *backlog) idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.active == 0 && b.reports.len() == 0 && b.faults.len() == 0
}

// leases returns the leases of the units in hand.
func (b *backlog) leases() []uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]uint64, 0, len(b.held))
	for lease := range b.held {
		list = append(list, lease)
	}
	return list
}

// pulse wakes one waiter, however often it beats before the waiter looks.
type pulse chan struct{}

func (p pulse) beat() {
	select {
	case p <- struct{}{}:
	default:
	}
}
