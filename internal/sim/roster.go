package sim

// roster holds the units with work in hand by number. They are numbered as they
// arrive, so that most stand in the last few pages.
type roster struct {
	pages []*page // nil where there is none
	spare *page
}

const perPage = 512

type page struct {
	used  int
	units [perPage]*unit
}

// get returns a unit, nil if it is not there.
func (r *roster) get(id uint64) *unit {
	if at := id / perPage; at < uint64(len(r.pages)) {
		if p := r.pages[at]; p != nil {
			return p.units[id%perPage]
		}
	}
	return nil
}

// add takes in a unit that is not there.
func (r *roster) add(id uint64, u *unit) {
	at := id / perPage
	for at >= uint64(len(r.pages)) {
		r.pages = append(r.pages, nil)
	}
	p := r.pages[at]
	if p == nil {
		if p, r.spare = r.spare, nil; p == nil {
			p = new(page)
		}
		r.pages[at] = p
	}
	p.units[id%perPage] = u
	p.used++
}

// remove forgets a unit that is there.
func (r *roster) remove(id uint64) {
	p := r.pages[id/perPage]
	p.units[id%perPage] = nil
	if p.used--; p.used == 0 {
		r.pages[id/perPage], r.spare = nil, p
	}
}
