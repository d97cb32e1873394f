package layout

import (
	"fmt"
	"strconv"

	"github.com/krako-labs/krako/contracts"
)

// Stage is all that stands in one layer: units that wait for nothing of each other,
// and could run at the same time.
type Stage struct {
	// ID names the stage's box. No unit has such an id.
	ID string `json:"id"`
	// Number counts from 1, the stage of what waits for nothing.
	Number int `json:"number"`
	// Units are the ids of its units, in the order of the graph; Models counts those
	// that ask a model.
	Units  []string `json:"units" nullable:"false"`
	Models int      `json:"models"`
	// Collapsed says that the stage is drawn as one box.
	Collapsed bool                `json:"collapsed"`
	State     contracts.UnitState `json:"state"`
}

// Name is what the stage is called for people.
func (s *Stage) Name() string { return "Stage " + strconv.Itoa(s.Number) }

// What says in a few words how many units the stage has, and how many ask a model.
func (s *Stage) What() string {
	switch s.Models {
	case 0:
		return fmt.Sprintf("%d units, no model", len(s.Units))
	case len(s.Units):
		return fmt.Sprintf("%d units, all models", len(s.Units))
	}
	return fmt.Sprintf("%d units, %d models", len(s.Units), s.Models)
}

// Collapse shows each stage of v as one box, and one edge for all that lead from one
// box to another. Stages of a single unit, and those that expand names by number,
// stay as they are. All edges lead to later stages, so that what had no cycle gets
// none; a cycle is a VALIDATION_ERROR error that names a box of it.
func (v *View) Collapse(expand ...int) (*View, []Stage, error) {
	nodes := make([]Node, len(v.Boxes))
	for i := range v.Boxes {
		nodes[i].ID = v.Boxes[i].ID
	}
	rank, err := layers(nodes, v.Edges)
	if err != nil {
		return nil, nil, err
	}
	stages := v.stages(rank, expand)
	c := &View{}
	at, box := make([]int, len(v.Boxes)), make(map[int]int, len(stages))
	for i := range v.Boxes {
		s := &stages[rank[i]]
		if j, there := box[rank[i]]; there && s.Collapsed {
			at[i] = j
			continue
		}
		at[i] = len(c.Boxes)
		if !s.Collapsed {
			c.Boxes = append(c.Boxes, v.Boxes[i])
			continue
		}
		box[rank[i]] = at[i]
		c.Boxes = append(c.Boxes, Box{s.ID, s.Name(), s.What(), s.State, s.Models > 0})
	}
	seen := make(map[Edge]bool, len(v.Edges))
	for _, e := range v.Edges {
		merged := Edge{at[e.From], at[e.To]}
		if !seen[merged] {
			seen[merged] = true
			c.Edges = append(c.Edges, merged)
		}
	}
	return c, stages, nil
}

// stages are the layers, with the states of their units.
func (v *View) stages(rank, expand []int) []Stage {
	var stages []Stage
	var members [][]contracts.UnitState
	for i := range v.Boxes {
		for len(stages) <= rank[i] {
			n := len(stages) + 1
			stages = append(stages, Stage{ID: fmt.Sprintf("stage %d", n), Number: n})
			members = append(members, nil)
		}
		s := &stages[rank[i]]
		s.Units = append(s.Units, v.Boxes[i].ID)
		members[rank[i]] = append(members[rank[i]], v.Boxes[i].State)
		if v.Boxes[i].Model {
			s.Models++
		}
	}
	for r := range stages {
		s := &stages[r]
		s.Collapsed, s.State = len(s.Units) > 1, together(members[r])
		for _, n := range expand {
			s.Collapsed = s.Collapsed && n != s.Number
		}
	}
	return stages
}

// together is how units fared as one: badly if one did, well if all did that were
// not skipped, and under way as soon as one is further than waiting.
func together(states []contracts.UnitState) contracts.UnitState {
	var failed, running, well, skipped int
	for _, s := range states {
		switch class(s) {
		case "failed":
			failed++
		case "running":
			running++
		case "success":
			well++
		case "skipped":
			skipped++
		}
	}
	switch {
	case failed > 0:
		return contracts.UnitFailed
	case skipped > 0 && skipped == len(states):
		return contracts.UnitSkipped
	case well > 0 && well+skipped == len(states):
		return contracts.UnitSuccess
	case running+well+skipped > 0:
		return contracts.UnitRunning
	}
	return contracts.UnitQueued
}
