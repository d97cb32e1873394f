package main

import (
	"fmt"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/placement"
)

// placementFigures are microseconds a decision among simulated nodes, with its
// bookkeeping: choose, count what the node holds, learn what it fetches.
type placementFigures struct {
	Placement100  float64 `json:"placement_us_100"`
	Placement1k   float64 `json:"placement_us_1k"`
	Placement10k  float64 `json:"placement_us_10k"`
	Placement100k float64 `json:"placement_us_100k"`
}

func (b *fabricBench) placement(f *placementFigures) {
	f.Placement100, f.Placement1k = decide(100), decide(1_000)
	f.Placement10k, f.Placement100k = decide(10_000), decide(100_000)
}

// decisions are timed together, after as many that are not.
const decisions = 20_000

// decide returns the time of one decision among n nodes of several loads,
// reliabilities and contents, some of which are always full.
func decide(n int) float64 {
	x := placement.New()
	name := func(s string, i int) cid.Cid { return dagcbor.RawCID(fmt.Appendf(nil, "%s%d", s, i)) }
	for i := range n {
		id := contracts.NodeID(fmt.Sprintf("12D3KooW%08d", i*7919%n))
		x.Put(placement.Node{
			ID: id, Kind: "node", State: placement.Eligible, Profiles: []string{contracts.ProfileDet1}, MemoryMB: 2048,
			Free: 8, Held: i % 3, Load: float64(i*31%97) / 97, Reliability: 0.5 + float64(i*17%53)/106,
		})
		x.Learn(id, name("module", i%5), []cid.Cid{name("data", i)})
	}
	need := placement.Need{
		Type: contracts.Deterministic, Profile: contracts.ProfileDet1,
		Module: name("module", 1), Blocks: []cid.Cid{name("data", 3)},
	}
	var out []contracts.NodeID
	run := func() {
		for range decisions {
			c := x.Pick(&need)
			x.Adjust(c.Node, func(n *placement.Node) { n.Free, n.Held = n.Free-1, n.Held+1 })
			x.Learn(c.Node, need.Module, need.Blocks)
			if out = append(out, c.Node); len(out) >= 2*min(n, 64) {
				x.Adjust(out[0], func(n *placement.Node) { n.Free, n.Held = n.Free+1, n.Held-1 })
				out = out[1:]
			}
		}
	}
	run()
	began := time.Now()
	run()
	return float64(time.Since(began).Nanoseconds()) / 1e3 / decisions
}
