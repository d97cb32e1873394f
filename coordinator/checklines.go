package coordinator

import "github.com/krako-labs/krako/contracts"

// checkLine is the checks of one tenant that wait for a place, those that wait longest
// first. Whoever names a checker has the zone work for it: tenants take turns, the one
// that has the fewest checks out goes first, and none has more than half of the zone.
type checkLine struct {
	tenant  contracts.TenantID
	waiting []*checkRun
	out     int
	// blocked is set for the rest of a turn in which none of its checks found a place.
	blocked bool
}

// lookInLine bounds how many checks of a tenant are tried of which the first finds no
// place: others may go where that must not.
const lookInLine = 16

// line returns a tenant's checks.
func (st *state) line(t contracts.TenantID) *checkLine {
	l := st.vet.lines[t]
	if l == nil {
		l = &checkLine{tenant: t}
		st.vet.lines[t] = l
	}
	return l
}

// queueCheck has a check wait for a place.
func (st *state) queueCheck(k *checkRun) {
	k.line = st.line(k.line.tenant) // it may have been forgotten while nothing waited in it
	k.line.waiting = append(k.line.waiting, k)
}

// current reports whether somebody waits for a check that has no place yet; it is
// forgotten if its case is closed.
func (st *state) current(k *checkRun) bool {
	if st.vet.checks[k.c.ID] != k {
		return false
	}
	if k.c.Shut() {
		delete(st.vet.checks, k.c.ID)
		return false
	}
	return k.out == 0 && !k.done
}

// nextLine returns whose turn it is, nil if nobody's; tenants without checks are
// forgotten.
func (st *state) nextLine(most int) (next *checkLine) {
	for t, l := range st.vet.lines {
		for len(l.waiting) > 0 && !st.current(l.waiting[0]) {
			l.waiting[0], l.waiting = nil, l.waiting[1:]
		}
		switch {
		case len(l.waiting) == 0 && l.out == 0:
			delete(st.vet.lines, t)
		case len(l.waiting) == 0 || l.blocked || l.out >= most:
		case next == nil || l.out < next.out || l.out == next.out && l.tenant < next.tenant:
			next = l
		}
	}
	return next
}

// share is how many checks of one tenant may be out at once: half of what the zone runs,
// so that there is room for others and for what settles disagreements. Without a zone
// people trust each other, and there is no bound.
func (st *state) share() int {
	if len(st.c.cfg.Trusted) == 0 {
		return maxChecksOut
	}
	slots := 0
	for _, id := range st.c.cfg.Trusted {
		if n := st.nodes[id]; n != nil && n.worker != nil {
			slots += n.info.Slots
		}
	}
	return max(1, slots/2)
}

// maxChecksOut bounds a tenant's checks that are out where there is no zone.
const maxChecksOut = 4096

// placeChecks gives checkers to nodes, before anything else: a result waits for each.
func (st *state) placeChecks(r round) error {
	if len(st.vet.lines) == 0 {
		return nil
	}
	most := st.share()
	for _, l := range st.vet.lines {
		l.blocked = false
	}
	for tried := 0; tried < checksAtOnce; {
		l := st.nextLine(most)
		if l == nil {
			return nil
		}
		l.blocked = true
		for i := 0; i < min(len(l.waiting), lookInLine); i++ {
			k := l.waiting[i]
			if !st.current(k) {
				continue
			}
			tried++
			if err := st.placeCheck(r, k); err != nil {
				return err
			}
			if !st.current(k) { // it is out, or never will be
				copy(l.waiting[1:i+1], l.waiting[:i])
				l.waiting[0], l.waiting = nil, l.waiting[1:]
				l.blocked = false
				break
			}
		}
	}
	return nil
}
