package dag_test

import (
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"pgregory.net/rapid"
)

// TestPrivacySpreadsAlongBinds compares every unit's zone with a search along
// bind edges: a unit is local_only if it is so itself or binds, directly or
// through others, the output of one that is. Dependencies alone carry nothing.
func TestPrivacySpreadsAlongBinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		p := compile(t, g)
		for i := range p.Len() {
			want := contracts.AllowRemote
			if local(g, i) {
				want = contracts.LocalOnly
			}
			if got := p.Privacy(i); got != want {
				t.Fatalf("unit %s is %s, want %s", id(i), got, want)
			}
		}
	})
}

func local(g *contracts.TaskGraph, i int) bool {
	u := &g.WorkUnits[i]
	own := g.Policies.PrivacyDefault
	if u.Constraints.Privacy != "" {
		own = u.Constraints.Privacy
	}
	if own == contracts.LocalOnly {
		return true
	}
	for _, b := range u.Bind {
		for j := range i {
			if g.WorkUnits[j].ID == b.From && local(g, j) {
				return true
			}
		}
	}
	return false
}

// TestSaltExactlyForLocalOnly resolves one computation in every zone.
func TestSaltExactlyForLocalOnly(t *testing.T) {
	secret := map[contracts.UnitID]string{"a": `{}`}
	bind := []contracts.Bind{{From: "a", To: "/in"}}
	for name, c := range map[string]struct {
		a, x   contracts.Privacy
		bind   []contracts.Bind
		salted bool
	}{
		"nobody says anything":               {"", "", bind, false},
		"allowed everywhere":                 {contracts.AllowRemote, contracts.AllowRemote, bind, false},
		"local itself":                       {"", contracts.LocalOnly, nil, true},
		"binds from a local unit":            {contracts.LocalOnly, "", bind, true},
		"binds from one and says otherwise":  {contracts.LocalOnly, contracts.AllowRemote, bind, true},
		"mounts the output of a local unit":  {contracts.LocalOnly, "", []contracts.Bind{{From: "a", Blob: "in"}}, true},
		"depends on a local unit, no more":   {contracts.LocalOnly, "", nil, false},
		"a dependent of a local unit's peer": {"", "", bind, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, secret)
			b.graph.WorkUnits[0].Constraints = &contracts.Constraints{Privacy: c.a}
			r, err := b.add(contracts.WorkUnit{Constraints: &contracts.Constraints{Privacy: c.x}, Bind: c.bind}).resolve()
			if err != nil {
				t.Fatal(err)
			}
			if salted := string(r.Invocation.Salt) == "salt"; salted != c.salted || (!salted && r.Invocation.Salt != nil) {
				t.Errorf("salt is %q", r.Invocation.Salt)
			}
		})
	}
}

// TestSaltChangesTheAddress keeps tenants from recognising each other's work.
func TestSaltChangesTheAddress(t *testing.T) {
	unit := func(salt string) string {
		b := newBench(t, nil).add(contracts.WorkUnit{Constraints: &contracts.Constraints{Privacy: contracts.LocalOnly}})
		b.salt = []byte(salt)
		r, err := b.resolve()
		if err != nil {
			t.Fatal(err)
		}
		return r.Unit.String()
	}
	one, again, two := unit("one"), unit("one"), unit("two")
	if one != again || one == two {
		t.Errorf("units are %s, %s and %s", one, again, two)
	}
}

// TestPrivacyDefaultOfTheGraph applies where a unit says nothing.
func TestPrivacyDefaultOfTheGraph(t *testing.T) {
	g := &contracts.TaskGraph{
		Policies: &contracts.Policies{PrivacyDefault: contracts.LocalOnly},
		WorkUnits: []contracts.WorkUnit{
			{ID: "a"}, {ID: "b", Constraints: &contracts.Constraints{Privacy: contracts.AllowRemote}},
		},
	}
	p, err := dag.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	if p.Privacy(0) != contracts.LocalOnly || p.Privacy(1) != contracts.AllowRemote {
		t.Errorf("zones are %s and %s", p.Privacy(0), p.Privacy(1))
	}
}
