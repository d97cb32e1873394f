// Package audr tells of a run in AUDR v1 usage records, which kora-doctor audits: a
// record for each unit that ran. It is pure. It says nothing of cost, which a local run
// has none of, and of no prompt or output.
package audr

import (
	"fmt"

	"github.com/krako-labs/krako/contracts"
)

// Record is one use of a model or a tool.
type Record struct {
	SpecVersion string      `json:"spec_version"`
	ID          string      `json:"record_id"`
	Emitter     Emitter     `json:"emitter"`
	Timing      Timing      `json:"timing"`
	Resource    Resource    `json:"resource"`
	Run         Run         `json:"run"`
	Attribution Attribution `json:"attribution"`
	Usage       Usage       `json:"usage"`
}

// Emitter is who made the record.
type Emitter struct {
	Component string `json:"component"`
	Name      string `json:"name"`
	Version   string `json:"version"`
}

// Timing is when the session ended and how long the unit ran, in milliseconds.
type Timing struct {
	EventTime  contracts.Time `json:"event_time"`
	DurationMS float64        `json:"duration_ms"`
}

// Resource is what was used.
type Resource struct {
	Provider  string `json:"provider"`
	Type      string `json:"type"`
	Name      string `json:"name"`
	Operation string `json:"operation"`
	Modality  string `json:"modality"`
}

// Run places the use in its run.
type Run struct {
	RunID   string `json:"run_id"`
	SpanID  string `json:"span_id"`
	Step    int    `json:"step"`
	RunType string `json:"run_type"`
	Name    string `json:"name,omitempty"`
}

// Attribution says on whose behalf, and how it went.
type Attribution struct {
	Labels map[string]string `json:"labels"`
}

// Usage is how much: of a model or of a tool.
type Usage struct {
	LLM  *LLM  `json:"llm,omitempty"`
	Tool *Tool `json:"tool,omitempty"`
}

// LLM is the use of a model. Requests is 0 where it is not known of this unit alone.
type LLM struct {
	In       int64 `json:"input_tokens"`
	Out      int64 `json:"output_tokens"`
	Requests int64 `json:"requests,omitempty"`
}

// Tool is the use of a task.
type Tool struct {
	Type  string `json:"type"`
	Calls int    `json:"call_count"`
}

// Records returns the records of a run, in the order of the graph's units. The result
// must be of the graph.
func Records(g *contracts.TaskGraph, r *contracts.ExecutionResult) []Record {
	asked := 0
	for i := range r.Telemetry.Tasks {
		if !r.Telemetry.Tasks[i].TaskType.CPU() && len(r.Telemetry.Tasks[i].Executors) > 0 {
			asked++
		}
	}
	records := make([]Record, 0, len(r.Telemetry.Tasks))
	for i := range r.Telemetry.Tasks {
		t := &r.Telemetry.Tasks[i]
		if len(t.Executors) == 0 || t.Cached || i >= len(g.WorkUnits) {
			continue // it did not run
		}
		rec := Record{
			SpecVersion: "1.0.0", ID: fmt.Sprintf("%s/%d", r.Telemetry.ExecutionSessionID, i),
			Emitter: Emitter{"runtime", "krako", contracts.Version}, Timing: Timing{r.Metadata.EndedAt, t.DurationMS},
			Run:         Run{RunID: g.RequestID, SpanID: string(t.TaskID), Step: i + 1, RunType: "workflow_run", Name: g.GraphVersion},
			Attribution: Attribution{map[string]string{"operation_status": string(t.Status), "stop_reason": string(t.StopReason), "unit_cid": t.UnitCID, "retries": fmt.Sprint(t.RetryCount)}},
		}
		rec.use(&g.WorkUnits[i], t)
		if rec.Usage.LLM != nil && asked == 1 {
			rec.Usage.LLM.Requests = r.Telemetry.ModelInvocationCount
		}
		records = append(records, rec)
	}
	return records
}

// use fills in what was used.
func (rec *Record) use(u *contracts.WorkUnit, t *contracts.TaskTelemetry) {
	if u.Model != nil {
		name := u.Model.Name
		if name == "" {
			name = string(u.Model.Tier)
		}
		rec.Resource = Resource{"local", "model", name, "generation", "text"}
		if u.Model.Operation == contracts.Embed {
			rec.Resource.Operation = "embedding"
		}
		rec.Usage.LLM = &LLM{In: t.TokensIn, Out: t.TokensOut}
		return
	}
	name := u.Program.Task
	if u.Program.Module != nil {
		name = u.Program.Module.String()
	}
	rec.Resource = Resource{"krako", "tool", name, string(t.TaskType), "text"}
	rec.Usage.Tool = &Tool{string(t.TaskType), 1 + t.RetryCount}
}
