package placement_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/placement"
	"pgregory.net/rapid"
)

func node(id string, free, held int) placement.Node {
	return placement.Node{ID: contracts.NodeID(id), Kind: "node", Profiles: []string{"det-1"}, Free: free, Held: held, Reliability: 0.5}
}

func block(name string) cid.Cid { return dagcbor.RawCID([]byte(name)) }

func indexOf(nodes ...placement.Node) *placement.Index {
	x := placement.New()
	for _, n := range nodes {
		x.Put(n)
	}
	return x
}

var cpu = placement.Need{Type: contracts.Deterministic, Profile: "det-1"}

// need returns cpu with a change.
func need(change func(*placement.Need)) placement.Need {
	n := cpu
	change(&n)
	return n
}

func TestVerdicts(t *testing.T) {
	with := func(change func(*placement.Node)) placement.Node {
		n := node("a", 1, 0)
		change(&n)
		return n
	}
	sound := node("a", 1, 0)
	for _, c := range []struct {
		name string
		node placement.Node
		need placement.Need
		want placement.Verdict
	}{
		{"sound", sound, cpu, placement.Eligible},
		{"INV1 a CPU unit never goes to a pod", with(func(n *placement.Node) { n.Kind = "pod" }), cpu, placement.WrongKind},
		{"INV1 an llm unit never goes to a node", sound, placement.Need{Type: contracts.LLM}, placement.WrongKind},
		{"an llm unit goes to a pod", with(func(n *placement.Node) { n.Kind, n.Models = "pod", []placement.Model{{}} }), placement.Need{Type: contracts.LLM}, placement.Eligible},
		{"another profile", with(func(n *placement.Node) { n.Profiles = []string{"det-0"} }), cpu, placement.WrongProfile},
		{"INV2 local_only stays in the trusted zone", sound, need(func(n *placement.Need) { n.Trusted = true }), placement.NotTrusted},
		{"trusted zone", with(func(n *placement.Node) { n.Trusted = true }), need(func(n *placement.Need) { n.Trusted = true }), placement.Eligible},
		{"region", sound, need(func(n *placement.Need) { n.Region = "eu" }), placement.WrongRegion},
		{"one tag of two", with(func(n *placement.Node) { n.Tags = []string{"x"} }), need(func(n *placement.Need) { n.Tags = []string{"y", "x"} }), placement.MissingTag},
		{"both tags", with(func(n *placement.Node) { n.Tags = []string{"x", "y"} }), need(func(n *placement.Need) { n.Tags = []string{"y", "x", "y"} }), placement.Eligible},
		{"memory", with(func(n *placement.Node) { n.MemoryMB = 511 }), need(func(n *placement.Need) { n.MinRAMMB = 512 }), placement.TooLittleRAM},
		{"vram", sound, need(func(n *placement.Need) { n.MinVRAMMB = 1 }), placement.TooLittleVRAM},
		{"accelerator", sound, need(func(n *placement.Need) { n.Accelerators = []string{"cuda"} }), placement.NoAccelerator},
		{"runs a copy", sound, need(func(n *placement.Need) { n.Never = []contracts.NodeID{"a"} }), placement.RunsCopy},
		{"draining", with(func(n *placement.Node) { n.State = placement.Draining }), cpu, placement.Draining},
		{"paused", with(func(n *placement.Node) { n.State = placement.Paused }), cpu, placement.Paused},
		{"silent", with(func(n *placement.Node) { n.State = placement.Silent }), cpu, placement.Silent},
		{"circuit open", with(func(n *placement.Node) { n.State = placement.CircuitOpen }), cpu, placement.CircuitOpen},
		{"not admitted", with(func(n *placement.Node) { n.State = placement.Barred }), cpu, placement.Barred},
		{"no such model", with(func(n *placement.Node) { n.Kind, n.Models = "pod", []placement.Model{{Name: "m", Tier: "small"}} }), placement.Need{Type: contracts.LLM, Model: placement.Model{Tier: "large"}}, placement.NoModel},
		{"no credits", node("a", 0, 3), cpu, placement.NoFreeCredits},
		{"alone it may have it again", sound, need(func(n *placement.Need) { n.Avoid = []contracts.NodeID{"a"} }), placement.Eligible},
	} {
		x := indexOf(c.node)
		if got := x.Explain(&c.need)[0].Verdict; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if got := x.Pick(&c.need).Node != ""; got != (c.want == placement.Eligible) {
			t.Errorf("%s: picked %t", c.name, got)
		}
	}
}

