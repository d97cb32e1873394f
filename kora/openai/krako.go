package openai

import (
	"cmp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora"
	"github.com/krako-labs/krako/kora/plan"
)

// krako is what this server adds to a response, in one member of that name.
type krako struct {
	RunID    string    `json:"run_id"`
	GraphCID string    `json:"graph_cid,omitempty"`
	How      plan.Kind `json:"execution"`
	Handlers []string  `json:"handlers"`
	// ModelCalls counts how often a model was asked, Steps the units that ran and
	// WithoutModel those of them that asked none.
	ModelCalls   int64    `json:"model_calls"`
	Steps        int      `json:"steps"`
	WithoutModel int      `json:"without_model"`
	Reused       int      `json:"reused"` // of Steps, those known from before
	Plan         planNote `json:"plan"`
	// Checks are claims of a model's answer, computed again.
	Checks []kora.Check `json:"checks,omitempty"`
	// Refusal says by a code why there is no answer.
	Refusal string `json:"refusal,omitempty"`
}

type planNote struct {
	Stage  plan.Stage  `json:"stage"`
	Reason plan.Reason `json:"reason,omitempty"`
}

// insufficient is the refusal of a question that cannot be computed.
const insufficient = "insufficient_determinism"

func noteOf(r *kora.Reply) krako {
	k := krako{
		RunID: r.RunID, GraphCID: r.Plan.CID, How: r.Kind, Handlers: append([]string{}, r.Plan.Handlers...),
		Steps: r.Steps, WithoutModel: r.WithoutModel, Reused: r.Reused, Plan: planNote{Reason: r.Plan.Reason}, Checks: r.Checks,
	}
	for _, d := range r.Plan.Decisions {
		if d.Stage != plan.StageReuse { // which says how it was run, not what it is answered by
			k.Plan.Stage = d.Stage
		}
	}
	k.ModelCalls = r.ModelCalls()
	if r.Kind == plan.None {
		k.Refusal = insufficient
	}
	return k
}

// refusal is why there is no answer, "" if there is one or the run failed.
func refusal(r *kora.Reply) string {
	if r.Kind != plan.None || r.Error == nil {
		return ""
	}
	return r.Error.Message
}

// failure is the error of a run that failed; a refusal is none.
func failure(r *kora.Reply) error {
	if r.Error == nil || r.Kind == plan.None {
		return nil
	}
	// What is at fault may hide in what the session says of it.
	return asAPI(&contracts.Error{Code: cmp.Or(r.Error.Code, contracts.CodeInternal), Message: r.Error.Message})
}

// tokens sums what models read and wrote.
func tokens(r *kora.Reply) (in, out int64) { return r.Tokens() }
