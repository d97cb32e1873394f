package session

import (
	"math"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
)

// maxLosses bounds how often a unit's lease may be lost before the fabric
// itself is to blame.
const maxLosses = 16

// Session is one execution of one graph. It is owned by one goroutine.
type Session struct {
	ID       contracts.SessionID
	Accepted Accepted

	opened   time.Time
	deadline time.Time
	run      *dag.Run
	meter    dag.Meter
	told     dag.Narrator
	listener func(contracts.Event)
	units    []execution
	schemas  map[string]*contracts.OutputSchema
	closed   *Closed
	closedAt time.Time

	ready   []Ready
	dropped []Lease
	// revision counts results that were superseded; halted is set once the session
	// was stopped from outside.
	revision uint32
	halted   bool
}

// execution is the fabric's side of one unit.
type execution struct {
	lease    uint64
	held     bool // its result under the lease waits for a verdict
	epoch    uint64
	node     contracts.NodeID
	attempt  uint32
	failures uint8
	losses   uint8
	fuel     uint64
	calls    *dag.Calls // of an llm unit
	hold     string     // the credit set aside for it
	unit     cid.Cid
	// copy is the second execution that is out, if there is one; copies counts all
	// that there were.
	copy   *Lease
	copies uint8
	// executors are all nodes that were given the unit, in order.
	executors []contracts.NodeID
	end       *Ended
	endedAt   int64
}

// Ready is a unit that may be dispatched from NotBefore on.
type Ready struct {
	Unit      int
	NotBefore time.Time
}

// Lease names a unit that was given to a node.
type Lease struct {
	ID    uint64
	Epoch uint64
	Node  contracts.NodeID
	Unit  int
}

// Open makes the session that an Accepted record describes. The graph must be
// the valid one that the record links to. Its root units are ready.
func Open(rec *Record, g *contracts.TaskGraph, source string) (*Session, error) {
	p, err := dag.Compile(g)
	if err != nil {
		return nil, err
	}
	s := &Session{
		ID: rec.Session, Accepted: *rec.Accepted, opened: rec.Time(),
		meter: meterOf(g, rec.Accepted), units: make([]execution, p.Len()),
		told: dag.Narrator{
			Source: source, Tenant: g.TenantID, Graph: g.GraphID, Session: rec.Session,
			TraceParent: rec.Accepted.Trace, Mute: true,
		},
	}
	if ms := g.Budgets.MaxLatencyMS; ms != nil {
		s.deadline = s.opened.Add(time.Duration(*ms) * time.Millisecond)
	}
	run, changes := dag.Start(p)
	s.run = run
	s.follow(changes, s.opened)
	return s, nil
}

// Bound lowers the session's fuel and tokens to what its tenant's quota leaves it,
// nil for no bound. It is called before any Apply.
func (s *Session) Bound(fuel, tokens *uint64) {
	s.Accepted.Fuel, s.Accepted.Tokens = fuel, tokens
	s.meter = meterOf(s.Plan().Graph, &s.Accepted)
}

// lower returns the smaller of a budget and what a quota leaves of it, nil for
// neither.
func lower(budget *int64, left *uint64) *int64 {
	if left == nil {
		return budget
	}
	most := int64(min(*left, math.MaxInt64))
	if budget != nil {
		most = min(most, *budget)
	}
	return &most
}

// FuelUsed returns the fuel of all executions so far.
func (s *Session) FuelUsed() uint64 { return s.meter.FuelUsed() }

// ModelUse returns what all settled model calls have used.
func (s *Session) ModelUse() dag.Calls { return s.meter.CallsUsed() }

// meterOf returns the meter of a graph's budgets, of what quotas leave of them, and
// of the policy that bounds model calls beside them.
func meterOf(g *contracts.TaskGraph, a *Accepted) dag.Meter {
	b := g.Budgets
	b.MaxFuel, b.MaxTokens = lower(b.MaxFuel, a.Fuel), lower(b.MaxTokens, a.Tokens)
	m := dag.NewMeter(b)
	if g.Policies != nil && g.Policies.MaxLLMInvocations != nil {
		m.LimitCalls(*g.Policies.MaxLLMInvocations)
	}
	return m
}

