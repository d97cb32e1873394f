package slots

import "slices"

// waiting is a request in the queue. start and finish are its tags of start-time
// fair queueing (Goyal, Vin, Cheng, 1996): virtual times in tokens.
type waiting struct {
	id            Ticket
	owner         Owner
	start, finish uint64
}

// queue serves tenants in proportion to the tokens they ask for. A tenant's
// request starts, in virtual time, where its last one ended or, if it did not
// wait meanwhile, now; the earliest start is served next.
type queue struct {
	most    int
	items   []waiting // by start, then in order of arrival
	now     uint64
	tenants map[string]uint64 // finish of the last request; only those ahead of now
}

func newQueue(most int) queue { return queue{most: most, tenants: map[string]uint64{}} }

func (q *queue) len() int { return len(q.items) }

func (q *queue) push(id Ticket, o Owner, cost int) bool {
	if len(q.items) >= q.most {
		return false
	}
	w := waiting{id: id, owner: o, start: max(q.now, q.tenants[o.Tenant])}
	w.finish = w.start + uint64(max(cost, 1))
	q.tenants[o.Tenant] = w.finish
	at, _ := slices.BinarySearchFunc(q.items, w, func(a, b waiting) int {
		if a.start <= b.start {
			return -1 // behind all with the same start
		}
		return 1
	})
	q.items = slices.Insert(q.items, at, w)
	return true
}

// first is whose request is served next.
func (q *queue) first() Owner { return q.items[0].owner }

func (q *queue) pop() waiting {
	w := q.items[0]
	q.items = slices.Delete(q.items, 0, 1)
	q.now = max(q.now, w.start)
	for tenant, finish := range q.tenants {
		if finish <= q.now {
			delete(q.tenants, tenant)
		}
	}
	return w
}

func (q *queue) drop(id Ticket) bool {
	i := slices.IndexFunc(q.items, func(w waiting) bool { return w.id == id })
	if i < 0 {
		return false
	}
	q.items = slices.Delete(q.items, i, i+1)
	return true
}
