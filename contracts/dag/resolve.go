package dag

import (
	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/krako-labs/krako/contracts/jsonpointer"
)

// Output is what a successful dependency left behind.
type Output struct {
	CID       cid.Cid
	MediaType string
}

// Source gives Resolve what it needs of the world around the graph.
type Source struct {
	// Profile is the execution profile, Salt the tenant's salt for local_only units.
	Profile string
	Salt    []byte
	// Program returns the module and entry that a unit's program resolved to.
	Program func(unit int) (cid.Cid, string, error)
	// Output returns a successful unit's output; it is only asked for those.
	Output func(unit int) Output
	// Bytes returns an output block's content.
	Bytes func(cid.Cid) ([]byte, error)
}

// Resolved is an invocation ready to be dispatched.
type Resolved struct {
	Unit  cid.Cid
	Block []byte
	// Spill is the input when it is too long to stand inline; it must be stored
	// as a raw block before anybody can run the unit.
	Spill []byte
	// Invocation is set for a CPU unit, Model for an llm unit.
	Invocation *contracts.Invocation
	Model      *contracts.ModelInvocation
}

// Resolve builds the invocation of CPU unit i from its literal input and what
// its dependencies left. An *Error with CodeValidation means that the unit can
// never run: a binding selects what is not there. Other errors come from src.
func (r *Run) Resolve(i int, src Source) (*Resolved, error) {
	w := r.plan.Unit(i)
	module, entry, err := src.Program(i)
	if err != nil {
		return nil, err
	}
	input, blobs, err := r.bind(i, src)
	if err != nil {
		return nil, err
	}
	inv := &contracts.Invocation{
		V: 1, Profile: src.Profile, Module: contracts.Link{Cid: module}, Entry: entry, Blobs: blobs,
		Fuel: contracts.DefaultFuel, MemoryPages: contracts.DefaultMemoryPages,
	}
	if k := w.Constraints; k != nil && k.Fuel != nil {
		inv.Fuel = uint64(*k.Fuel)
	}
	if k := w.Constraints; k != nil && k.MemoryMB != nil {
		inv.MemoryPages = uint32(*k.MemoryMB * contracts.PagesPerMB)
	}
	if r.plan.Privacy(i) == contracts.LocalOnly {
		inv.Salt = src.Salt
	}
	return give(inv, input)
}

// give completes an invocation by its input, which is spilled if it is long.
func give(inv *contracts.Invocation, input []byte) (*Resolved, error) {
	res := &Resolved{Invocation: inv}
	var spill bool
	if inv.Input, spill = contracts.NewPayload(input); spill {
		res.Spill = input
	}
	block, err := inv.Block()
	if err != nil {
		return nil, err
	}
	res.Block, res.Unit = block, dagcbor.CID(block)
	return res, nil
}

// bind applies unit i's binds in order and returns the RFC 8785 input and the
// mounted blobs.
func (r *Run) bind(i int, src Source) ([]byte, map[string]contracts.Link, error) {
	w := r.plan.Unit(i)
	input, err := literalInput(w)
	if err != nil {
		return nil, nil, err
	}
	blobs := w.Blobs
	if len(w.Bind) == 0 {
		return input, blobs, nil
	}
	blobs = make(map[string]contracts.Link, len(w.Blobs)+len(w.Bind))
	for name, l := range w.Blobs {
		blobs[name] = l
	}
	b := binder{run: r, src: src, unit: w.ID, read: map[int]any{}}
	for _, e := range w.Bind {
		d := r.plan.index[e.From]
		if e.Blob == "" {
			if err := b.value(input, d, e); err != nil {
				return nil, nil, err
			}
		} else if r.state[d] == success {
			blobs[e.Blob] = contracts.Link{Cid: src.Output(d).CID}
		}
	}
	if b.edit != nil {
		j, err := contracts.JSONOf(b.edit.Document())
		if err != nil {
			return nil, nil, err
		}
		input = j
	}
	return input, blobs, nil
}

// literalInput returns a unit's own input in its RFC 8785 form. A graph that came
// as a document has it already; one that was made in Go may not, and would name
// another computation.
func literalInput(w *contracts.WorkUnit) (contracts.JSON, error) {
	if w.Input.IsZero() {
		return contracts.JSON("{}"), nil
	}
	input, err := contracts.NewJSON(w.Input)
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, string(w.ID), "read input: %w", err)
	}
	return input, nil
}

// binder edits one unit's input, reading each dependency's output once.
type binder struct {
	run  *Run
	src  Source
	unit contracts.UnitID
	edit *jsonpointer.Editor
	read map[int]any
}

func (b *binder) value(input []byte, dep int, e contracts.Bind) error {
	v, err := b.selected(dep, e)
	if err != nil {
		return err
	}
	if b.edit == nil {
		doc, err := jcs.Value(input)
		if err != nil {
			return contracts.Errorf(contracts.CodeValidation, string(b.unit), "read input: %w", err)
		}
		b.edit = jsonpointer.NewEditor(doc)
	}
	if err := b.edit.Set(e.To, v); err != nil {
		return contracts.Errorf(contracts.CodeValidation, string(b.unit), "bind from %q to %q: %w", e.From, e.To, err)
	}
	return nil
}

// selected returns what a bind selects; null from a skipped dependency.
func (b *binder) selected(dep int, e contracts.Bind) (any, error) {
	if b.run.state[dep] != success {
		return nil, nil
	}
	doc, ok := b.read[dep]
	if !ok {
		data, err := b.src.Bytes(b.src.Output(dep).CID)
		if err != nil {
			return nil, err
		}
		if doc, err = jcs.Value(data); err != nil {
			return nil, contracts.Errorf(contracts.CodeValidation, string(b.unit), "bind from %q: its output is not JSON: %w", e.From, err)
		}
		b.read[dep] = doc
	}
	v, err := jsonpointer.Get(doc, e.Select)
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, string(b.unit), "bind from %q selects %q: %w", e.From, e.Select, err)
	}
	return v, nil
}
