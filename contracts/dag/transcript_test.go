package dag_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/internal/golden"
)

// TestTranscripts plays each script in testdata and compares what follows each
// step with the transcript below it. A script is a graph, then steps:
//
//	unit NAME [<- DEP…] [noncritical]
//	bind NAME DEP | when NAME DEP [not] CONDITION [ARG] | policy VALUE | final NAME…
//	start | end NAME success [JSON] | end NAME failed CODE | end NAME timeout | stop REASON | return NAME
func TestTranscripts(t *testing.T) { golden.Transcripts(t, play) }

// player builds a graph from the head of a script and then runs it.
type player struct {
	t     *testing.T
	graph contracts.TaskGraph
	run   *dag.Run
	out   bytes.Buffer
}

func play(t *testing.T, script string) string {
	p := &player{t: t}
	for _, line := range strings.Split(script, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if p.build(words) {
			continue
		}
		fmt.Fprintf(&p.out, "> %s\n", line)
		p.step(words)
	}
	p.outcome()
	return p.out.String()
}

func (p *player) unit(name string) *contracts.WorkUnit {
	for i := range p.graph.WorkUnits {
		if p.graph.WorkUnits[i].ID == contracts.UnitID(name) {
			return &p.graph.WorkUnits[i]
		}
	}
	p.t.Fatalf("script names unknown unit %q", name)
	return nil
}

func (p *player) build(w []string) bool {
	switch w[0] {
	case "unit":
		u := contracts.WorkUnit{ID: contracts.UnitID(w[1]), Type: contracts.Deterministic, Program: &contracts.Program{Task: "t@1"}}
		for _, x := range w[2:] {
			switch x {
			case "<-":
			case "noncritical":
				u.Critical = new(bool)
			default:
				u.Dependencies = append(u.Dependencies, contracts.UnitID(x))
			}
		}
		p.graph.WorkUnits = append(p.graph.WorkUnits, u)
	case "bind":
		u := p.unit(w[1])
		u.Bind = append(u.Bind, contracts.Bind{From: contracts.UnitID(w[2]), To: "/" + w[2]})
	case "when":
		p.when(p.unit(w[1]), contracts.Condition{Dependency: contracts.UnitID(w[2])}, w[3:])
	case "policy":
		p.graph.Policies = &contracts.Policies{FailurePolicy: contracts.FailurePolicy(w[1])}
	case "final":
		for _, x := range w[1:] {
			p.graph.Outputs.Final = append(p.graph.Outputs.Final, contracts.FinalOutput{WorkUnitID: contracts.UnitID(x)})
		}
	default:
		return false
	}
	return true
}

func (p *player) when(u *contracts.WorkUnit, c contracts.Condition, w []string) {
	if w[0] == "not" {
		c.Not, w = true, w[1:]
	}
	c.Condition = contracts.ConditionKind(w[0])
	switch c.Condition {
	case contracts.OnConfidenceBelow:
		f, err := strconv.ParseFloat(w[1], 64)
		if err != nil {
			p.t.Fatal(err)
		}
		c.Threshold = &f
	case contracts.OnEquals:
		c.Select, c.Value = w[1], contracts.JSON(w[2])
	}
	u.When = append(u.When, c)
}

func (p *player) step(w []string) {
	if w[0] == "start" {
		plan, err := dag.Compile(&p.graph)
		if err != nil {
			p.t.Fatal(err)
		}
		run, changes := dag.Start(plan)
		p.run = run
		p.print(changes)
		return
	}
	if w[0] == "stop" {
		p.print(p.run.Stop(dag.Ending{Reason: contracts.StopReason(w[1]), Code: contracts.CodeCancelled}))
		return
	}
	i, ok := p.run.Plan().Index(contracts.UnitID(w[1]))
	if !ok {
		p.t.Fatalf("script names unknown unit %q", w[1])
	}
	if w[0] == "return" {
		fmt.Fprintf(&p.out, "  returned: %v\n", p.run.Dispatched(i) && p.run.Return(i))
		return
	}
	changes, ok := p.run.End(i, p.ending(i, w[2:]))
	if !ok {
		p.out.WriteString("  refused\n")
		return
	}
	p.print(changes)
}

func (p *player) ending(i int, w []string) dag.Ending {
	switch w[0] {
	case "failed":
		return dag.Ending{State: contracts.UnitFailed, Reason: contracts.StopExecutionFailed, Code: contracts.Code(w[1])}
	case "timeout":
		return dag.Ending{State: contracts.UnitTimeout, Reason: contracts.StopTimeout, Code: contracts.CodeTimeout}
	}
	e := dag.Ending{State: contracts.UnitSuccess, Reason: contracts.StopSuccess}
	if len(w) > 1 {
		facts, err := p.run.Plan().Facts(i, []byte(w[1]))
		if err != nil {
			p.t.Fatal(err)
		}
		e.Facts = facts
	}
	return e
}

func (p *player) print(changes []dag.Change) {
	for _, c := range changes {
		fmt.Fprintf(&p.out, "  %s %s", p.run.Plan().Unit(c.Unit).ID, c.State)
		if c.Reason != "" {
			fmt.Fprintf(&p.out, " (%s)", c.Reason)
		}
		p.out.WriteByte('\n')
	}
}

func (p *player) outcome() {
	if !p.run.Over() {
		fmt.Fprintf(&p.out, "open: %d\n", p.run.Open())
		return
	}
	o := p.run.Outcome()
	fmt.Fprintf(&p.out, "%s: %s", o.State, o.Reason)
	if o.Final >= 0 {
		fmt.Fprintf(&p.out, ", answer %s", p.graph.Outputs.Final[o.Final].WorkUnitID)
	}
	if o.Culprit >= 0 {
		fmt.Fprintf(&p.out, ", because of %s %s", p.graph.WorkUnits[o.Culprit].ID, o.Code)
	}
	p.out.WriteByte('\n')
}
