package placement

import "slices"

// order is a set of nodes with the best one first: a binary heap that knows
// where each node is. A node in it has free credits and may be given something.
type order struct {
	nodes []*entry
	at    map[*entry]int
}

func newOrder() *order { return &order{at: map[*entry]int{}} }

// put adds a node, or moves it to where it belongs now.
func (o *order) put(e *entry) {
	i, ok := o.at[e]
	if !ok {
		i = len(o.nodes)
		o.nodes = append(o.nodes, e)
		o.at[e] = i
		e.in = append(e.in, o)
	}
	if i = o.up(i); o.nodes[i] == e {
		o.down(i)
	}
}

func (o *order) drop(e *entry) {
	i, ok := o.at[e]
	if !ok {
		return
	}
	last := len(o.nodes) - 1
	o.swap(i, last)
	o.nodes[last] = nil
	o.nodes = o.nodes[:last]
	delete(o.at, e)
	e.leave(o)
	if i < last {
		o.down(o.up(i))
	}
}

// close takes every node out of an order that is kept no longer.
func (o *order) close() {
	for _, e := range o.nodes {
		e.leave(o)
	}
}

func (e *entry) leave(o *order) {
	if i := slices.Index(e.in, o); i >= 0 {
		e.in = slices.Delete(e.in, i, i+1)
	}
}

func (o *order) before(i, k int) bool {
	a, b := o.nodes[i], o.nodes[k]
	return better(&a.Node, a.score, &b.Node, b.score)
}

func (o *order) swap(i, k int) {
	if i == k {
		return
	}
	o.nodes[i], o.nodes[k] = o.nodes[k], o.nodes[i]
	o.at[o.nodes[i]], o.at[o.nodes[k]] = i, k
}

func (o *order) up(i int) int {
	for i > 0 && o.before(i, (i-1)/2) {
		o.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
	return i
}

func (o *order) down(i int) {
	for {
		best := i
		for _, k := range [2]int{2*i + 1, 2*i + 2} {
			if k < len(o.nodes) && o.before(k, best) {
				best = k
			}
		}
		if best == i {
			return
		}
		o.swap(i, best)
		i = best
	}
}

// first returns the best node that is not passed over, nil if there is none. It
// looks at no more nodes than are passed over, plus their children.
func (o *order) first(pass func(*entry) bool) *entry {
	if len(o.nodes) == 0 {
		return nil
	}
	if !pass(o.nodes[0]) {
		return o.nodes[0]
	}
	var open [64]int
	todo := append(open[:0], 0) // whose children are to be looked at
	var best *entry
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, k := range [2]int{2*i + 1, 2*i + 2} {
			if k >= len(o.nodes) {
				continue
			}
			e := o.nodes[k]
			if pass(e) {
				todo = append(todo, k)
			} else if best == nil || better(&e.Node, e.score, &best.Node, best.score) {
				best = e
			}
		}
	}
	return best
}