// Who had a unit before is passed over while another could take it, and told from
// those that cannot.
func TestAvoidedIsSaid(t *testing.T) {
	n := need(func(n *placement.Need) { n.Avoid = []contracts.NodeID{"a"} })
	got := map[contracts.NodeID]placement.Verdict{}
	for _, c := range indexOf(node("a", 1, 0), node("b", 0, 1)).Explain(&n) {
		got[c.Node] = c.Verdict
	}
	if got["a"] != placement.Avoided || got["b"] != placement.NoFreeCredits {
		t.Errorf("%v", got)
	}
}

// Every term of a score counts with its weight and alone, and together they are 1.
func TestWeights(t *testing.T) {
	worst := placement.Node{ID: "a", Kind: "node", Profiles: []string{"det-1"}, Load: 1}
	n := need(func(n *placement.Need) { n.Module, n.Blocks = block("module"), []cid.Cid{block("x"), block("y")} })
	const all = "headroom load reliability module blocks"
	for terms, want := range map[string]float64{
		"": 0, "headroom": 0.35, "load": 0.15, "reliability": 0.25, "module": 0.125, "blocks": 0.125, "x": 0.0625, all: 1,
	} {
		has := func(term string) bool { return slices.Contains(strings.Fields(terms), term) }
		w := worst
		if has("headroom") {
			w.Free = 1
		}
		if has("load") {
			w.Load = 0
		}
		if has("reliability") {
			w.Reliability = 1
		}
		x := indexOf(w)
		if has("module") {
			x.Learn("a", block("module"), nil)
		}
		if has("blocks") {
			x.Learn("a", cid.Undef, []cid.Cid{block("x"), block("y")})
		}
		if has("x") {
			x.Learn("a", cid.Undef, []cid.Cid{block("x")})
		}
		c := x.Explain(&n)[0]
		if math.Abs(c.Score-want) > 1e-12 {
			t.Errorf("%q: score %v of %+v, want %v", terms, c.Score, c.Parts, want)
		}
		if terms == all {
			if got := x.Pick(&n).Score; got != c.Score {
				t.Errorf("picked with score %v, explained with %v", got, c.Score)
			}
		}
	}
	// What a machine claims beyond bounds counts as the bound.
	mad := node("a", 1, 0)
	mad.Load, mad.Reliability = -7, 9
	if c := indexOf(mad).Explain(&cpu)[0]; c.Parts.Load != 1 || c.Parts.Reliability != 1 || c.Score > 1 {
		t.Errorf("%+v", c)
	}
}

func TestPick(t *testing.T) {
	avoid := need(func(n *placement.Need) { n.Avoid = []contracts.NodeID{"a"} })
	busy, shaky := node("a", 4, 0), node("a", 4, 0)
	busy.Load, shaky.Reliability = 0.9, 0.1
	for _, c := range []struct {
		name     string
		nodes    []placement.Node
		n        placement.Need
		want     contracts.NodeID
		eligible int
		hopeless bool
	}{
		{"nobody", nil, cpu, "", 0, true},
		{"most free share", []placement.Node{node("a", 1, 3), node("b", 2, 2)}, cpu, "b", 2, false},
		{"tie: holds less", []placement.Node{node("a", 2, 2), node("b", 1, 1)}, cpu, "b", 2, false},
		{"tie: smaller id", []placement.Node{node("b", 1, 0), node("a", 1, 0)}, cpu, "a", 2, false},
		{"the idle machine", []placement.Node{busy, node("b", 4, 0)}, cpu, "b", 2, false},
		{"the reliable one", []placement.Node{shaky, node("b", 4, 0)}, cpu, "b", 2, false},
		{"another node than before", []placement.Node{node("a", 9, 0), node("b", 1, 8)}, avoid, "b", 1, false},
		{"waits for another node", []placement.Node{node("a", 9, 0), node("b", 0, 8)}, avoid, "", 0, false},
		{"the same node if there is no other", []placement.Node{node("a", 1, 0)}, avoid, "a", 1, false},
	} {
		got := indexOf(c.nodes...).Pick(&c.n)
		if got.Node != c.want || got.Eligible != c.eligible || got.Hopeless != c.hopeless {
			t.Errorf("%s: %+v, want %q of %d, hopeless %t", c.name, got, c.want, c.eligible, c.hopeless)
		}
	}
}

