package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
)

// producer labels the graphs of this planner.
const producer = "kora-plan/1"

// tags are where an answer's template names the output.
var tags = regexp.MustCompile(`\{\{([#^/&{]?)out\b`)

// build makes the graph of clauses that were read: their steps, and one unit that
// writes the answer from the outputs of the last step of each.
func build(p *Plan, r *Request, clauses []clause) {
	g := newGraph(r)
	answer := contracts.WorkUnit{ID: "answer", Name: "answer", Type: contracts.Deterministic, Program: &contracts.Program{Task: "text/template@1"}}
	var lines []string
	for i, c := range clauses {
		last := addSteps(g, i, &c.readings[0])
		name := fmt.Sprintf("a%d", i+1)
		answer.Dependencies = append(answer.Dependencies, last)
		answer.Bind = append(answer.Bind, contracts.Bind{From: last, To: "/data/" + name})
		s := &c.readings[0].steps[len(c.readings[0].steps)-1]
		lines = append(lines, tags.ReplaceAllString(s.answer, "{{${1}"+name))
		p.Handlers = append(p.Handlers, s.task)
	}
	answer.Input = object(map[string]any{"template": strings.Join(lines, "\n"), "data": map[string]any{}, "escape": "none", "missing": "refuse"})
	g.WorkUnits = append(g.WorkUnits, answer)
	g.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: "answer", Select: "/text"}}
	p.Kind, p.Graph = Deterministic, g
	p.seal()
}

// addSteps adds the units of a reading and returns the id of the last.
func addSteps(g *contracts.TaskGraph, clause int, rd *reading) contracts.UnitID {
	ids := make([]contracts.UnitID, len(rd.steps))
	for i := range rd.steps {
		s := &rd.steps[i]
		ids[i] = contracts.UnitID(fmt.Sprintf("c%d.%d", clause+1, i+1))
		u := contracts.WorkUnit{
			ID: ids[i], Name: s.reading, Type: cmp.Or(s.kind, contracts.Deterministic),
			Program: &contracts.Program{Task: s.task}, Input: object(s.input), Blobs: s.blobs,
		}
		for _, f := range s.from {
			u.Dependencies = append(u.Dependencies, ids[f.step])
			u.Bind = append(u.Bind, contracts.Bind{From: ids[f.step], Select: f.selection, To: f.to})
		}
		g.WorkUnits = append(g.WorkUnits, u)
	}
	return ids[len(ids)-1]
}

func object(v map[string]any) contracts.JSON {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("plan: input: %v", err)) // inputs are made here of plain values
	}
	return contracts.JSON(b)
}

// newGraph makes an empty graph. Its id is derived from the request, so that the
// same request is the same graph.
func newGraph(r *Request) *contracts.TaskGraph {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\x00%s\x00%s", producer, r.Tenant, r.ID, r.Message, r.Zone, r.Locale)
	id := uuid.UUID(h.Sum(nil)[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // version 8, RFC 9562
	g := &contracts.TaskGraph{
		SchemaVersion: contracts.Version, GraphVersion: producer, GraphID: id.String(), RequestID: r.ID, TenantID: r.Tenant,
		CreatedAt: contracts.Time{Time: r.Now.UTC()},
	}
	if r.Privacy != "" {
		g.Policies = &contracts.Policies{PrivacyDefault: r.Privacy}
	}
	return g
}

// modelUnit is the unit that asks a model the message.
func modelUnit(r *Request) contracts.WorkUnit {
	call := r.Model
	call.Operation, call.FreeText, call.Prompt = contracts.Generate, true, ""
	call.Tier = cmp.Or(call.Tier, contracts.TierSmall)
	call.Messages = append(append([]contracts.Message(nil), r.Model.Messages...), contracts.Message{Role: "user", Content: r.Message})
	return contracts.WorkUnit{ID: "model", Name: "model", Type: contracts.LLM, Model: &call}
}

// askModel makes the graph of one model call.
func askModel(p *Plan, r *Request) {
	unit := modelUnit(r)
	unit.ID = "answer"
	g := newGraph(r)
	calls := int64(1)
	g.Budgets.MaxLLMCalls = &calls
	g.WorkUnits = []contracts.WorkUnit{unit}
	g.Outputs.Final = []contracts.FinalOutput{{WorkUnitID: "answer"}}
	p.decide(StageModel, Accepted, p.Reason, 0, len(r.Message))
	p.Kind, p.Graph = Model, g
	p.seal()
}

// seal computes the graph's address. A graph that this package makes is valid, or
// the package is wrong.
func (p *Plan) seal() {
	id, err := p.Graph.CID()
	if err != nil {
		panic(fmt.Sprintf("plan: graph has no address: %v", err))
	}
	p.CID = id.String()
}
