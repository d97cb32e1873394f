package slots

import "slices"

// parked are the owners whose caches are saved, the one used longest ago first.
type parked struct {
	most   int
	owners []Owner
}

func newParked(most int) *parked { return &parked{most: most} }

// room reports whether anything is parked at all.
func (p *parked) room() bool { return p.most > 0 }

func (p *parked) has(o Owner) bool { return slices.Contains(p.owners, o) }

// add makes an owner the one used last.
func (p *parked) add(o Owner) {
	p.remove(o)
	p.owners = append(p.owners, o)
}

func (p *parked) remove(o Owner) bool {
	i := slices.Index(p.owners, o)
	if i < 0 {
		return false
	}
	p.owners = slices.Delete(p.owners, i, i+1)
	return true
}

func (p *parked) evict() (Owner, bool) {
	if len(p.owners) <= p.most {
		return Owner{}, false
	}
	return p.oldest()
}

func (p *parked) oldest() (Owner, bool) {
	if len(p.owners) == 0 {
		return Owner{}, false
	}
	o := p.owners[0]
	p.owners = slices.Delete(p.owners, 0, 1)
	return o, true
}
