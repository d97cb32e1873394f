package ir

import (
	"encoding/json"

	"github.com/krako-labs/krako/contracts"
)

// Report is a run in upstream's words.
type Report struct {
	OK      bool                       `json:"ok"`
	GraphID string                     `json:"graph_id"`
	Order   []string                   `json:"order"`
	Events  []Event                    `json:"events"`
	Outputs map[string]json.RawMessage `json:"outputs"`
	Final   json.RawMessage            `json:"final"`
	Error   *Failure                   `json:"error,omitempty"`
	// Calls counts the model calls of the events; it is what telemetry counts.
	Calls int `json:"model_calls"`
}

// Event is one attempt, or one model call of it.
type Event struct {
	TaskID  string          `json:"task_id"`
	Attempt int             `json:"attempt"`
	Status  string          `json:"status"` // ok or fail
	Stage   string          `json:"stage"`
	TimeMS  int64           `json:"time_ms"`
	Skipped bool            `json:"skipped,omitempty"`
	Step    *int            `json:"escalation_step,omitempty"`
	Usage   *Usage          `json:"usage,omitempty"`
	Meta    json.RawMessage `json:"meta,omitempty"`
	Error   *Failure        `json:"error,omitempty"`
}

// Usage is what a model call took.
type Usage struct {
	TimeMS    int64 `json:"time_ms"`
	TokensIn  int64 `json:"tokens_in"`
	TokensOut int64 `json:"tokens_out"`
}

// Failure is upstream's failure contract.
type Failure struct {
	Type           string `json:"error_type"`
	Stage          string `json:"stage"`
	Retryable      bool   `json:"retryable"`
	BudgetBreached bool   `json:"budget_breached"`
	Details        string `json:"details"`
	TaskID         string `json:"task_id"`
}

// reader looks up what became of units.
type reader struct {
	tasks map[contracts.UnitID]*contracts.TaskTelemetry
	fetch func(contracts.Link) ([]byte, error)
}

// Report tells a run of the graph in upstream's words. fetch returns the block of
// an output; its error is returned.
func (p *Imported) Report(res *contracts.ExecutionResult, fetch func(contracts.Link) ([]byte, error)) (*Report, error) {
	r := &Report{OK: true, GraphID: p.doc.ID, Order: p.order, Events: []Event{}, Outputs: map[string]json.RawMessage{}}
	rd := reader{map[contracts.UnitID]*contracts.TaskTelemetry{}, fetch}
	for i := range res.Telemetry.Tasks {
		rd.tasks[res.Telemetry.Tasks[i].TaskID] = &res.Telemetry.Tasks[i]
	}
	for _, id := range p.order {
		if err := rd.task(r, p.parts[id]); err != nil {
			return nil, err
		}
		if !r.OK {
			return r, nil // upstream tells of nothing behind the first failure
		}
	}
	r.Final = r.Outputs[p.doc.Root]
	return r, nil
}

// ran returns what became of a unit, nil if it never ran.
func (rd *reader) ran(id contracts.UnitID) *contracts.TaskTelemetry {
	t := rd.tasks[id]
	if t == nil || id == "" || len(t.Executors) == 0 && t.Error == nil {
		return nil
	}
	return t
}

func (rd *reader) output(id contracts.UnitID) (json.RawMessage, error) {
	t := rd.tasks[id]
	if t == nil || t.Status != contracts.UnitSuccess || t.Output == nil {
		return nil, nil
	}
	b, err := rd.fetch(t.Output.CID)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Results []json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(b, &doc); err != nil || len(doc.Results) == 0 {
		return nil, contracts.Errorf(contracts.CodeBadOutput, string(id), "has no result")
	}
	return doc.Results[0], nil
}

