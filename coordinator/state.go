package coordinator

import (
	"container/heap"
	"context"
	"sync/atomic"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/cache"
	"github.com/krako-labs/krako/coordinator/credit"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/fair"
	"github.com/krako-labs/krako/coordinator/placement"
	"github.com/krako-labs/krako/coordinator/pressure"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/straggler"
	"github.com/krako-labs/krako/coordinator/trust"
)

// state is everything the loop owns. No other goroutine touches it, but for what is
// said to have a lock of its own.
type state struct {
	c   *Coordinator
	now time.Time

	epoch     uint64
	nextLease uint64

	sessions map[contracts.SessionID]*live
	// recent are sessions that have ended, until the read model has them.
	recent recent
	// requests holds the anchors of open and recent sessions.
	requests map[requestKey]contracts.SessionID
	book     *access.Book
	credit   *credit.Book
	scaling  scaling

	nodes  map[contracts.NodeID]*node
	leases map[uint64]*lease
	stale  []*node // to be ranked

	queue fair.Queue[waiting]
	index *placement.Index
	costs map[contracts.TenantID]float64

	valve pressure.Valve
	units int // of all running sessions
	// retries are what tenants may spend on them.
	retries map[contracts.TenantID]*pressure.Budget

	known   *cache.Cache
	flights map[flightKey]*flight
	delayed delayed
	sweepAt time.Time

	// times know how long tasks run; lookAt is when stragglers are looked for again.
	times  *straggler.Book
	lookAt time.Time
	copies int // of units, that are out

	vet vetting
	// rechecks are model calls that are to be answered once more.
	rechecks rechecks

	trust  *trust.Book
	commit committer
	// touched are the sessions that changed in this turn.
	touched map[contracts.SessionID]*live
	// failed ends the loop: something that must be stored could not be.
	failed error
}

// live is a session that is not closed.
type live struct {
	*session.Session
	graph   cid.Cid
	first   *beginning
	durable chan struct{} // closed when the acceptance is durable
	over    chan struct{} // closed when the end is durable
	closing bool
	purse   credit.Purse
	// parked are ready units that wait until others give back what they reserved of
	// the session's budget.
	parked []waiting
	// again is where the session goes on after it was closed, 0 if it does not; spent
	// is what counts as its tenant's use by then.
	again *beginning
	spent usage
	// voices are answers that are being made. They have a lock of their own.
	voices voices
}

// usage is what counts towards a day's quota.
type usage struct{ fuel, tokens uint64 }

func (u usage) less(v usage) usage { return usage{u.fuel - v.fuel, u.tokens - v.tokens} }

// use returns what the session has used so far.
func (l *live) use() usage { return usage{l.FuelUsed(), uint64(l.ModelUse().Tokens)} }

// beginning is where a record stands in the log, 0 until it is durable: a session
// can be over before its first one is. The committer's goroutine sets it.
type beginning struct{ atomic.Uint64 }

func (b *beginning) offset() eventlog.Offset { return eventlog.Offset(b.Load()) }

func beginningAt(o eventlog.Offset) *beginning {
	b := &beginning{}
	b.Store(uint64(o))
	return b
}

// requestKey is the idempotency anchor of a submission.
type requestKey struct {
	tenant  contracts.TenantID
	request string
}

// lease is a unit that is out.
type lease struct {
	session.Lease
	live     *live
	given    time.Time
	needs    []cid.Cid
	reported bool // by a heartbeat of its node
	flight   *flight
	copy     *copied   // set for a copy, which belongs to no session: live is nil then
	again    *recheck  // set for a model call that is checked: the same
	check    *checkRun // set for a run of a unit's checker: the same
	beside   bool      // it is a second execution of a unit, while the first is out
	public   bool      // all that it is computed from is public
	// turn is since when it has been its turn on its node, zero while it waits there.
	turn time.Time
}

// node is a worker that has ever been seen.
type node struct {
	id      contracts.NodeID
	info    contracts.NodeInfo
	engine  string
	region  string
	tags    []string
	trusted bool

	worker  *worker // nil while not connected
	load    float64 // as its last heartbeat had it, 0 to 1
	silent  bool    // it missed heartbeats
	breaker pressure.Breaker
	tripped bool   // the breaker is open
	ailing  string // why a pod is degraded, as was told
	leases  map[uint64]*lease
	// speakers are the leases under which a pod makes answers. They have a lock of
	// their own.
	speakers speakers
	stale    bool // it is to be ranked
	// seen is when the node was last heard of, gone when its stream ended.
	seen time.Time
	done uint64
	// barred is set once the node is suspended or banned.
	barred  bool
	proved  bool // its ban by a proof is recorded, if not durable yet
	awaits  bool // its approval
	history []contracts.TrustChange
	signed  signatures
	// checks are what checks of its models' answers came to.
	checks modelChecks
	// seq is the last batch number taken, recorded the last one that is durable.
	// The committer's goroutine advances recorded.
	seq      uint64
	recorded atomic.Uint64
}

