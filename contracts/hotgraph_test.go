package contracts

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/jcs"
)

// TestHotGraphsAreMarshal holds the encoder of graphs against the reflective one.
func TestHotGraphsAreMarshal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &TaskGraph{
			SchemaVersion: rapid.String().Draw(t, "schema"), GraphVersion: rapid.String().Draw(t, "version"), GraphID: rapid.String().Draw(t, "id"),
			RequestID: rapid.String().Draw(t, "request"), TenantID: TenantID(rapid.String().Draw(t, "tenant")), CreatedAt: drawTime(t),
		}
		if rapid.Bool().Draw(t, "says more") {
			g.Budgets.MaxFuel = new(rapid.Int64().Draw(t, "fuel"))
			g.Policies = &Policies{FailurePolicy: FailFast}
			g.Ext = map[string]JSON{"a.b": drawJSON(t)}
			g.Outputs.Final = []FinalOutput{{WorkUnitID: "a", Select: "/x"}, {WorkUnitID: UnitID(rapid.String().Draw(t, "final"))}}
			g.Budgets.MaxTokens, g.Budgets.MaxLatencyMS = new(rapid.Int64().Draw(t, "tokens")), new(int64(9))
		}
		if rapid.Bool().Draw(t, "costs") {
			g.Budgets.MaxCPUUnits, g.Budgets.MaxLLMCalls, g.Budgets.MaxCostUSD = new(int64(0)), new(int64(-1)), rapid.String().Draw(t, "cost")
			g.Outputs.Final = []FinalOutput{}
		}
		for range rapid.IntRange(0, 3).Draw(t, "units") {
			g.WorkUnits = append(g.WorkUnits, drawUnit(t))
		}
		got, err := g.encode()
		want, wantErr := dagcbor.Marshal(g)
		if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%x, %v\nwant %x, %v", got, err, want, wantErr)
		}
	})
}

func drawUnit(t *rapid.T) (u WorkUnit) {
	u = WorkUnit{ID: UnitID(rapid.String().Draw(t, "id")), Type: UnitType(rapid.String().Draw(t, "type"))}
	for _, field := range rapid.SliceOfDistinct(rapid.IntRange(0, 18), rapid.ID[int]).Draw(t, "fields") {
		switch field {
		case 0:
			u.Name = rapid.String().Draw(t, "name")
		case 1:
			u.Dependencies = []UnitID{"a", UnitID(rapid.String().Draw(t, "dependency"))}
		case 2:
			u.Program = &Program{Task: rapid.String().Draw(t, "task"), Entry: rapid.String().Draw(t, "entry")}
		case 3:
			u.Program = &Program{Module: new(drawLink(t))}
		case 4:
			u.Program = &Program{Module: new(Link{})}
		case 5:
			u.Input = drawJSON(t)
		case 6:
			u.Bind = []Bind{{From: "a", Select: "/x", To: "/y"}, {From: UnitID(rapid.String().Draw(t, "from")), Blob: rapid.String().Draw(t, "blob")}}
		case 7:
			u.Blobs = map[string]Link{"b": drawLink(t)}
		case 8:
			u.Model = drawModelCall(t)
		case 9:
			u.OutputSchema = drawJSON(t)
		case 10:
			u.Constraints = &Constraints{Privacy: Privacy(rapid.String().Draw(t, "privacy")), TrustedNodeRequired: rapid.Bool().Draw(t, "trusted")}
			u.Constraints.Fuel, u.Constraints.LatencyMS = drawInteger(t), drawInteger(t)
			u.Constraints.MemoryMB, u.Constraints.BudgetTokens = drawInteger(t), drawInteger(t)
		case 11:
			u.ExecutionHint = &ExecutionHint{Region: "r"}
		case 12:
			u.Idempotent = new(rapid.Bool().Draw(t, "idempotent"))
		case 13:
			u.Critical = new(rapid.Bool().Draw(t, "critical"))
		case 14:
			u.Priority = P0
		case 15:
			u.Verification = VerifyQuorum
		case 16:
			u.Timeouts = &Timeouts{RunMS: new(rapid.Int64().Draw(t, "run")), DispatchMS: new(int64(70))}
			u.Retries = &Retries{MaxAttempts: rapid.IntRange(0, 3).Draw(t, "attempts"), BackoffMS: rapid.Int64Range(0, 1).Draw(t, "backoff")}
		case 17:
			u.VerifyWith = &Program{Task: "t@1"}
		case 18:
			u.When = []Condition{{Dependency: "a", Condition: OnEquals, Select: rapid.String().Draw(t, "select"), Value: drawJSON(t)}, {Not: rapid.Bool().Draw(t, "not")}}
			if rapid.Bool().Draw(t, "threshold") {
				u.When[0].Threshold = new(0.5)
			}
		}
	}
	return u
}

