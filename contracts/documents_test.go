package contracts_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jcs"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// examples are the checked-in documents by the name of their file without what
// follows the first dot: task-graph.full.json is an example of a task-graph.
var exampleTypes = map[string]reflect.Type{
	"task-graph":           reflect.TypeFor[contracts.TaskGraph](),
	"work-unit":            reflect.TypeFor[contracts.WorkUnit](),
	"submit-request":       reflect.TypeFor[contracts.SubmitRequest](),
	"event":                reflect.TypeFor[contracts.Event](),
	"execution-result":     reflect.TypeFor[contracts.ExecutionResult](),
	"telemetry-bundle":     reflect.TypeFor[contracts.TelemetryBundle](),
	"backend-capabilities": reflect.TypeFor[contracts.BackendCapabilities](),
	"backend-status":       reflect.TypeFor[contracts.BackendStatus](),
	"submit-response":      reflect.TypeFor[contracts.SubmitResponse](),
	"session-list":         reflect.TypeFor[contracts.SessionList](),
	"session-view":         reflect.TypeFor[contracts.SessionView](),
	"node-list":            reflect.TypeFor[contracts.NodeList](),
	"task-list":            reflect.TypeFor[contracts.TaskList](),
	"block-stored":         reflect.TypeFor[contracts.BlockStored](),
	"receipt":              reflect.TypeFor[contracts.Receipt](),
	"error":                reflect.TypeFor[contracts.Error](),
	"problem":              reflect.TypeFor[contracts.Problem](),

	"event-data/session-started": reflect.TypeFor[contracts.SessionStarted](),
	"event-data/session-ended":   reflect.TypeFor[contracts.SessionEnded](),
	"event-data/unit-scheduled":  reflect.TypeFor[contracts.UnitScheduled](),
	"event-data/unit-ended":      reflect.TypeFor[contracts.UnitEnded](),
	"event-data/unit-lease-lost": reflect.TypeFor[contracts.UnitLeaseLost](),
	"event-data/unit-retried":    reflect.TypeFor[contracts.UnitRetried](),
	"event-data/llm-ended":       reflect.TypeFor[contracts.LLMEnded](),
	"event-data/node-info":       reflect.TypeFor[contracts.NodeInfo](),

	"event-data/unit-superseded":    reflect.TypeFor[contracts.UnitSuperseded](),
	"event-data/credits-moved":      reflect.TypeFor[contracts.CreditsMoved](),
	"event-data/scale-requested":    reflect.TypeFor[contracts.ScaleRequested](),
	"event-data/scale-applied":      reflect.TypeFor[contracts.ScaleApplied](),
	"event-data/admission-changed":  reflect.TypeFor[contracts.AdmissionChanged](),
	"event-data/congestion-changed": reflect.TypeFor[contracts.CongestionChanged](),
	"event-data/trust-evidence":     reflect.TypeFor[contracts.TrustEvidence](),
	"event-data/queue-depth":        reflect.TypeFor[contracts.QueueDepth](),
	"event-data/account-suspended":  reflect.TypeFor[contracts.AccountSuspended](),
	"event-data/trust-score":        reflect.TypeFor[contracts.TrustScore](),
	"event-data/usage-recorded":     reflect.TypeFor[contracts.UsageRecorded](),
	"event-data/entry-reversed":     reflect.TypeFor[contracts.EntryReversed](),
	"event-data/quarantined":        reflect.TypeFor[contracts.Quarantined](),
	"event-data/prices-changed":     reflect.TypeFor[contracts.PricesChanged](),
}

// compiled keeps what published made: many tests use the same schemas.
var compiled sync.Map

