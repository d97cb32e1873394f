package session

import (
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
)

// Executor is the name under which this process runs units.
const Executor contracts.NodeID = "local"

// Opening is what a session begins with. It is shared by all who fold it.
type Opening struct {
	ID    contracts.SessionID
	At    time.Time
	Graph cid.Cid
	// Trace is the traceparent of every event.
	Trace string
	Plan  *dag.Plan
}

// Session is one execution of one graph.
type Session struct {
	Opening

	run      *dag.Run
	meter    dag.Meter
	told     dag.Narrator
	listener func(contracts.Event)
	units    []execution
	schemas  map[string]*contracts.OutputSchema
	leases   uint64
	closedAt time.Time

	ready   []Ready
	dropped []Lease
}

// execution is what this process knows of one unit beside its state.
type execution struct {
	lease    uint64
	attempt  uint32
	failures uint8
	fuel     uint64
	unit     cid.Cid
	calls    *dag.Calls // reserved, nil for a CPU unit
	model    contracts.ModelUse
	reused   bool
	end      *Ended
}

// Ready is a unit that may be dispatched from NotBefore on.
type Ready struct {
	Unit      int
	NotBefore time.Time
}

// Open begins a session. Its root units are ready. Its first events go to
// listen, if that is not nil, as those of every record that is applied will.
func Open(o Opening, listen func(contracts.Event)) *Session {
	g := o.Plan.Graph
	run, changes := dag.Start(o.Plan)
	s := &Session{
		Opening: o, run: run, meter: meterOf(g), units: make([]execution, o.Plan.Len()), listener: listen,
		told: dag.Narrator{
			Source: "/krako/kora/" + string(Executor), Tenant: g.TenantID, Graph: g.GraphID, Session: o.ID,
			TraceParent: o.Trace, Mute: listen == nil,
		},
	}
	s.follow(changes, o.At)
	s.begin(changes)
	return s
}

// meterOf returns the meter of a graph's budgets, and of the policy that bounds
// model calls beside them.
func meterOf(g *contracts.TaskGraph) dag.Meter {
	m := dag.NewMeter(g.Budgets)
	if g.Policies != nil && g.Policies.MaxLLMInvocations != nil {
		m.LimitCalls(*g.Policies.MaxLLMInvocations)
	}
	return m
}

// begin tells the events of the opening.
func (s *Session) begin(changes []dag.Change) {
	s.tell(s.told.Event(s.At, contracts.EventSessionStarted, "", 0, contracts.SessionStarted{
		GraphCID: s.Graph.String(), RequestID: s.Plan.Graph.RequestID, Units: s.Plan.Len(),
	}))
	for i := range s.Plan.Len() {
		s.tell(s.told.Event(s.At, contracts.EventUnitQueued, s.Plan.Unit(i).ID, 0, nil))
	}
	s.tell(s.told.Changes(s.At, s.Plan, changes)...)
}

func (s *Session) tell(events ...contracts.Event) {
	if s.listener == nil {
		return
	}
	for _, e := range events {
		s.listener(e)
	}
}

// Run returns the graph's run; callers only read it and resolve with it.
func (s *Session) Run() *dag.Run { return s.run }

// Over reports whether every unit is final.
func (s *Session) Over() bool { return s.run.Over() }

// Attempt returns how often a unit was begun.
func (s *Session) Attempt(unit int) int { return int(s.units[unit].attempt) }

// Deadline returns the hard end of the session, zero if it has none.
func (s *Session) Deadline() time.Time {
	ms := s.Plan.Graph.Budgets.MaxLatencyMS
	if ms == nil {
		return time.Time{}
	}
	return s.At.Add(milliseconds(*ms))
}

// Budget says whether one more run with the given fuel limit fits into the
// session's budgets.
func (s *Session) Budget(fuel uint64) dag.Verdict { return s.meter.Check(fuel) }

// Calls says whether one more llm unit fits into the session's budgets that may
// take so many tokens, and what it may take.
func (s *Session) Calls(tokens int64) (dag.Calls, dag.Verdict) {
	return s.meter.CheckCalls(tokens, maxCalls)
}

// maxCalls is how often a run of a unit may ask its model: once, and once more when
// the answer is not valid.
const maxCalls = 2

// Output returns where a successful unit's output is.
func (s *Session) Output(unit int) dag.Output {
	e := s.units[unit].end
	if e == nil || e.Output == nil {
		return dag.Output{}
	}
	return dag.Output{CID: e.Output.CID.Cid, MediaType: e.Output.MediaType}
}

// TakeReady returns the units that became ready since the last call.
func (s *Session) TakeReady() []Ready {
	r := s.ready
	s.ready = nil
	return r
}

// TakeDropped returns the runs that nobody needs any more since the last call.
func (s *Session) TakeDropped() []Lease {
	d := s.dropped
	s.dropped = nil
	return d
}

// holds reports whether l is its unit's current lease.
func (s *Session) holds(l Lease) bool {
	return l.ID != 0 && s.units[l.Unit].lease == l.ID && s.units[l.Unit].end == nil
}

// maxWait is far enough away to be for ever, and near enough to add to a time.
const maxWait = 100 * 365 * 24 * time.Hour

// milliseconds converts a number of a document, which may be larger than a
// time.Duration holds.
func milliseconds(ms int64) time.Duration {
	return time.Duration(min(ms, maxWait.Milliseconds())) * time.Millisecond
}