func TestWhoHoldsTheBlocks(t *testing.T) {
	x := indexOf(node("a", 4, 0), node("b", 4, 0), node("c", 4, 0))
	n := need(func(n *placement.Need) { n.Module, n.Blocks = block("module"), []cid.Cid{block("x"), block("y")} })
	want := func(step string, id contracts.NodeID, locality float64) {
		t.Helper()
		if got := x.Pick(&n); got.Node != id || got.Parts.Locality != locality {
			t.Errorf("%s: %s with locality %v, want %s with %v", step, got.Node, got.Parts.Locality, id, locality)
		}
	}
	want("nobody has anything", "a", 0)
	x.Learn("b", block("module"), nil)
	want("the module", "b", 0.5)
	x.Learn("c", block("module"), []cid.Cid{block("x")})
	want("module and a block", "c", 0.75)
	x.Adjust("c", func(n *placement.Node) { n.Free = 0 })
	want("who holds more is full", "b", 0.5)
	x.Remove("b")
	want("who held the module is gone", "a", 0)
}

// A node that was best eight times in a row yields when another is nearly as
// good, and not when it is not.
func TestStreak(t *testing.T) {
	near := node("b", 4, 0)
	near.Reliability = 0.4 // 0.025 worse in all
	for _, c := range []struct {
		name  string
		other placement.Node
		want  contracts.NodeID
	}{{"nearly as good", near, "b"}, {"worse", node("b", 1, 3), "a"}} {
		x := indexOf(node("a", 4, 0), c.other)
		for i := range 8 {
			if got := x.Pick(&cpu).Node; got != "a" {
				t.Fatalf("%s: choice %d is %s", c.name, i, got)
			}
		}
		if got := x.Pick(&cpu).Node; got != c.want {
			t.Errorf("%s: after a streak %s, want %s", c.name, got, c.want)
		}
	}
}

// TestNobodyWaitsForAPausedNode has a unit that its only working node gave back.
func TestNobodyWaitsForAPausedNode(t *testing.T) {
	n := cpu
	n.Avoid = []contracts.NodeID{"a"}
	for state, want := range map[placement.Verdict]contracts.NodeID{"": "", placement.Silent: "", placement.Paused: "a", placement.Draining: "a"} {
		other := node("b", 0, 4)
		other.State = state
		if got := indexOf(node("a", 4, 0), other).Pick(&n).Node; got != want {
			t.Errorf("beside a node in state %q: %q, want %q", state, got, want)
		}
	}
}

// TestPickIsBestOfAll drives an index with whatever happens to a cluster and
// checks that what it picks is what ranking every node by hand picks.
func TestPickIsBestOfAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := placement.New()
		ids := []string{"a", "b", "c", "d", "e", "f", "g"}
		names := []string{"m1", "m2", "m3"}
		pick := func(from []string, label string) string { return rapid.SampledFrom(from).Draw(t, label) }
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := contracts.NodeID(pick(ids, "node"))
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1:
				n := node(string(id), rapid.IntRange(0, 3).Draw(t, "free"), rapid.IntRange(0, 3).Draw(t, "held"))
				n.Trusted, n.Load = rapid.Bool().Draw(t, "trusted"), rapid.Float64Range(0, 1).Draw(t, "load")
				n.Tags = rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 2, rapid.ID[string]).Draw(t, "tags")
				n.State = rapid.SampledFrom([]placement.Verdict{"", "", placement.Silent, placement.Paused}).Draw(t, "state")
				x.Put(n)
			case 2:
				x.Adjust(id, func(n *placement.Node) { n.Free, n.Held = n.Free-1, n.Held+1 })
			case 3:
				x.Learn(id, block(pick(names, "module")), []cid.Cid{block(pick(names, "block"))})
			case 4:
				x.Remove(id)
			}
			n := cpu
			n.Trusted = rapid.Bool().Draw(t, "trust")
			if rapid.Bool().Draw(t, "tagged") {
				n.Tags = []string{pick(names, "tag")}
			}
			if rapid.Bool().Draw(t, "local") {
				n.Module = block(pick(names, "module"))
			}
			for range rapid.IntRange(0, 2).Draw(t, "blocks") {
				n.Blocks = append(n.Blocks, block(pick(names, "block")))
			}
			for range rapid.IntRange(0, 2).Draw(t, "avoids") {
				n.Avoid = append(n.Avoid, contracts.NodeID(pick(ids, "avoid")))
			}
			if rapid.Bool().Draw(t, "never") {
				n.Never = []contracts.NodeID{contracts.NodeID(pick(ids, "never"))}
			}
			checkBest(t, x, &n)
		}
	})
}

