// Package straggler says when a unit that is out should be given to a second
// node: when nothing of it has moved for much longer than its task takes, or when
// nothing is heard of its node at all.
//
// A Book learns how long tasks take from the runs that ended and judges one case
// at a time. Copies are a bounded share of the work: of what is out at one time,
// and of what a tenant has had done. Somebody else finds the place, gives the copy
// away and takes the first result that comes.
//
// The package is pure: it is told times and decides. A Book is owned by one
// goroutine and is not recorded; what is decided with it is.
package straggler

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
)

// Policy says when a copy is given. The zero Policy gives none.
type Policy struct {
	// Share is the most that copies may be of all units that are out, and of a
	// tenant's units that ended; from 0, none, to 1.
	Share float64
	// Factor times Percentile of a task's run times is how long nothing may move.
	Factor, Percentile float64
	// MinRuns is how many runs of a task must be known before its times count.
	MinRuns int
	// Floor is the least time, whatever the task.
	Floor time.Duration
	// Most is how many copies one unit may have in all.
	Most int
}

// DefaultPolicy returns the usual one: a copy after twice the time in which 19 of 20
// runs of the task end, for a tenth of the units at most.
func DefaultPolicy() Policy {
	return Policy{Share: 0.1, Factor: 2, Percentile: 0.95, MinRuns: 8, Floor: 2 * time.Second, Most: 2}
}

// Validate names the first member that makes no sense.
func (p Policy) Validate() error {
	bad := func(member string, value any, want string) error {
		return contracts.Errorf(contracts.CodeValidation, "straggler."+member, "is %v, must be %s", value, want)
	}
	switch {
	case !(p.Share >= 0 && p.Share <= 1):
		return bad("share", p.Share, "0 to 1")
	case p.Share == 0:
		return nil
	case !(p.Factor >= 1):
		return bad("factor", p.Factor, "at least 1")
	case !(p.Percentile > 0 && p.Percentile < 1):
		return bad("percentile", p.Percentile, "between 0 and 1")
	case p.MinRuns < 1:
		return bad("min_runs", p.MinRuns, "at least 1")
	case p.Floor <= 0:
		return bad("floor", p.Floor, "positive")
	case p.Most < 1:
		return bad("most", p.Most, "at least 1")
	}
	return nil
}

// Task is what units do that take about equally long.
type Task struct {
	Module cid.Cid
	Entry  string
}

// The bounds of a Book; what is beyond them is forgotten, all at once.
const (
	maxTasks   = 4096
	maxTenants = 10_000
)

// A tenant begins with firstCopies, earns Policy.Share of one with each unit that
// ends, and saves maxCopies at most.
const (
	firstCopies = 4
	maxCopies   = 100
)

// Book knows how long tasks take and how many copies tenants have had.
type Book struct {
	policy  Policy
	tasks   map[Task]*times
	tenants map[contracts.TenantID]float64 // the copies that are left
}

// New returns a book in which nothing stands. The policy must be valid.
func New(p Policy) *Book {
	return &Book{policy: p, tasks: map[Task]*times{}, tenants: map[contracts.TenantID]float64{}}
}

// On reports whether there are copies at all.
func (b *Book) On() bool { return b.policy.Share > 0 }

// Ran takes note of a run that ended.
func (b *Book) Ran(t Task, tenant contracts.TenantID, took time.Duration) {
	if !b.On() {
		return
	}
	h := b.tasks[t]
	if h == nil {
		if len(b.tasks) >= maxTasks {
			clear(b.tasks)
		}
		h = &times{}
		b.tasks[t] = h
	}
	h.add(took)
	if left := b.left(tenant); left < maxCopies {
		b.set(tenant, min(maxCopies, left+b.policy.Share))
	}
}

func (b *Book) left(t contracts.TenantID) float64 {
	if left, ok := b.tenants[t]; ok {
		return left
	}
	return firstCopies
}

func (b *Book) set(t contracts.TenantID, left float64) {
	if _, ok := b.tenants[t]; !ok && len(b.tenants) >= maxTenants {
		clear(b.tenants)
	}
	b.tenants[t] = left
}

// Gave takes note of a copy that was given away for a tenant.
func (b *Book) Gave(t contracts.TenantID) { b.set(t, b.left(t)-1) }

