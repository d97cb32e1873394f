package localbackend

import (
	"context"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dag"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/kora/localbackend/session"
	"github.com/krako-labs/krako/kora/reasoner"
)

// modelRun is one run of an llm unit.
type modelRun struct {
	call reasoner.Call
	say  func(reasoner.Piece)
}

// modelRun returns what a run asks of a model, nil for a CPU unit's.
func (e *execution) modelRun(d *session.Dispatched, call *dag.Resolved) *modelRun {
	if call.Model == nil {
		return nil
	}
	i := d.Lease.Unit
	id := e.session.Plan.Unit(i).ID
	m := &modelRun{
		call: reasoner.Call{
			ModelInvocation: call.Model, AllowTokens: d.Calls.Tokens, AllowCalls: int(d.Calls.Calls),
			Local: e.session.Plan.Privacy(i) == contracts.LocalOnly,
		},
		say: func(p reasoner.Piece) {
			e.voice.say(contracts.Tokens{WorkUnitID: id, Text: p.Text, Restart: p.Restart})
		},
	}
	if e.session.Attempt(i) > 1 {
		m.say(reasoner.Piece{Restart: true}) // what another run said is void
	}
	return m
}

// askModel runs a model invocation and returns its result. What models did is in the
// report also when there is an error.
func (b *Backend) askModel(ctx context.Context, call *dag.Resolved, m *modelRun) (session.Report, error) {
	r := session.Report{Started: b.opts.Clock.Now().UTC()}
	a, err := b.opts.Models.Invoke(ctx, m.call, m.say)
	r.Took = b.opts.Clock.Now().Sub(r.Started)
	r.Model = &a.Use
	if err != nil {
		return r, err
	}
	r.Result = &contracts.Result{Unit: contracts.Link{Cid: call.Unit}}
	if a.Code != "" {
		r.Result.Outcome, r.Result.ErrorCode = contracts.Failed, a.Code
		return r, nil
	}
	r.Output = a.Output
	r.Result.Outcome, r.Result.Output = contracts.Succeeded, &contracts.Link{Cid: dagcbor.RawCID(a.Output)}
	r.Result.MediaType, r.Result.OutputBytes = contracts.DefaultMediaType, uint64(len(a.Output))
	return r, nil
}