func checkBest(t *rapid.T, x *placement.Index, n *placement.Need) {
	all := x.Explain(n)
	eligible := 0
	for _, c := range all {
		if c.Verdict == placement.Eligible {
			eligible++
		}
	}
	got := x.Pick(n)
	if got.Eligible != max(0, eligible) && eligible > 0 || (got.Node == "") != (eligible == 0) {
		t.Fatalf("%d are eligible, picked %+v of %+v", eligible, got, all)
	}
	if eligible == 0 || got.Node == all[0].Node {
		return
	}
	// It may be the one that follows after a streak.
	if eligible < 2 || got.Node != all[1].Node || all[0].Score-all[1].Score >= 0.03 {
		t.Fatalf("picked %+v, the best of all is %+v", got, all[0])
	}
	if got.Score != all[1].Score {
		t.Fatalf("score %v, by hand %v", got.Score, all[1].Score)
	}
}

// BenchmarkPick is a decision and the bookkeeping around it, with nodes that have
// some load and modules, for units of one class. ns/op at the four sizes shows how
// it grows.
func BenchmarkPick(b *testing.B) {
	for _, size := range []int{100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("nodes=%d", size), func(b *testing.B) {
			x := placement.New()
			for i := range size {
				n := node(fmt.Sprintf("12D3KooW%08d", i*7919%size), 8, i%3)
				n.Load, n.Reliability = float64(i*31%97)/97, 0.5+float64(i*17%53)/106
				x.Put(n)
				x.Learn(n.ID, block(fmt.Sprint("module", i%5)), []cid.Cid{block(fmt.Sprint("data", i))})
			}
			n := need(func(n *placement.Need) { n.Module = block("module1") })
			x.Pick(&n) // makes the class
			var out []contracts.NodeID
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				n.Blocks = []cid.Cid{block("data3")}
				c := x.Pick(&n)
				x.Adjust(c.Node, func(n *placement.Node) { n.Free, n.Held = n.Free-1, n.Held+1 })
				x.Learn(c.Node, n.Module, n.Blocks)
				if out = append(out, c.Node); len(out) >= 2*min(size, 64) {
					x.Adjust(out[0], func(n *placement.Node) { n.Free, n.Held = n.Free+1, n.Held-1 })
					out = out[1:]
				}
			}
		})
	}
}

// Classes and pairs beyond the bounds are forgotten and made again, and what was
// forgotten is not kept in order any more.
func TestForgottenClasses(t *testing.T) {
	x := indexOf(node("a", 1000, 0), node("b", 1000, 0))
	for i := range 3 * 64 {
		x.Learn("b", block(fmt.Sprint("m", i)), nil)
		n := need(func(n *placement.Need) { n.Module = block(fmt.Sprint("m", i)) })
		n.Profile = "det-1"
		n.MinRAMMB = int64(-i) // a class of its own that everybody suits
		if got := x.Pick(&n); got.Node != "b" || got.Eligible != 2 {
			t.Fatalf("class %d: %+v", i, got)
		}
	}
	x.Adjust("b", func(n *placement.Node) { n.Free = 0 })
	if got := x.Pick(&cpu); got.Node != "a" || got.Eligible != 1 {
		t.Errorf("%+v, want a alone", got)
	}
}
