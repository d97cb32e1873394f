package session

import "github.com/ipfs/go-cid"

// Named returns the blocks of the session that somebody has a use for by
// themselves, some of them more than once: its graph, modules, checkers, blobs, outputs,
// signed batches and, once it is closed, its result. There are about as many as
// units.
func (s *Session) Named() []cid.Cid {
	named := []cid.Cid{s.Accepted.Graph.Cid}
	if s.closed != nil {
		named = append(named, s.closed.Result.Cid)
	}
	for i := range s.units {
		if m, _, err := s.Program(i); err == nil {
			named = append(named, m)
		}
		if m, _, err := s.Checker(i); err == nil {
			named = append(named, m)
		}
		for _, l := range s.Plan().Unit(i).Blobs {
			named = append(named, l.Cid)
		}
		if e := s.units[i].end; e != nil && e.Result.Defined() {
			named = append(named, e.Batch.Cid)
			if e.Output.Defined() {
				named = append(named, e.Output.Cid)
			}
			if k := e.Checked; k != nil && k.Batch.Defined() {
				named = append(named, k.Batch.Cid)
			}
		}
	}
	return named
}

// Refers reports whether the session named a block or brought it forth. Beside
// what Named returns that is each unit's invocation and result, and its checker's.
func (s *Session) Refers(block cid.Cid) bool {
	for i := range s.units {
		u := &s.units[i]
		if u.unit.Equals(block) || u.end != nil && u.end.Result.Equals(block) {
			return true
		}
		if u.end != nil && u.end.Checked != nil && (u.end.Checked.Unit.Equals(block) || u.end.Checked.Result.Equals(block)) {
			return true
		}
	}
	for _, c := range s.Named() {
		if c.Equals(block) {
			return true
		}
	}
	return false
}