func (rd *reader) task(r *Report, p *part) error {
	for _, end := range p.ends {
		out, err := rd.output(end)
		if err != nil {
			return err
		}
		if out != nil {
			r.Outputs[p.task.ID] = out
		}
	}
	if p.skip != "" && rd.tasks[p.skip].Status == contracts.UnitSuccess {
		r.Events = append(r.Events, Event{TaskID: p.task.ID, Attempt: 1, Status: "ok", Stage: "ADAPTER", Skipped: true, TimeMS: ms(rd.tasks[p.skip])})
		return nil
	}
	var last *Failure
	for n := range p.tries {
		t := &p.tries[n]
		if rd.ran(t.check) == nil && (len(t.calls) == 0 || rd.ran(t.calls[0].unit) == nil) {
			break
		}
		if err := rd.try(r, p, n); err != nil {
			return err
		}
		last = r.Events[len(r.Events)-1].Error
	}
	if _, ok := r.Outputs[p.task.ID]; ok {
		return nil
	}
	if last == nil {
		last = &Failure{Type: "UNKNOWN", Stage: "UNKNOWN", TaskID: p.task.ID, Details: "did not run"}
	}
	if p.task.Policy.OnFail == "escalate" {
		escalated := *last
		escalated.Type, escalated.Retryable = "ESCALATE_REQUIRED", false
		last = &escalated
	}
	r.OK, r.Error = false, last
	return nil
}

// try tells one attempt.
func (rd *reader) try(r *Report, p *part, n int) error {
	t := &p.tries[n]
	check := rd.tasks[t.check]
	det := len(t.calls) == 0
	for _, c := range t.calls {
		u := rd.ran(c.unit)
		if u == nil || len(u.Executors) == 0 {
			continue
		}
		r.Calls++
		if u.Status != contracts.UnitSuccess {
			break // told below, as the attempt's failure
		}
		meta, err := rd.meta(&c, u)
		if err != nil {
			return err
		}
		e := Event{TaskID: p.task.ID, Attempt: n + 1, Status: "ok", Stage: "ADAPTER", TimeMS: ms(u), Meta: meta}
		e.Usage = &Usage{ms(u), u.TokensIn, u.TokensOut}
		if p.task.Policy.Adaptive != nil {
			e.Step = &c.step
		}
		r.Events = append(r.Events, e)
	}
	if check.Status == contracts.UnitSuccess {
		if det {
			r.Events = append(r.Events, Event{TaskID: p.task.ID, Attempt: n + 1, Status: "ok", Stage: "DETERMINISTIC", TimeMS: ms(check)})
		}
		return nil
	}
	f := rd.failure(p, n)
	r.Events = append(r.Events, Event{TaskID: p.task.ID, Attempt: n + 1, Status: "fail", Stage: f.Stage, TimeMS: ms(check), Error: f})
	return nil
}

// meta is what is known of a call: its adapter, and the verdict without the output
// that it is about.
func (rd *reader) meta(c *call, u *contracts.TaskTelemetry) (json.RawMessage, error) {
	m := map[string]any{"adapter": c.adapter, "cost_units": u.TokensIn + u.TokensOut}
	out, err := rd.output(c.verdict)
	if err != nil {
		return nil, err
	}
	if out != nil {
		if err := json.Unmarshal(out, &m); err != nil {
			return nil, contracts.Errorf(contracts.CodeBadOutput, string(c.verdict), "%w", err)
		}
		m["escalate_recommended"] = m["escalate"]
		delete(m, "escalate")
		delete(m, "output")
	}
	return json.RawMessage(object(m)), nil
}

// failure words what an attempt failed by.
func (rd *reader) failure(p *part, n int) *Failure {
	t := &p.tries[n]
	f := &Failure{TaskID: p.task.ID, Retryable: p.task.Policy.OnFail == "retry" && n+1 < len(p.tries)}
	at, stage, kind := rd.tasks[t.check], "DETERMINISTIC", "DETERMINISTIC_EXEC_FAILED"
	for _, c := range t.calls {
		stage, kind = "ADAPTER", "ADAPTER_FAILED"
		if u := rd.tasks[c.unit]; u.Error != nil {
			at = u
			break
		}
	}
	var code contracts.Code
	if at.Error != nil {
		code, f.Details = at.Error.Code, at.Error.Message
	}
	switch {
	case code == contracts.CodeSchemaMismatch || code == contracts.CodeBadOutput:
		stage, kind = "VERIFY", "OUTPUT_SCHEMA_INVALID"
	case at.StopReason == contracts.StopBudgetExhausted || at.StopReason == contracts.StopTimeout:
		kind, f.BudgetBreached = "BUDGET_BREACH", true
	}
	f.Type, f.Stage = kind, stage
	return f
}

func ms(t *contracts.TaskTelemetry) int64 { return int64(t.DurationMS) }
