package placement_test

import (
	"math/rand/v2"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/placement"
	"pgregory.net/rapid"
)

func node(id string, free, held int) placement.Candidate {
	return placement.Candidate{ID: contracts.NodeID(id), Kind: "node", Profiles: []string{"det-1"}, Free: free, Held: held}
}

var cpu = placement.Need{Type: contracts.Deterministic, Profile: "det-1"}

func TestFilter(t *testing.T) {
	ok := node("a", 1, 0)
	pod, old, full := ok, ok, ok
	pod.Kind, old.Profiles, full.Free = "pod", []string{"det-0"}, 0
	trusted := cpu
	trusted.Trusted = true
	inside := ok
	inside.Trusted = true
	for _, c := range []struct {
		name string
		c    placement.Candidate
		n    placement.Need
		want placement.Verdict
	}{
		{"sound", ok, cpu, placement.Eligible},
		{"INV1 a CPU unit never goes to a pod", pod, cpu, placement.WrongKind},
		{"INV1 an llm unit never goes to a node", ok, placement.Need{Type: contracts.LLM}, placement.WrongKind},
		{"another profile", old, cpu, placement.WrongProfile},
		{"INV2 local_only stays in the trusted zone", ok, trusted, placement.NotTrusted},
		{"trusted zone", inside, trusted, placement.Eligible},
		{"no credits", full, cpu, placement.NoFreeCredits},
	} {
		if got := placement.Filter(&c.c, c.n); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestPick(t *testing.T) {
	avoid := cpu
	avoid.Avoid = []contracts.NodeID{"a"}
	for _, c := range []struct {
		name       string
		candidates []placement.Candidate
		n          placement.Need
		want       int
		eligible   int
	}{
		{"nobody", nil, cpu, -1, 0},
		{"most free share", []placement.Candidate{node("a", 1, 3), node("b", 2, 2)}, cpu, 1, 2},
		{"tie: holds less", []placement.Candidate{node("a", 2, 2), node("b", 1, 1)}, cpu, 1, 2},
		{"tie: smaller id", []placement.Candidate{node("b", 1, 0), node("a", 1, 0)}, cpu, 1, 2},
		{"another node than before", []placement.Candidate{node("a", 9, 0), node("b", 1, 8)}, avoid, 1, 1},
		{"waits for another node", []placement.Candidate{node("a", 9, 0), node("b", 0, 8)}, avoid, -1, 0},
		{"the same node if there is no other", []placement.Candidate{node("a", 1, 0)}, avoid, 0, 1},
	} {
		got := placement.Pick(c.candidates, c.n)
		if got.Index != c.want || got.Eligible != c.eligible {
			t.Errorf("%s: chose %d of %d eligible, want %d of %d", c.name, got.Index, got.Eligible, c.want, c.eligible)
		}
	}
}

// TestOrderDoesNotMatter checks that the same candidates in any order give the
// same answer.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "nodes")
		list := make([]placement.Candidate, n)
		for i := range list {
			list[i] = node(string(rune('a'+i)), rapid.IntRange(0, 3).Draw(t, "free"), rapid.IntRange(0, 3).Draw(t, "held"))
		}
		chosen := func() contracts.NodeID {
			if c := placement.Pick(list, cpu); c.Index >= 0 {
				return list[c.Index].ID
			}
			return ""
		}
		want := chosen()
		r := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		r.Shuffle(n, func(i, j int) { list[i], list[j] = list[j], list[i] })
		if got := chosen(); got != want {
			t.Fatalf("chose %q, in another order %q", want, got)
		}
	})
}