func drawModelCall(t *rapid.T) *ModelCall {
	m := &ModelCall{
		Operation: ModelOperation(rapid.String().Draw(t, "operation")), Tier: ModelTier(rapid.String().Draw(t, "tier")), Name: rapid.String().Draw(t, "model"),
		MaxTokens: rapid.Int64Range(-1, 1).Draw(t, "max tokens"), Seed: drawInteger(t), Temperature: drawFloat(t), TopP: drawFloat(t),
		Stop: rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "stop"), Prompt: rapid.String().Draw(t, "prompt"), System: rapid.String().Draw(t, "system"),
		FreeText: rapid.Bool().Draw(t, "free text"),
	}
	for range rapid.IntRange(0, 2).Draw(t, "messages") {
		m.Messages = append(m.Messages, Message{Role: rapid.String().Draw(t, "role"), Content: rapid.String().Draw(t, "content")})
		m.Evidence = append(m.Evidence, Evidence{Label: rapid.String().Draw(t, "label"), Text: rapid.String().Draw(t, "text")})
	}
	if rapid.IntRange(0, 3).Draw(t, "tools") == 0 {
		m.Tools = []JSON{drawJSON(t), nil}
	}
	return m
}

func drawInteger(t *rapid.T) *int64 {
	return rapid.Ptr(rapid.Int64(), true).Draw(t, "integer")
}

// drawFloat draws no number, a number, or what is none.
func drawFloat(t *rapid.T) *float64 {
	odd := []float64{0, math.Copysign(0, -1), 1, math.NaN(), math.Inf(1), math.Inf(-1)}
	return rapid.Ptr(rapid.OneOf(rapid.Float64(), rapid.Float64(), rapid.Float64(), rapid.SampledFrom(odd)), true).Draw(t, "float")
}

// drawJSON draws a value as encoding/json writes it, in any order and with escapes,
// and sometimes one that is none or not canonical.
func drawJSON(t *rapid.T) JSON {
	if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
		return JSON(rapid.SampledFrom([]string{
			"", "{", `{"a":1,"a":2}`, `{"bb":1,"a":2}`, "01", "-0", "1e3", "1.50", "[1,]", `["a" ]`, `"\/"`, `"\b\x"`, "nul", `"\u0041"`, "12345678901234567890", "\"\xff\"", `{"":{}}`, "[]x",
		}).Draw(t, "text"))
	}
	b, err := json.Marshal(drawValue(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func drawValue(t *rapid.T, depth int) any {
	kind := rapid.IntRange(0, 7).Draw(t, "kind")
	if depth == 0 && kind > 5 {
		kind = 0
	}
	switch kind {
	case 0:
		return rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("a\b\f\n\r\t\"\\/é")))).Draw(t, "string")
	case 1:
		return rapid.Int64Range(-1<<53+1, 1<<53-1).Draw(t, "integer")
	case 2:
		return rapid.Int64Range(-300, 300).Draw(t, "small")
	case 3:
		return rapid.Bool().Draw(t, "bool")
	case 4:
		return nil
	case 5:
		return rapid.Float64().Draw(t, "float")
	case 6:
		list := make([]any, rapid.IntRange(0, 30).Draw(t, "elements"))
		for i := range list {
			list[i] = drawValue(t, depth-1)
		}
		return list
	}
	object := map[string]any{}
	for range rapid.IntRange(0, 30).Draw(t, "members") {
		object[rapid.StringN(0, 4, 40).Draw(t, "name")] = drawValue(t, depth-1)
	}
	return object
}

