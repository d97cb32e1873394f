// Package jsondoc has the tasks on JSON documents that need little: compare, patch,
// merge, format, convert. The package promises to keep all digits of numbers and
// the order of members.
package jsondoc

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// DiffInput is a document before and after.
type DiffInput struct {
	From value.Source `json:"from"`
	To   value.Source `json:"to"`
}

// DiffOutput says how the documents differ.
type DiffOutput struct {
	Equal   bool              `json:"equal" jsonschema_description:"whether they mean the same; the order of members and the spelling of numbers do not count"`
	Patch   []json.RawMessage `json:"patch" jsonschema_description:"operations of a JSON Patch (RFC 6902) that makes to of from: add, remove and replace"`
	Changes []Change          `json:"changes" jsonschema_description:"the same for people, with the values before and after as texts"`
}

// Change is one operation of a patch.
type Change struct {
	Do     string `json:"do" jsonschema:"enum=add,enum=remove,enum=replace"`
	At     string `json:"at"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// maxChanges bounds a patch.
const maxChanges = 100_000

// Diff compares two documents.
func Diff(ctx context.Context, in DiffInput) (DiffOutput, error) {
	from, err := in.From.Read(ctx, "from")
	if err != nil {
		return DiffOutput{}, err
	}
	to, err := in.To.Read(ctx, "to")
	if err != nil {
		return DiffOutput{}, err
	}
	d := &differ{}
	d.compare("", from, to)
	if len(d.changes) > maxChanges {
		return DiffOutput{}, field.Errorf("to", "differs in more than %d places", maxChanges)
	}
	out := DiffOutput{Equal: len(d.changes) == 0, Patch: []json.RawMessage{}, Changes: []Change{}}
	for _, c := range d.changes {
		if at, changed := c.after.Changed(); changed {
			return DiffOutput{}, field.Errorf("to", "the number at %q is larger than canonical JSON holds exactly: compare it as a string", c.at+at)
		}
		out.Patch = append(out.Patch, c.operation())
		out.Changes = append(out.Changes, c.told())
	}
	return out, nil
}

// change is an operation with the values it is about.
type change struct {
	do, at        string
	before, after value.Value
}

func (c change) operation() json.RawMessage {
	op := value.Value{Kind: value.Object, Members: []value.Member{{Name: "op", Value: value.Of(c.do)}, {Name: "path", Value: value.Of(c.at)}}}
	if c.do != "remove" {
		op.Set("value", c.after)
	}
	return op.Append(nil)
}

func (c change) told() Change {
	out := Change{Do: c.do, At: c.at}
	if c.do != "add" {
		out.Before = string(c.before.Append(nil))
	}
	if c.do != "remove" {
		out.After = string(c.after.Append(nil))
	}
	return out
}

type differ struct{ changes []change }

func (d *differ) compare(at string, a, b value.Value) {
	switch {
	case len(d.changes) > maxChanges || value.Equal(a, b):
	case a.Kind == value.Object && b.Kind == value.Object:
		d.objects(at, a, b)
	case a.Kind == value.List && b.Kind == value.List:
		d.lists(at, a.Items, b.Items)
	default:
		d.changes = append(d.changes, change{"replace", at, a, b})
	}
}

func (d *differ) objects(at string, a, b value.Value) {
	for _, m := range a.Members {
		if x, ok := b.Get(m.Name); ok {
			d.compare(value.Pointer(at, m.Name), m.Value, x)
		} else {
			d.changes = append(d.changes, change{do: "remove", at: value.Pointer(at, m.Name), before: m.Value})
		}
	}
	for _, m := range b.Members {
		if _, ok := a.Get(m.Name); !ok {
			d.changes = append(d.changes, change{do: "add", at: value.Pointer(at, m.Name), after: m.Value})
		}
	}
}

// maxTable bounds the table of a longest common subsequence, in cells. Longer
// lists are compared place by place between what they begin and end with alike.
const maxTable = 1 << 20

// lists edits a into b from the front, with as few insertions and deletions as
// can be; an element that is deleted where another is inserted is compared with it.
func (d *differ) lists(at string, a, b []value.Value) {
	start := 0
	for start < min(len(a), len(b)) && value.Equal(a[start], b[start]) {
		start++
	}
	a, b = a[start:], b[start:]
	for len(a) > 0 && len(b) > 0 && value.Equal(a[len(a)-1], b[len(b)-1]) {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	kept := common(a, b)
	i, j, place := 0, 0, start // place is where the element b[j] goes
	for _, k := range append(kept, [2]int{len(a), len(b)}) {
		for ; i < k[0] && j < k[1]; i, j, place = i+1, j+1, place+1 {
			d.compare(value.Pointer(at, strconv.Itoa(place)), a[i], b[j])
		}
		for ; i < k[0]; i++ {
			d.changes = append(d.changes, change{do: "remove", at: value.Pointer(at, strconv.Itoa(place)), before: a[i]})
		}
		for ; j < k[1]; j, place = j+1, place+1 {
			d.changes = append(d.changes, change{do: "add", at: value.Pointer(at, strconv.Itoa(place)), after: b[j]})
		}
		i, j, place = i+1, j+1, place+1
	}
}

// common returns the indexes of a longest common subsequence.
func common(a, b []value.Value) [][2]int {
	if len(a)*len(b) == 0 || len(a)*len(b) > maxTable {
		return nil
	}
	width := len(b) + 1
	length := make([]int32, (len(a)+1)*width) // of the rest from i and j
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if value.Equal(a[i], b[j]) {
				length[i*width+j] = length[(i+1)*width+j+1] + 1
			} else {
				length[i*width+j] = max(length[(i+1)*width+j], length[i*width+j+1])
			}
		}
	}
	var pairs [][2]int
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch here := length[i*width+j]; {
		case length[(i+1)*width+j] == here:
			i++
		case length[i*width+j+1] == here:
			j++
		default:
			pairs = append(pairs, [2]int{i, j})
			i, j = i+1, j+1
		}
	}
	return pairs
}
