package contracts_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/krako-labs/krako/contracts"
)

// ReadJSON reads what encoding/json does out of anything that WriteJSON writes.
func TestReadJSONIsEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawResult(t)
		for i := range r.Telemetry.Tasks { // half of them are ordinary tasks
			if task := &r.Telemetry.Tasks[i]; rapid.Bool().Draw(t, "plain") {
				task.TaskID, task.UnitCID, task.ResultCID, task.StopReason = "u1", "b1", "b2", contracts.StopSuccess
				task.RetryCount, task.DurationMS, task.Error, task.Executors = 0, 0.25, nil, []contracts.NodeID{"n"}
			}
		}
		var doc bytes.Buffer
		if err := r.WriteJSON(&doc, slices.Values(r.Telemetry.Tasks)); err != nil {
			t.Fatal(err)
		}
		sameReading(t, doc.Bytes())
	})
}

func FuzzReadJSON(f *testing.F) {
	for _, doc := range []string{
		`{"final_output":{"telemetry_bundle":{"tasks":[]}},"telemetry_bundle":{"tasks":[],"total_tokens":1},"execution_metadata":{"backend":"k"}}`,
		`{"final_output":[1,"]"],"telemetry_bundle":{"tasks":[{"task_id":"u","task_type":"deterministic","status":"success","stop_reason":"success","duration_ms":0.25,"tokens_in":0,"tokens_out":0,"retry_count":0,"validation_status":"none","cached":false,"unit_cid":"b","result_cid":"b","output":{"cid":{"/":"bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"},"media_type":"application/json","bytes":2},"fuel_used":1,"executors":["n"]}]}}`,
		`{"final_output":1,"telemetry_bundle":{"tasks":[{"task_id":"u"}]}}`,
		`{"telemetry_bundle":{}}`,
		`{"final_output":`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) { sameReading(t, doc) })
}

func sameReading(t interface {
	Helper()
	Fatalf(string, ...any)
}, doc []byte) {
	t.Helper()
	var want, got contracts.ExecutionResult
	wrong, err := json.Unmarshal(doc, &want), got.ReadJSON(doc)
	if (wrong == nil) != (err == nil) {
		t.Fatalf("%s: %v, encoding/json says %v", doc, err, wrong)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\nread as %+v\nwant %+v", doc, got, want)
	}
}
