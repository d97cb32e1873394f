package contracts

import (
	"bytes"
	"strings"

	"github.com/krako-labs/krako/contracts/jcs"
)

// The units of a graph are read by hand where they say no more than most do, and
// share what memory they take; any other one is left to package jcs, and with it,
// where something is wrong, the whole document. The struct tags stay the
// definition: FuzzQuickGraph holds the two against each other.

// ReadQuick implements jcs.Quick.
func (g *TaskGraph) ReadQuick(canonical []byte) bool {
	rest, units, ok := cutUnits(canonical, g.WorkUnits, "work_units")
	if !ok {
		return false
	}
	var read TaskGraph
	if jcs.DecodeCanonical(rest, &read) != nil {
		clear(units)
		return false
	}
	read.WorkUnits = units
	*g = read
	return true
}

// ReadQuick implements jcs.Quick.
func (r *SubmitRequest) ReadQuick(canonical []byte) bool {
	rest, units, ok := cutUnits(canonical, r.TaskGraph.WorkUnits, "task_graph", "work_units")
	if !ok {
		return false
	}
	var read SubmitRequest
	if jcs.DecodeCanonical(rest, &read) != nil {
		clear(units)
		return false
	}
	read.TaskGraph.WorkUnits = units
	*r = read
	return true
}

// cutUnits reads the units of a canonical document into room, as far as there is
// some, and returns the document without them. A unit that cannot be read makes it
// report false and leaves room clear.
func cutUnits(doc []byte, room []WorkUnit, path ...string) (rest []byte, units []WorkUnit, ok bool) {
	c := jcs.NewCursor(doc)
	for _, name := range path {
		if !enter(c, name) {
			return nil, nil, false
		}
	}
	if !c.Next('[') {
		return nil, nil, false
	}
	begin := c.Offset()
	units = room[:0]
	if units == nil {
		units = []WorkUnit{}
	}
	r := unitReader{Cursor: c, size: len(doc)}
	for !c.Next(']') {
		c.Next(',')
		units = append(units, WorkUnit{})
		u, at := &units[len(units)-1], c.Offset()
		if r.unit(u) {
			continue
		}
		c.Back(at)
		*u = WorkUnit{}
		if jcs.DecodeCanonical(c.Skip(), u) != nil {
			clear(units)
			return nil, nil, false
		}
	}
	end := c.Offset() - 1
	rest = append(make([]byte, 0, begin+len(doc)-end), doc[:begin]...)
	return append(rest, doc[end:]...), units, true
}

// enter moves the cursor, which is before an object, to the value of a member.
func enter(c *jcs.Cursor, name string) bool {
	if !c.Next('{') {
		return false
	}
	for !c.Next('}') {
		c.Next(',')
		if string(c.NameBytes()) == name {
			return true
		}
		c.Skip()
	}
	return false
}

// unitReader reads units one after the other.
type unitReader struct {
	*jcs.Cursor
	size     int // of the document
	texts    strings.Builder
	values   []byte
	programs []Program
	task     string // of the last program: most units of a graph have one task
}

// unit reads a unit; it reports false for one that says more, or is none.
func (r *unitReader) unit(u *WorkUnit) bool {
	if !r.Next('{') {
		return false
	}
	for !r.Next('}') {
		r.Next(',')
		ok := true
		switch string(r.NameBytes()) {
		case "dependencies":
			u.Dependencies, ok = r.ids()
		case "id":
			u.ID, ok = read[UnitID](r)
		case "input":
			u.Input, ok = r.json()
		case "name":
			u.Name, ok = read[string](r)
		case "priority":
			u.Priority, ok = read(r, P2, P0, P1, P3)
		case "program":
			u.Program, ok = r.program()
		case "type":
			u.Type, ok = read(r, Deterministic, Retrieval, SmallModel, LLM)
		case "verification_mode":
			u.Verification, ok = read(r, VerifyAdaptive, VerifyNone, VerifyRecompute, VerifyQuorum, VerifySchema)
		default:
			ok = false
		}
		if !ok {
			return false
		}
	}
	return true
}

// text reads a string without escapes; the bytes are not to be kept.
func (r *unitReader) text() ([]byte, bool) {
	t := r.Token()
	if t[0] != '"' || bytes.IndexByte(t, '\\') >= 0 {
		return nil, false
	}
	return t[1 : len(t)-1], true
}

// read reads a string, which is likely one of those given.
func read[T ~string](r *unitReader, likely ...T) (T, bool) {
	t, ok := r.text()
	for _, l := range likely {
		if string(t) == string(l) {
			return l, ok
		}
	}
	return T(r.keep(t)), ok
}

// shared is how much room is made at once for small texts and values.
const shared = 32 << 10

// room is how much to make for one more of n bytes.
func (r *unitReader) room(n int) int { return max(n, min(shared, r.size-r.Offset())) }

// keep returns a text that lies among others.
func (r *unitReader) keep(t []byte) string {
	if r.texts.Cap()-r.texts.Len() < len(t) {
		r.texts.Reset()
		r.texts.Grow(r.room(len(t)))
	}
	at := r.texts.Len()
	r.texts.Write(t)
	return r.texts.String()[at:]
}

// json reads a value of any kind but null, which a pointer could be meant by.
func (r *unitReader) json() (JSON, bool) {
	v := r.Skip()
	if cap(r.values)-len(r.values) < len(v) {
		r.values = make([]byte, 0, r.room(len(v)))
	}
	at := len(r.values)
	r.values = append(r.values, v...)
	return r.values[at:len(r.values):len(r.values)], v[0] != 'n'
}

func (r *unitReader) ids() ([]UnitID, bool) {
	if !r.Next('[') {
		return nil, false
	}
	list := []UnitID{}
	for !r.Next(']') {
		r.Next(',')
		id, ok := read[UnitID](r)
		if !ok {
			return nil, false
		}
		list = append(list, id)
	}
	return list, true
}

func (r *unitReader) program() (*Program, bool) {
	if !r.Next('{') {
		return nil, false
	}
	if len(r.programs) == cap(r.programs) {
		r.programs = make([]Program, 0, max(1, min(256, r.room(0)/minUnit)))
	}
	r.programs = append(r.programs, Program{})
	p := &r.programs[len(r.programs)-1]
	for !r.Next('}') {
		r.Next(',')
		ok := true
		switch string(r.NameBytes()) {
		case "entry":
			p.Entry, ok = read[string](r)
		case "task":
			p.Task, ok = read(r, r.task)
			r.task = p.Task
		default:
			ok = false
		}
		if !ok {
			return nil, false
		}
	}
	return p, true
}

// minUnit is about the least that a unit with a program takes in a document.
const minUnit = 64
