package placement

import (
	"slices"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
)

// Bounds of what an Index keeps. Beyond them the class, or the pair of class and
// module, that was made first is forgotten and made again when it is asked for.
const (
	maxClasses = 64
	maxPairs   = 128
	maxModules = 16
	maxHolders = 32
	maxBlocks  = 1 << 16
)

// Index keeps nodes in the order in which units should be given to them.
type Index struct {
	nodes   map[contracts.NodeID]*entry
	classes ring[class, *members]
	pairs   ring[pair, *order]
	blocks  ring[cid.Cid, *holders]
}

// entry is a node and what follows from it.
type entry struct {
	Node
	// score is without locality.
	score   float64
	modules []cid.Cid // the latest last
	in      []*order  // where it stands
}

func (e *entry) holdsModule(m cid.Cid) bool { return slices.Contains(e.modules, m) }

// members are the nodes of a class.
type members struct {
	all   map[*entry]bool // whether or not they can take something now
	order *order          // those that can
	// last is who was chosen streak times in a row.
	last   *entry
	streak int
}

// pair is a class and a module: the nodes of the one that hold the other.
type pair struct {
	class  class
	module cid.Cid
}

// holders are the nodes that hold a block, the latest last.
type holders struct{ list []*entry }

func (h *holders) has(e *entry) bool { return slices.Contains(h.list, e) }

// New returns an empty Index.
func New() *Index {
	return &Index{
		nodes: map[contracts.NodeID]*entry{}, classes: ring[class, *members]{most: maxClasses},
		pairs: ring[pair, *order]{most: maxPairs}, blocks: ring[cid.Cid, *holders]{most: maxBlocks},
	}
}

// Len returns the number of nodes.
func (x *Index) Len() int { return len(x.nodes) }

// Put adds a node or replaces what is known of it, but for the blocks it holds.
func (x *Index) Put(n Node) {
	e := x.nodes[n.ID]
	if e == nil {
		e = &entry{}
		x.nodes[n.ID] = e
	}
	e.Node, e.score = n, n.parts().Score()
	for c, m := range x.classes.items {
		if c.suits(&e.Node) == Eligible {
			m.all[e] = true
		} else {
			delete(m.all, e)
		}
	}
	x.arrange(e)
}

// Adjust changes credits, load or state, which change often. An unknown node is left alone.
func (x *Index) Adjust(id contracts.NodeID, change func(*Node)) {
	e := x.nodes[id]
	if e == nil {
		return
	}
	was := e.now()
	change(&e.Node)
	e.score = e.parts().Score()
	if e.now() != was {
		x.arrange(e)
		return
	}
	for _, o := range e.in {
		o.put(e)
	}
}

// Remove forgets a node.
func (x *Index) Remove(id contracts.NodeID) {
	e := x.nodes[id]
	if e == nil {
		return
	}
	delete(x.nodes, id)
	for _, m := range x.classes.items {
		delete(m.all, e)
		m.order.drop(e)
		if m.last == e {
			m.last, m.streak = nil, 0
		}
	}
	for _, o := range x.pairs.items {
		o.drop(e)
	}
	for _, h := range x.blocks.items {
		h.list = slices.DeleteFunc(h.list, func(o *entry) bool { return o == e })
	}
}

// arrange brings a node to its place in every order.
func (x *Index) arrange(e *entry) {
	able := e.now() == Eligible
	for _, m := range x.classes.items {
		if able && m.all[e] {
			m.order.put(e)
		} else {
			m.order.drop(e)
		}
	}
	for p, o := range x.pairs.items {
		if able && e.holdsModule(p.module) && p.class.suits(&e.Node) == Eligible {
			o.put(e)
		} else {
			o.drop(e)
		}
	}
}

// Learn notes that a node has, or is about to fetch, a module and other blocks.
func (x *Index) Learn(id contracts.NodeID, module cid.Cid, blocks []cid.Cid) {
	e := x.nodes[id]
	if e == nil {
		return
	}
	if module.Defined() && !e.holdsModule(module) {
		if len(e.modules) == maxModules {
			e.modules = slices.Delete(e.modules, 0, 1)
		}
		e.modules = append(e.modules, module)
		x.arrange(e)
	}
	for _, b := range blocks {
		h, ok := x.blocks.items[b]
		if !ok {
			h = &holders{}
			x.blocks.add(b, h)
		}
		if h.has(e) {
			continue
		}
		if len(h.list) == maxHolders {
			h.list = slices.Delete(h.list, 0, 1)
		}
		h.list = append(h.list, e)
	}
}

// of returns the nodes of a class, which are looked for once.
func (x *Index) of(c class) *members {
	if m, ok := x.classes.items[c]; ok {
		return m
	}
	m := &members{all: map[*entry]bool{}, order: newOrder()}
	for _, e := range x.nodes {
		if c.suits(&e.Node) != Eligible {
			continue
		}
		m.all[e] = true
		if e.now() == Eligible {
			m.order.put(e)
		}
	}
	if old, ok := x.classes.add(c, m); ok {
		old.order.close()
	}
	return m
}

// holding returns the nodes of a class that hold a module.
func (x *Index) holding(c class, m *members, module cid.Cid) *order {
	p := pair{c, module}
	if o, ok := x.pairs.items[p]; ok {
		return o
	}
	o := newOrder()
	for _, e := range m.order.nodes {
		if e.holdsModule(module) {
			o.put(e)
		}
	}
	if old, ok := x.pairs.add(p, o); ok {
		old.close()
	}
	return o
}

// ring is a map that forgets what was added first.
type ring[K comparable, V any] struct {
	most  int
	items map[K]V
	keys  []K
	next  int
}

// add returns what is forgotten for it.
func (r *ring[K, V]) add(k K, v V) (old V, forgotten bool) {
	if r.items == nil {
		r.items = map[K]V{}
	}
	if len(r.keys) < r.most {
		r.keys = append(r.keys, k)
	} else {
		old, forgotten = r.items[r.keys[r.next]], true
		delete(r.items, r.keys[r.next])
		r.keys[r.next] = k
		r.next = (r.next + 1) % r.most
	}
	r.items[k] = v
	return old, forgotten
}
