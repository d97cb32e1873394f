package dag

import "github.com/krako-labs/krako/contracts"

// Outcome is how a run ended as a whole.
type Outcome struct {
	State  contracts.SessionState
	Reason contracts.StopReason
	Code   contracts.Code
	// Final is the index into Graph.Outputs.Final of the answer, -1 if none.
	Final int
	// Culprit is the unit that decided a failure, -1 if none.
	Culprit int
}

// Outcome judges a run that is over (rule 5).
func (r *Run) Outcome() Outcome {
	o := Outcome{State: contracts.SessionCompleted, Reason: contracts.StopSuccess, Final: r.answer(), Culprit: -1}
	switch {
	case r.stopped != nil:
		o.State, o.Reason, o.Code = contracts.SessionFailed, r.stopped.Reason, r.stopped.Code
		if r.stopped.Reason == contracts.StopCancelled {
			o.State = contracts.SessionCancelled
		}
	case r.broken >= 0:
		o.State = contracts.SessionFailed
		o.Culprit = r.rootOf(r.broken)
		o.Reason, o.Code = r.Reason(o.Culprit)
	case o.Final < 0:
		o.State = contracts.SessionFailed
		o.Culprit = r.rootOf(r.lastCandidate())
		o.Reason, o.Code = r.Reason(o.Culprit)
	}
	if o.State != contracts.SessionCompleted {
		o.Final = -1
	}
	return o
}

// answer returns the first final output whose unit succeeded, or -1.
func (r *Run) answer() int {
	for k, f := range r.plan.Graph.Outputs.Final {
		if r.state[r.plan.index[f.WorkUnitID]] == success {
			return k
		}
	}
	return -1
}

func (r *Run) lastCandidate() int {
	final := r.plan.Graph.Outputs.Final
	return r.plan.index[final[len(final)-1].WorkUnitID]
}

// rootOf follows dependency_failed back to the unit that failed by itself.
func (r *Run) rootOf(i int) int {
	for r.ending[i].reason == contracts.StopDependencyFailed {
		at := i
		for k, d := range r.plan.units[i].deps {
			if s := r.state[d]; (s == failed || s == timeout || s == cancelled) && !r.plan.units[i].tolerated[k] {
				i = int(d)
				break
			}
		}
		if at == i {
			break
		}
	}
	return i
}
