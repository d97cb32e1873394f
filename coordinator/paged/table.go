// Package paged holds things whose numbers grow: the cases and the groups that a
// coordinator has open, each named by the record that opened it. They stand in pages of
// neighbours, so what a page costs to find is paid once for 256 numbers, and a page goes
// when the last thing on it does.
package paged

import (
	"maps"
	"slices"
)

const perPage = 256

// Table holds things of one type by number. The zero value is empty. A table is owned by
// one goroutine.
type Table[T any] struct {
	pages map[uint64]*page[T]
	count int
	// last is the page that was used last; most accesses hit it.
	last   *page[T]
	lastAt uint64
	// spare is an empty page, kept for the next one.
	spare *page[T]
}

type page[T any] struct {
	used   int
	things [perPage]*T
}

func (t *Table[T]) page(at uint64) *page[T] {
	if t.last != nil && t.lastAt == at {
		return t.last
	}
	p := t.pages[at]
	if p != nil {
		t.last, t.lastAt = p, at
	}
	return p
}

// Len returns how many things there are.
func (t *Table[T]) Len() int { return t.count }

// Get returns the thing of a number, nil if there is none.
func (t *Table[T]) Get(n uint64) *T {
	if p := t.page(n / perPage); p != nil {
		return p.things[n%perPage]
	}
	return nil
}

// Add takes in a thing under a number that has none. The thing is not nil.
func (t *Table[T]) Add(n uint64, thing *T) {
	at := n / perPage
	p := t.page(at)
	if p == nil {
		if p, t.spare = t.spare, nil; p == nil {
			p = new(page[T])
		}
		if t.pages == nil {
			t.pages = map[uint64]*page[T]{}
		}
		t.pages[at] = p
		t.last, t.lastAt = p, at
	}
	p.things[n%perPage] = thing
	p.used++
	t.count++
}

// Remove forgets the thing of a number and returns it, nil if there was none.
func (t *Table[T]) Remove(n uint64) *T {
	at := n / perPage
	p := t.page(at)
	if p == nil || p.things[n%perPage] == nil {
		return nil
	}
	thing := p.things[n%perPage]
	p.things[n%perPage] = nil
	p.used--
	t.count--
	if p.used == 0 {
		delete(t.pages, at)
		t.last, t.spare = nil, p
	}
	return thing
}

// All yields what there is in the order of the numbers. The table must not change
// meanwhile.
func (t *Table[T]) All(yield func(*T) bool) {
	for _, at := range slices.Sorted(maps.Keys(t.pages)) {
		for _, thing := range t.pages[at].things {
			if thing != nil && !yield(thing) {
				return
			}
		}
	}
}
