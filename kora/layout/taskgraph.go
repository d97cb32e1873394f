package layout

import "github.com/krako-labs/krako/contracts"

// The size of a unit's box, in pixels.
const (
	UnitWidth  = 184
	UnitHeight = 52
)

// Of draws a graph's units with an edge for every dependency.
func Of(g *contracts.TaskGraph, o Options) (*Drawing, error) {
	nodes := make([]Node, len(g.WorkUnits))
	index := make(map[contracts.UnitID]int, len(g.WorkUnits))
	for i := range g.WorkUnits {
		id := g.WorkUnits[i].ID
		if _, twice := index[id]; twice {
			return nil, contracts.Errorf(contracts.CodeValidation, string(id), "two units have this id")
		}
		index[id] = i
		nodes[i] = Node{ID: string(id), Width: UnitWidth, Height: UnitHeight}
	}
	var edges []Edge
	for i := range g.WorkUnits {
		for _, dep := range g.WorkUnits[i].Dependencies {
			from, ok := index[dep]
			if !ok {
				return nil, contracts.Errorf(contracts.CodeValidation, string(g.WorkUnits[i].ID), "waits for %q, which is not in the graph", dep)
			}
			edges = append(edges, Edge{from, i})
		}
	}
	return Layered(nodes, edges, o)
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
