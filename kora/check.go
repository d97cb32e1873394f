package kora

import (
	"context"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/plan"
)

// Check is a claim of an answer, computed again.
type Check struct {
	plan.Claim
	// Computed is what the tasks of the catalogue say, Agrees whether that is what the
	// claim says.
	Computed string `json:"computed"`
	Agrees   bool   `json:"agrees"`
	// GraphCID is the graph that computed it.
	GraphCID string `json:"graph_cid"`
}

// check computes the claims of a text. Those that cannot be computed are left out.
// Its graphs have no llm units.
func (e *Engine) check(ctx context.Context, r plan.Request, text string) ([]Check, error) {
	var all []Check
	id := r.ID
	for i, c := range plan.Claims(text) {
		r.ID = derived(id, "check", i+1)
		p, ok := c.Check(r)
		if !ok {
			continue
		}
		res, err := e.Run(ctx, p.Graph, r.ID, Observer{})
		if err != nil {
			return all, err
		}
		if res.Metadata.State != contracts.SessionCompleted {
			continue // such as a division by zero
		}
		computed := textOf(res.FinalOutput)
		all = append(all, Check{Claim: c, Computed: computed, Agrees: c.Agrees(computed), GraphCID: p.CID})
	}
	return all, nil
}
