package contracts_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// WriteJSON writes what encoding/json does, byte for byte.
func TestWriteJSONIsEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawResult(t)
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := r.WriteJSON(&got, slices.Values(r.Telemetry.Tasks)); err != nil || got.String() != string(want) {
			t.Fatalf("%v\n%s\nwant\n%s", err, &got, want)
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
	r.Telemetry.Tasks = []contracts.TaskTelemetry{}
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

// A long document leaves in pieces.
func TestWriteJSONHoldsLittle(t *testing.T) {
	r := &contracts.ExecutionResult{}
	r.Telemetry.Tasks = make([]contracts.TaskTelemetry, 2000)
	want, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	longest := 0
	w := writerFunc(func(b []byte) (int, error) {
		longest = max(longest, len(b))
		return got.Write(b)
	})
	if err := r.WriteJSON(w, slices.Values(r.Telemetry.Tasks)); err != nil || got.String() != string(want) {
		t.Fatalf("%v, %d bytes, want %d", err, got.Len(), len(want))
	}
	if longest > 70<<10 {
		t.Errorf("a piece has %d of %d bytes", longest, len(want))
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestWriteJSONRefusesWhatIsNoNumber(t *testing.T) {
	for _, f := range []float64{math.NaN(), math.Inf(1)} {
		tasks := []contracts.TaskTelemetry{{DurationMS: f}}
		if err := new(contracts.ExecutionResult).WriteJSON(io.Discard, slices.Values(tasks)); err == nil {
			t.Errorf("%v was encoded", f)
		}
	}
}