func newState(c *Coordinator) *state {
	return &state{
		commit: committer{counts: newCounts()},
		c:      c, book: access.NewBook(c.cfg.Quota), credit: credit.NewBook(), sessions: map[contracts.SessionID]*live{}, recent: recent{byID: map[contracts.SessionID]*sealed{}},
		requests: map[requestKey]contracts.SessionID{}, nodes: map[contracts.NodeID]*node{},
		leases: map[uint64]*lease{}, touched: map[contracts.SessionID]*live{},
		index: placement.New(), costs: map[contracts.TenantID]float64{},
		retries: map[contracts.TenantID]*pressure.Budget{},
		known:   cache.New(c.cfg.CacheEntries, c.cfg.shares), flights: map[flightKey]*flight{},
		vet: newVetting(&c.cfg), trust: trust.New(), times: straggler.New(c.cfg.Stragglers),
	}
}

// node returns the node with the given id, made if need be.
func (st *state) node(id contracts.NodeID) *node {
	n := st.nodes[id]
	if n == nil {
		n = &node{id: id, leases: map[uint64]*lease{}}
		for _, t := range st.c.cfg.Trusted {
			n.trusted = n.trusted || t == id
		}
		n.awaits = st.c.cfg.Approval && !n.trusted
		if n.trusted {
			st.trust.Apply(trust.Evidence{At: st.now, Node: id, Kind: trust.Identified, Operator: zone})
		}
		st.nodes[id] = n
	}
	return n
}

// mayRead reports whether a node holds a lease on a unit that needs the block.
func (st *state) mayRead(id contracts.NodeID, block cid.Cid) bool {
	n := st.nodes[id]
	if n == nil {
		return false
	}
	for _, l := range n.leases {
		for _, need := range l.needs {
			if need.Equals(block) {
				return true
			}
		}
	}
	return false
}

// sweepEvery is how often leases and deadlines are looked at.
const sweepEvery = 100 * time.Millisecond

// maxTurn bounds how many requests one turn takes before it commits.
const maxTurn = 512

// loop is the single owner of the state.
func (st *state) loop(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	st.commit.start(st.c.parts.Log, st.c.projector.in, st.vet.durable.pass)
	defer st.commit.stop()
	for {
		inbox := st.c.inbox
		if st.commit.full() {
			inbox = nil
		}
		select {
		case f := <-inbox:
			st.now = st.c.parts.Now()
			f(st)
			st.drain(inbox)
		case err := <-st.commit.done:
			if err != nil {
				return err
			}
			st.commit.busy = false
		case <-timer.C:
		case <-ctx.Done():
			return st.commit.finish(ctx)
		}
		st.now = st.c.parts.Now()
		if err := st.turn(ctx); err != nil {
			return err
		}
		timer.Reset(st.nextWake())
	}
}

func (st *state) drain(inbox chan func(*state)) {
	for range maxTurn {
		select {
		case f := <-inbox:
			f(st)
		default:
			return
		}
	}
}

// turn does everything that follows from what has come in. A turn that has begun
// is finished although ctx ends: what it has decided, and a node may have been
// given, is to be recorded at an orderly stop.
func (st *state) turn(ctx context.Context) error {
	whole := context.WithoutCancel(ctx)
	if !st.now.Before(st.sweepAt) {
		st.sweep()
		st.sweepAt = st.now.Add(sweepEvery)
	}
	st.delayed.release(st.now, st.enqueue)
	if err := st.pursue(ctx); err != nil {
		return err
	}
	st.rankStale()
	if !st.commit.stalled.Load() {
		if err := st.dispatch(whole); err != nil {
			return err
		}
		if err := st.copyStragglers(whole); err != nil {
			return err
		}
	}
	st.settle(ctx)
	st.forget()
	if st.failed != nil {
		return st.failed
	}
	staged, err := st.commit.stage(whole, st.c.parts.Blocks)
	if err == nil && staged {
		st.commit.flush()
	}
	return err
}

func (st *state) nextWake() time.Duration {
	at := st.sweepAt
	if len(st.delayed) > 0 && st.delayed[0].at.Before(at) {
		at = st.delayed[0].at
	}
	return max(0, at.Sub(st.now))
}

// enqueue puts a ready unit into its queue.
func (st *state) enqueue(w waiting) { st.queue.Push(st.laneOf(w), w) }

// postpone puts a ready unit aside until its back-off is over.
func (st *state) postpone(w waiting, until time.Time) {
	if until.After(st.now) {
		heap.Push(&st.delayed, later{w, until})
		return
	}
	st.enqueue(w)
}

// unparkAtOnce is how many parked units are looked at again for each one of the
// session that came back: it may have used less than it had reserved.
const unparkAtOnce = 2

// unpark looks again at units that wait for budget.
func (st *state) unpark(l *live) {
	n := min(unparkAtOnce, len(l.parked))
	for _, w := range l.parked[:n] {
		st.enqueue(w)
	}
	if l.parked = l.parked[n:]; len(l.parked) == 0 {
		l.parked = nil
	}
}

// follow carries out what a change of a session calls for.
func (st *state) follow(l *live) {
	st.touched[l.ID] = l
	for _, r := range l.TakeReady() {
		st.postpone(waiting{live: l, unit: int32(r.Unit), since: st.now.UnixMicro()}, r.NotBefore)
	}
	for _, d := range l.TakeDropped() {
		st.callBack(d)
	}
}

// record appends a fact of a session to this turn's batch and applies it.
func (st *state) record(l *live, r session.Record) error {
	if err := l.Apply(&r); err != nil {
		return err
	}
	st.follow(l)
	return st.commit.add(&r, st.folded(&r))
}
