package coordinator

import (
	"context"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/capacity"
	"github.com/krako-labs/krako/coordinator/pressure"
	"github.com/krako-labs/krako/coordinator/session"
)

// Stats is what a coordinator does, for whoever watches it. Counts begin with the
// process; nothing is decided by them.
type Stats struct {
	Counts
	// SessionsOpen run; UnitsOpen are all their units, over or not, as admission
	// counts them, and Pressure is that as a share of what may be open.
	SessionsOpen, UnitsOpen int
	Pressure                float64
	Admission               string
	// Queued units wait for a node, Delayed ones back off, Leases are out.
	Queued, Delayed, Leases int
	// Nodes and Pods are connected; Paused, Silent and Tripped are those among them
	// that get nothing for that reason.
	Nodes, Pods             int
	Paused, Silent, Tripped int
	Slots                   int
	// Calls is what there is to see of model calls; PodsDesired pods are wanted for
	// them, and ModelAdmission says how graphs with such calls are let in.
	Calls          capacity.Sample
	PodsDesired    int
	ModelAdmission string
	Congestion     bool
	// LogRecords is how long the log is, Unindexed how many of its last records the
	// read model does not hold yet.
	LogRecords, Unindexed uint64
	Epoch                 uint64
	// Commits are synced writes to the log and Committing how long they took.
	Commits    uint64
	Committing time.Duration
	// Collected is what was let go of because nobody named it, BlockBytes about what
	// blocks take on the disk.
	Collected  Collected
	BlockBytes int64
}

// Counts counts records of the log by what they tell.
type Counts struct {
	Accepted   uint64
	Closed     map[contracts.SessionState]uint64
	Dispatched uint64
	// Copied are those among them that were given to a second node because the first
	// made no progress.
	Copied uint64
	// Ended are units that somebody ran, Cached ones that nobody had to.
	Ended  map[contracts.UnitState]uint64
	Cached uint64
	// Lost leases and Retried attempts made a unit ready again; Dropped ones had a
	// retry left and their tenant had not.
	Lost, Retried, Dropped uint64
	Batches                uint64
	Fuel                   uint64
	Running                time.Duration // of units, as their nodes say
	TokensIn, TokensOut    int64
}

func newCounts() Counts {
	return Counts{Closed: map[contracts.SessionState]uint64{}, Ended: map[contracts.UnitState]uint64{}}
}

// take counts one record.
func (c *Counts) take(r *session.Record) {
	switch {
	case r.Dispatched != nil:
		c.Dispatched++
		if r.Dispatched.Replica > 0 {
			c.Copied++
		}
	case r.Ended != nil:
		c.ended(r.Ended)
	case r.Batch != nil:
		c.Batches++
	case r.Returned != nil && r.Returned.Lost:
		c.Lost++
	case r.Returned != nil:
		c.Retried++
	case r.Accepted != nil:
		c.Accepted++
	case r.Closed != nil:
		c.Closed[r.Closed.State]++
	}
}

func (c *Counts) ended(e *session.Ended) {
	if e.By != "" {
		c.Cached++
		return
	}
	c.Ended[e.State]++
	c.Fuel += e.Fuel
	c.Running += time.Duration(e.DurationUS) * time.Microsecond
	if e.Dropped {
		c.Dropped++
	}
	if m := e.Model; m != nil {
		c.TokensIn, c.TokensOut = c.TokensIn+m.TokensIn, c.TokensOut+m.TokensOut
	}
}

func (c *Counts) clone() Counts {
	d := *c
	d.Closed, d.Ended = map[contracts.SessionState]uint64{}, map[contracts.UnitState]uint64{}
	for k, v := range c.Closed {
		d.Closed[k] = v
	}
	for k, v := range c.Ended {
		d.Ended[k] = v
	}
	return d
}

// Stats returns what the coordinator does at the moment.
func (c *Coordinator) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	if err := c.do(ctx, func(st *state) { s = st.stats() }); err != nil {
		return Stats{}, err
	}
	s.LogRecords, s.Epoch = uint64(c.parts.Log.Last()), c.parts.Log.Epoch()
	if indexed := c.projector.indexed.Load(); indexed < s.LogRecords {
		s.Unindexed = s.LogRecords - indexed
	}
	s.Collected = c.collector.collected()
	v, err := c.storage(ctx)
	s.BlockBytes = v.BlockBytes
	return s, err
}

func (st *state) stats() Stats {
	s := Stats{
		Counts: st.commit.counts.clone(), SessionsOpen: len(st.sessions), UnitsOpen: st.units,
		Pressure: float64(st.units) / float64(st.c.cfg.MaxUnits), Admission: string(st.valve.Mode()),
		Queued: st.queue.Len(), Delayed: len(st.delayed), Leases: len(st.leases),
		Commits: uint64(st.commit.commits.Load()), Committing: time.Duration(st.commit.committing.Load()),
	}
	s.Calls, s.ModelAdmission = st.queueSample(), string(pressure.Open)
	if core := st.scaling.core; core != nil {
		v := core.View()
		s.PodsDesired, s.ModelAdmission, s.Congestion = v.Desired, string(v.Mode), v.Congestion
	}
	for _, n := range st.nodes {
		if n.worker == nil {
			continue
		}
		if n.info.Kind == "pod" {
			s.Pods++
		} else {
			s.Nodes++
			s.Slots += n.info.Slots
		}
		switch {
		case n.worker.paused != "":
			s.Paused++
		case n.silent:
			s.Silent++
		case n.breaker.Open(st.now):
			s.Tripped++
		}
	}
	return s
}
