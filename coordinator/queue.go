package coordinator

import (
	"container/heap"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/coordinator/fair"
)

// waiting is a ready unit that waits for a place, since a time in microseconds.
type waiting struct {
	live  *live
	unit  int32
	since int64
	// res is what it resolved to, kept while it is the first of its lane.
	res *dag.Resolved
}

// laneOf says where a ready unit waits: with those of its priority and tenant that
// can go to the same nodes and give up after the same time.
func (st *state) laneOf(w waiting) fair.Key {
	unit := w.live.Plan().Unit(int(w.unit))
	return fair.Key{Level: levelOf(unit.Priority), Tenant: w.live.Accepted.Tenant, Class: w.live.classOf(int(w.unit))}
}

func levelOf(p contracts.Priority) uint8 {
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

// podClass is in the class of every llm unit.
const podClass = " pod "

// classOf spells what decides where a unit can go and how long it waits; most
// units are of the class "" or "trusted".
func (l *live) classOf(unit int) string {
	w := l.Plan().Unit(unit)
	var b strings.Builder
	if l.needsTrust(unit) {
		b.WriteString("trusted")
	}
	if w.Type == contracts.LLM {
		m := modelOf(w.Model)
		b.WriteString(podClass + string(m.Tier) + " " + string(m.Operation) + " " + strconv.Quote(m.Name))
	}
	if h := w.ExecutionHint; h != nil {
		b.WriteString(" " + h.Region + " " + strings.Join(h.NodeTags, ","))
		if r := h.Requires; r != nil {
			b.WriteString(" " + strconv.FormatInt(r.MinRAMMB, 10) + " " + strconv.FormatInt(r.MinVRAMMB, 10) + " " + strings.Join(r.Accelerators, ","))
		}
	}
	if t := w.Timeouts; t != nil && t.DispatchMS != nil {
		b.WriteString(" within " + strconv.FormatInt(*t.DispatchMS, 10))
	}
	if had := l.Executors(unit); len(had) > 0 {
		for _, id := range slices.Sorted(slices.Values(had)) {
			b.WriteString(" not " + string(id))
		}
	}
	return b.String()
}

// needsTrust reports whether a unit may only run in the trusted zone.
func (l *live) needsTrust(unit int) bool {
	k := l.Plan().Unit(unit).Constraints
	return l.Plan().Privacy(unit) == contracts.LocalOnly || k != nil && k.TrustedNodeRequired
}

// later is a unit that backs off until a time.
type later struct {
	waiting
	at time.Time
}

// delayed is a heap of units that back off, soonest first.
type delayed []later

func (d delayed) Len() int           { return len(d) }
func (d delayed) Less(i, j int) bool { return d[i].at.Before(d[j].at) }
func (d delayed) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *delayed) Push(x any)        { *d = append(*d, x.(later)) }
func (d *delayed) Pop() any {
	old := *d
	w := old[len(old)-1]
	old[len(old)-1] = later{}
	*d = old[:len(old)-1]
	return w
}

// release hands out every unit whose time has come.
func (d *delayed) release(now time.Time, to func(waiting)) {
	for len(*d) > 0 && !(*d)[0].at.After(now) {
		to(heap.Pop(d).(later).waiting)
	}
}
