package placement_test

import (
	"testing"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/placement"
)

func pod(id string, free, held int) placement.Node {
	return placement.Node{
		ID: contracts.NodeID(id), Kind: "pod", Free: free, Held: held,
		Models: []placement.Model{{Name: "m", Tier: contracts.TierSmall, Operation: contracts.Generate}},
	}
}

func ask(tier contracts.ModelTier, name string) placement.Need {
	return placement.Need{Type: contracts.LLM, Model: placement.Model{Name: name, Tier: tier, Operation: contracts.Generate}}
}

// TestPodsServeTheirModels is INV1 and INV2 for pods, and the choice of a model.
func TestPodsServeTheirModels(t *testing.T) {
	local, embed := ask(contracts.TierSmall, ""), ask(contracts.TierSmall, "")
	local.Trusted, embed.Model.Operation = true, contracts.Embed
	for name, c := range map[string]struct {
		n    placement.Need
		want placement.Verdict
	}{
		"any of the tier":                       {ask(contracts.TierSmall, ""), placement.Eligible},
		"by name":                               {ask(contracts.TierSmall, "m"), placement.Eligible},
		"another name":                          {ask(contracts.TierSmall, "n"), placement.NoModel},
		"another tier":                          {ask(contracts.TierLarge, ""), placement.NoModel},
		"another operation":                     {embed, placement.NoModel},
		"INV2 local_only outside the zone":      {local, placement.NotTrusted},
		"INV1 a CPU unit, whatever is on offer": {placement.Need{Type: contracts.Deterministic}, placement.WrongKind},
	} {
		x := placement.New()
		x.Put(pod("p", 1, 0))
		if got := x.Explain(&c.n)[0].Verdict; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if got := x.Pick(&c.n).Node; (got == "p") != (c.want == placement.Eligible) {
			t.Errorf("%s: picked %q", name, got)
		}
	}
}

// TestSessionsStayWhereTheirPromptsAre: what a session has said counts as a block
// that its pod holds, and no more than that.
func TestSessionsStayWhereTheirPromptsAre(t *testing.T) {
	said := dagcbor.RawCID([]byte("a session"))
	n := ask(contracts.TierSmall, "")
	n.Blocks = []cid.Cid{said}
	for name, c := range map[string]struct {
		a, b placement.Node
		want contracts.NodeID
	}{
		"as free": {pod("a", 2, 0), pod("b", 2, 0), "b"},
		"full":    {pod("a", 1, 1), pod("b", 0, 2), "a"},
		"laden":   {pod("a", 4, 0), pod("b", 1, 7), "a"},
	} {
		x := placement.New()
		x.Put(c.a)
		x.Put(c.b)
		x.Learn("b", cid.Undef, n.Blocks)
		if got := x.Pick(&n).Node; got != c.want {
			t.Errorf("%s: chose %s, want %s", name, got, c.want)
		}
	}
}
