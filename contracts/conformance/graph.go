package conformance

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/krako-labs/krako/contracts"
)

// created is when every graph was made: a graph's identity must not depend on
// when the suite runs.
var created = contracts.Time{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}

// graph makes a graph of a request of its own. Its answer is the last unit's
// output, unless finally says otherwise.
func graph(units ...contracts.WorkUnit) *contracts.TaskGraph {
	g := &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: "conformance", GraphID: uuid.NewString(), RequestID: uuid.NewString(),
		TenantID: tenant, CreatedAt: created, WorkUnits: units,
	}
	return finally(g, units[len(units)-1].ID)
}

// finally makes the outputs of these units the answer, the first that succeeded.
func finally(g *contracts.TaskGraph, units ...contracts.UnitID) *contracts.TaskGraph {
	g.Outputs.Final = nil
	for _, u := range units {
		g.Outputs.Final = append(g.Outputs.Final, contracts.FinalOutput{WorkUnitID: u})
	}
	return g
}

// policy sets a graph's failure policy.
func policy(g *contracts.TaskGraph, p contracts.FailurePolicy) *contracts.TaskGraph {
	g.Policies = &contracts.Policies{FailurePolicy: p}
	return g
}

// part sets something of a unit.
type part func(*contracts.WorkUnit)

// unit makes a unit that runs an entry of the reactor.
func (g *guests) unit(id contracts.UnitID, entry string, parts ...part) contracts.WorkUnit {
	module := g.reactor
	u := contracts.WorkUnit{ID: id, Type: contracts.Deterministic, Program: &contracts.Program{Module: &module, Entry: entry}}
	for _, p := range parts {
		p(&u)
	}
	return u
}

// running makes the unit run another module.
func running(module contracts.Link) part {
	return func(u *contracts.WorkUnit) { u.Program.Module = &module }
}

// after names dependencies; those that are named already are left as they are.
func after(ids ...contracts.UnitID) part {
	return func(u *contracts.WorkUnit) {
		for _, id := range ids {
			if !slices.Contains(u.Dependencies, id) {
				u.Dependencies = append(u.Dependencies, id)
			}
		}
	}
}

// input sets the literal input, which must be in RFC 8785 form.
func input(doc string) part {
	return func(u *contracts.WorkUnit) { u.Input = contracts.JSON(doc) }
}

// bind copies what is selected of a dependency's output into the input.
func bind(from contracts.UnitID, sel, to string) part {
	return func(u *contracts.WorkUnit) {
		after(from)(u)
		u.Bind = append(u.Bind, contracts.Bind{From: from, Select: sel, To: to})
	}
}

// mount gives the unit a dependency's output as a blob.
func mount(from contracts.UnitID, name string) part {
	return func(u *contracts.WorkUnit) {
		after(from)(u)
		u.Bind = append(u.Bind, contracts.Bind{From: from, Blob: name})
	}
}

// blob gives the unit a block.
func blob(name string, link contracts.Link) part {
	return func(u *contracts.WorkUnit) {
		if u.Blobs == nil {
			u.Blobs = map[string]contracts.Link{}
		}
		u.Blobs[name] = link
	}
}

// when adds an escalation edge.
func when(c contracts.Condition) part {
	return func(u *contracts.WorkUnit) {
		after(c.Dependency)(u)
		u.When = append(u.When, c)
	}
}

// on is an escalation edge without parameters.
func on(dep contracts.UnitID, kind contracts.ConditionKind) contracts.Condition {
	return contracts.Condition{Dependency: dep, Condition: kind}
}

// below is a confidence_below edge.
func below(dep contracts.UnitID, threshold float64) contracts.Condition {
	return contracts.Condition{Dependency: dep, Condition: contracts.OnConfidenceBelow, Threshold: &threshold}
}

// equals is an equals edge.
func equals(dep contracts.UnitID, sel, value string) contracts.Condition {
	return contracts.Condition{Dependency: dep, Condition: contracts.OnEquals, Select: sel, Value: contracts.JSON(value)}
}

// not negates an edge.
func not(c contracts.Condition) contracts.Condition {
	c.Not = true
	return c
}

// schema demands a form of the output.
func schema(doc string) part {
	return func(u *contracts.WorkUnit) { u.OutputSchema = contracts.JSON(doc) }
}

// checkedBy gives the unit a checker.
func checkedBy(module contracts.Link, entry string) part {
	return func(u *contracts.WorkUnit) { u.VerifyWith = &contracts.Program{Module: &module, Entry: entry} }
}

// noncritical lets the graph go on when the unit fails.
func noncritical(u *contracts.WorkUnit) { u.Critical = new(bool) }

// once says that the unit must not be run twice.
func once(u *contracts.WorkUnit) { u.Idempotent = new(bool) }

func constraints(u *contracts.WorkUnit) *contracts.Constraints {
	if u.Constraints == nil {
		u.Constraints = &contracts.Constraints{}
	}
	return u.Constraints
}

// fuel sets the fuel limit.
func fuel(n int64) part {
	return func(u *contracts.WorkUnit) { constraints(u).Fuel = &n }
}

// memory sets the memory limit in MiB.
func memory(mb int64) part {
	return func(u *contracts.WorkUnit) { constraints(u).MemoryMB = &mb }
}

// private keeps the unit in the trusted zone.
func private(u *contracts.WorkUnit) { constraints(u).Privacy = contracts.LocalOnly }

// attempts bounds how often the unit is started, with the shortest pause.
func attempts(n int) part {
	return func(u *contracts.WorkUnit) { u.Retries = &contracts.Retries{MaxAttempts: n, BackoffMS: 1} }
}

// runTimeout bounds one run, in milliseconds.
func runTimeout(ms int64) part {
	return func(u *contracts.WorkUnit) { u.Timeouts = &contracts.Timeouts{RunMS: &ms} }
}
