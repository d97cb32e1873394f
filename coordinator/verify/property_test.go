package verify

import (
	"math/rand/v2"
	"testing"
)

// TestNeverReleasedAboveTheThreshold drives cores with random nodes, operators
// and lies, and looks at every release: the group's doubt was at most its
// class's, or the trusted zone knew; no operator stands in a group twice; and
// whatever was asked for is asked for until it is there.
func TestNeverReleasedAboveTheThreshold(t *testing.T) {
	for seed := range uint64(20) {
		d := newDriver(seed)
		for range 3000 {
			d.step(t)
		}
		d.settle(t)
		if d.releases == 0 || d.convictions == 0 {
			t.Errorf("seed %d: %d releases, %d convictions: nothing was tested", seed, d.releases, d.convictions)
		}
	}
}

type driver struct {
	rng                   *rand.Rand
	core                  *Core
	nodes                 []Node
	liar                  map[Node]bool
	next                  Unit
	want                  []Unit // executions asked for
	recompute             []Unit
	class                 map[Unit]Class
	released              map[Unit]Digest
	releases, convictions int
}

func newDriver(seed uint64) *driver {
	p := DefaultPolicy()
	p.FinalityChecks = 5
	d := &driver{
		rng: rand.New(rand.NewPCG(seed, 1)), core: New(p), liar: map[Node]bool{}, class: map[Unit]Class{}, released: map[Unit]Digest{},
	}
	for range 12 {
		op := d.core.NewOperator()
		bad := d.rng.IntN(4) == 0
		for range 1 + d.rng.IntN(3) {
			n := d.core.Join(op, false)
			d.nodes = append(d.nodes, n)
			d.liar[n] = bad
		}
	}
	return d
}

func (d *driver) step(t *testing.T) {
	if len(d.want) == 0 {
		d.next++
		d.class[d.next] = Class(d.rng.IntN(int(classes)))
		d.want = append(d.want, d.next)
	}
	switch {
	case len(d.recompute) > 0 && d.rng.IntN(2) == 0:
		u := d.recompute[0]
		d.recompute = d.recompute[1:]
		d.core.Recomputed(u, digestOf("right"))
	default:
		d.execute()
	}
	d.follow(t)
}

func (d *driver) execute() {
	u := d.want[0]
	d.want = d.want[1:]
	for range 100 {
		n := d.nodes[d.rng.IntN(len(d.nodes))]
		if !d.core.May(u, n) {
			continue
		}
		result := "right"
		if d.liar[n] && d.rng.IntN(5) == 0 {
			result = []string{"ring", "wrong"}[d.rng.IntN(2)]
		}
		d.core.Committed(u, d.class[u], n, digestOf(result), d.rng.Uint64())
		return
	}
	d.core.Unplaceable(u, true)
}

func (d *driver) follow(t *testing.T) {
	t.Helper()
	for _, a := range d.core.Take() {
		switch a.Kind {
		case Replicate:
			d.want = append(d.want, a.Unit)
		case Recompute, CrossCheck:
			d.recompute = append(d.recompute, a.Unit)
		case Release:
			d.release(t, a)
		case Supersede:
			if d.released[a.Unit] != a.Old || a.Digest != digestOf("right") {
				t.Fatalf("unit %d superseded %q by %q, released was %q", a.Unit, a.Old, a.Digest, d.released[a.Unit])
			}
			d.released[a.Unit] = a.Digest
		case Convict:
			d.convictions++
			if !d.liar[a.Node] {
				t.Fatalf("honest node %d was convicted over unit %d", a.Node, a.Unit)
			}
		case Change:
			if !a.Standing.Works() && !d.liar[a.Node] {
				t.Fatalf("honest node %d is %s", a.Node, a.Standing)
			}
		}
	}
}

func (d *driver) release(t *testing.T, a Action) {
	t.Helper()
	d.releases++
	if _, again := d.released[a.Unit]; again {
		t.Fatalf("unit %d was released twice", a.Unit)
	}
	d.released[a.Unit] = a.Digest
	g := d.core.groups.get(a.Unit)
	if g == nil || g.settled {
		return // the trusted zone knows
	}
	seen := map[Operator]bool{}
	for _, r := range g.results() {
		op := d.core.nodes[r.node].operator
		if seen[op] {
			t.Fatalf("unit %d: operator %d twice", a.Unit, op)
		}
		seen[op] = true
	}
	if p := d.core.groupDoubt(g); p > d.core.policy.Theta[g.class] {
		t.Fatalf("unit %d of class %s released at doubt %g", a.Unit, g.class, p)
	}
}

// settle lets everything end that was asked for: no unit is left without a
// result, and none waits for something that nobody was asked for.
func (d *driver) settle(t *testing.T) {
	t.Helper()
	for len(d.want)+len(d.recompute) > 0 {
		if len(d.recompute) > 0 {
			d.core.Recomputed(d.recompute[0], digestOf("right"))
			d.recompute = d.recompute[1:]
		} else {
			d.execute()
		}
		d.follow(t)
	}
	for u := range d.class {
		if _, ok := d.released[u]; !ok {
			t.Errorf("unit %d of class %s never got a result", u, d.class[u])
		}
	}
}

func TestPolicyIsChecked(t *testing.T) {
	if err := DefaultPolicy().Validate(); err != nil {
		t.Error(err)
	}
	p := DefaultPolicy()
	p.FMax, p.AuditRate, p.Strikes, p.Theta[High], p.Replicas[Standard] = 0.7, -1, 0, 2, 99
	if err := p.Validate(); err == nil || len(err.(interface{ Unwrap() []error }).Unwrap()) != 5 {
		t.Errorf("five faults give %v", err)
	}
}

// The cost of verification per result, which a coordinator pays on its loop.
func BenchmarkCommitted(b *testing.B) {
	c := New(DefaultPolicy())
	var nodes []Node
	for range 100 {
		n := c.Join(c.NewOperator(), false)
		c.nodes[n].k = 1000
		c.stand(n, Member)
		nodes = append(nodes, n)
	}
	rng, d := rand.New(rand.NewPCG(1, 1)), digestOf("x")
	c.Take()
	b.ReportAllocs()
	var u Unit
	for b.Loop() {
		u++
		c.Committed(u, Standard, nodes[u%100], d, rng.Uint64())
		for _, a := range c.Take() {
			switch a.Kind {
			case Replicate:
				c.Committed(a.Unit, Standard, nodes[(a.Unit+1)%100], d, 1<<64-1)
			case Recompute:
				c.Recomputed(a.Unit, d)
			}
		}
	}
}
