package localbackend

import (
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/localbackend/session"
)

// registry knows the sessions that run and, within its bound, those that have
// ended. Backend.mu guards it.
type registry struct {
	most     int // sessions that run
	remember int // units of sessions that have ended

	known   map[requestKey]*execution
	ended   []*execution // oldest first
	running int
	units   int // of ended
}

// requestKey is the idempotency anchor of a graph.
type requestKey struct {
	tenant  contracts.TenantID
	request string
}

func newRegistry(most, remember int) registry {
	return registry{most: most, remember: remember, known: map[requestKey]*execution{}}
}

func keyOf(o *session.Opening) requestKey {
	return requestKey{o.Plan.Graph.TenantID, o.Plan.Graph.RequestID}
}

func (r *registry) full() bool { return r.running >= r.most }

// find returns the session of the request, nil if there is none and there is
// room for one.
func (r *registry) find(o session.Opening) (*execution, error) {
	key := keyOf(&o)
	e, ok := r.known[key]
	switch {
	case ok && !e.session.Graph.Equals(o.Graph):
		return nil, contracts.Errorf(contracts.CodeConflict, key.request, "request was already made with graph %s", e.session.Graph)
	case !ok && r.full():
		return nil, contracts.Errorf(contracts.CodeResourceExhausted, string(key.tenant), "%d sessions are running, the most allowed", r.running)
	}
	return e, nil
}

func (r *registry) add(e *execution) {
	r.known[keyOf(&e.session.Opening)] = e
	r.running++
}

// end notes that a session has ended and forgets the oldest beyond the bound.
func (r *registry) end(e *execution) {
	r.running--
	r.ended = append(r.ended, e)
	r.units += e.session.Plan.Len()
	for r.units > r.remember && len(r.ended) > 0 {
		old := r.ended[0]
		r.ended[0] = nil
		r.ended = r.ended[1:]
		r.units -= old.session.Plan.Len()
		delete(r.known, keyOf(&old.session.Opening))
	}
}
