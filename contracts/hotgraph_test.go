package contracts

import (
	"bytes"
	"encoding/json"
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
			g.Outputs.Final = []FinalOutput{{WorkUnitID: "a", Select: "/x"}}
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
			u.Bind = []Bind{{From: "a", Select: "/x", To: "/y"}}
		case 7:
			u.Blobs = map[string]Link{"b": drawLink(t)}
		case 8:
			u.Model = &ModelCall{Operation: Generate, Prompt: "p"}
		case 9:
			u.OutputSchema = drawJSON(t)
		case 10:
			u.Constraints = &Constraints{Fuel: new(int64(3))}
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
			u.Timeouts, u.Retries = &Timeouts{RunMS: new(int64(7))}, &Retries{MaxAttempts: 2}
		case 17:
			u.VerifyWith = &Program{Task: "t@1"}
		case 18:
			u.When = []Condition{{Dependency: "a", Condition: OnEquals, Value: drawJSON(t)}}
		}
	}
	return u
}

// drawJSON draws a value as encoding/json writes it, in any order and with escapes,
// and sometimes one that is none or not canonical.
func drawJSON(t *rapid.T) JSON {
	if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
		return JSON(rapid.SampledFrom([]string{
			"", "{", `{"a":1,"a":2}`, `{"bb":1,"a":2}`, "01", "-0", "1e3", "1.50", "[1,]", `["a" ]`, "nul", `"\u0041"`, "12345678901234567890", "\"\xff\"", `{"":{}}`, "[]x",
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
		return rapid.String().Draw(t, "string")
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
