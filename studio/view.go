package studio

import (
	"cmp"
	"encoding/json"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/kora/plan"
)

// Run is a run as the page shows it.
type Run struct {
	ID string `json:"id"`
	// State is running, done, failed or stopped.
	State string `json:"state" enum:"running,done,failed,stopped"`
	// Kind says how it was answered.
	Kind string `json:"kind" enum:"deterministic,hybrid,model,none"`
	Text string `json:"text"`
	// Steps counts the units that ran, WithoutModel those that asked no model.
	Steps        int       `json:"steps"`
	WithoutModel int       `json:"without_model"`
	Failure      *Failure  `json:"failure,omitempty"`
	Reason       string    `json:"reason"`
	Decisions    []Because `json:"decisions" nullable:"false"`
	Units        []Unit    `json:"units" nullable:"false"`
	GraphCID     string    `json:"graph_cid"`
	Session      string    `json:"session"`
	Backend      string    `json:"backend"`
	// Gateway is that of the fabric on which it runs, empty for this computer.
	Gateway    string   `json:"gateway"`
	StopReason string   `json:"stop_reason"`
	Executors  []string `json:"executors" nullable:"false"`
	PlannedMS  float64  `json:"planned_ms"`
	RanMS      float64  `json:"ran_ms"`
	TokensIn   int64    `json:"tokens_in"`
	TokensOut  int64    `json:"tokens_out"`
	ModelCalls int64    `json:"model_calls"`
	Fuel       uint64   `json:"fuel"`
	CostUSD    string   `json:"cost_usd"`
	// Checked counts the outputs that were held to a schema and passed.
	Checked int `json:"checked"`
	// Signed says that the results are signed by whoever computed them.
	Signed bool `json:"signed"`
}

// Failure says what went wrong.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Unit    string `json:"unit"`
}

