package coordinator_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/internal/p2p"
)

// publish publishes something as the fabric's operator and returns its id.
func (f *fabric) publish(as contracts.PublicAs, block cid.Cid, name string) string {
	f.t.Helper()
	v, err := f.Publish(f.t.Context(), access.Operator(), contracts.Publication{As: as, Block: contracts.Link{Cid: block}, Name: name})
	if err != nil {
		f.t.Fatal(err)
	}
	return v.ID
}

func (f *fabric) withdraw(id string) {
	f.t.Helper()
	if err := f.Withdraw(f.t.Context(), access.Operator(), id); err != nil {
		f.t.Fatal(err)
	}
}

// publicly is a fabric with a trusted zone of two nodes.
type publicly struct {
	*fabric
	zone [2]p2p.Identity
}

func startPublic(t *testing.T) *publicly {
	t.Helper()
	p := &publicly{}
	for i := range p.zone {
		id, err := p2p.NewIdentity()
		if err != nil {
			t.Fatal(err)
		}
		p.zone[i] = id
	}
	p.fabric = startFabric(t, p.tune)
	return p
}

func (p *publicly) tune(c *coordinator.Config) {
	for _, id := range p.zone {
		c.Trusted = append(c.Trusted, contracts.NodeID(id.ID()))
	}
}

// ask has a tenant compute one unit, and reports whether its result was known.
func (p *publicly) ask(tenant contracts.TenantID, u contracts.WorkUnit) bool {
	p.t.Helper()
	g := graph(u)
	g.TenantID = tenant
	return executed(p.end(p.submit(g)))[0]
}

// A result is shared from when its parts are public to when one of them is no more.
// What was computed in private stays private, and a restart changes nothing.
func TestPublicResultsAreShared(t *testing.T) {
	f := startPublic(t)
	w := f.connectAs(f.zone[0])
	go w.work()
	input := dagcbor.RawCID([]byte(`{"n":1}`))
	u := unit("a", `{"n":1}`)
	if f.ask("early", u) || f.ask("b", u) {
		t.Error("shared before it was public")
	}
	id := f.publish(contracts.PublicInput, input, "")
	if f.ask("c", u) {
		t.Error("what was computed in private is given away once its input is public")
	}
	if !f.ask("d", u) || !f.ask("e", u) {
		t.Error("a public result was computed again")
	}
	w.leave()
	f.stop()
	f.open(f.tune) // with no node: nothing can be computed
	if !f.ask("g", u) {
		t.Error("a public result was computed again after a start")
	}
	f.withdraw(id)
	go f.connectAs(f.zone[1]).work()
	if f.ask("h", u) {
		t.Error("shared after its input was withdrawn")
	}
	f.publish(contracts.PublicInput, input, "")
	if !f.ask("i", u) {
		t.Error("what was computed in public is not shared in public")
	}
}

// TestWhatIsNotPublicIsNeverShared has tenants of their own ask for random computations
// while parts are published and withdrawn: a result of another's is given out if and
// only if everything in it is public, and was when it was computed.
func TestWhatIsNotPublicIsNeverShared(t *testing.T) {
	f := startPublic(t)
	go f.connectAs(f.zone[0]).work()
	draw := rand.New(rand.NewPCG(7, 7))
	texts := []string{"x", "y"}
	blocks := map[string]cid.Cid{}
	for _, s := range texts {
		blocks[s] = f.upload(s)
	}
	type part struct {
		as         contracts.PublicAs
		text, name string
	}
	parts := []part{
		{contracts.PublicInput, `{"n":1}`, ""}, {contracts.PublicInput, `{"n":2}`, ""},
		{contracts.PublicBlob, "x", "data"}, {contracts.PublicBlob, "y", "data"}, {contracts.PublicBlob, "x", "other"},
		{contracts.PublicModule, "x", "run"}, {contracts.PublicModule, "x", "stop"},
	}
	public := map[part]string{}
	known := map[string]bool{} // computations that were made of public parts, by one of a trusted node
	shared, private := 0, 0
	for n := range 600 {
		if p := parts[draw.IntN(len(parts))]; n%3 == 0 {
			if id, is := public[p]; is && draw.IntN(3) == 0 {
				f.withdraw(id)
				delete(public, p)
			} else if block, stored := blocks[p.text]; stored {
				public[p] = f.publish(p.as, block, p.name)
			} else {
				public[p] = f.publish(p.as, dagcbor.RawCID([]byte(p.text)), p.name)
			}
		}
		input := parts[draw.IntN(2)]
		u := unit("u", input.text)
		name := input.text
		is := func(p part) bool { _, ok := public[p]; return ok }
		want := is(input)
		if draw.IntN(2) == 0 {
			entry := []string{"run", "stop"}[draw.IntN(2)]
			u.Program = &contracts.Program{Module: &contracts.Link{Cid: blocks["x"]}, Entry: entry}
			want = want && is(part{contracts.PublicModule, "x", entry})
			name += " by x/" + entry
		}
		if draw.IntN(2) == 0 {
			blob := part{contracts.PublicBlob, texts[draw.IntN(2)], []string{"data", "other"}[draw.IntN(2)]}
			u.Blobs = map[string]contracts.Link{blob.name: {Cid: blocks[blob.text]}}
			want = want && is(blob)
			name += " of " + blob.text + " as " + blob.name
		}
		if draw.IntN(8) == 0 {
			u.Constraints = &contracts.Constraints{Privacy: contracts.LocalOnly}
			want = false
			name += ", local_only"
		}
		got := f.ask(contracts.TenantID(fmt.Sprintf("t%d", n)), u)
		if got != (want && known[name]) {
			t.Fatalf("computation %d, %s, was given away: %t; all of it is public: %t", n, name, got, want)
		}
		if known[name] = known[name] || want; got {
			shared++
		} else {
			private++
		}
	}
	if shared < 20 || private < 100 {
		t.Errorf("%d were shared and %d were not: that says too little", shared, private)
	}
}

// What is public may be read, and named in graphs, by every tenant, until it is
// withdrawn.
func TestPublicBlocksAreRead(t *testing.T) {
	f := startFabric(t)
	id := f.upload("lab's own")
	may := func(want bool) {
		t.Helper()
		if ok, err := f.MayRead(t.Context(), "club", id); ok != want || err != nil {
			t.Errorf("club may read it: %t, %v", ok, err)
		}
	}
	may(false)
	p := f.publish(contracts.PublicBlob, id, "data")
	may(true)
	if again := f.publish(contracts.PublicBlob, id, "data"); again != p {
		t.Errorf("published again it is %s, was %s", again, p)
	}
	f.stop()
	f.open()
	may(true)
	if l, err := f.Publications(t.Context()); err != nil || len(l.Publications) != 1 || l.Publications[0].ID != p {
		t.Errorf("listed %+v, %v", l, err)
	}
	f.withdraw(p)
	may(false)
	_, err := f.Publish(t.Context(), access.Operator(), contracts.Publication{As: contracts.PublicBlob, Block: contracts.Link{Cid: dagcbor.RawCID([]byte("nowhere"))}, Name: "data"})
	if contracts.CodeOf(err) != contracts.CodeNotFound {
		t.Errorf("a block that is not stored: %v", err)
	}
}