// Plan returns the compiled graph.
func (s *Session) Plan() *dag.Plan { return s.run.Plan() }

// Run returns the graph's run; callers only read it.
func (s *Session) Run() *dag.Run { return s.run }

// Opened returns when the session was accepted.
func (s *Session) Opened() time.Time { return s.opened }

// Deadline returns the hard end of the session, zero if it has none.
func (s *Session) Deadline() time.Time { return s.deadline }

// State returns the session's state.
func (s *Session) State() contracts.SessionState {
	if s.closed != nil {
		return s.closed.State
	}
	return contracts.SessionRunning
}

// TakeReady returns the units that became ready since the last call.
func (s *Session) TakeReady() []Ready {
	r := s.ready
	s.ready = nil
	return r
}

// TakeDropped returns the leases that ended without their node's doing since
// the last call; the nodes should stop working on them.
func (s *Session) TakeDropped() []Lease {
	d := s.dropped
	s.dropped = nil
	return d
}

// Leases returns every lease that is out.
func (s *Session) Leases() []Lease {
	var out []Lease
	for i := range s.units {
		if l, ok := s.LeaseOf(i); ok {
			out = append(out, l)
		}
		if l, ok := s.CopyOf(i); ok {
			out = append(out, l)
		}
	}
	return out
}

// LeaseOf returns the lease of a unit that is dispatched.
func (s *Session) LeaseOf(unit int) (Lease, bool) {
	u := &s.units[unit]
	if u.lease == 0 || u.held || u.end != nil {
		return Lease{}, false
	}
	return Lease{u.lease, u.epoch, u.node, unit}, true
}

// holds reports whether l is a current lease of the unit.
func (s *Session) holds(l Lease) bool {
	if l.Unit < 0 || l.Unit >= len(s.units) {
		return false
	}
	if cur, ok := s.LeaseOf(l.Unit); ok && cur == l {
		return true
	}
	cur, ok := s.CopyOf(l.Unit)
	return ok && cur == l
}

// Output returns where a successful unit's output is.
func (s *Session) Output(unit int) dag.Output {
	e := s.units[unit].end
	if e == nil {
		return dag.Output{}
	}
	return dag.Output{CID: e.Output.Cid, MediaType: e.MediaType}
}

// Executors returns the nodes that were given a unit, in order.
func (s *Session) Executors(unit int) []contracts.NodeID { return s.units[unit].executors }

// End returns how an executed unit ended, nil before that.
func (s *Session) End(unit int) *Ended { return s.units[unit].end }

// Program returns what unit i's program resolved to at admission.
func (s *Session) Program(unit int) (cid.Cid, string, error) {
	p := s.Plan().Unit(unit).Program
	if p == nil {
		return cid.Undef, "", contracts.Errorf(contracts.CodeValidation, string(s.Plan().Unit(unit).ID), "a %s unit has no program", s.Plan().Unit(unit).Type)
	}
	return s.resolved(p)
}

// Checker returns what unit i's checker resolved to at admission.
func (s *Session) Checker(unit int) (cid.Cid, string, error) {
	p := s.Plan().Unit(unit).VerifyWith
	if p == nil {
		return cid.Undef, "", contracts.Errorf(contracts.CodeValidation, string(s.Plan().Unit(unit).ID), "the unit has no checker")
	}
	return s.resolved(p)
}

func (s *Session) resolved(p *contracts.Program) (cid.Cid, string, error) {
	if p.Module != nil {
		return p.Module.Cid, p.Entry, nil
	}
	t, ok := s.Accepted.Tasks[p.Task]
	if !ok {
		return cid.Undef, "", contracts.Errorf(contracts.CodeNotFound, p.Task, "task was not resolved at admission")
	}
	return t.Module.Cid, t.Entry, nil
}

// UnitCID returns the address of the invocation that a unit was last given out
// as, undefined before that.
func (s *Session) UnitCID(unit int) cid.Cid { return s.units[unit].unit }

// NodeOf returns who was last given a unit, or computed the result it ended with.
func (s *Session) NodeOf(unit int) contracts.NodeID { return s.units[unit].node }
