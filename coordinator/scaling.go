package coordinator

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/capacity"
	"github.com/krako-labs/krako/coordinator/fair"
	"github.com/krako-labs/krako/coordinator/pressure"
	"github.com/krako-labs/krako/coordinator/session"
)

// Scaler brings the number of pods to what is wanted. It may take its time: it is
// called by one goroutine, always with the latest number.
type Scaler interface {
	Scale(ctx context.Context, n int) (running int, err error)
}

// scaling is the loop's part in how many pods there are.
type scaling struct {
	core   *capacity.Core // nil where there is no policy
	wanted chan int       // the latest number, for the scaler
	sample time.Time      // when the next one is due
	// bare is since when calls wait and there is no pod, zero while there is one or
	// nothing waits; cold is about how long the first pod takes to come.
	bare time.Time
	cold time.Duration
	// applied is what the scaler did last.
	applied capacity.Applied
}

const (
	sampleEvery = time.Second
	// firstCold is how long a pod takes to come, before one has.
	firstCold = 30 * time.Second
	// againEvery is how often a scaler that failed is asked again.
	againEvery = 10 * time.Second
)

// beginScaling puts the policy in force, if there is one.
func (st *state) beginScaling() error {
	p := st.c.cfg.Capacity
	if p == nil {
		return nil
	}
	core, err := capacity.New(*p)
	if err != nil {
		return err
	}
	st.scaling = scaling{core: core, wanted: make(chan int, 1), cold: firstCold}
	st.wantPods(core.Desired())
	return st.tellCapacity(capacity.Fact{Policy: p})
}

func (st *state) tellCapacity(f capacity.Fact) error {
	b, err := f.Encode()
	if err != nil {
		return err
	}
	return st.commit.add(&session.Record{At: st.now.UnixMicro(), Capacity: b}, nil)
}

// scale looks at the queue of model calls, once a second while there is anything to
// see, and acts on what follows.
func (st *state) scale() {
	sc := &st.scaling
	if sc.core == nil || st.now.Before(sc.sample) {
		return
	}
	sc.sample = st.now.Add(sampleEvery)
	s := st.queueSample()
	st.chill(s)
	v := sc.core.View()
	if s.Queued+s.Running == 0 && quiet(&v) && s.Pods == v.Last.Pods {
		return // nothing happens, and nothing will
	}
	if gap := s.At - v.Last.At; !quiet(&v) && gap >= v.Policy.Stale.Microseconds() { // this process stood still
		sc.core.Tick(s.At - 1)
		st.must(st.tellCapacity(capacity.Fact{Silence: &capacity.Silence{At: s.At - 1}}))
	}
	list, err := sc.core.Observe(s)
	st.must(err)
	st.must(st.tellCapacity(capacity.Fact{Sample: &s}))
	for _, d := range list {
		switch {
		case d.Scale != nil:
			st.c.log.Info("number of pods changes", "from", d.Scale.From, "to", d.Scale.To, "reason", d.Scale.Reason)
			st.wantPods(d.Scale.To)
		case d.Mode != nil:
			st.c.log.Info("admission of model calls changes", "mode", d.Mode.Mode, "reason", d.Mode.Reason)
		}
	}
}

// quiet reports whether the last sample left nothing to do.
func quiet(v *capacity.View) bool {
	return v.Last.At != 0 && v.Last.Queued+v.Last.Running == 0 && v.Desired == v.Policy.Min && v.Mode == pressure.Open
}

// wantPods tells the scaler how many pods are wanted, once that is durable.
func (st *state) wantPods(n int) {
	wanted := st.scaling.wanted
	st.commit.then(func() { latest(wanted, n) })
}

// latest puts a number where the scaler takes it, in the place of one that it has
// not taken yet.
func latest(to chan int, n int) {
	for {
		select {
		case to <- n:
			return
		default:
		}
		select {
		case <-to:
		default:
		}
	}
}

// chill learns how long the first pod takes to come.
func (st *state) chill(s capacity.Sample) {
	sc := &st.scaling
	switch {
	case s.Pods == 0 && s.Queued > 0 && sc.bare.IsZero():
		sc.bare = st.now
	case s.Pods > 0 && !sc.bare.IsZero():
		sc.cold = (sc.cold + st.now.Sub(sc.bare)) / 2
		sc.bare = time.Time{}
	case s.Queued == 0:
		sc.bare = time.Time{}
	}
}

