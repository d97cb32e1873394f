// Package examples holds what the example task graphs have in common. Each
// example is a package of its own that builds its graph as a function of its
// options; nothing here runs a graph, reads a clock or makes up an id.
package examples

import (
	"fmt"

	"github.com/krako-labs/krako/contracts"
)

// Request identifies one submission of a graph: the parts of a graph that the
// submitter chooses and that have nothing to do with what it computes.
type Request struct {
	Tenant    contracts.TenantID
	GraphID   string // UUID
	RequestID string // UUID
	CreatedAt contracts.Time
}

// Graph returns a graph of units for r whose answer is the output of the last
// unit.
func (r Request) Graph(version string, units []contracts.WorkUnit) *contracts.TaskGraph {
	last := units[len(units)-1].ID
	return &contracts.TaskGraph{
		SchemaVersion: contracts.Version,
		GraphVersion:  version,
		GraphID:       r.GraphID,
		RequestID:     r.RequestID,
		TenantID:      r.Tenant,
		CreatedAt:     r.CreatedAt,
		WorkUnits:     units,
		Outputs:       contracts.Outputs{Final: []contracts.FinalOutput{{WorkUnitID: last}}},
	}
}

// Unit returns a deterministic unit that runs a task of the catalogue on input.
func Unit(id, task string, input any) (contracts.WorkUnit, error) {
	doc, err := contracts.JSONOf(input)
	if err != nil {
		return contracts.WorkUnit{}, fmt.Errorf("encode input of %s: %w", id, err)
	}
	return contracts.WorkUnit{
		ID:      contracts.UnitID(id),
		Type:    contracts.Deterministic,
		Program: &contracts.Program{Task: task},
		Input:   doc,
	}, nil
}

// Gather makes unit depend on from, with its whole output mounted as blob.
func Gather(unit *contracts.WorkUnit, from contracts.UnitID, blob string) {
	unit.Dependencies = append(unit.Dependencies, from)
	unit.Bind = append(unit.Bind, contracts.Bind{From: from, Blob: blob})
}