// Limit returns for how long nothing of a task may move, and whether that is known.
func (b *Book) Limit(t Task) (time.Duration, bool) {
	h := b.tasks[t]
	if h == nil || h.total < uint64(b.policy.MinRuns) {
		return 0, false
	}
	return max(b.policy.Floor, time.Duration(b.policy.Factor*float64(h.quantile(b.policy.Percentile)))), true
}

// Case is a unit that is out.
type Case struct {
	Task   Task
	Tenant contracts.TenantID
	// Repeatable is set for CPU units that may be run again. An answer of a model
	// costs what its tokens cost, each time: llm units have no copies.
	Repeatable bool
	// Running is for how long it has been its turn on its node and nothing moved.
	// Silent is set when nothing was heard of the node for several heartbeats.
	Running time.Duration
	Silent  bool
	// Copied is set while a copy is out, and Copies how many the unit has had.
	Copied bool
	Copies int
	// Out are all units that are out now, with their copies, and OutCopies these
	// alone.
	Out, OutCopies int
}

// Verdict is what is to be done about a Case.
type Verdict string

// The verdicts: Copy, and why not.
const (
	Copy        Verdict = "copy"
	Off         Verdict = "off"
	NotAgain    Verdict = "must_not_run_again"
	HasCopy     Verdict = "has_a_copy"
	HadCopies   Verdict = "had_its_copies"
	Unknown     Verdict = "run_times_unknown"
	InTime      Verdict = "in_time"
	TooManyOut  Verdict = "too_many_copies_out"
	TenantSpent Verdict = "tenant_has_no_copy_left"
)

// Judge says whether a unit should have a copy, and for a Copy why.
func (b *Book) Judge(c Case) (v Verdict, why string) {
	p := b.policy
	switch {
	case !b.On():
		return Off, ""
	case !c.Repeatable:
		return NotAgain, ""
	case c.Copied:
		return HasCopy, ""
	case c.Copies >= p.Most:
		return HadCopies, ""
	}
	if c.Silent {
		why = "straggler: nothing is heard of its node"
	} else {
		limit, ok := b.Limit(c.Task)
		switch {
		case !ok:
			return Unknown, ""
		case c.Running <= limit:
			return InTime, ""
		}
		why = fmt.Sprintf("straggler: nothing moved for %s, %s is usual at most", rounded(c.Running), rounded(limit))
	}
	switch {
	case c.OutCopies > 0 && float64(c.OutCopies+1) > p.Share*float64(c.Out):
		return TooManyOut, ""
	case b.left(c.Tenant) < 1:
		return TenantSpent, ""
	}
	return Copy, why
}

// rounded leaves what people read.
func rounded(d time.Duration) time.Duration {
	if d > 10*time.Second {
		return d.Round(time.Second)
	}
	return d.Round(10 * time.Millisecond)
}

// times are run times, counted by their length: four steps to each doubling, from a
// microsecond to some days. Old ones count less and less.
type times struct {
	counts [4 * octaves]uint32
	total  uint64
}

const (
	octaves = 40
	// halveAt is how many runs are kept before all counts are halved.
	halveAt = 4096
)

func (h *times) add(d time.Duration) {
	if h.total >= halveAt {
		h.total = 0
		for i := range h.counts {
			h.counts[i] /= 2
			h.total += uint64(h.counts[i])
		}
	}
	h.counts[step(d)]++
	h.total++
}

// step is the number of the first step that ends at d or above.
func step(d time.Duration) int {
	us := uint64(max(1, d.Microseconds()))
	octave := bits.Len64(us) - 1
	part := 0
	if octave >= 2 {
		part = int(us>>(octave-2)) & 3
	}
	return min(4*octave+part, 4*octaves-1)
}

// top is the longest time of a step.
func top(i int) time.Duration {
	octave, part := i/4, i%4
	us := (uint64(1) << octave) + uint64(part+1)<<octave/4
	return time.Duration(us) * time.Microsecond
}

// quantile returns the time in which a share q of the runs ended, rounded up to the
// end of its step.
func (h *times) quantile(q float64) time.Duration {
	rank, seen := q*float64(h.total), uint64(0)
	for i, n := range h.counts {
		if seen += uint64(n); n > 0 && float64(seen) >= rank {
			return top(i)
		}
	}
	return 0
}
