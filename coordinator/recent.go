package coordinator

import (
	"slices"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/readmodel"
)

// sealed is what is known of a session that has ended.
type sealed struct {
	summary contracts.SessionSummary
	result  cid.Cid
	graph   cid.Cid
	first   *beginning
	last    *beginning // of its last record, 0 until that is durable
	again   *beginning // where it went on after it was closed, nil if it did not
	over    chan struct{}
}

// remembered is a session that the read model holds.
func remembered(s readmodel.Session) *sealed {
	over := make(chan struct{})
	close(over)
	return &sealed{
		summary: s.SessionSummary, result: s.Result, graph: s.Graph,
		first: beginningAt(s.First), last: beginningAt(s.Last), over: over,
	}
}

// recent holds the sessions that have ended lately, until the read model has
// them. They leave in bulk: each time that happens, what was looked up in the read
// model before may be out of date, and generation says so.
type recent struct {
	byID       map[contracts.SessionID]*sealed
	order      []contracts.SessionID // oldest first
	generation uint64
}

// maxRecent is how many ended sessions may wait for a read model that is behind
// before submissions are refused.
const maxRecent = 32 << 10

func (r *recent) add(id contracts.SessionID, s *sealed) {
	r.byID[id] = s
	r.order = append(r.order, id)
}

// evict forgets all but the newest keep once there are twice as many, as far as
// indexed goes. It returns what it forgot.
func (r *recent) evict(keep int, indexed eventlog.Offset) []*sealed {
	if len(r.order) < 2*keep {
		return nil
	}
	var gone []*sealed
	for _, id := range r.order[:len(r.order)-keep] {
		s := r.byID[id]
		if last := s.last.offset(); last == 0 || last > indexed {
			break
		}
		gone = append(gone, s)
		delete(r.byID, id)
	}
	if len(gone) > 0 {
		r.order = append([]contracts.SessionID(nil), r.order[len(gone):]...)
		r.generation++
	}
	return gone
}

// remove forgets one that goes on.
func (r *recent) remove(id contracts.SessionID) {
	if _, ok := r.byID[id]; ok {
		delete(r.byID, id)
		r.order = slices.DeleteFunc(r.order, func(o contracts.SessionID) bool { return o == id })
	}
}

func (r *recent) full() bool { return len(r.order) >= maxRecent }
