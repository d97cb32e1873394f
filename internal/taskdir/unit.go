package taskdir

import (
	"maps"
	"slices"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// Unit is an example as a work unit of a graph, with the blocks that must be
// stored before it can run; the module is not among them.
type Unit struct {
	contracts.WorkUnit
	Blocks [][]byte
}

// Unit makes the work unit that does what an example does.
func (d *Dir) Unit(id contracts.UnitID, e *Entry, x *Example, module cid.Cid) (*Unit, error) {
	u := &Unit{WorkUnit: contracts.WorkUnit{
		ID: id, Name: x.Name, Type: contracts.Deterministic,
		Program: &contracts.Program{Module: &contracts.Link{Cid: module}, Entry: e.Name},
		Input:   x.Input, OutputSchema: e.OutputSchema, Constraints: e.constraints(),
	}}
	for _, name := range slices.Sorted(maps.Keys(x.Blobs)) {
		data, err := d.read(x.Blobs[name])
		if err != nil {
			return nil, err
		}
		if u.WorkUnit.Blobs == nil {
			u.WorkUnit.Blobs = map[string]contracts.Link{}
		}
		u.WorkUnit.Blobs[name] = contracts.Link{Cid: dagcbor.RawCID(data)}
		u.Blocks = append(u.Blocks, data)
	}
	return u, nil
}

// constraints are nil for an entry without limits of its own.
func (e *Entry) constraints() *contracts.Constraints {
	if e.Fuel == 0 && e.MemoryMB == 0 {
		return nil
	}
	var c contracts.Constraints
	if e.Fuel != 0 {
		fuel := int64(e.Fuel)
		c.Fuel = &fuel
	}
	if e.MemoryMB != 0 {
		mb := int64(e.MemoryMB)
		c.MemoryMB = &mb
	}
	return &c
}
