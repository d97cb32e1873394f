package conformance

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/krako-labs/krako/contracts"
)

// Subject is a backend under test. It stays usable until the test ends.
type Subject struct {
	Backend contracts.ExecutionBackend
	// Blocks is where the backend finds the blocks that graphs name and leaves
	// those that results stand on.
	Blocks contracts.BlockStore
	// Distributed says that other machines run the units: results are signed, and
	// every end that has one names its batch.
	Distributed bool
	// ShallowCalls says that the engine cannot nest calls as deep as the profile
	// allows. It must then give no result where another gives STACK_OVERFLOW, and
	// is not fit to sign any.
	ShallowCalls bool
}

// tenant is on whose behalf every graph runs.
const tenant contracts.TenantID = "conformance"

// patience bounds one case. It is only reached when something hangs.
const patience = 2 * time.Minute

// Run runs every case against the subject that open makes and compares what
// they leave behind with golden.json. open is called once.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	want, err := readGolden()
	if err != nil {
		t.Fatal(err)
	}
	s := newSuite(t, open(t), want)
	s.run(t)
	t.Run("meta", func(t *testing.T) {
		s.checkLines(t)
		s.checkUsed(t)
	})
}

// Record runs every case against the subject that open makes and returns the
// golden.json that it leaves behind.
func Record(t *testing.T, open func(t *testing.T) Subject) []byte {
	s := newSuite(t, open(t), nil)
	s.run(t)
	b, err := s.got.encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// suite is one run of all cases against one subject. Cases run one after the
// other.
type suite struct {
	Subject
	guests
	want golden // nil to record
	got  golden
	ran  map[string]bool
}

func newSuite(t *testing.T, subject Subject, want golden) *suite {
	t.Helper()
	s := &suite{Subject: subject, want: want, got: golden{}, ran: map[string]bool{}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	if s.guests, err = putGuests(ctx, subject.Blocks); err != nil {
		t.Fatal(err)
	}
	return s
}

// group is cases about one subject.
type group struct {
	name  string
	cases []test
}

// test is one case. Its name and its group's make the names of golden.json and
// of Lines.
type test struct {
	name string
	run  func(*trial)
}

func groups() []group {
	return []group{
		{"shapes", shapes()}, {"binds", binds()}, {"when", conditions()}, {"policies", policies()}, {"stops", stops()},
		{"schema", schemas()}, {"check", checks()}, {"budgets", budgets()}, {"cancel", cancellation()}, {"identity", identity()},
		{"invocation", invocations()}, {"refusals", refusals()}, {"events", stages()}, {"blocks", blocks()}, {"port", port()},
	}
}

func (s *suite) run(t *testing.T) {
	for _, g := range groups() {
		t.Run(g.name, func(t *testing.T) {
			for _, c := range g.cases {
				t.Run(c.name, func(t *testing.T) {
					name := g.name + "/" + c.name
					s.ran[name] = true
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					c.run(&trial{T: t, suite: s, ctx: ctx, name: name})
				})
			}
		})
	}
}

// trial is one case at work.
type trial struct {
	*testing.T
	*suite
	ctx  context.Context
	name string
}

// outcome is what one execution left behind.
type outcome struct {
	*contracts.ExecutionResult
	graph  *contracts.TaskGraph
	events []contracts.Event
}

// task returns the telemetry of a unit.
func (o *outcome) task(id contracts.UnitID) *contracts.TaskTelemetry {
	for i := range o.Telemetry.Tasks {
		if o.Telemetry.Tasks[i].TaskID == id {
			return &o.Telemetry.Tasks[i]
		}
	}
	return &contracts.TaskTelemetry{TaskID: id}
}

// execute runs a graph whose execution must have a result and holds that to the
// rules.
func (c *trial) execute(g *contracts.TaskGraph) *outcome {
	c.Helper()
	o := &outcome{graph: g}
	var err error
	o.ExecutionResult, err = c.Backend.Execute(c.ctx, g, contracts.ExecutionContext{RunID: uuid.NewString()}, func(e contracts.Event) {
		o.events = append(o.events, e)
	})
	if err != nil {
		c.Fatalf("execute: %v", err)
	}
	c.hold(o)
	return o
}

// compare runs a graph and compares what it leaves behind with golden.json.
func (c *trial) compare(g *contracts.TaskGraph) *outcome {
	c.Helper()
	o := c.execute(g)
	c.golden(o, "")
	return o
}

// wantEnd checks how an execution ended; code is "" for none.
func (c *trial) wantEnd(o *outcome, state contracts.SessionState, reason contracts.StopReason, code contracts.Code) {
	c.Helper()
	m, got := o.Metadata, contracts.Code("")
	if m.Error != nil {
		got = m.Error.Code
	}
	if m.State != state || m.StopReason != reason || got != code {
		c.Errorf("session ended %s, %s, %q (%v), want %s, %s, %q", m.State, m.StopReason, got, m.Error, state, reason, code)
	}
}

// wantAnswer checks the final output.
func (c *trial) wantAnswer(o *outcome, unit contracts.UnitID, answer string) {
	c.Helper()
	c.wantEnd(o, contracts.SessionCompleted, contracts.StopSuccess, "")
	if o.Metadata.FinalUnit != unit || string(o.FinalOutput) != answer {
		c.Errorf("unit %q answers %s, want %q with %s", o.Metadata.FinalUnit, o.FinalOutput, unit, answer)
	}
}

// wantUnit checks how a unit ended; code is "" for none.
func (c *trial) wantUnit(o *outcome, id contracts.UnitID, state contracts.UnitState, reason contracts.StopReason, code contracts.Code) {
	c.Helper()
	t, got := o.task(id), contracts.Code("")
	if t.Error != nil {
		got = t.Error.Code
	}
	if t.Status != state || t.StopReason != reason || got != code {
		c.Errorf("unit %s ended %s, %s, %q (%v), want %s, %s, %q", id, t.Status, t.StopReason, got, t.Error, state, reason, code)
	}
}

// wantStates checks the states of units, in the order of the graph, as one word
// each.
func (c *trial) wantStates(o *outcome, want string) {
	c.Helper()
	var got []string
	for _, t := range o.Telemetry.Tasks {
		got = append(got, string(t.Status))
	}
	if s := strings.Join(got, " "); s != want {
		c.Errorf("units ended %s, want %s", s, want)
	}
}
