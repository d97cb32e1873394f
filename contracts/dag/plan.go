package dag

import (
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/contracts/jsonpointer"
)

// Plan is a graph compiled for execution: ids are replaced by indexes into
// Graph.WorkUnits. It is immutable and safe for concurrent use.
type Plan struct {
	Graph *contracts.TaskGraph

	index  map[contracts.UnitID]int
	units  []unit
	policy contracts.FailurePolicy
}

// unit is what execution needs to know about the edges of one work unit.
type unit struct {
	deps       []int32
	dependents []int32
	// tolerated marks, per dependency, those whose failure does not fail the unit.
	tolerated []bool
	// handled reports whether some dependent tolerates this unit's failure.
	handled bool
	// watched are the when edges of dependents that look into this unit's output.
	watched []watch
	// fact is, per when edge of this unit, its place among the watched edges of
	// the dependency, or -1 if the edge does not look into an output.
	fact  []int32
	local bool
}

// watch is one when edge that needs the output of the unit it hangs on.
type watch struct {
	unit, edge int32
	value      any
}

// Compile prepares a graph that Validate accepted.
func Compile(g *contracts.TaskGraph) (*Plan, error) {
	p := &Plan{
		Graph: g,
		index: make(map[contracts.UnitID]int, len(g.WorkUnits)),
		units: make([]unit, len(g.WorkUnits)),
	}
	if g.Policies != nil {
		p.policy = g.Policies.FailurePolicy
	}
	for i := range g.WorkUnits {
		p.index[g.WorkUnits[i].ID] = i
	}
	for i := range g.WorkUnits {
		if err := p.link(i); err != nil {
			return nil, err
		}
	}
	p.spreadPrivacy()
	return p, nil
}

func (p *Plan) link(i int) error {
	w := &p.Graph.WorkUnits[i]
	u := &p.units[i]
	u.deps = make([]int32, len(w.Dependencies))
	u.tolerated = make([]bool, len(w.Dependencies))
	place := make(map[contracts.UnitID]int, len(w.Dependencies))
	for k, id := range w.Dependencies {
		d, ok := p.index[id]
		if !ok {
			return contracts.Errorf(contracts.CodeValidation, string(w.ID), "dependency %q does not exist", id)
		}
		u.deps[k] = int32(d)
		place[id] = k
		p.units[d].dependents = append(p.units[d].dependents, int32(i))
	}
	u.fact = make([]int32, len(w.When))
	for k, c := range w.When {
		u.fact[k] = -1
		at, ok := place[c.Dependency]
		if !ok {
			return contracts.Errorf(contracts.CodeValidation, string(w.ID), "when names %q, which is no dependency", c.Dependency)
		}
		switch c.Condition {
		case contracts.OnFailure, contracts.OnSchemaMismatch, contracts.Always:
			u.tolerated[at] = true
		case contracts.OnEquals, contracts.OnConfidenceBelow:
			value, err := literal(c)
			if err != nil {
				return contracts.Errorf(contracts.CodeValidation, string(w.ID), "when: %w", err)
			}
			d := &p.units[u.deps[at]]
			u.fact[k] = int32(len(d.watched))
			d.watched = append(d.watched, watch{int32(i), int32(k), value})
		}
	}
	for _, b := range w.Bind {
		at, ok := place[b.From]
		if !ok {
			return contracts.Errorf(contracts.CodeValidation, string(w.ID), "bind names %q, which is no dependency", b.From)
		}
		u.tolerated[at] = false
	}
	for k, ok := range u.tolerated {
		if ok {
			p.units[u.deps[k]].handled = true
		}
	}
	return nil
}

func literal(c contracts.Condition) (any, error) {
	if c.Condition != contracts.OnEquals {
		return nil, nil
	}
	return c.Value.Value()
}

// spreadPrivacy marks every unit that is local_only itself or binds, directly
// or through others, the output of one that is. Units are visited in
// topological order, so one pass suffices.
func (p *Plan) spreadPrivacy() {
	for _, k := range p.order() {
		i := int(k)
		w := &p.Graph.WorkUnits[i]
		p.units[i].local = p.Privacy(i) == contracts.LocalOnly
		for _, b := range w.Bind {
			if p.units[p.index[b.From]].local {
				p.units[i].local = true
			}
		}
	}
}

func (p *Plan) order() []int32 {
	waiting := make([]int, len(p.units))
	var order []int32
	for i := range p.units {
		if waiting[i] = len(p.units[i].deps); waiting[i] == 0 {
			order = append(order, int32(i))
		}
	}
	for k := 0; k < len(order); k++ {
		for _, d := range p.units[order[k]].dependents {
			if waiting[d]--; waiting[d] == 0 {
				order = append(order, d)
			}
		}
	}
	return order
}

// Len returns the number of units.
func (p *Plan) Len() int { return len(p.units) }

// Unit returns the work unit at index i.
func (p *Plan) Unit(i int) *contracts.WorkUnit { return &p.Graph.WorkUnits[i] }

// Index returns the index of a unit id.
func (p *Plan) Index(id contracts.UnitID) (int, bool) {
	i, ok := p.index[id]
	return i, ok
}

// Privacy returns the zone that unit i must run in, what it inherits along
// binds included.
func (p *Plan) Privacy(i int) contracts.Privacy {
	w := &p.Graph.WorkUnits[i]
	switch {
	case p.units[i].local:
		return contracts.LocalOnly
	case w.Constraints != nil && w.Constraints.Privacy != "":
		return w.Constraints.Privacy
	case p.Graph.Policies != nil && p.Graph.Policies.PrivacyDefault != "":
		return p.Graph.Policies.PrivacyDefault
	}
	return contracts.AllowRemote
}

// Watched reports whether some when edge looks into unit i's output, so that
// Facts needs it.
func (p *Plan) Watched(i int) bool { return len(p.units[i].watched) > 0 }

// Facts evaluates, on unit i's JSON output, every when edge that looks into
// it, and returns one byte per edge: 1 where it holds before negation. A
// pointer that leads nowhere and a confidence that is no number do not hold.
// Facts are recorded with the unit's end, so that replay needs no output.
func (p *Plan) Facts(i int, output []byte) ([]byte, error) {
	watched := p.units[i].watched
	if len(watched) == 0 {
		return nil, nil
	}
	facts := make([]byte, len(watched))
	doc, err := jcs.Value(output)
	if err != nil {
		return facts, fmt.Errorf("read output of %s: %w", p.Unit(i).ID, err)
	}
	for k, w := range watched {
		c := p.Graph.WorkUnits[w.unit].When[w.edge]
		if holds(c, w.value, doc) {
			facts[k] = 1
		}
	}
	return facts, nil
}

func holds(c contracts.Condition, want, doc any) bool {
	if c.Condition == contracts.OnConfidenceBelow {
		got, err := jsonpointer.Get(doc, "/confidence")
		n, ok := number(got)
		return err == nil && ok && n < *c.Threshold
	}
	got, err := jsonpointer.Get(doc, c.Select)
	return err == nil && equal(got, want)
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

// Descendants marks every unit that depends on unit i, directly or through others.
func (p *Plan) Descendants(i int) []bool {
	below := make([]bool, len(p.units))
	for todo := []int32{int32(i)}; len(todo) > 0; todo = todo[1:] {
		for _, d := range p.units[todo[0]].dependents {
			if !below[d] {
				below[d] = true
				todo = append(todo, d)
			}
		}
	}
	return below
}
