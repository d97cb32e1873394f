package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/client"
)

// checked counts what checkSignatures has verified.
type checked struct {
	Results int                      `json:"results"`
	Batches int                      `json:"batches"`
	Nodes   map[contracts.NodeID]int `json:"results_by_node"`
}

// checkSignatures fetches every signed batch of a session and verifies here, on
// this machine, that each unit's result was signed by the node it is credited
// to.
func checkSignatures(ctx context.Context, c *client.Client, id contracts.SessionID) (checked, error) {
	view, err := c.Session(ctx, id)
	if err != nil {
		return checked{}, err
	}
	done := checked{Nodes: map[contracts.NodeID]int{}}
	signed := map[string]map[string]bool{} // batch → result CIDs in it
	for _, u := range view.WorkUnits {
		if u.ResultCID == "" {
			continue
		}
		results, ok := signed[u.BatchCID]
		if !ok {
			if results, err = openBatch(ctx, c, u); err != nil {
				return done, fmt.Errorf("check unit %s: %w", u.ID, err)
			}
			signed[u.BatchCID] = results
		}
		if !results[string(u.Node)+" "+u.ResultCID] {
			return done, contracts.Errorf(contracts.CodeAuth, string(u.ID), "result %s is not signed by node %s in batch %s", u.ResultCID, u.Node, u.BatchCID)
		}
		done.Results++
		done.Nodes[u.Node]++
	}
	done.Batches = len(signed)
	return done, nil
}

func openBatch(ctx context.Context, c *client.Client, u contracts.UnitView) (map[string]bool, error) {
	id, err := cid.Decode(u.BatchCID)
	if err != nil {
		return nil, fmt.Errorf("batch address %q: %w", u.BatchCID, err)
	}
	sealed, err := c.GetBlock(ctx, id)
	if err != nil {
		return nil, err
	}
	b, err := contracts.OpenBatch(sealed)
	if err != nil {
		return nil, err
	}
	results := make(map[string]bool, len(b.Results))
	for i := range b.Results {
		results[string(b.Node)+" "+b.Results[i].ResultCID.String()] = true
	}
	return results, nil
}

// share is one node's part of a session.
type share struct {
	units int
	fuel  uint64
	busy  time.Duration
}

// summarise says who ran what and what was verified.
func (a *app) summarise(r *contracts.ExecutionResult, done checked) {
	shares := map[contracts.NodeID]*share{}
	var order []contracts.NodeID
	known := 0
	for _, t := range r.Telemetry.Tasks {
		if len(t.Executors) == 0 || t.ResultCID == "" {
			continue
		}
		if t.Cached {
			known++
			continue
		}
		node := t.Executors[len(t.Executors)-1]
		s := shares[node]
		if s == nil {
			s = &share{}
			shares[node] = s
			order = append(order, node)
		}
		s.units++
		s.fuel += t.FuelUsed
		s.busy += time.Duration(t.DurationMS * float64(time.Millisecond))
	}
	fmt.Fprintf(a.stderr, "\n%s after %s: %s\n", r.Metadata.State, time.Duration(r.Telemetry.TotalLatencyMS)*time.Millisecond, r.Metadata.StopReason)
	if len(order) > 0 {
		w := tabwriter.NewWriter(a.stderr, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "node\tunits\tGfuel\tbusy\t")
		for _, id := range order {
			s := shares[id]
			fmt.Fprintf(w, "%s\t%d\t%.2f\t%s\t\n", short(id), s.units, float64(s.fuel)/1e9, s.busy.Round(time.Millisecond))
		}
		w.Flush()
	}
	if known > 0 {
		fmt.Fprintf(a.stderr, "%d results were known from before and are credited to who computed them.\n", known)
	}
	fmt.Fprintf(a.stderr, "%d results in %d signed batches, every signature verified here.\n", done.Results, done.Batches)
}