// queueSample is what there is to see now of model calls. The wait is that of the
// oldest call of each lane, taken for all that wait in it, but for the twentieth
// part that waits longest.
func (st *state) queueSample() capacity.Sample {
	s := capacity.Sample{At: st.now.UnixMicro()}
	type wait struct {
		ms int64
		n  int
	}
	var waits []wait
	st.queue.Lanes(func(l *fair.Lane[waiting]) bool {
		if n := l.Len(); n > 0 && strings.Contains(l.Key.Class, podClass) {
			s.Queued += n
			waits = append(waits, wait{max(0, st.now.UnixMicro()-l.Peek().since) / 1000, n})
		}
		return true
	})
	slices.SortFunc(waits, func(a, b wait) int { return int(b.ms - a.ms) })
	skip := s.Queued / 20
	for _, w := range waits {
		if s.WaitMS = w.ms; w.n > skip {
			break
		}
		skip -= w.n
	}
	for _, n := range st.nodes {
		if n.info.Kind == "pod" && n.worker != nil {
			s.Pods++
			s.Slots += n.info.Slots
			s.Running += len(n.leases)
		}
	}
	return s
}

// room refuses a graph with model calls that there is no room for: those that can
// wait while calls wait too long, and all while no pod comes that should have.
func (st *state) room(l *live) error {
	sc := &st.scaling
	if sc.core == nil || !hasModelCalls(l) {
		return nil
	}
	if mode := sc.core.Mode(); mode != pressure.Open {
		p := urgency(l)
		if ok, after := pressure.Admits(mode, p); !ok {
			return st.refused(l, after, "admission of model calls is %s and the graph's most urgent unit is %s", mode, p)
		}
	}
	if waited := st.now.Sub(sc.bare); !sc.bare.IsZero() && waited > st.c.cfg.HoldCold {
		eta := max(sc.cold-waited, pressure.AskAgain)
		return &access.Later{After: eta, Cause: contracts.Errorf(contracts.CodeModelUnavailable, string(l.Accepted.Tenant),
			"no pod runs, and none has come for %s; one is expected in %s", waited.Round(time.Second), eta.Round(time.Second))}
	}
	return nil
}

func hasModelCalls(l *live) bool {
	for i := range l.Plan().Len() {
		if !l.Plan().Unit(i).Type.CPU() {
			return true
		}
	}
	return false
}

// runScaler calls the scaler with the latest number that is wanted, and again a
// while after it failed. What it did is recorded.
func (c *Coordinator) runScaler(ctx context.Context, wanted <-chan int) {
	again := time.NewTimer(againEvery)
	again.Stop()
	defer again.Stop()
	n := 0
	for {
		select {
		case n = <-wanted:
		case <-again.C:
		case <-ctx.Done():
			return
		}
		did := capacity.Applied{Wanted: n}
		running, err := c.parts.Scaler.Scale(ctx, n)
		if did.Running = running; err != nil {
			c.log.Error("pods cannot be scaled", "wanted", n, "running", running, "error", err)
			did.Error = err.Error()
			again.Reset(againEvery)
		}
		if c.post(ctx, func(st *state) {
			if st.scaling.applied != did {
				st.scaling.applied = did
				st.must(st.tellCapacity(capacity.Fact{Applied: &did}))
			}
		}) != nil {
			return
		}
	}
}

// Capacity says how many pods there are and should be, and how much is let in.
func (c *Coordinator) Capacity(ctx context.Context) (contracts.CapacityView, error) {
	var v contracts.CapacityView
	err := c.do(ctx, func(st *state) {
		s := st.queueSample()
		v = contracts.CapacityView{
			Queued: s.Queued, Running: s.Running, WaitP95MS: s.WaitMS, Pods: s.Pods, Slots: s.Slots,
			Admission: string(st.valve.Mode()), ModelAdmission: string(pressure.Open), Units: st.units, MaxUnits: st.c.cfg.MaxUnits,
		}
		sc := &st.scaling
		if sc.core == nil {
			return
		}
		k := sc.core.View()
		v.Scaling, v.Desired, v.Min, v.Max = true, k.Desired, k.Policy.Min, k.Policy.Max
		v.ModelAdmission, v.Congestion, v.Frozen = string(k.Mode), k.Congestion, k.Frozen
		v.Applied, v.Error = sc.applied.Running, sc.applied.Error
		if !sc.bare.IsZero() {
			v.ETAMS = max(0, sc.cold-st.now.Sub(sc.bare)).Milliseconds()
		}
	})
	if err == nil {
		v.Storage, err = c.storage(ctx)
	}
	return v, err
}