// published compiles the checked-in schema of a document.
func published(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	if s, ok := compiled.Load(name); ok {
		return s.(*jsonschema.Schema)
	}
	f, err := os.Open("schema/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	const url = "urn:published"
	if err := c.AddResource(url, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(url)
	if err != nil {
		t.Fatal(err)
	}
	compiled.Store(name, s)
	return s
}

// schemasOf names the documents that an example of the given name is one of:
// data of one Go type is shared by several event types.
func schemasOf(example string) []string {
	if !strings.HasPrefix(example, "event-data/") {
		return []string{example}
	}
	var names []string
	for _, t := range contracts.EventTypes() {
		if data := contracts.NewEventData(t); data != nil && reflect.TypeOf(data).Elem() == exampleTypes[example] {
			names = append(names, "event-data/"+string(t))
		}
	}
	return names
}

// eachExample calls f with every checked-in example.
func eachExample(t *testing.T, f func(t *testing.T, kind string, doc []byte)) {
	t.Helper()
	seen := map[string]bool{}
	err := fs.WalkDir(os.DirFS("testdata/examples"), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		doc, err := os.ReadFile("testdata/examples/" + p)
		base, _, _ := strings.Cut(path.Base(p), ".")
		kind := path.Join(path.Dir(p), base)
		seen[kind] = true
		t.Run(strings.TrimSuffix(p, ".json"), func(t *testing.T) { f(t, kind, doc) })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for kind := range exampleTypes {
		if !seen[kind] {
			t.Errorf("there is no example of %s", kind)
		}
	}
}

func TestExamplesHoldUnderTheirSchemas(t *testing.T) {
	eachExample(t, func(t *testing.T, kind string, doc []byte) {
		for _, name := range schemasOf(kind) {
			if err := published(t, name).Validate(generic(t, doc)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestExamplesAreWhatGoReadsAndWrites decodes each example strictly and encodes
// it again: nothing is lost, nothing is added.
func TestExamplesAreWhatGoReadsAndWrites(t *testing.T) {
	eachExample(t, func(t *testing.T, kind string, doc []byte) {
		v := reflect.New(exampleTypes[kind]).Interface()
		if err := jcs.DecodeStrict(doc, v); err != nil && string(doc) != "null" {
			t.Fatal(err)
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		want, err := jcs.Value(doc)
		if err != nil {
			t.Fatal(err)
		}
		got, err := jcs.Value(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestExamplesUseEveryMember keeps the examples complete, so that the tests on
// them say something about every part of every schema.
func TestExamplesUseEveryMember(t *testing.T) {
	used := map[reflect.Type]map[string]bool{}
	eachExample(t, func(t *testing.T, kind string, doc []byte) { mark(used, exampleTypes[kind], generic(t, doc)) })
	for typ, members := range used {
		for _, name := range memberNames(typ) {
			if !members[name] {
				t.Errorf("no example has member %s of %s", name, typ)
			}
		}
	}
}

// mark notes which members of the structs in v's type are present.
func mark(used map[reflect.Type]map[string]bool, t reflect.Type, v any) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 {
				mark(used, t.Elem(), e)
			}
		}
	case map[string]any:
		if t.Kind() != reflect.Struct || t == reflect.TypeFor[contracts.Link]() {
			return
		}
		if used[t] == nil {
			used[t] = map[string]bool{}
		}
		for name, member := range v {
			used[t][name] = true
			if f, ok := fieldNamed(t, name); ok {
				mark(used, f.Type, member)
			}
		}
	}
}

func memberNames(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

func fieldNamed(t reflect.Type, name string) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(t) {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// TestRequestsAreClosedAndResponsesOpen adds an unknown member to each example.
func TestRequestsAreClosedAndResponsesOpen(t *testing.T) {
	requests := []string{"task-graph", "work-unit", "submit-request"}
	eachExample(t, func(t *testing.T, kind string, doc []byte) {
		v := generic(t, doc).(map[string]any)
		v["x-unknown"] = true
		for _, name := range schemasOf(kind) {
			err := published(t, name).Validate(v)
			if refused := err != nil; refused != slices.Contains(requests, kind) {
				t.Errorf("schema %s and an unknown member: %v", name, err)
			}
		}
	})
}

// TestRequiredMembersAreRequired drops every required member of every example,
// one at a time.
func TestRequiredMembersAreRequired(t *testing.T) {
	eachExample(t, func(t *testing.T, kind string, doc []byte) {
		typ := exampleTypes[kind]
		for _, f := range reflect.VisibleFields(typ) {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" || name == "-" || strings.Contains(options, "omit") {
				continue
			}
			v := generic(t, doc).(map[string]any)
			delete(v, name)
			for _, s := range schemasOf(kind) {
				if err := published(t, s).Validate(v); err == nil {
					t.Errorf("schema %s accepts a document without %s", s, name)
				}
			}
		}
	})
}
