package kora

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/plan"
)

// Drafted is a run in which a model planned.
type Drafted struct {
	GraphCID string                     `json:"graph_cid"`
	Result   *contracts.ExecutionResult `json:"result"`
	// Error says why what it planned could not be used.
	Error *contracts.Error `json:"error,omitempty"`
}

// maxDrafts is how often a model may be asked for a plan: once, and once more to put
// it right.
const maxDrafts = 2

// drafts asks a model for the plan that p says it is to be asked for, and returns what
// is to be run then: the graph that it planned, or else the plain question.
func (e *Engine) drafts(ctx context.Context, r *plan.Request, p plan.Plan, o Observer, reply *Reply) (plan.Plan, error) {
	for p.IsDraft {
		res, err := e.Run(ctx, p.Graph, r.ID, Observer{Event: o.Event})
		if err != nil {
			return p, err
		}
		d := Drafted{GraphCID: p.CID, Result: res, Error: res.Metadata.Error}
		before := *r
		r.ID = derived(before.ID, "draft", len(reply.Drafts)+1)
		var said contracts.JSON
		if res.Metadata.State == contracts.SessionCompleted {
			said = res.FinalOutput
			next, err := plan.FromDraft(r, &p, said)
			if err == nil {
				reply.Drafts = append(reply.Drafts, d)
				return next, nil
			}
			d.Error, _ = errors.AsType[*contracts.Error](err)
			d.Error = cmp.Or(d.Error, contracts.Errorf(contracts.CodeInternal, before.ID, "%w", err))
		} else if d.Error == nil {
			d.Error = contracts.Errorf(contracts.CodeInternal, before.ID, "run ended %s: %s", res.Metadata.State, res.Metadata.StopReason)
		}
		reply.Drafts = append(reply.Drafts, d)
		if len(reply.Drafts) < maxDrafts && repairable(d.Error.Code) {
			p = plan.Repair(r, &p, said, d.Error)
		} else {
			p = plan.Plain(r, &p, d.Error)
		}
	}
	return p, nil
}

// repairable reports whether asking again can help: the model answered, and its plan
// was the trouble.
func repairable(c contracts.Code) bool {
	return c == contracts.CodeValidation || c == contracts.CodeBadOutput
}

// derived is the id of a further graph of a request: to the backend every graph is a
// request of its own, and the same message leads to the same ones.
func derived(id, what string, n int) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s/%s/%d", id, what, n)).String()
}

// ModelCalls counts how often models were asked, for the answer and for its plan.
func (r *Reply) ModelCalls() int64 {
	var n int64
	for _, res := range r.results() {
		n += res.Telemetry.ModelInvocationCount
	}
	return n
}

// Tokens sums what models read and wrote, for the answer and for its plan.
func (r *Reply) Tokens() (in, out int64) {
	for _, res := range r.results() {
		for i := range res.Telemetry.Tasks {
			in += res.Telemetry.Tasks[i].TokensIn
			out += res.Telemetry.Tasks[i].TokensOut
		}
	}
	return in, out
}

func (r *Reply) results() []*contracts.ExecutionResult {
	var all []*contracts.ExecutionResult
	for i := range r.Drafts {
		all = append(all, r.Drafts[i].Result)
	}
	if r.Result != nil {
		all = append(all, r.Result)
	}
	return all
}
