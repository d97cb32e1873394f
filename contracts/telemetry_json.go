package contracts

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// taskBytes is about what one task takes in a document.
const taskBytes = 576

// AppendJSON appends the document that encoding/json makes of r. It takes a
// fraction of the time, which counts where a graph has 100,000 tasks.
func (r *ExecutionResult) AppendJSON(dst []byte) ([]byte, error) {
	rest := r.Telemetry
	rest.Tasks = nil
	const noTasks = `{"tasks":null`
	parts := [3][]byte{}
	for i, v := range []any{r.FinalOutput, rest, r.Metadata} {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("encode execution result: %w", err)
		}
		parts[i] = b
	}
	dst = slices.Grow(dst, len(parts[0])+len(parts[1])+len(parts[2])+taskBytes*(1+len(r.Telemetry.Tasks)))
	dst = append(dst, `{"final_output":`...)
	dst = append(dst, parts[0]...)
	dst = append(dst, `,"telemetry_bundle":`...)
	dst, err := r.Telemetry.appendTasks(append(dst, noTasks[:len(noTasks)-len("null")]...))
	if err != nil {
		return nil, fmt.Errorf("encode execution result: %w", err)
	}
	dst = append(dst, parts[1][len(noTasks):]...)
	dst = append(dst, `,"execution_metadata":`...)
	return append(append(dst, parts[2]...), '}'), nil
}

func (t *TelemetryBundle) appendTasks(dst []byte) ([]byte, error) {
	if t.Tasks == nil {
		return append(dst, "null"...), nil
	}
	dst = append(dst, '[')
	for i := range t.Tasks {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = t.Tasks[i].appendJSON(dst); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func (t *TaskTelemetry) appendJSON(dst []byte) ([]byte, error) {
	if math.IsNaN(t.DurationMS) || math.IsInf(t.DurationMS, 0) {
		return nil, fmt.Errorf("duration of %s is no number", t.TaskID)
	}
	dst = appendText(append(dst, `{"task_id":`...), string(t.TaskID))
	dst = appendText(append(dst, `,"task_type":`...), string(t.TaskType))
	dst = appendText(append(dst, `,"status":`...), string(t.Status))
	dst = appendText(append(dst, `,"stop_reason":`...), string(t.StopReason))
	dst = appendNumber(append(dst, `,"duration_ms":`...), t.DurationMS)
	dst = strconv.AppendInt(append(dst, `,"tokens_in":`...), t.TokensIn, 10)
	dst = strconv.AppendInt(append(dst, `,"tokens_out":`...), t.TokensOut, 10)
	dst = strconv.AppendInt(append(dst, `,"retry_count":`...), int64(t.RetryCount), 10)
	dst = appendText(append(dst, `,"validation_status":`...), string(t.ValidationStatus))
	dst = strconv.AppendBool(append(dst, `,"cached":`...), t.Cached)
	if t.UnitCID != "" {
		dst = appendText(append(dst, `,"unit_cid":`...), t.UnitCID)
	}
	if t.ResultCID != "" {
		dst = appendText(append(dst, `,"result_cid":`...), t.ResultCID)
	}
	if t.Output != nil {
		dst = t.Output.appendJSON(append(dst, `,"output":`...))
	}
	dst = strconv.AppendUint(append(dst, `,"fuel_used":`...), t.FuelUsed, 10)
	dst = appendNodes(append(dst, `,"executors":`...), t.Executors)
	if t.Error != nil {
		e, err := json.Marshal(t.Error)
		if err != nil {
			return nil, err
		}
		dst = append(append(dst, `,"error":`...), e...)
	}
	return append(dst, '}'), nil
}

func (o *OutputRef) appendJSON(dst []byte) []byte {
	if !o.CID.Defined() {
		dst = append(dst, `{"cid":null`...)
	} else {
		dst = append(append(append(dst, `{"cid":{"/":"`...), o.CID.String()...), `"}`...)
	}
	dst = appendText(append(dst, `,"media_type":`...), o.MediaType)
	return append(strconv.AppendUint(append(dst, `,"bytes":`...), o.Bytes, 10), '}')
}

func appendNodes(dst []byte, nodes []NodeID) []byte {
	if nodes == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '[')
	for i, n := range nodes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, string(n))
	}
	return append(dst, ']')
}

// appendText appends s as encoding/json does, which also escapes what HTML
// would take for markup.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			b, _ := json.Marshal(s) // a string always encodes
			return append(dst, b...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

// appendNumber appends a finite f as encoding/json does.
func appendNumber(dst []byte, f float64) []byte {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		b, _ := json.Marshal(f) // a finite number always encodes
		return append(dst, b...)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}
