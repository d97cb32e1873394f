package layout

import "github.com/krako-labs/krako/contracts"

// The size of a box, in pixels.
const (
	UnitWidth  = 184
	UnitHeight = 52
)

// Marks say how units fared; units without one are drawn as waiting.
type Marks map[contracts.UnitID]contracts.UnitState

// MarksOf are the marks of a result.
func MarksOf(r *contracts.ExecutionResult) Marks {
	m := Marks{}
	for i := range r.Telemetry.Tasks {
		m[r.Telemetry.Tasks[i].TaskID] = r.Telemetry.Tasks[i].Status
	}
	return m
}

// Box is a unit or a whole stage, as people see it.
type Box struct {
	ID string
	// Name is what it is called, What in a few words what it does.
	Name, What string
	State      contracts.UnitState
	// Model says that it asks a model; of a stage, that some of its units do.
	Model bool
}

// View is what is drawn of a graph: boxes and the edges between them, by their
// places in Boxes.
type View struct {
	Boxes []Box
	Edges []Edge
}

// Of shows every unit of a graph, with an edge for every dependency. Two units of
// one id, and a dependency on none, are VALIDATION_ERROR errors that name the unit.
func Of(g *contracts.TaskGraph, marks Marks) (*View, error) {
	v := &View{Boxes: make([]Box, len(g.WorkUnits))}
	index := make(map[contracts.UnitID]int, len(g.WorkUnits))
	for i := range g.WorkUnits {
		u := &g.WorkUnits[i]
		if _, twice := index[u.ID]; twice {
			return nil, contracts.Errorf(contracts.CodeValidation, string(u.ID), "two units have this id")
		}
		index[u.ID] = i
		v.Boxes[i] = Box{string(u.ID), label(u), program(u), marks[u.ID], !u.Type.CPU()}
	}
	for i := range g.WorkUnits {
		for _, dep := range g.WorkUnits[i].Dependencies {
			from, ok := index[dep]
			if !ok {
				return nil, contracts.Errorf(contracts.CodeValidation, string(g.WorkUnits[i].ID), "waits for %q, which is not in the graph", dep)
			}
			v.Edges = append(v.Edges, Edge{from, i})
		}
	}
	return v, nil
}

// Draw places the boxes. A cycle is a VALIDATION_ERROR error that names a box of it.
func (v *View) Draw(o Options) (*Drawing, error) {
	nodes := make([]Node, len(v.Boxes))
	for i := range v.Boxes {
		nodes[i] = Node{ID: v.Boxes[i].ID, Width: UnitWidth, Height: UnitHeight}
	}
	return Layered(nodes, v.Edges, o)
}

// label is what a unit is called for people.
func label(u *contracts.WorkUnit) string {
	if u.Name != "" {
		return u.Name
	}
	return string(u.ID)
}

// program is what a unit runs, in a few words.
func program(u *contracts.WorkUnit) string {
	switch {
	case u.Model != nil && u.Model.Name != "":
		return "model " + u.Model.Name
	case u.Model != nil:
		return "model, " + string(u.Model.Tier)
	case u.Program != nil && u.Program.Task != "":
		return u.Program.Task
	}
	return string(u.Type)
}

// clip shortens s to n characters.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
