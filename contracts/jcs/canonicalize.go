package jcs

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"sync"
)

// Canonicalize returns the RFC 8785 form of the one JSON value in doc: no
// white space, members sorted by the UTF-16 code units of their names, numbers
// as ECMAScript prints them (-0 as 0), strings with the fewest escapes. It is
// idempotent. The error is an *Error. The result never aliases doc.
func Canonicalize(doc []byte) ([]byte, error) {
	return Append(make([]byte, 0, len(doc)), doc)
}

// Append appends to dst what Canonicalize returns.
func Append(dst, doc []byte) ([]byte, error) {
	w := writers.Get().(*writer)
	defer w.release()
	w.scanner, w.out = scanner{in: doc}, dst
	if err := w.document(); err != nil {
		return nil, err
	}
	if len(w.unsorted) == 0 {
		return w.out, nil
	}
	// Objects were finished inside out; sorted() wants them left to right.
	slices.SortFunc(w.unsorted, func(a, b object) int { return cmp.Compare(a.start, b.start) })
	w.room = w.sorted(w.room[:0], len(dst), len(w.out))
	copy(w.out[len(dst):], w.room)
	return w.out, nil
}

// writers are kept for the memory that they need beside their results.
var writers = sync.Pool{New: func() any { return new(writer) }}

// Bounds of what one writer keeps, in members and in bytes.
const (
	maxKeptMembers = 256
	maxKeptRoom    = 16 << 10
)

// release makes w another document's. It keeps nothing of this one's.
func (w *writer) release() {
	if cap(w.members)+cap(w.kept)+cap(w.unsorted) <= maxKeptMembers && cap(w.room) <= maxKeptRoom {
		members, kept, unsorted := w.members[:cap(w.members)], w.kept[:cap(w.kept)], w.unsorted[:cap(w.unsorted)]
		clear(members)
		clear(kept)
		clear(unsorted)
		*w = writer{members: members[:0], kept: kept[:0], unsorted: unsorted[:0], room: w.room}
		writers.Put(w)
	}
}

// writer copies a document in canonical form, but with the members of objects
// in the order of the input. Most documents need no more; for the others it
// remembers the objects to be put in order, so that one further copy does it
// whatever the nesting.
type writer struct {
	scanner
	out      []byte
	members  []member // a stack: the members so far of all open objects
	unsorted []object
	kept     []member // those of unsorted
	room     []byte   // for the copy that puts objects in order
}

// member is one member of an object: its name, and where it stands in out.
type member struct {
	name       []byte // decoded
	start, end int
}

// object is an object in out whose members are not in order there.
type object struct {
	start, end int
	members    []member // in order
}

func (w *writer) document() error {
	if err := w.value(0); err != nil {
		return err
	}
	w.space()
	if w.pos < len(w.in) {
		return w.fail("data after the value")
	}
	return nil
}

// value copies the next value; depth is the number of containers around it.
func (w *writer) value(depth int) *Error {
	w.space()
	if w.pos == len(w.in) {
		return w.fail("unexpected end")
	}
	c := w.in[w.pos]
	if (c == '{' || c == '[') && depth == MaxDepth {
		return w.fail(fmt.Sprintf("nested deeper than %d", MaxDepth))
	}
	switch c {
	case '{':
		return w.object(depth)
	case '[':
		return w.array(depth)
	case '"':
		return w.string()
	case 't':
		return w.literal("true")
	case 'f':
		return w.literal("false")
	case 'n':
		return w.literal("null")
	default:
		return w.number()
	}
}

func (w *writer) literal(word string) *Error {
	if !bytes.HasPrefix(w.in[w.pos:], []byte(word)) {
		return w.fail("not a value")
	}
	w.pos += len(word)
	w.out = append(w.out, word...)
	return nil
}

func (w *writer) array(depth int) *Error {
	w.open('[')
	for i := 0; !w.end(']'); i++ {
		if i > 0 {
			if err := w.comma(); err != nil {
				return err
			}
		}
		if err := w.value(depth + 1); err != nil {
			return err.under(strconv.Itoa(i))
		}
	}
	return nil
}

func (w *writer) object(depth int) *Error {
	start, base := len(w.out), len(w.members)
	w.open('{')
	for i := 0; !w.end('}'); i++ {
		if i > 0 {
			if err := w.comma(); err != nil {
				return err
			}
		}
		if err := w.member(depth); err != nil {
			return err
		}
	}
	defer func() { w.members = w.members[:base] }()
	return w.order(start, w.members[base:])
}

// member copies one member and remembers it.
func (w *writer) member(depth int) *Error {
	start := len(w.out)
	w.space()
	if w.pos == len(w.in) || w.in[w.pos] != '"' {
		return w.fail("want the name of a member")
	}
	if err := w.string(); err != nil {
		return err
	}
	name := plain(w.out[start:])
	w.space()
	if w.pos == len(w.in) || w.in[w.pos] != ':' {
		return w.fail("want ':'").under(string(name))
	}
	w.pos++
	w.out = append(w.out, ':')
	if err := w.value(depth + 1); err != nil {
		return err.under(string(name))
	}
	w.members = append(w.members, member{name, start, len(w.out)})
	return nil
}

// order checks the members of the object that began at start. It refuses a
// repeated name and notes the object if they are out of order.
func (w *writer) order(start int, members []member) *Error {
	byName := func(a, b member) int { return compareUTF16(a.name, b.name) }
	inOrder := slices.IsSortedFunc(members, byName)
	if !inOrder {
		members = w.keep(members)
		slices.SortFunc(members, byName)
		w.unsorted = append(w.unsorted, object{start, len(w.out), members})
	}
	for i := 1; i < len(members); i++ {
		if bytes.Equal(members[i-1].name, members[i].name) {
			return w.fail("member repeated").under(string(members[i].name))
		}
	}
	return nil
}

// keep copies members to where they stay: many objects share one allocation.
func (w *writer) keep(members []member) []member {
	n := len(members)
	if cap(w.kept)-len(w.kept) < n {
		w.kept = make([]member, 0, max(n, min(2*cap(w.kept), 1024), 8))
	}
	start := len(w.kept)
	w.kept = append(w.kept, members...)
	return w.kept[start : start+n : start+n]
}

// sorted appends out[from:to] to dst with the members of the unsorted objects
// in it put in order.
func (w *writer) sorted(dst []byte, from, to int) []byte {
	for {
		next, _ := slices.BinarySearchFunc(w.unsorted, from, func(o object, pos int) int { return cmp.Compare(o.start, pos) })
		if next == len(w.unsorted) || w.unsorted[next].start >= to {
			return append(dst, w.out[from:to]...)
		}
		o := w.unsorted[next]
		dst = append(dst, w.out[from:o.start]...)
		sep := byte('{')
		for _, m := range o.members {
			dst = w.sorted(append(dst, sep), m.start, m.end)
			sep = ','
		}
		dst = append(dst, '}')
		from = o.end
	}
}

// compareUTF16 orders UTF-8 text by its UTF-16 code units (RFC 8785, section
// 3.2.3). The two orders differ only where U+E000 to U+FFFF (first byte 0xEE
// or 0xEF) meet the characters beyond, which begin with a surrogate in UTF-16
// but with 0xF0 and more in UTF-8.
func compareUTF16(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0) {
			return cmp.Compare(y, x)
		}
		return cmp.Compare(x, y)
	}
	return cmp.Compare(len(a), len(b))
}
