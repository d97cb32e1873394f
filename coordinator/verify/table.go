package verify

import "math/bits"

// table holds the open groups by unit. Units are numbered as they come, so they
// stand in pages of neighbours: a page costs one allocation and one map entry for
// 64 units, and goes when its last unit does.
type table struct {
	pages map[Unit]*page
	open  int
	// last is the page that was used last; most accesses hit it.
	last   *page
	lastAt Unit
	spare  *page
}

const perPage = 64

type page struct {
	used   uint64 // a bit for each group that is open
	groups [perPage]group
}

func (t *table) page(at Unit) *page {
	if t.last != nil && t.lastAt == at {
		return t.last
	}
	p := t.pages[at]
	if p != nil {
		t.last, t.lastAt = p, at
	}
	return p
}

// get returns the unit's group, nil if it has none.
func (t *table) get(u Unit) *group {
	p := t.page(u / perPage)
	if p == nil || p.used&(1<<(u%perPage)) == 0 {
		return nil
	}
	return &p.groups[u%perPage]
}

// add makes the group of a unit that has none.
func (t *table) add(u Unit, class Class) *group {
	at := u / perPage
	p := t.page(at)
	if p == nil {
		if p, t.spare = t.spare, nil; p == nil {
			p = new(page)
		}
		t.pages[at] = p
		t.last, t.lastAt = p, at
	}
	p.used |= 1 << (u % perPage)
	t.open++
	g := &p.groups[u%perPage]
	*g = group{class: class}
	return g
}

// remove forgets a unit; one that is not there is none.
func (t *table) remove(u Unit) {
	p := t.page(u / perPage)
	if p == nil || p.used&(1<<(u%perPage)) == 0 {
		return
	}
	p.used &^= 1 << (u % perPage)
	t.open--
	if bits.OnesCount64(p.used) == 0 {
		delete(t.pages, u/perPage)
		t.last, t.spare = nil, p
	}
}
