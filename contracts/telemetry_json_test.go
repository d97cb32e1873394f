package contracts_test

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// AppendJSON writes what encoding/json does, byte for byte.
func TestAppendJSONIsEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawResult(t)
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.AppendJSON([]byte("before "))
		if err != nil || string(got) != "before "+string(want) {
			t.Fatalf("%v\n%s\nwant\n%s", err, got, want)
		}
	})
}

func drawResult(t *rapid.T) *contracts.ExecutionResult {
	text := rapid.String()
	r := &contracts.ExecutionResult{Metadata: contracts.ExecutionMetadata{Backend: text.Draw(t, "backend")}}
	if rapid.Bool().Draw(t, "answered") {
		r.FinalOutput = contracts.JSON(`{"a":[1,"<b>"]}`)
	}
	r.Telemetry.BillingID, r.Telemetry.TotalTokens = text.Draw(t, "billing"), rapid.Int64().Draw(t, "tokens")
	for range rapid.IntRange(0, 3).Draw(t, "tasks") {
		r.Telemetry.Tasks = append(r.Telemetry.Tasks, drawTask(t, text))
	}
	return r
}

func drawTask(t *rapid.T, text *rapid.Generator[string]) contracts.TaskTelemetry {
	task := contracts.TaskTelemetry{
		TaskID: contracts.UnitID(text.Draw(t, "id")), StopReason: contracts.StopReason(text.Draw(t, "reason")),
		DurationMS: rapid.Float64().Draw(t, "ms"), RetryCount: rapid.Int().Draw(t, "retries"), Cached: rapid.Bool().Draw(t, "cached"),
		UnitCID: text.Draw(t, "unit"), ResultCID: text.Draw(t, "result"), FuelUsed: rapid.Uint64().Draw(t, "fuel"),
	}
	if rapid.Bool().Draw(t, "ran") {
		task.Executors = []contracts.NodeID{contracts.NodeID(text.Draw(t, "node")), "n"}
		task.Output = &contracts.OutputRef{MediaType: text.Draw(t, "media"), Bytes: 3}
	}
	if rapid.Bool().Draw(t, "wrote") {
		task.Output = &contracts.OutputRef{CID: contracts.Link{Cid: dagcbor.RawCID([]byte(text.Draw(t, "out")))}}
	}
	if rapid.Bool().Draw(t, "failed") {
		task.Error = contracts.Errorf(contracts.CodeTrap, "u", "%s", text.Draw(t, "message"))
	}
	return task
}

func TestAppendJSONRefusesWhatIsNoNumber(t *testing.T) {
	for _, f := range []float64{math.NaN(), math.Inf(1)} {
		r := &contracts.ExecutionResult{}
		r.Telemetry.Tasks = []contracts.TaskTelemetry{{DurationMS: f}}
		if _, err := r.AppendJSON(nil); err == nil {
			t.Errorf("%v was encoded", f)
		}
	}
}