// Because is one decision of the planner, with the part of the message that it is
// about, in bytes of UTF-8.
type Because struct {
	Stage   string `json:"stage"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
	Parser  string `json:"parser"`
	Reading string `json:"reading"`
	Start   int    `json:"start"`
	End     int    `json:"end"`
}

// Unit is a unit of a run in a few words.
type Unit struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Type         string   `json:"type"`
	Program      string   `json:"program"`
	Dependencies []string `json:"dependencies" nullable:"false"`
	Status       string   `json:"status"`
	StopReason   string   `json:"stop_reason"`
	DurationMS   float64  `json:"duration_ms"`
	TokensIn     int64    `json:"tokens_in"`
	TokensOut    int64    `json:"tokens_out"`
	// MaxTokens is what its model may say, 0 where there is none: who says as much was cut off.
	MaxTokens   int64     `json:"max_tokens"`
	Cached      bool      `json:"cached"`
	Validation  string    `json:"validation"`
	Fuel        uint64    `json:"fuel"`
	Executors   []string  `json:"executors" nullable:"false"`
	UnitCID     string    `json:"unit_cid"`
	ResultCID   string    `json:"result_cid"`
	OutputCID   string    `json:"output_cid"`
	OutputBytes uint64    `json:"output_bytes"`
	Failure     *Failure  `json:"failure,omitempty"`
	Attempts    []Attempt `json:"attempts" nullable:"false"`
}

// planned is a run that has only been planned.
func (s *Server) planned(id string, p *plan.Plan) Run {
	v := Run{ID: id, State: "running", Kind: string(p.Kind), Reason: string(p.Reason), GraphCID: p.CID, Executors: []string{}}
	v.Decisions = make([]Because, len(p.Decisions))
	for i, d := range p.Decisions {
		v.Decisions[i] = Because{string(d.Stage), string(d.Outcome), string(d.Reason), d.Parser, d.Reading, d.Start, d.End}
	}
	v.Units = []Unit{}
	if p.Graph != nil {
		for i := range p.Graph.WorkUnits {
			v.Units = append(v.Units, unitOf(&p.Graph.WorkUnits[i]))
		}
	}
	return v
}

func unitOf(u *contracts.WorkUnit) Unit {
	v := Unit{ID: string(u.ID), Name: u.Name, Type: string(u.Type), Status: string(contracts.UnitQueued), Dependencies: texts(u.Dependencies), Executors: []string{}, Attempts: []Attempt{}}
	if v.Name == "" {
		v.Name = v.ID
	}
	v.Program = programOf(u.Program)
	if u.Model != nil {
		v.Program = cmp.Or(u.Model.Name, string(u.Model.Tier)+" model")
		if u.Model.Operation != contracts.Embed {
			v.MaxTokens = cmp.Or(u.Model.MaxTokens, contracts.DefaultMaxTokens)
		}
	}
	return v
}

// programOf names a program: by its task, or by the address of its module.
func programOf(p *contracts.Program) string {
	switch {
	case p == nil:
		return ""
	case p.Task == "" && p.Module != nil:
		return p.Module.String()
	}
	return p.Task
}

// view is a run that is over.
func (s *Server) view(id string, rec *record, events json.RawMessage) Run {
	v := Run{ID: id, State: "failed", Kind: string(plan.None), Decisions: []Because{}, Units: []Unit{}, Executors: []string{}}
	if r := rec.Reply; r != nil {
		v = s.planned(id, &r.Plan)
		v.Steps, v.WithoutModel = r.Steps, r.WithoutModel
		v.PlannedMS, v.RanMS = float64(r.PlannedIn.Microseconds())/1000, float64(r.RanIn.Microseconds())/1000
		v.Failure, v.State = failureOf(r.Error), "done"
		if r.Result != nil {
			v.take(r.Result)
		}
	}
	if rec.Error != nil {
		v.Failure = failureOf(rec.Error)
	}
	v.Gateway = rec.Gateway
	v.Text, v.Signed = rec.answer(), len(rec.Sealed) > 0
	if v.Failure != nil {
		v.State = "failed"
		if v.Failure.Code == string(contracts.CodeCancelled) {
			v.State = "stopped"
		}
	}
	v.attempts(events)
	if rec.Reply == nil || rec.Reply.Result == nil {
		v.broken(events)
	}
	return v
}

// take adds a result.
func (v *Run) take(r *contracts.ExecutionResult) {
	t, m := &r.Telemetry, &r.Metadata
	v.Session, v.Backend, v.StopReason = string(t.ExecutionSessionID), m.Backend, string(m.StopReason)
	v.ModelCalls, v.Fuel, v.CostUSD = t.ModelInvocationCount, t.FuelUsed, t.CostUSD
	seen := map[contracts.NodeID]bool{}
	for i := range t.Tasks {
		if i >= len(v.Units) {
			return
		}
		task := &t.Tasks[i]
		v.Units[i].take(task)
		v.TokensIn, v.TokensOut = v.TokensIn+task.TokensIn, v.TokensOut+task.TokensOut
		if task.ValidationStatus == contracts.ValidationPassed {
			v.Checked++
		}
		for _, n := range task.Executors {
			if !seen[n] {
				seen[n] = true
				v.Executors = append(v.Executors, string(n))
			}
		}
	}
}

func (u *Unit) take(t *contracts.TaskTelemetry) {
	u.Status, u.StopReason, u.DurationMS = string(t.Status), string(t.StopReason), t.DurationMS
	u.TokensIn, u.TokensOut, u.Cached, u.Fuel = t.TokensIn, t.TokensOut, t.Cached, t.FuelUsed
	u.Validation, u.Executors = string(t.ValidationStatus), texts(t.Executors)
	u.UnitCID, u.ResultCID, u.Failure = t.UnitCID, t.ResultCID, failureOf(t.Error)
	if t.Output != nil {
		u.OutputCID, u.OutputBytes = t.Output.CID.String(), t.Output.Bytes
	}
}

func failureOf(e *contracts.Error) *Failure {
	if e == nil {
		return nil
	}
	return &Failure{Code: string(e.Code), Message: e.Message, Unit: e.Offender}
}

func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, x := range in {
		out[i] = string(x)
	}
	return out
}
