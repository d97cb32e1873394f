package session

import "github.com/ipfs/go-cid"

// References returns every block that the session brought forth or names, some
// of them more than once: its graph, what its units run and read, and what came
// out of them. Whoever may read the session may read these.
func (s *Session) References() []cid.Cid {
	refs := []cid.Cid{s.Accepted.Graph.Cid}
	if s.closed != nil {
		refs = append(refs, s.closed.Result.Cid)
	}
	for i := range s.units {
		if m, _, err := s.Program(i); err == nil {
			refs = append(refs, m)
		}
		for _, l := range s.Plan().Unit(i).Blobs {
			refs = append(refs, l.Cid)
		}
		u := &s.units[i]
		if u.unit.Defined() {
			refs = append(refs, u.unit)
		}
		if e := u.end; e != nil && e.Result.Defined() {
			refs = append(refs, e.Result.Cid, e.Batch.Cid)
			if e.Output.Defined() {
				refs = append(refs, e.Output.Cid)
			}
		}
	}
	return refs
}
