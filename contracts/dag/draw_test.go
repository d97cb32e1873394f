package dag_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"pgregory.net/rapid"
)

// outputs are what drawn units may leave behind.
var outputs = []string{`{}`, `{"confidence":0.2}`, `{"confidence":0.5}`, `{"confidence":0.9,"kind":"a"}`, `{"confidence":"high","kind":"b"}`, `{"kind":null}`, `[1,2]`, `"text"`}

// drawGraph draws a valid graph of up to ten units with dependencies, binds,
// conditions and policies of all kinds.
func drawGraph(t *rapid.T) *contracts.TaskGraph {
	g := &contracts.TaskGraph{
		SchemaVersion: "1.0", GraphVersion: "drawn", TenantID: "lab",
		GraphID: "01890a5d-ac96-774b-bcce-b302099a8057", RequestID: "01890a5d-ac96-774b-bcce-b302099a8058",
		CreatedAt: contracts.Time{Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		Policies: &contracts.Policies{
			FailurePolicy:  rapid.SampledFrom([]contracts.FailurePolicy{"", contracts.FailFast, contracts.ContinueOnError}).Draw(t, "failure policy"),
			PrivacyDefault: rapid.SampledFrom([]contracts.Privacy{"", contracts.AllowRemote, contracts.LocalOnly}).Draw(t, "privacy default"),
		},
	}
	n := rapid.IntRange(1, 10).Draw(t, "units")
	for i := range n {
		g.WorkUnits = append(g.WorkUnits, drawUnit(t, i))
	}
	for _, i := range rapid.SliceOfN(rapid.IntRange(0, n-1), 1, 3).Draw(t, "final") {
		g.Outputs.Final = append(g.Outputs.Final, contracts.FinalOutput{WorkUnitID: id(i)})
	}
	if err := g.Validate(contracts.DefaultLimits()); err != nil {
		t.Fatalf("the drawn graph is not valid: %v", err)
	}
	return g
}

func id(i int) contracts.UnitID { return contracts.UnitID(fmt.Sprintf("u%d", i)) }

func drawUnit(t *rapid.T, i int) contracts.WorkUnit {
	u := contracts.WorkUnit{ID: id(i), Type: contracts.Deterministic, Program: &contracts.Program{Task: "t@1"}}
	if rapid.IntRange(0, 3).Draw(t, "critical") == 0 {
		u.Critical = new(bool)
	}
	u.Constraints = &contracts.Constraints{
		Privacy: rapid.SampledFrom([]contracts.Privacy{"", "", contracts.AllowRemote, contracts.LocalOnly}).Draw(t, "privacy"),
	}
	if i == 0 {
		return u
	}
	for _, d := range rapid.SliceOfNDistinct(rapid.IntRange(0, i-1), 0, 3, rapid.ID[int]).Draw(t, "dependencies") {
		u.Dependencies = append(u.Dependencies, id(d))
		switch rapid.IntRange(0, 4).Draw(t, "edge") {
		case 0:
			u.Bind = append(u.Bind, contracts.Bind{From: id(d), To: "/" + string(id(d))})
		case 1:
			u.Bind = append(u.Bind, contracts.Bind{From: id(d), Blob: string(id(d))})
		case 2, 3:
			u.When = append(u.When, drawCondition(t, d))
		}
	}
	return u
}

func drawCondition(t *rapid.T, dep int) contracts.Condition {
	c := contracts.Condition{Dependency: id(dep), Not: rapid.Bool().Draw(t, "not")}
	c.Condition = rapid.SampledFrom([]contracts.ConditionKind{
		contracts.OnFailure, contracts.OnSchemaMismatch, contracts.OnConfidenceBelow, contracts.OnEquals, contracts.Always,
	}).Draw(t, "condition")
	switch c.Condition {
	case contracts.OnConfidenceBelow:
		c.Threshold = new(0.5)
	case contracts.OnEquals:
		c.Select, c.Value = "/kind", contracts.JSON(rapid.SampledFrom([]string{`"a"`, `null`}).Draw(t, "value"))
	}
	return c
}

// story is one execution: the run and what happened to each unit.
type story struct {
	run *dag.Run
	// ran notes units that became ready at least once, output what succeeded.
	ran    map[int]bool
	output map[int]string
	// stopped is set when the run was stopped from outside.
	stopped bool
}

// watcher sees every state of a run, between any two steps.
type watcher func(t *rapid.T, s *story, changes []dag.Change)

// execute runs a drawn plan with drawn endings in a drawn order, until every
// unit is final, and lets watch see each step.
func execute(t *rapid.T, p *dag.Plan, watch watcher) *story {
	run, changes := dag.Start(p)
	s := &story{run: run, ran: map[int]bool{}, output: map[int]string{}}
	s.note(changes)
	watch(t, s, changes)
	for steps := 0; !run.Over(); steps++ {
		if steps > 100*p.Len() {
			t.Fatalf("%d units are still open after %d steps", run.Open(), steps)
		}
		changes := s.step(t)
		s.note(changes)
		watch(t, s, changes)
	}
	return s
}

func (s *story) note(changes []dag.Change) {
	for _, c := range changes {
		if c.State == contracts.UnitReady {
			s.ran[c.Unit] = true
		}
	}
}

// step does one drawn thing to one unit that can be worked on.
func (s *story) step(t *rapid.T) []dag.Change {
	var open []int
	for i := range s.run.Plan().Len() {
		switch s.run.State(i) {
		case contracts.UnitReady, contracts.UnitDispatched, contracts.UnitRunning:
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		t.Fatal("units are open, but none can ever run")
	}
	i := rapid.SampledFrom(open).Draw(t, "unit")
	switch rapid.IntRange(0, 11).Draw(t, "step") {
	case 0, 1:
		s.run.Dispatched(i)
	case 2:
		s.run.Running(i)
	case 3:
		s.run.Return(i)
	case 4:
		if rapid.IntRange(0, 9).Draw(t, "stop") == 0 {
			s.stopped = true
			return s.run.Stop(dag.Ending{Reason: contracts.StopCancelled, Code: contracts.CodeCancelled})
		}
	default:
		return s.end(t, i)
	}
	return nil
}

func (s *story) end(t *rapid.T, i int) []dag.Change {
	e := dag.Ending{State: contracts.UnitSuccess, Reason: contracts.StopSuccess}
	switch rapid.IntRange(0, 5).Draw(t, "ending") {
	case 0:
		e = dag.Ending{State: contracts.UnitFailed, Reason: contracts.StopExecutionFailed, Code: contracts.CodeTrap}
	case 1:
		e = dag.Ending{State: contracts.UnitFailed, Reason: contracts.StopValidationFailed, Code: contracts.CodeSchemaMismatch}
	case 2:
		e = dag.Ending{State: contracts.UnitTimeout, Reason: contracts.StopTimeout, Code: contracts.CodeTimeout}
	default:
		s.output[i] = rapid.SampledFrom(outputs).Draw(t, "output")
		facts, err := s.run.Plan().Facts(i, []byte(s.output[i]))
		if err != nil {
			t.Fatal(err)
		}
		e.Facts = facts
	}
	changes, ok := s.run.End(i, e)
	if !ok {
		t.Fatalf("unit %d in state %s cannot end", i, s.run.State(i))
	}
	return changes
}

// holds judges a condition by CONTRACTS section 3, from the states and outputs
// alone.
func (s *story) holds(c contracts.Condition) bool {
	i, _ := s.run.Plan().Index(c.Dependency)
	state := s.run.State(i)
	var doc map[string]any
	if state == contracts.UnitSuccess {
		_ = json.Unmarshal([]byte(s.output[i]), &doc) // no object has no members
	}
	switch c.Condition {
	case contracts.OnFailure:
		return state == contracts.UnitFailed || state == contracts.UnitTimeout
	case contracts.OnSchemaMismatch:
		_, code := s.run.Reason(i)
		return state == contracts.UnitFailed && code == contracts.CodeSchemaMismatch
	case contracts.OnConfidenceBelow:
		n, ok := doc["confidence"].(float64)
		return ok && n < *c.Threshold
	case contracts.OnEquals:
		v, ok := doc["kind"]
		b, err := json.Marshal(v)
		return ok && err == nil && string(b) == string(c.Value)
	}
	return true
}
