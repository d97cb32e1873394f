package verify

import "github.com/krako-labs/krako/coordinator/paged"

// groups holds the open groups by unit, and those that can be used again.
type groups struct {
	table paged.Table[group]
	free  []*group // at most maxFree
}

const (
	// perChunk groups are made at once.
	perChunk = 16
	maxFree  = 4096
)

func (gs *groups) open() int { return gs.table.Len() }

// get returns the unit's group, nil if it has none.
func (gs *groups) get(u Unit) *group { return gs.table.Get(uint64(u)) }

// add makes the group of a unit that has none.
func (gs *groups) add(u Unit, class Class) *group {
	if len(gs.free) == 0 {
		chunk := new([perChunk]group)
		for i := range chunk {
			gs.free = append(gs.free, &chunk[i])
		}
	}
	n := len(gs.free) - 1
	g := gs.free[n]
	gs.free[n], gs.free = nil, gs.free[:n]
	*g = group{class: class}
	gs.table.Add(uint64(u), g)
	return g
}

// remove forgets a unit, if it is there. Its group stays as it is until another one is
// added: whoever has it in hand still reads it.
func (gs *groups) remove(u Unit) {
	if g := gs.table.Remove(uint64(u)); g != nil && len(gs.free) < maxFree {
		gs.free = append(gs.free, g)
	}
}
