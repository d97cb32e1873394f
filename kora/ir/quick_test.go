package ir

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/krako-labs/krako/contracts"
)

// hold reads a document both ways and reports whether the quick one took it.
func hold(t interface {
	Helper()
	Fatalf(string, ...any)
}, canonical []byte) bool {
	t.Helper()
	var got, want Graph
	quick := readQuick(canonical, &got)
	err := json.Unmarshal(canonical, &want)
	if !quick {
		want = Graph{}
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(Graph{})); d != "" || quick && err != nil {
		t.Fatalf("%s\nquick %v, error %v: %s", canonical, quick, err, d)
	}
	return quick
}

// What documents consist of, and what they might say instead.
const whole = `{"graph_id":"g","version":"0.1","root":"b","defaults":{"budget":{"max_time_ms":30000,"max_tokens":1,"max_retries":0}},"tasks":[
{"id":"a","type":"t","deps":[],"in":{"text":"é\n","n":[1,2.5,{"x":null}],"t":true,"f":false},"run":{"kind":"det","spec":{"handler":"echo","args":{}}},"verify":{"schema":{"type":"object"},
 "rules":[{"kind":"required","paths":["a","b"]},{"kind":"range","path":"$.n","min":-1,"max":1.5}]},"policy":{"on_fail":"retry","budget":{}},"tags":["x"]},
{"id":"b","type":"t","deps":["a"],"run":{"kind":"llm","spec":{"adapter":"mock","input":{"question":"q","skip_if":{"path":"$.ok","equals":true}},"output_schema":{"type":"object"}}}}]}`

func TestQuickIsUnmarshal(t *testing.T) {
	doc, err := contracts.NewJSON([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if !hold(t, doc) {
		t.Error("a plain document is not read quickly")
	}
	for _, file := range []string{"hello_kora", "retry_demo", "direct_vs_kora"} {
		b, err := os.ReadFile(filepath.Join("../../../shared/data/kora/examples", file, "graph.json"))
		if err != nil {
			continue // upstream's examples are not beside the repository
		}
		if doc, err = contracts.NewJSON(b); err != nil || !hold(t, doc) {
			t.Errorf("%s is not read quickly: %v", file, err)
		}
	}
	var value any
	if err := json.Unmarshal([]byte(whole), &value); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		changed, err := contracts.JSONOf(change(t, value))
		if err != nil {
			t.Skip()
		}
		hold(t, changed)
	})
}

// change is a copy of a value in which here and there something else stands.
func change(t *rapid.T, v any) any {
	if rapid.IntRange(0, 60).Draw(t, "odd") == 0 {
		return rapid.SampledFrom([]any{
			nil, true, "text", "", 1.0, -3.0, 2.5, 1e300, []any{}, []any{nil}, []any{"a"}, map[string]any{}, map[string]any{"kind": "det", "id": 7.0},
		}).Draw(t, "instead")
	}
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			e := v[name]
			switch rapid.IntRange(0, 80).Draw(t, "member") {
			case 0:
				continue
			case 1:
				name = rapid.SampledFrom([]string{"other", "ID", "taſks", "Version", "tasKs", "policy", "adaptive", ""}).Draw(t, "name")
			}
			m[name] = change(t, e)
		}
		return m
	case []any:
		list := []any{}
		for _, e := range v {
			list = append(list, change(t, e))
		}
		return list
	}
	return v
}

func FuzzQuick(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(`{"tasks":[{"policy":{"adaptive":{}}},null],"defaults":{"budget":null}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if canonical, err := contracts.NewJSON(data); err == nil {
			hold(t, canonical)
		}
	})
}
