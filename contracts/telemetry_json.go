package contracts

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
)

// writeBytes is about how much WriteJSON hands to its writer at a time.
const writeBytes = 64 << 10

// WriteJSON writes the document that encoding/json makes of r with tasks as its
// tasks. It takes a fraction of the time and never holds the document as a whole,
// which counts where a graph has 100,000 tasks.
func (r *ExecutionResult) WriteJSON(w io.Writer, tasks iter.Seq[TaskTelemetry]) error {
	rest := r.Telemetry
	rest.Tasks = nil
	const noTasks = `{"tasks":null`
	parts := [3][]byte{}
	for i, v := range []any{r.FinalOutput, rest, r.Metadata} {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("encode execution result: %w", err)
		}
		parts[i] = b
	}
	b := append(make([]byte, 0, writeBytes+4096), `{"final_output":`...)
	b = append(append(b, parts[0]...), `,"telemetry_bundle":{"tasks":[`...)
	b, err := writeTasks(w, b, tasks)
	if err != nil {
		return fmt.Errorf("encode execution result: %w", err)
	}
	b = append(append(b, ']'), parts[1][len(noTasks):]...)
	b = append(append(b, `,"execution_metadata":`...), parts[2]...)
	_, err = w.Write(append(b, '}'))
	return err
}

// writeTasks appends tasks to b and writes it out whenever it is long.
func writeTasks(w io.Writer, b []byte, tasks iter.Seq[TaskTelemetry]) ([]byte, error) {
	first := true
	for t := range tasks {
		if !first {
			b = append(b, ',')
		}
		first = false
		var err error
		if b, err = t.appendJSON(b); err != nil {
			return nil, err
		}
		if len(b) >= writeBytes {
			if _, err := w.Write(b); err != nil {
				return nil, err
			}
			b = b[:0]
		}
	}
	return b, nil
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
	if t.Check != nil {
		c, err := json.Marshal(t.Check)
		if err != nil {
			return nil, err
		}
		dst = append(append(dst, `,"check":`...), c...)
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