// quickAndSlow reads a document both ways.
func quickAndSlow[T any](t interface {
	Helper()
	Fatalf(string, ...any)
}, doc []byte, quick func(*T, []byte) bool) {
	t.Helper()
	canonical, err := jcs.Canonicalize(doc)
	if err != nil {
		return
	}
	var got, want T
	read, wantErr := quick(&got, canonical), jcs.DecodeCanonical(canonical, &want)
	if read && wantErr != nil {
		t.Fatalf("%s\nis read, and not strict: %v", doc, wantErr)
	}
	if d := cmp.Diff(want, got, sameLinks); read && d != "" {
		t.Fatalf("%s\n%s", doc, d)
	}
}

// TestQuickGraphs holds the reader of units against the reflective one.
func TestQuickGraphs(t *testing.T) {
	const unit = `{"id":"a","type":"deterministic","program":{"task":"t@1"},"input":{"n":1},"dependencies":["x","y"],"name":"é","priority":"p0","verification_mode":"none"}`
	for doc, want := range map[string]bool{
		`{"work_units":[` + unit + `]}`:                                           true,
		`{"work_units":[],"budgets":{}}`:                                          true,
		`{"budgets":{},"work_units":[` + unit + `,` + unit + `]}`:                 true,
		`{"budgets":{},"work_units":[` + unit + `,{"id":"b\n","critical":true}]}`: true,
		`{"budgets":{},"work_units":[{"id":"b","dependencies":[],"input":[1]}]}`:  true,
		`{"budgets":{},"work_units":[{"id":"b","input":null}]}`:                   true,
		`{"budgets":{},"work_units":[` + unit + `,{"id":"b","other":1}]}`:         false,
		`{"budgets":{},"work_units":[{"id":null}]}`:                               false,
		`{"budgets":{},"work_units":[{"id":{}}]}`:                                 false,
		`{"budgets":{},"work_units":[{"dependencies":[[]]}]}`:                     false,
		`{"budgets":{},"work_units":[{"program":[]}]}`:                            false,
		`{"budgets":{},"work_units":[[]]}`:                                        false,
		`{"budgets":{},"work_units":null}`:                                        false,
		`{"budgets":{},"work_units":[],"more":1}`:                                 false,
		`{"budgets":{}}`: false,
		`[]`:             false,
	} {
		canonical, err := jcs.Canonicalize([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		var g TaskGraph
		if want && doc[:14] == `{"work_units":` && doc[15] != ']' {
			want = false // the budgets are missing
		}
		if got := g.ReadQuick(canonical); got != want {
			t.Errorf("%s is read: %t", doc, got)
		}
		quickAndSlow(t, []byte(doc), (*TaskGraph).ReadQuick)
		quickAndSlow(t, []byte(`{"task_graph":`+doc+`,"submission_metadata":{"submitted_at":"2026-03-01T12:00:00.000Z","kora_version":"v"}}`), (*SubmitRequest).ReadQuick)
	}
}

func FuzzQuickGraph(f *testing.F) {
	for _, name := range []string{"minimal", "full"} {
		doc, err := os.ReadFile("testdata/examples/task-graph." + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc)
	}
	f.Add([]byte(`{"budgets":{},"work_units":[{"id":"a","program":{"entry":"e","task":"t@1"},"type":"llm"},{"id":"b","program":{"task":"t@1"}}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) { quickAndSlow(t, doc, (*TaskGraph).ReadQuick) })
}

// A reader that fails leaves the room that it was given as it was.
func TestQuickGraphLeavesRoomClear(t *testing.T) {
	g := TaskGraph{WorkUnits: make([]WorkUnit, 0, 4)}
	doc, err := jcs.Canonicalize([]byte(`{"budgets":{},"work_units":[{"id":"a","name":"n"},{"no":1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if g.ReadQuick(doc) {
		t.Fatal("is read")
	}
	if u := g.WorkUnits[:4]; len(g.WorkUnits) > 0 || !reflect.DeepEqual(u, make([]WorkUnit, 4)) {
		t.Errorf("left %+v", u)
	}
}
